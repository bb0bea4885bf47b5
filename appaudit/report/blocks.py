"""A finding opened up: its words, both sides' facts with their places, its clauses."""

from __future__ import annotations

from dataclasses import dataclass

from appaudit.knowledge.regulations import in_profile, notice_label
from appaudit.records import Fact, Finding
from appaudit.report.model import AuditView, suppressed
from appaudit.report.places import Place, Places
from appaudit.report.text import FindingText, extras, fact_sentence, finding_text
from appaudit.report.visible import visible
from appaudit.report.words import Words

FACTS = 5
"""Facts a finding lists on each side."""


@dataclass(frozen=True, slots=True)
class FactBlock:
    """A fact in words with its first places; ``more`` places were left out."""

    sentence: str
    source: str
    stance: str
    extras: list[tuple[str, str]]
    places: list[Place]
    more: int


@dataclass(frozen=True, slots=True)
class FindingBlock:
    """A finding as a page shows it. ``done``: what the app does; ``said``: what the documents say;
    ``label``: the item name in MIIT's notice; ``clauses``: those of the profile, by name and number."""

    finding: Finding
    text: FindingText
    actor: str
    subject: str
    done: list[FactBlock]
    done_more: int
    said: list[FactBlock]
    said_more: int
    phases: list[str]
    suppressed: bool
    status: str
    aside: str
    label: str
    clauses: list[str]


def _notices(view: AuditView) -> bool:
    """Whether the report speaks in the item names of MIIT's notices."""
    return view.profile == "cn" or (view.profile == "all" and view.lang == "zh")


def fact_blocks(facts: list[Fact], words: Words, places: Places, limit: int = 6) -> list[FactBlock]:
    """Facts with their first ``limit`` places; those that read the same share a block."""
    alike: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], list[Fact]] = {}
    for fact in facts:
        sentence, source = fact_sentence(fact, words), words.of("source", fact.source)
        alike.setdefault((sentence, source, fact.stance, tuple(extras(fact, words))), []).append(fact)
    blocks = []
    for (sentence, source, stance, more), group in alike.items():
        shown, rest = places.of_facts(group, limit)
        blocks.append(FactBlock(sentence, source, stance, list(more), shown, rest))
    return blocks


def finding_block(view: AuditView, finding: Finding, words: Words, places: Places) -> FindingBlock:
    """A finding with its facts split into deeds and words."""
    done = [f for f in finding.facts if f.stance == "observed"]
    said = [f for f in finding.facts if f.stance != "observed"]
    done_blocks, said_blocks = fact_blocks(done, words, places), fact_blocks(said, words, places)
    attributes = dict(finding.attributes)
    aside = ""
    if "suppressed" in attributes:
        until = attributes.get("suppressed_until")
        parts = (
            words.get("suppression", attributes["suppressed"]),
            visible(attributes.get("suppressed_by", "")),
            visible(attributes.get("suppressed_reason", "")),
            words("until", date=until) if until else "",
        )
        aside = " · ".join(p for p in parts if p)
    return FindingBlock(
        finding=finding,
        text=finding_text(view, finding, words),
        actor=words.actor(finding.actor),
        subject=words.subject(finding.subject),
        done=done_blocks[:FACTS],
        done_more=max(0, len(done_blocks) - FACTS),
        said=said_blocks[:FACTS],
        said_more=max(0, len(said_blocks) - FACTS),
        phases=[words.of("phase", p) for p in dict.fromkeys(f.phase for f in done) if p != "unknown"],
        suppressed=suppressed(finding),
        status=words.status(attributes),
        aside=aside,
        label=notice_label(finding.clauses, words.lang) if _notices(view) else "",
        clauses=[words.clause(c) for c in in_profile(finding.clauses, view.profile)],
    )
