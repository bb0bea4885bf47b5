"""Scores the policy reader on the labelled policies in ../shared: `python -m tests.score [-v] [NAME ...]`.

Declarations count at line level as (line, data type, polarity), generic words such as "personal
information" aside; what comes in only through a definition (`via`) is not a row of the labels.
Statements without data count as (line, kind). A row with `repeat_lines` is met on any of its lines.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from appaudit.knowledge.data_types import data_types
from appaudit.policy import read
from appaudit.records import Fact, PolicySpan

SHARED = Path(__file__).resolve().parents[2] / "shared"
POLARITY = {
    ("declared", "collects"): "collected",
    ("denied", "collects"): "not_collected",
    ("declared", "processes_locally"): "local_only",
    ("declared", "shares"): "shared",
    ("denied", "shares"): "not_shared",
}
GENERIC = frozenset(
    {
        "personal_info",
        "third_party_data",
        "permission_gated_data",
        "other_authorised_info",
        "anonymised_data",
        "campaign_info",
        "ad_info",
        "business_info",
    }
)
EXACT = frozenset(
    t.id
    for t in data_types().values()
    if t.permissions or t.group in ("device", "device_id", "network", "location")
)
"""Device, identifier, network and permission-gated types."""

Row = tuple[int, str, str]


class Tally:
    """True positives, misses and false alarms of one comparison."""

    def __init__(self, gold: Iterable[Row], said: Iterable[Row]) -> None:
        self.gold, self.said = set(gold), set(said)

    def __str__(self) -> str:
        hits = len(self.gold & self.said)
        precision = hits / len(self.said) if self.said else 1.0
        recall = hits / len(self.gold) if self.gold else 1.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        false = len(self.said) - hits
        counts = f"({hits} of {len(self.gold)}, {false} false)"
        return f"P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}  {counts}"


def said_by(facts: Iterable[Fact], repeats: dict[int, int]) -> tuple[set[Row], set[Row]]:
    """(declarations, topics) of facts, by line; repeated lines stand for their first copy."""
    declarations: set[Row] = set()
    topics: set[Row] = set()
    for fact in facts:
        span = fact.evidence[0] if fact.evidence else None
        if not isinstance(span, PolicySpan) or span.via is not None:
            continue
        line = repeats.get(span.line, span.line)
        kind, _, name = fact.subject.partition(":")
        if kind == "data" and name not in GENERIC and fact.actor in ("app", "unknown"):
            declarations.add((line, name, POLARITY[fact.stance, fact.action]))
        elif kind == "topic":
            topics.add((line, name, ""))
    return declarations, topics


def main(names: list[str], verbose: bool) -> int:
    """Prints the figures; 1 when there is nothing to score on."""
    files = [
        f
        for f in sorted((SHARED / "labelled").glob("*.json"))
        if not names or f.stem.startswith(tuple(names))
    ]
    if not files:
        print(f"nothing to score on: no labels in {SHARED / 'labelled'}")
        return 1
    for file in files:
        rows = json.loads(file.read_text(encoding="utf-8"))
        policy = SHARED / "policies" / f"{file.stem}.txt"
        result = read([policy])
        repeats = {line: row["line"] for row in rows for line in row["repeat_lines"]}
        gold = {
            (r["line"], r["data"], r["polarity"])
            for r in rows
            if r["data"] and r["polarity"] and r["data"] not in GENERIC
        }
        gold_topics = {(r["line"], r["kind"], "") for r in rows if not r["polarity"]}
        also = {(r["line"], r["kind"], "") for r in rows}
        said, topics = said_by(result.facts, repeats)
        topics = {t for t in topics if t in gold_topics or t not in also}
        print(f"\n{file.stem}")
        print(f"  {'all types':18}{Tally(gold, said)}")
        print(f"  {'device and gated':18}{Tally(_only(gold, EXACT), _only(said, EXACT))}")
        print(f"  {'topics':18}{Tally(gold_topics, topics)}")
        for polarity in dict.fromkeys(POLARITY.values()):
            part = Tally((r for r in gold if r[2] == polarity), (r for r in said if r[2] == polarity))
            if part.gold or part.said:
                print(f"  {polarity:18}{part}")
        groups: dict[str, set[str]] = defaultdict(set)
        for t in data_types().values():
            groups[t.group].add(t.id)
        for group, ids in groups.items():
            part = Tally(_only(gold, ids), _only(said, ids))
            if part.gold or part.said:
                print(f"    {group:16}{part}")
        lines = result.texts[policy.name].split("\n")
        _show("missed", (gold - said) | (gold_topics - topics), lines, verbose)
        _show("false alarm", (said - gold) | (topics - gold_topics), lines, verbose)
    return 0


def _only(rows: Iterable[Row], ids: Iterable[str]) -> set[Row]:
    keep = set(ids)
    return {r for r in rows if r[1] in keep}


def _show(word: str, rows: set[Row], lines: list[str], verbose: bool) -> None:
    by_line: dict[int, list[str]] = defaultdict(list)
    for line, name, polarity in sorted(rows):
        by_line[line].append(f"{name} {polarity}".strip())
    worst = sorted(by_line, key=lambda n: (-len(by_line[n]), n))
    for number in worst if verbose else worst[:12]:
        print(f"  {word} on line {number}: {', '.join(by_line[number])}")
        print(f"      {lines[number - 1].strip()[:110]}")


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if a != "-v"]
    sys.exit(main(arguments, "-v" in sys.argv))
