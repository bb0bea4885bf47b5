"""Whether an app still is what was signed: sound fixtures, and copies changed in one place each."""

from __future__ import annotations

import base64
import datetime
import hashlib
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
)
from cryptography.x509.oid import NameOID

from appaudit.apk import AppFile, open_app
from appaudit.apk.signing_block import signing_block as block_of
from appaudit.apk.zip import Archive
from tests.apk.build import Stored, apk, prefixed, signing_block, zipped
from tests.corpus import CACHE

APPS = Path(__file__).resolve().parent.parent.parent / "fixtures" / "apps"
V2, V3 = 0x7109871A, 0xF05368C0
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey


@cache
def key(kind: str) -> Key:
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "dsa":
        return dsa.generate_private_key(2048)
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate(kind: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kind)])
    day = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(
        name, name, key(kind).public_key(), 7, day, day + datetime.timedelta(900)
    )
    signer = key("ec") if kind == "dsa" else key(kind)
    assert isinstance(signer, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return builder.sign(signer, hashes.SHA256())


def opened(path: Path, data: bytes) -> AppFile:
    path = path / "app.apk"
    path.write_bytes(data)
    return open_app(path)


def verified(app: AppFile) -> str:
    return next(f.attribute["verified"] for f in app.facts if f.subject == "setting:signature")


def told(app: AppFile) -> list[str]:
    found = [f for f in app.facts if f.subject == "trick:sig_mismatch"]
    return [str(getattr(e, "detail", "")) for f in found for e in f.evidence]


# ------------------------------------------------------------------------- fixtures, changed


@pytest.mark.parametrize("name", ["shop", "notes", "pushy", "plain"])
def test_fixtures_are_as_signed(name: str) -> None:
    app = open_app(APPS / name / f"{name}.apk")
    assert (verified(app), told(app), app.gaps) == ("yes", [], [])


def shop() -> tuple[bytearray, Archive]:
    data = bytearray((APPS / "shop" / "shop.apk").read_bytes())
    return data, Archive(bytes(data), lambda trick: None)


def test_a_changed_member_is_told(tmp_path: Path) -> None:
    data, archive = shop()
    entry = archive.entries["classes.dex"]
    at = bytes(data).find(bytes(archive.content(entry)[-64:])) + 40
    data[at] ^= 1
    app = opened(tmp_path, bytes(data))
    assert verified(app) == "no"
    assert told(app)[0].startswith("v1: changed after signing: classes.dex")
    assert "v2: the archive was changed after it was signed" in told(app)
    assert "v3: the archive was changed after it was signed" in told(app)


@pytest.mark.parametrize(("number", "scheme"), [(V2, "v2"), (V3, "v3")])
def test_a_changed_signature_is_told(number: int, scheme: str, tmp_path: Path) -> None:
    data, archive = shop()
    block = block_of(archive)
    assert block is not None
    value = bytes(next(v for n, v in block.pairs if n == number))
    signature = bytes(data).find(value) + len(value) - 4 - 294 - 20  # before the key, which comes last
    data[signature] ^= 1
    app = opened(tmp_path, bytes(data))
    assert told(app) == [f"{scheme}: its signature does not fit its key"]
    assert verified(app) == "no"


def test_another_member_beside_the_signed_ones_is_told(tmp_path: Path) -> None:
    """Without the signing block, and with what stays of JAR signing."""
    path = tmp_path / "app.apk"
    with zipfile.ZipFile(APPS / "shop" / "shop.apk") as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            target.writestr(info.filename, source.read(info))
        target.writestr("assets/more.bin", b"more")
    app = open_app(path)
    assert told(app) == ["v1: not signed: assets/more.bin"]
    assert {f.subject for f in app.facts} >= {"trick:sig_stripped", "trick:sig_mismatch"}
    assert verified(app) == "no"


# ------------------------------------------------------------------ signing block, made here

SIGN: dict[int, tuple[str, Callable[[bytes], bytes]]] = {
    0x0101: (
        "rsa",
        lambda d: key("rsa").sign(d, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),  # type: ignore[call-arg,arg-type]
    ),
    0x0104: ("rsa", lambda d: key("rsa").sign(d, padding.PKCS1v15(), hashes.SHA512())),  # type: ignore[call-arg,arg-type]
    0x0201: ("ec", lambda d: key("ec").sign(d, ec.ECDSA(hashes.SHA256()))),  # type: ignore[call-arg,arg-type]
    0x0301: ("dsa", lambda d: key("dsa").sign(d, hashes.SHA256())),  # type: ignore[call-arg,arg-type]
}


def content_digest(name: str, sections: Sequence[bytes]) -> bytes:
    """Of content whose three sections are shorter than a piece of 1 MiB."""
    found = [hashlib.new(name, b"\xa5" + struct.pack("<I", len(s)) + s).digest() for s in sections]
    return hashlib.new(name, b"\x5a" + struct.pack("<I", 3) + b"".join(found)).digest()


def signed(
    number: int, scheme: int = V2, public: str = "", attributes: bytes = b"", digest: bytes = b""
) -> bytes:
    """A small APK with a signing block of one signer. ``public``: another key's name, to be the signer's."""
    plain = zipped(apk())
    archive = Archive(plain, lambda trick: None)
    sections = [plain[: archive.directory], plain[archive.directory : archive.end], plain[archive.end :]]
    kind, sign = SIGN.get(number, SIGN[0x0201])
    own = content_digest("sha512" if number == 0x0104 else "sha256", sections)
    levels = struct.pack("<II", 24, 0x7FFFFFFF) if scheme == V3 else b""
    held = certificate(kind).public_bytes(Encoding.DER)
    body = prefixed(prefixed(struct.pack("<I", number) + prefixed(digest or own)), prefixed(held)) + levels
    body += prefixed(attributes)
    spki = key(public or kind).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signer = (
        prefixed(body) + levels + prefixed(prefixed(struct.pack("<I", number) + prefixed(sign(body))), spki)
    )
    return zipped(apk(), before_directory=signing_block([(scheme, prefixed(prefixed(signer)))]))


@pytest.mark.parametrize("scheme", [V2, V3])
@pytest.mark.parametrize("number", SIGN)
def test_each_algorithm(number: int, scheme: int, tmp_path: Path) -> None:
    app = opened(tmp_path, signed(number, scheme))
    assert (verified(app), told(app), app.gaps) == ("yes", [], [])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: signed(0x0201, digest=bytes(32)), ["v2: the archive was changed after it was signed"]),
        (
            lambda: signed(0x0201, public="rsa"),
            ["v2: its key is not that of its certificate", "v2: its signature does not fit its key"],
        ),
    ],
)
def test_what_does_not_fit(data: Callable[[], bytes], words: list[str], tmp_path: Path) -> None:
    app = opened(tmp_path, data())
    assert (verified(app), told(app)) == ("no", words)


def test_an_unknown_algorithm_is_a_gap(tmp_path: Path) -> None:
    app = opened(tmp_path, signed(0x0999))
    assert verified(app) == "in part"
    assert [g.code for g in app.gaps] == ["signature_unchecked"]


def test_a_scheme_that_a_signer_promises(tmp_path: Path) -> None:
    """A v2 signer's attribute says that v3 was there as well."""
    promise = prefixed(struct.pack("<II", 0xBEEFF00D, 3))
    app = opened(tmp_path, signed(0x0201, attributes=promise))
    assert "trick:sig_stripped" in {f.subject for f in app.facts}
    assert verified(app) == "no"


# ------------------------------------------------------------------------------ JAR signing


def jar_signed(
    change: dict[str, bytes] | None = None,
    kind: str = "rsa",
    attributes: bool = True,
    spoil_whole: bool = False,
    algorithm: str = "SHA-256",
) -> bytes:
    """A small APK with a JAR signature. ``change``: members replaced or added after signing;
    ``spoil_whole``: the digest of the whole manifest does not hold, those of its sections do."""
    name = algorithm.replace("-", "").lower()

    def digest(data: bytes) -> str:
        return base64.b64encode(hashlib.new(name, data).digest()).decode()

    members = {s.name: s.data for s in apk(None, Stored("assets/" + "long" * 20 + ".bin", b"x"))}
    parts = []
    for path, data in members.items():
        text = f"Name: {path}\r\n"
        text = "\r\n ".join([text[:70], text[70:]]) if len(text) > 72 else text
        parts.append(f"{text}{algorithm}-Digest: {digest(data)}\r\n\r\n")
    manifest = "Manifest-Version: 1.0\r\n\r\n" + "".join(parts)
    main = f"Signature-Version: 1.0\r\n{algorithm}-Digest-Manifest: {digest(manifest.encode())}\r\n\r\n"
    for path, part in zip(members, parts, strict=True):
        main += f"Name: {path}\r\n{algorithm}-Digest: {digest(part.encode())}\r\n\r\n"
    if spoil_whole:
        manifest = manifest.replace("Manifest-Version: 1.0\r\n", "Manifest-Version: 1.0\r\nMore: yes\r\n", 1)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    options += [] if attributes else [pkcs7.PKCS7Options.NoAttributes]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(main.encode())
    signer = key(kind)
    assert not isinstance(signer, dsa.DSAPrivateKey)
    block = builder.add_signer(certificate(kind), signer, hashes.SHA256()).sign(Encoding.DER, options)
    made = members | {
        "META-INF/MANIFEST.MF": manifest.encode(),
        "META-INF/A.SF": main.encode(),
        f"META-INF/A.{kind.upper()}": block,
    }
    return zipped([Stored(path, data) for path, data in (made | (change or {})).items()])


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("attributes", [True, False])
@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA1"])
def test_a_jar_signature_holds(kind: str, attributes: bool, algorithm: str, tmp_path: Path) -> None:
    app = opened(tmp_path, jar_signed(None, kind, attributes, algorithm=algorithm))
    assert (verified(app), told(app), app.gaps) == ("yes", [], [])


def test_sections_hold_where_the_whole_manifest_does_not(tmp_path: Path) -> None:
    assert told(opened(tmp_path, jar_signed(spoil_whole=True))) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"classes.dex": b"dex\n035\0" + b"\1" * 0x70}, "v1: changed after signing: classes.dex"),
        ({"res/new.xml": b"new"}, "v1: not signed: res/new.xml"),
        ({"META-INF/A.RSA": b"\x30\x03\x02\x01\x01"}, "v1: META-INF/A.RSA holds no signature"),
        (
            {"META-INF/A.SF": b"Signature-Version: 1.0\r\n\r\n"},
            "v1: META-INF/A.RSA signs another signature file",
        ),
        (
            {"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\r\n\r\n"},
            "v1: META-INF/A.SF signs another manifest",
        ),
    ],
)
def test_a_changed_jar_is_told(change: dict[str, bytes], words: str, tmp_path: Path) -> None:
    app = opened(tmp_path, jar_signed(change))
    assert words in told(app)
    mismatch = next(f for f in app.facts if f.subject == "trick:sig_mismatch")
    assert mismatch.attribute["android"] == "refuses"


# ------------------------------------------------------------------------ beside apksigner


@pytest.mark.parametrize(
    ("name", "word"),
    [("urzip", "yes"), ("urzip-badsig", "no"), ("urzip-badcert", "no"), ("v2.only.sig_2", "yes"),
     ("SystemWebView-repack", "yes")],
)  # fmt: skip
def test_real_apps(name: str, word: str) -> None:
    path = next(CACHE.glob(f"pypi-fdroidserver-*/*/tests/{name}.apk"), None)
    if path is None:
        pytest.skip("this APK is not at hand")
    assert verified(open_app(path)) == word


@pytest.mark.skipif(shutil.which("apksigner") is None, reason="apksigner is not installed")
def test_pages_of_a_hash_tree(tmp_path: Path) -> None:
    """The digests that fs-verity needs, in the APK and beside it, as apksigner writes them."""
    signer = key("ec")
    (tmp_path / "k.pk8").write_bytes(signer.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "k.pem").write_bytes(certificate("ec").public_bytes(Encoding.PEM))
    out = tmp_path / "signed.apk"
    command: list[str | Path] = [
        "apksigner",
        "sign",
        "--key",
        tmp_path / "k.pk8",
        "--cert",
        tmp_path / "k.pem",
    ]
    command += ["--verity-enabled", "true", "--v4-signing-enabled", "true", "--out", out]
    subprocess.run([*command, APPS / "shop" / "shop.apk"], check=True, capture_output=True)
    app = open_app(out)
    assert (verified(app), told(app)) == ("yes", [])
    assert app.app.signers[-1].scheme == "v4"
    data = bytearray(out.read_bytes())
    data[10] ^= 1  # the time of the first member
    beside = out.with_name("app.apk.idsig")
    side = out.with_name(out.name + ".idsig").read_bytes()
    beside.write_bytes(side)
    changed = told(opened(tmp_path, bytes(data)))
    assert "v3: the archive was changed after it was signed" in changed
    assert "v4: its hash tree is not that of this file" in changed
    beside.write_bytes(side[:21] + bytes([side[21] ^ 1]) + side[22:])
    other = opened(tmp_path, out.read_bytes())
    assert told(other) == [
        "v4: its signature does not fit its key",
        "v4: its hash tree is not that of this file",
    ]
    assert verified(other) == "in part"  # the platform installs it all the same
    out.with_name("app.apk").write_bytes((APPS / "shop" / "shop.apk").read_bytes())
    beside.write_bytes(side)
    assert "v4: its certificate is not that of the file's v2 or v3 signature" in told(
        open_app(out.with_name("app.apk"))
    )
