"""Bounds what an Office file may unpack to before a library opens it."""

from __future__ import annotations

import zipfile
from io import BytesIO

from appaudit.errors import InputError

MAX_UNPACKED = 256 * 1024 * 1024
MAX_XML = 64 * 1024 * 1024
MAX_MEMBERS = 20_000


def check_archive(name: str, data: bytes, max_xml: int = MAX_XML) -> None:
    """Raises InputError when ``data`` is damaged, protected, or would unpack to more than a document is."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
        raise InputError(f"{name} is a damaged archive: {error}") from error
    if len(members) > MAX_MEMBERS:
        raise InputError(f"{name} holds {len(members):,} members; that is no document")
    if any(member.flag_bits & 1 for member in members):
        raise InputError(f"{name} is protected by a password")
    xml = sum(m.file_size for m in members if m.filename.endswith((".xml", ".rels")))
    if xml > max_xml or sum(m.file_size for m in members) > MAX_UNPACKED:
        raise InputError(
            f"{name} unpacks to more than {max_xml // 1024 // 1024} MB of XML; that is no document"
        )
