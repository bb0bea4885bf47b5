"""Rules on SDKs: what is embedded against what is listed, and three ways: what the maker says, what the
policy lists, what was observed."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import UNREAD, Case
from appaudit.compare.disclosure import GENERIC
from appaudit.compare.observable import observable
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.data_types import data_types, distance, related, said_as
from appaudit.knowledge.sdks import Sdk
from appaudit.knowledge.sdks import sdks as known_sdks
from appaudit.records import Fact, Outcome, Severity


def _kinds(facts: list[Fact]) -> str:
    return " ".join(sorted({e.kind for f in facts for e in f.evidence}))


def handles_data(case: Case, name: str) -> bool:
    """Whether the SDK was seen near personal data, or is known to be made for it."""
    sdk = known_sdks().get(name)
    return sdk is None or sdk.handles_data or f"sdk:{name}" in case.collected_by


def undeclared_sdk(case: Case) -> Iterator[Verdict]:
    """An SDK in the app that the declared side does not name."""
    for name, facts in sorted(case.embedded.items()):
        statements = case.naming(name)
        perhaps = [] if statements else case.perhaps_naming(name)
        gaps = () if statements else case.gaps_of("missing_document")
        yield Verdict(
            "pass" if statements else "review" if gaps or perhaps else "violation",
            "app",
            "embeds",
            f"sdk:{name}",
            facts=(*facts, *statements[:20], *perhaps),
            gaps=gaps,
            disclosure="clear" if statements else "omitted",
            severity=None if handles_data(case, name) else "low",
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
                attributes=(("needs", "code"),) if blind else (),
            )


# ------------------------------------------------------------------------------ three ways


def seen_in(facts: list[Fact]) -> str:
    """``code``, ``live`` or ``both``: where an observation was made; empty for none."""
    live = any(f.source in ("dynamic", "traffic") for f in facts)
    code = any(f.source == "static" for f in facts)
    return "both" if live and code else "live" if live else "code" if code else ""


def _says(types: set[str], data: str) -> bool:
    """Whether a list of types covers one: by itself, by a word that says it well enough, or by its parts."""
    return not types.isdisjoint(said_as(data)) or any(distance(said, data) is not None for said in types)


def _listed(case: Case, sdk_id: str) -> dict[str, list[Fact]]:
    """What the declared side says of one SDK: data id → statements."""
    found: dict[str, list[Fact]] = {}
    for fact in case.named_sdks.get(sdk_id, ()):
        kind, _, data = fact.subject.partition(":")
        if kind == "data" and data not in GENERIC:
            found.setdefault(data, []).append(fact)
    return found


def _seen(case: Case, sdk_id: str) -> dict[str, list[Fact]]:
    seen = case.collected_by.get(f"sdk:{sdk_id}", {})
    return {data: facts for data, facts in seen.items() if data not in GENERIC}


def _records(case: Case) -> Iterator[tuple[str, Sdk, list[Fact]]]:
    for name, facts in sorted(case.embedded.items()):
        sdk = known_sdks().get(name)
        if sdk is not None:
            yield name, sdk, facts


def _severity(data: str) -> Severity:
    kind = data_types().get(data)
    return {"high": "medium", "medium": "low"}.get(kind.sensitivity if kind else "", "info")  # type: ignore[return-value]


def beyond_statement(case: Case) -> Iterator[Verdict]:
    """An SDK collects what its own maker does not say it collects: found in its code, and seen."""
    yield from _beyond(case, "both")


def beyond_in_code(case: Case) -> Iterator[Verdict]:
    """An SDK's code can collect what its maker does not state; nobody saw it happen."""
    yield from _beyond(case, "code")


def beyond_live(case: Case) -> Iterator[Verdict]:
    """An SDK was seen to collect what its maker does not state, by no code that could be read."""
    yield from _beyond(case, "live")


def _beyond(case: Case, where: str) -> Iterator[Verdict]:
    for name, sdk, embedded in _records(case):
        stated = set(sdk.collects)
        for data, facts in sorted(_seen(case, name).items()):
            if seen_in(facts) != where:
                continue
            if not stated:
                yield Verdict(
                    "not_examined",
                    f"sdk:{name}",
                    "accesses",
                    f"sdk:{name}",
                    facts=tuple(embedded),
                    attributes=(("needs", "vendor_statement"),),
                )
                break
            yield Verdict(
                "pass" if _says(stated, data) else "review",
                f"sdk:{name}",
                "accesses",
                f"data:{data}",
                facts=tuple(facts),
                severity=_severity(data),
                confidence=None if sdk.checked else "low",
                attributes=(("link", sdk.policy), ("seen", where), *_trust(sdk)),
            )


def _trust(sdk: Sdk) -> tuple[tuple[str, str], ...]:
    """Where the record's ``collects`` comes from, and when the two were compared."""
    return ("source", sdk.source), ("checked", sdk.checked or "no")


def short_listing(case: Case) -> Iterator[Verdict]:
    """The policy lists an SDK with less than its maker says it collects."""
    for name, sdk, _ in _records(case):
        listed = _listed(case, name)
        if not listed or not sdk.collects:
            continue
        rows = [f for facts in listed.values() for f in facts]
        seen = _seen(case, name)
        absent = [d for d in sdk.collects if d in data_types() and not _says(set(listed), d)]
        lived = {d: seen_in(seen[d]) for d in absent if d in seen}
        facts = [f for d in lived for f in seen[d]]
        yield Verdict(
            "review" if absent else "pass",
            f"sdk:{name}",
            "collects",
            f"sdk:{name}",
            facts=(*facts, *rows[:20]),
            severity="medium" if lived else "info",
            confidence=None if sdk.checked else "low",
            attributes=(
                ("absent", " ".join(absent)),
                ("link", sdk.policy),
                *_trust(sdk),
                ("observed", " ".join(f"{d}:{how}" for d, how in sorted(lived.items()))),
            ),
        )


def unobserved_sdk_data(case: Case) -> Iterator[Verdict]:
    """Data listed for an SDK that is in the app, of a type that code shows, and not seen.

    Where the maker says the same, the list is right and only the occasion was missing.
    """
    blind = case.gaps_of(*UNREAD)
    for name, sdk, _ in _records(case):
        seen = set(_seen(case, name))
        for data, statements in sorted(_listed(case, name).items()):
            if data not in observable():
                continue
            found = any(related(s, data) for s in seen)
            own = _says(set(sdk.collects), data)
            needs = "code" if blind else "run_sdk" if own else ""
            outcome: Outcome = "pass" if found else "not_examined" if needs else "review"
            yield Verdict(
                outcome,
                f"sdk:{name}",
                "accesses",
                f"data:{data}",
                facts=tuple(statements),
                gaps=() if found else blind,
                attributes=(
                    *((("needs", needs),) if outcome == "not_examined" else ()),
                    ("vendor_says", "yes" if own else "no"),
                ),
            )
