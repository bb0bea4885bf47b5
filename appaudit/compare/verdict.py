"""What a rule answers, before it is worded."""

from __future__ import annotations

from dataclasses import dataclass

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


def undecided(needs: str) -> Verdict:
    """A rule that could look at nothing; ``needs``: what would decide it, a code of `wording.needed`."""
    return Verdict("not_examined", "app", "", "", attributes=(("needs", needs),))
