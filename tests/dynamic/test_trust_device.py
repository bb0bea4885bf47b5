"""The proxy's certificate on a device: what is done, in what order, what is undone. No device proves it."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from pathlib import Path

import pytest

from appaudit.dynamic.adb import Phone as Handle
from appaudit.dynamic.trust_device import APEX, FOR_USER, SYSTEM, Trust, old_subject_hash
from appaudit.errors import InputError
from tests.dynamic.conftest import Connected
from tests.dynamic.phone import Answer, said

ROOT = said("uid=0(root) gid=0(root)\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "appaudit test")])
    start = datetime.datetime(2026, 1, 1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return path


def handle(connected: Connected) -> Handle:
    phone = Handle(connected.choice())
    phone.connect()
    phone.describe()
    return phone


def rooted(connected: Connected) -> None:
    """A device whose root shell takes every step."""
    for name in ("rm", "mkdir", "cp", "mount", "chown", "chmod", "chcon", "nsenter", "ls", "umount"):
        connected.phone.answers[name] = said("")
    connected.phone.answers["id"] = ROOT
    connected.phone.answers["pidof zygote"] = said("901\n")
    connected.phone.answers["pidof zygote64"] = said("902\n")


def done(connected: Connected, *first: str) -> list[str]:
    return [" ".join(w) for w in connected.phone.sent if w[0] in first]


def test_name_is_openssls(certificate: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to ask")
    command = ["openssl", "x509", "-noout", "-subject_hash_old", "-in", str(certificate)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert old_subject_hash(certificate) == told


@pytest.mark.parametrize(
    "content", ["", "hello", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"]
)
def test_no_certificate_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.pem").write_text(content)
    with pytest.raises(InputError, match="no certificate"):
        old_subject_hash(tmp_path / "x.pem")


def test_android_14_is_bound_over_in_the_zygotes(connected: Connected, certificate: Path) -> None:
    rooted(connected)
    trust = Trust(handle(connected))
    said_so = trust.install(certificate)
    assert trust.where == "system"
    assert APEX in said_so
    bound = done(connected, "nsenter")
    for pid in ("1", "901", "902"):
        assert f"nsenter --mount=/proc/{pid}/ns/mnt -- mount --bind {SYSTEM} {APEX}" in bound
    assert done(connected, "mount") == [f"mount -t tmpfs tmpfs {SYSTEM}"]
    copies = done(connected, "cp")
    assert copies[0].startswith(f"cp -r {APEX}/.")
    assert copies[-1].endswith(f"{SYSTEM}/{old_subject_hash(certificate)}.0")
    connected.phone.sent.clear()
    trust.remove()
    assert done(connected, "umount") == [f"umount {SYSTEM}"]
    assert len([c for c in done(connected, "nsenter") if c.endswith(f"umount {APEX}")]) == 3


def test_below_android_14_the_system_store_is_enough(connected: Connected, certificate: Path) -> None:
    rooted(connected)
    connected.phone.properties["ro.build.version.sdk"] = "30"
    trust = Trust(handle(connected))
    assert SYSTEM in trust.install(certificate)
    assert not done(connected, "nsenter")
    assert done(connected, "cp")[0].startswith(f"cp -r {SYSTEM}/.")
    trust.remove()
    assert done(connected, "umount") == [f"umount {SYSTEM}"]


def test_root_through_su(connected: Connected, certificate: Path) -> None:
    connected.phone.answers["su -c id"] = ROOT
    connected.phone.answers["su"] = said("")
    connected.phone.answers["pidof zygote"] = said("901\n")
    assert Trust(handle(connected)).install(certificate).startswith("in the system's store")
    assert f"su -c mount -t tmpfs tmpfs {SYSTEM}" in done(connected, "su")


def test_without_root_the_user_is_told_what_to_do(connected: Connected, certificate: Path) -> None:
    connected.phone.answers["su"] = said("su: not found\n", 127)
    trust = Trust(handle(connected))
    told = trust.install(certificate)
    assert trust.where == "user"
    assert FOR_USER in told
    assert "network security config" in told
    assert not done(connected, "mount")


def test_a_step_that_fails_is_undone(connected: Connected, certificate: Path) -> None:
    rooted(connected)

    def refused(_: list[str]) -> Answer:
        return 1, b"mount: permission denied\n"

    connected.phone.answers["nsenter"] = refused
    trust = Trust(handle(connected))
    told = trust.install(certificate)
    assert "permission denied" in told
    assert trust.where == "user"
    assert f"umount {SYSTEM}" in done(connected, "umount")
