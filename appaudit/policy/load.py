"""Loads a declared document from a file: finds its format, reads its text, says what it is."""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from appaudit.errors import InputError
from appaudit.policy import nature
from appaudit.policy.document import LoadedDocument
from appaudit.policy.encoding import decode
from appaudit.records import Gap

MAX_BYTES = 64 * 1024 * 1024
"""A policy larger than this is not a policy."""

_HTML = re.compile(
    rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]|<(?:div|p|table|span|h[1-6]|meta|br)[\s/>]",
    re.IGNORECASE,
)
_CONTROLS = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f]")
_OTHER = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "is an old binary or a password-protected Office file; save it as DOCX or XLSX",
    ),
    (b"{\\rtf", "is RTF; save it as DOCX, HTML or text"),
    (b"\x89PNG", "is a picture; give the document's text"),
    (b"\xff\xd8\xff", "is a picture; give the document's text"),
    (b"GIF8", "is a picture; give the document's text"),
    (b"\x1f\x8b", "is compressed; unpack it first"),
    (b"dex\n", "is program code, no document"),
    (b"\x7fELF", "is program code, no document"),
    (b"SQLite format 3", "is a database, no document"),
)


def load(path: Path) -> LoadedDocument:
    """The document at ``path``, with title, role and gaps. Raises InputError when it cannot be read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe may never end, or never begin
            raise InputError(f"{path.name} is not a regular file")
        if status.st_size > MAX_BYTES:
            raise InputError(f"{path.name} is larger than {MAX_BYTES // 1024 // 1024} MB; that is no policy")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    return load_bytes(path.name, data)


def load_bytes(name: str, data: bytes) -> LoadedDocument:
    """As `load`, from bytes; the format is told by the content first, by the name's suffix second."""
    fmt = sniff(name, data)
    candidates: list[str] = []
    password, script_size, frames = False, 0, 0
    if fmt == "html":
        from appaudit.policy.html import load_html

        document, page = load_html(name, data)
        candidates = page.headings[:3]
        password, script_size, frames = page.password, page.script, len(page.frames)
    elif fmt == "pdf":
        from appaudit.policy.pdf import load_pdf

        document = load_pdf(name, data)
    elif fmt == "docx":
        from appaudit.policy.docx import load_docx

        document = load_docx(name, data)
    elif fmt == "markdown":
        from appaudit.policy.markdown import load_markdown

        document = load_markdown(name, data)
    elif fmt in ("csv", "xlsx"):
        from appaudit.policy.sheets import load_csv, load_xlsx

        document = load_csv(name, data) if fmt == "csv" else load_xlsx(name, data)
    else:
        document = load_text(name, data)
    title, role = nature.titled(document, candidates)
    listed = role in nature.LIST_ROLES
    found = [] if fmt in ("csv", "xlsx") else nature.gaps(document, password, script_size, frames, listed)
    return replace(
        document,
        title=title,
        role=role,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        gaps=(*document.gaps, *found),
    )


def load_text(name: str, data: bytes) -> LoadedDocument:
    """Plain text; its lines are those of the file, whatever ends them. Raises InputError on binary data."""
    decoded = decode(data)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    head = text[:100_000]
    strange = len(_CONTROLS.findall(head))
    if strange + 2 * head.count("\ufffd") > 0.05 * len(head) + 2:
        raise InputError(f"{name} is binary data, not a document")
    gaps: tuple[Gap, ...] = ()
    if decoded.damaged:
        reason = f"{decoded.damaged} places did not decode as {decoded.encoding}"
        gaps = (Gap("policy", "document_damaged", name, reason),)
    return LoadedDocument(name, "text", decoded.encoding, text, tuple(text.split("\n")), gaps=gaps)


def sniff(name: str, data: bytes) -> str:
    """The format of a file: text, markdown, html, pdf, docx, csv or xlsx. Raises InputError where the
    bytes are plainly of a kind that holds no text to read."""
    suffix = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    for magic, words in _OTHER:
        if data.startswith(magic):
            raise InputError(f"{name} {words}")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _office(name, data)
    head = data[:4096]
    wide = head.replace(b"\0", b"")
    if suffix in ("htm", "html", "xhtml", "shtml", "mht", "mhtml"):
        return "html"
    if suffix in ("md", "markdown", "mdown"):
        return "markdown"
    if suffix in ("csv", "tsv"):
        return "csv"
    if _HTML.search(wide[:1024]) or (
        b"mime-version:" in head.lower() and b"multipart/related" in head.lower()
    ):
        return "html"
    return "text"


def _office(name: str, data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist()[:20_000])
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
        raise InputError(f"{name} is a damaged archive: {error}") from error
    if "word/document.xml" in names or any(n.startswith("word/document") for n in names):
        return "docx"
    if any(n.startswith("xl/workbook") for n in names):
        return "xlsx"
    raise InputError(f"{name} is an archive, neither DOCX nor XLSX")
