"""Rules on necessity: what the official list says an app of this kind may require."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import UNREAD, Case
from appaudit.compare.disclosure import GENERIC
from appaudit.compare.unlocks import opens
from appaudit.compare.verdict import Verdict, undecided
from appaudit.knowledge.data_types import data_types, said_as
from appaudit.knowledge.permissions import permission
from appaudit.knowledge.regulations import Category, categories
from appaudit.knowledge.sdks import sdks


def category_of(text: str) -> Category | None:
    """The category that an id, a number or a Chinese or English name means; None where none does."""
    wanted = text.strip().lower().removesuffix("类")
    for category in categories().values():
        names = (category.id, str(category.number), category.zh.removesuffix("类"), category.en.lower())
        if wanted in names:
            return category
    return None


def _named(category: Category) -> tuple[tuple[str, str], ...]:
    return (("category_en", category.en), ("category_zh", category.zh))


def unnecessary_data(case: Case) -> Iterator[Verdict]:
    """Collected beyond what the basic function may require: optional at best, so refusal must not matter."""
    category = category_of(case.category)
    if category is None:
        yield undecided("category")
        return
    for (party, data), facts in sorted(case.collected.items()):
        kind = data_types().get(data)
        if kind is None or kind.sensitivity == "low" or data in GENERIC:
            continue
        needed = not set(said_as(data)).isdisjoint(category.data)
        yield Verdict(
            "pass" if needed else "review",
            party,
            facts[0].action,
            f"data:{data}",
            facts=tuple(facts),
            severity="medium" if kind.sensitivity == "high" else "low",
            clauses=(category.clause, "CN39-art4"),
            attributes=_named(category),
        )


def unnecessary_permission(case: Case) -> Iterator[Verdict]:
    """A dangerous permission that opens nothing the basic function of such an app may require."""
    category = category_of(case.category)
    if category is None:
        yield undecided("category")
        return
    for name, facts in sorted(case.requested.items()):
        known = permission(name)
        if (
            known.level != "dangerous"
            or known.mild
            or all(f.attribute.get("how") == "implied" for f in facts)
        ):
            continue
        needed = any(not category.data.isdisjoint(said_as(d)) for d in opens(name))
        yield Verdict(
            "pass" if needed else "review",
            "app",
            "requests",
            f"permission:{name}",
            facts=tuple(facts),
            clauses=("CN191-4.1", "CN164-5", category.clause),
            attributes=_named(category),
        )


def function_after_refusal(case: Case) -> Iterator[Verdict]:
    """The basic function may not hang on what the list does not name: what a refusal leaves of the app. A run
    taps nothing after it, so that an app which stays is no proof that its function works."""
    category = category_of(case.category)
    if category is None:
        yield undecided("category")
        return
    after = tuple(case.observed_by_action("shows", "consent").get("after_refusal", ()))
    left = any(f.attribute.get("left") == "yes" for f in after)
    yield Verdict(
        "review" if left else "pass" if after else "not_examined",
        "app",
        "shows",
        "consent:after_refusal",
        after,
        clauses=(category.clause, "CN39-art4", "CN191-4.2", "CN164-5", "CN-PIPL-16"),
        attributes=(
            *_named(category),
            ("function_en", category.basic["en"]),
            ("function_zh", category.basic["zh"]),
            *((("needs", "run_functions"),) if not after else ()),
        ),
    )


def targeted_push(case: Case) -> Iterator[Verdict]:
    """SDKs that target people are in the app, and the policy offers no way to switch it off."""
    targeting = {
        name: facts
        for name, facts in sorted(case.embedded.items())
        if name in sdks() and sdks()[name].category in TARGETING
    }
    option = tuple(f for f in case.said(OPTION) if f.attribute.get("status") == "present")
    found = tuple(f for facts in targeting.values() for f in facts)
    if not targeting and not option and case.gaps_of(*UNREAD):
        yield undecided("code")
        return
    yield Verdict(
        "review" if targeting and not option else "pass",
        "app",
        "embeds",
        OPTION,
        (*found, *option),
        case.gaps_of("missing_document") if targeting and not option else (),
        attributes=(("sdks", " ".join(targeting)),),
    )


def low_target_sdk(case: Case) -> Iterator[Verdict]:
    """A target SDK below 23 gets every permission at installation; one below 29 escapes later limits."""
    target = case.app.target_sdk if case.app else None
    if target is None:
        yield undecided("target_sdk")
        return
    facts = tuple(f for name in sorted(case.requested) for f in case.requested[name])[:20]
    low = target < MODERN
    yield Verdict(
        "review" if low else "pass",
        "app",
        "targets",
        "setting:target_sdk",
        facts=facts if low else (),
        severity="high" if target < RUNTIME else "low",
        attributes=(("target", str(target)),),
    )


TARGETING = frozenset({"advertising", "mediation", "attribution", "engagement"})
"""Categories of SDKs by which people are targeted."""

OPTION = "notice:personalised"

RUNTIME = 23
"""First level at which dangerous permissions are asked for at run time."""

MODERN = 29
"""First level at which identifiers that cannot be reset are refused and shared storage is scoped."""
