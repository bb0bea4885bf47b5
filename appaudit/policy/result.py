"""What reading the declared documents gives."""

from __future__ import annotations

from dataclasses import dataclass

from appaudit.records import Document, Fact, Gap


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What the documents declare. ``texts``: each document's text by name, which spans refer to."""

    documents: list[Document]
    texts: dict[str, str]
    facts: list[Fact]
    gaps: list[Gap]
