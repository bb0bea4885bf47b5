"""A proxy's certificate authority on a device: in the system's store where there is root, else for the user.

The system's store is covered by a tmpfs with a copy of it and one certificate more, so that nothing on the
device's partitions changes and a restart takes it away. From Android 14 on the store that counts lies in an
APEX, which every process sees through its own mount namespace: it is bound over in those of the zygotes,
from which each app started later gets it. Below that, or without root, a certificate that the user installs
is trusted only by apps that say so in their network security config, or target an API level below 24.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from appaudit.dynamic.adb import Phone
from appaudit.dynamic.target import LostError
from appaudit.errors import InputError

SYSTEM = "/system/etc/security/cacerts"
APEX = "/apex/com.android.conscrypt/cacerts"
IN_APEX = 34
"""API level from which the store in the APEX counts."""
COPY = "/data/local/tmp/appaudit-ca"
FOR_USER = "/sdcard/Download/appaudit-ca.crt"
LABELS = ("u:object_r:system_security_cacerts_file:s0", "u:object_r:system_file:s0")
"""SELinux's of the store: newer systems, older ones."""
ZYGOTES = ("zygote", "zygote64")


@dataclass(slots=True)
class Trust:
    """What was done on one device, so that `remove` can undo it. ``where``: system · user, or empty."""

    phone: Phone
    where: str = ""
    _covered: bool = False
    _spaces: list[str] = field(default_factory=list)

    def install(self, certificate: Path) -> str:
        """Make the PEM ``certificate`` trusted; one sentence on how far that went. Raises LostError,
        InputError."""
        name = f"{old_subject_hash(certificate)}.0"
        if not self.phone.root():
            return self._for_user(certificate, "no root")
        try:
            self._cover(certificate, name)
        except _StepError as error:
            self.remove()
            return self._for_user(certificate, f"the system's store could not be covered: {error}")
        self.where = "system"
        return f"in the system's store ({APEX if self._spaces else SYSTEM}) until the next restart"

    def _for_user(self, certificate: Path, why: str) -> str:
        self.phone.push(certificate, FOR_USER)
        self.where = "user"
        return (
            f"not in the system's store ({why}): install {FOR_USER} on the device (Settings, Security, "
            "Encryption, Install a certificate, CA); only apps whose network security config trusts user "
            "certificates, or that target an API level below 24, will trust it"
        )

    def _cover(self, certificate: Path, name: str) -> None:
        apex = self.phone.sdk >= IN_APEX and self._try("ls", APEX)
        self._step("rm", "-rf", COPY)
        self._step("mkdir", "-p", "-m", "700", COPY)
        self._step("cp", "-r", f"{APEX if apex else SYSTEM}/.", COPY)
        self._step("mount", "-t", "tmpfs", "tmpfs", SYSTEM)
        self._covered = True
        self._step("cp", "-r", f"{COPY}/.", SYSTEM)
        there = f"/data/local/tmp/{name}"
        self.phone.push(certificate, there)
        self._step("cp", there, f"{SYSTEM}/{name}")
        self._step("rm", "-f", there)
        self._step("chown", "-R", "root:root", SYSTEM)
        self._step("chmod", "-R", "u=rwX,go=rX", SYSTEM)
        if not any(self._try("chcon", "-R", label, SYSTEM) for label in LABELS):
            raise _StepError("chcon: no label of the store is taken")
        if apex:
            self._bind(name)

    def _bind(self, name: str) -> None:
        """Over the store in the APEX, where each zygote sees it."""
        pids = [pid for z in ZYGOTES for pid in self.phone.shell("pidof", z).split() if pid.isdigit()]
        if not pids:
            raise _StepError("no zygote runs")
        for pid in ("1", *pids):
            self._step(*_inside(pid), "mount", "--bind", SYSTEM, APEX)
            self._spaces.append(pid)
            self._step(*_inside(pid), "ls", f"{APEX}/{name}")

    def _step(self, *words: str) -> None:
        code, said = self.phone.done(*self.phone.as_root(*words))
        if code:
            raise _StepError(f"{words[0]}: {' '.join(said.split())[:200] or code}")

    def _try(self, *words: str) -> bool:
        return self.phone.done(*self.phone.as_root(*words))[0] == 0

    def remove(self) -> None:
        """Take it away again; never raises."""
        try:
            for pid in self._spaces:
                self._try(*_inside(pid), "umount", APEX)
            if self._covered:
                self._try("umount", SYSTEM)
                self._try("rm", "-rf", COPY)
            if self.where == "user":
                self.phone.shell("rm", "-f", FOR_USER)
        except LostError:
            pass
        self._spaces.clear()
        self._covered, self.where = False, ""


class _StepError(Exception):
    """A step that the device refused."""


def _inside(pid: str) -> tuple[str, ...]:
    return ("nsenter", f"--mount=/proc/{pid}/ns/mnt", "--")


# ------------------------------------------------------------------------ the store's file name


def old_subject_hash(certificate: Path) -> str:
    """The name Android looks a certificate up by: OpenSSL's ``-subject_hash_old``. Raises InputError."""
    try:
        der = ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))
        digest = hashlib.md5(_subject(der), usedforsecurity=False).digest()
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"{certificate} is no certificate in PEM: {error}") from error
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _subject(der: bytes) -> bytes:
    """The DER of a certificate's subject: the sixth part of its signed part (RFC 5280), version included."""
    at, _ = _open(der, 0)  # Certificate
    at, _ = _open(der, at)  # TBSCertificate
    parts = []
    for _ in range(6):
        end = _open(der, at)[1]
        parts.append(der[at:end])
        at = end
    # [0] version, serial, signature, issuer, validity, subject; version 1 leaves the first out
    return parts[5] if parts[0][0] == 0xA0 else parts[4]


def _open(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the DER element at ``at`` begins and ends."""
    length, at = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(der[at : at + size], "big"), at + size
    return at, at + length
