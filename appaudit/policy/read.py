"""Reads a publisher's declared documents into Facts and Gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from appaudit.errors import InputError
from appaudit.policy.declarations import read_document
from appaudit.policy.document import LoadedDocument
from appaudit.policy.facts import facts_of, gaps_of
from appaudit.policy.load import load
from appaudit.policy.structure import CJK
from appaudit.records import Document, Fact, Gap


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What the documents declare. ``texts``: each document's text by name, which spans refer to."""

    documents: list[Document]
    texts: dict[str, str]
    facts: list[Fact]
    gaps: list[Gap]


def read(paths: Sequence[Path], progress: Callable[[str], None] | None = None) -> PolicyResult:
    """Reads the documents at ``paths`` together. Raises InputError when none of them can be read."""
    documents: list[Document] = []
    texts: dict[str, str] = {}
    facts: list[Fact] = []
    gaps: list[Gap] = []
    failed: InputError | None = None
    for path in paths:
        if progress is not None:
            progress(f"reading {path.name}")
        try:
            document = load(path)
        except InputError as error:
            failed = error
            gaps.append(Gap("policy", "unreadable_document", path.name, str(error)))
            continue
        found = read_loaded(document)
        documents += found.documents
        texts.update(found.texts)
        facts += found.facts
        gaps += found.gaps
    if failed is not None and not documents:
        raise failed
    return PolicyResult(documents, texts, facts, gaps)


def read_loaded(document: LoadedDocument) -> PolicyResult:
    """Reads one document that is loaded already."""
    found = read_document(document)
    record = Document(
        document.name,
        document.format,
        document_language(document.text),
        document.encoding,
        document.size,
        document.sha256,
        len(document.lines),
        document.title,
    )
    return PolicyResult([record], {document.name: document.text}, facts_of(found), gaps_of(found))


def document_language(text: str) -> str:
    """``zh``, ``en``, ``mixed`` or ``unknown`` by the letters of the text."""
    han = len(CJK.findall(text))
    latin = sum(c.isascii() and c.isalpha() for c in text)
    if han + latin < 20:
        return "unknown"
    if han * 20 < latin:
        return "en"
    return "zh" if latin < 2 * han else "mixed"
