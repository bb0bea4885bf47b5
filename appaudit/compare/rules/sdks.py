"""Rules on SDKs: what is embedded against what is listed."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import UNREAD, Case
from appaudit.compare.verdict import Verdict
from appaudit.records import Fact


def _kinds(facts: list[Fact]) -> str:
    kinds = {e.kind.replace("_", " ") for f in facts for e in f.evidence}
    return ", ".join(sorted(kinds))


def undeclared_sdk(case: Case) -> Iterator[Verdict]:
    """An SDK in the app that the declared side does not name."""
    for name, facts in sorted(case.embedded.items()):
        statements = case.naming(name)
        gaps = () if statements else case.gaps_of("missing_document")
        yield Verdict(
            "pass" if statements else "review" if gaps else "violation",
            "app",
            "embeds",
            f"sdk:{name}",
            facts=(*facts, *statements[:20]),
            gaps=gaps,
            disclosure="clear" if statements else "omitted",
            severity="info" if statements else None,
            attributes=(("evidence", _kinds(facts)),),
        )


def unobserved_sdk(case: Case) -> Iterator[Verdict]:
    """A declared SDK of which nothing was found."""
    present = case.observed_by_action("embeds", "sdk")
    blind = case.gaps_of(*UNREAD)
    for name, statements in sorted(case.named_sdks.items()):
        listed = [f for f in statements if f.action == "embeds"]
        if listed and name not in present:
            yield Verdict(
                "not_examined" if blind else "review",
                "app",
                "embeds",
                f"sdk:{name}",
                facts=tuple(listed),
                gaps=blind,
            )
