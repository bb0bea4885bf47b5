"""What a rule answers, before it is worded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appaudit.compare.disclosure import GENERIC
from appaudit.records import Confidence, Disclosure, Fact, Gap, Outcome, Severity


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer. ``severity`` and ``confidence`` None: the rule's own. ``attributes`` fill its texts.

    ``clauses`` empty: the rule's own.
    """

    outcome: Outcome
    actor: str
    action: str
    subject: str
    facts: tuple[Fact, ...] = ()
    gaps: tuple[Gap, ...] = ()
    disclosure: Disclosure | None = None
    severity: Severity | None = None
    confidence: Confidence | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    clauses: tuple[str, ...] = ()


def uncollected(promises: Iterable[list[Fact]]) -> Iterator[Verdict]:
    """One answer for all promises on data that nobody was seen to collect: neither kept nor broken. Words
    such as "personal information" promise nothing about a type."""
    said = [statements[0] for statements in promises if statements[0].subject[5:] not in GENERIC]
    if said:
        data = " ".join(dict.fromkeys(f.subject.partition(":")[2] for f in said))
        needs = (("needs", f"run_collecting:{data}"),)
        yield Verdict(
            "not_examined", "app", "collects", "topic:collection", tuple(said[:20]), attributes=needs
        )


def undecided(needs: str) -> Verdict:
    """A rule that could look at nothing; ``needs``: what would decide it, a code of `wording.needed`."""
    return Verdict("not_examined", "app", "", "", attributes=(("needs", needs),))
