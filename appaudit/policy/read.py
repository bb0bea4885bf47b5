"""Reads a publisher's declared documents into Facts and Gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from appaudit.errors import InputError
from appaudit.garbage import uncollected
from appaudit.policy.completeness import completeness, completeness_facts, completeness_gaps
from appaudit.policy.data_safety import data_safety_facts, is_data_safety
from appaudit.policy.declarations import read_document
from appaudit.policy.document import LoadedDocument
from appaudit.policy.facts import facts_of, gaps_of
from appaudit.policy.folder import gather
from appaudit.policy.language import language
from appaudit.policy.listings import listing_facts
from appaudit.policy.result import PolicyResult
from appaudit.records import Document, Fact, Gap, PolicySpan

_DECLARED = ("data:", "sdk:", "permission:")
_NO_POLICY = ("not_a_policy", "language_unknown", "empty_document")


@uncollected()
def read(paths: Sequence[Path], progress: Callable[[str], None] | None = None) -> PolicyResult:
    """Reads the documents at ``paths`` (folders included) together, also what they refer to but lack.

    Raises InputError when none of them can be read, or none is what it was given as.
    """
    gathered = gather(paths, progress)
    result = PolicyResult([], {}, [], list(gathered.gaps))
    for document in gathered.documents:
        found = read_loaded(document)
        result.documents.extend(found.documents)
        result.texts.update(found.texts)
        result.facts.extend(found.facts)
        result.gaps.extend(found.gaps)
    _something_read(result)
    items = completeness(result)
    result.facts.extend(completeness_facts(items))
    result.gaps.extend(completeness_gaps(items))
    return result


def _something_read(result: PolicyResult) -> None:
    """Raises InputError when nothing is declared and each document is a login page, empty or in a language
    that is not read: then nothing was examined, and a gap beside an empty result would pass for little."""
    if any(f.subject.startswith(_DECLARED) for f in result.facts):
        return
    why = {g.scope: g.reason for g in result.gaps if g.code in _NO_POLICY}
    if all(d.name in why for d in result.documents):
        told = (f"{name}: {reason}" for name, reason in why.items())
        raise InputError("no document could be read: " + "; ".join(told))


@uncollected()
def read_loaded(document: LoadedDocument) -> PolicyResult:
    """Reads one document that is loaded already: its lists as lists, the rest as prose."""
    facts: list[Fact] = []
    gaps: list[Gap] = []
    role = document.role
    if document.format in ("csv", "xlsx") and is_data_safety(document):
        role = "data_safety"
        facts, gaps = data_safety_facts(document)
    else:
        facts, listed = listing_facts(document)
        if role == "policy" and facts and _lists_alone(document, listed):
            role = _list_of(facts)
        if document.format not in ("csv", "xlsx"):
            found = read_document(document)
            prose = [f for f in facts_of(found) if not _stands_on(f, listed)]
            told = {_told(f) for f in prose}
            facts = prose + [f for f in facts if _told(f) not in told]
            gaps = gaps_of(found)
        elif not facts:
            reason = "its columns are those of no list that is known: SDKs, permissions, personal information"
            gaps = [Gap("listing", "unknown_listing", document.name, reason)]
    record = Document(
        document.name,
        document.format,
        language(document.text),
        document.encoding,
        document.size,
        document.sha256,
        len(document.lines),
        document.title,
        role,
    )
    return PolicyResult([record], {document.name: document.text}, facts, gaps)


def _lists_alone(document: LoadedDocument, listed: set[int]) -> bool:
    """Whether a document is nothing but a list: a sheet, or a table on a page without another line."""
    if document.format in ("csv", "xlsx"):
        return True
    return all(n in listed for n, line in enumerate(document.lines, 1) if line.strip())


def _list_of(facts: list[Fact]) -> str:
    """The role of a list without a title that tells it, by what its rows say."""
    actions = {f.action for f in facts}
    return "sdk_list" if "embeds" in actions else "permission_list" if "requests" in actions else "data_list"


def _told(fact: Fact) -> tuple[int, str, str, str]:
    """(line, stance, action, subject): of what prose and list both tell, the prose has the conditions."""
    first = fact.evidence[0] if fact.evidence else None
    return getattr(first, "line", 0), fact.stance, fact.action, fact.subject


def _stands_on(fact: Fact, lines: set[int]) -> bool:
    """Whether a fact of the prose was read from lines of a list, which are read as a list."""
    first = fact.evidence[0] if fact.evidence else None
    return isinstance(first, PolicySpan) and first.line in lines and fact.action != "states"
