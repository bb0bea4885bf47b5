"""Rules on the screen that asks for consent, as a run saw it."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case
from appaudit.compare.verdict import Verdict
from appaudit.records import Fact, Outcome

FAR = 4
"""Taps from the main screen beyond which the policy is hard to reach."""

MUCH_SMALLER = 33
"""Percent of the agreeing button's area below which the refusing one is much smaller."""


def _shown(case: Case, name: str) -> tuple[Fact, ...]:
    return tuple(case.observed_by_action("shows", "consent").get(name, ()))


def _verdict(outcome: Outcome, subject: str, facts: tuple[Fact, ...], **attributes: str) -> Verdict:
    return Verdict(
        outcome, "app", "shows", f"consent:{subject}", facts, attributes=tuple(sorted(attributes.items()))
    )


def _unseen(subject: str, needs: str = "consent_screen") -> Verdict:
    return _verdict("not_examined", subject, (), needs=needs)


def _answered(case: Case, subject: str, attribute: str, bad: str, outcome: Outcome) -> Iterator[Verdict]:
    facts = _shown(case, "screen")
    told = [f for f in facts if attribute in f.attribute]
    if not told:
        yield _unseen(subject)
        return
    yield _verdict(outcome if any(f.attribute[attribute] == bad for f in told) else "pass", subject, facts)


def prompt(case: Case) -> Iterator[Verdict]:
    """The first run asks people to read the policy. A screen that was not recognised may still be one."""
    shown = _shown(case, "screen")
    missed = case.gaps_of("no_consent_screen")
    if shown:
        yield _verdict("pass", "screen", shown)
    elif missed:
        began = tuple(f for f in case.observed if f.source == "dynamic" and f.first is not None)[:5]
        yield Verdict("review", "app", "shows", "consent:screen", began, missed)
    else:
        yield _unseen("screen")


def pre_ticked(case: Case) -> Iterator[Verdict]:
    """A box that is ticked before anybody touched it."""
    yield from _answered(case, "pre_ticked", "pre_ticked", "yes", "violation")


def policy_link(case: Case) -> Iterator[Verdict]:
    """No view leads from the question to the policy, or one that says so opens nothing. Links inside a text
    cannot be seen: that there is none is a lead only."""
    dead = tuple(f for f in _shown(case, "screen") if f.attribute.get("policy_opens") == "no")
    if dead:
        yield _verdict("violation", "policy_link", dead)
        return
    yield from _answered(case, "policy_link", "policy_link", "no", "review")


def bundled(case: Case) -> Iterator[Verdict]:
    """Several purposes behind one box."""
    facts = _shown(case, "screen")
    if not facts:
        yield _unseen("purposes")
        return
    names = ", ".join(f.attribute["purposes"] for f in facts if "purposes" in f.attribute)
    yield _verdict("review" if names else "pass", "purposes", facts, names=names)


def refusal(case: Case) -> Iterator[Verdict]:
    """Refusing is as easy as agreeing: there is a button for it, of like size, and the app stays."""
    shown, after = _shown(case, "screen"), _shown(case, "after_refusal")
    if not shown:
        yield _unseen("refusal")
        return
    screen = shown[0].attribute
    if "refuse" not in screen:
        yield _verdict("violation", "no_refusal", shown)
    elif any(f.attribute.get("left") == "yes" for f in after):
        yield _verdict("review", "leaving_refusal", (*shown, *after), detail=screen["refuse"])
    elif int(screen.get("refuse_size", "100")) < MUCH_SMALLER:
        yield _verdict("review", "small_refusal", shown, detail=screen["refuse"])
    elif after:
        yield _verdict("pass", "refusal", (*shown, *after))
    else:
        yield _unseen("refusal", "run_refusing")


def asked_again(case: Case) -> Iterator[Verdict]:
    """The question comes back after a refusal: once is a lead, at once and at the next start is too often."""
    after = [f for f in _shown(case, "after_refusal") if "asked_again" in f.attribute]
    if not after:
        yield _unseen("asked_again", "run_refusing")
        return
    times = max(int(f.attribute["asked_again"]) for f in after)
    outcome: Outcome = "violation" if times > 1 else "review" if times else "pass"
    yield _verdict(outcome, "asked_again", tuple(after), number=str(times))


def policy_way(case: Case) -> Iterator[Verdict]:
    """The policy is at most four taps from the main screen. That no way was found by the words of the views
    proves nothing: a person has to look, and can say so to the runner."""
    shown = _shown(case, "policy_way")
    if not shown:
        yield Verdict(
            "not_examined",
            "app",
            "shows",
            "consent:policy_way",
            gaps=case.gaps_of("policy_way_unknown"),
            attributes=(("needs", "way_to_policy"),),
        )
        return
    way = shown[0].attribute
    taps = int(way.get("taps", "0"))
    bad = way.get("found") == "no" or taps > FAR or way.get("policy_opens") == "no"
    unclear = way.get("policy_opens") in ("unclear", "elsewhere")
    outcome: Outcome = "violation" if bad else "not_examined" if unclear else "pass"
    needs = {"needs": "policy_page"} if outcome == "not_examined" else {}
    yield _verdict(outcome, "policy_way", shown, number=way.get("taps", ""), **needs)


def policy_language(case: Case) -> Iterator[Verdict]:
    """Where the device or the question is in Chinese, so is the policy that the app opens."""
    shown = (*_shown(case, "screen"), *_shown(case, "policy_way"))
    told = [f for f in shown if f.attribute.get("policy_language")]
    chinese = any(
        f.attribute.get(name, "").startswith("zh") for f in shown for name in ("device_language", "language")
    )
    if not told or not chinese:
        yield _unseen("policy_language", "policy_page")
        return
    languages = sorted({f.attribute["policy_language"] for f in told})
    outcome: Outcome = "pass" if {"zh", "mixed"} & set(languages) else "review"
    yield _verdict(outcome, "policy_language", tuple(told), names=", ".join(languages))


def withdrawal(case: Case) -> Iterator[Verdict]:
    """The app lets one take consent back, as a run did; or no view that does so was found."""
    shown = _shown(case, "withdrawal")
    if shown:
        yield _verdict("pass", "withdrawal", shown)
        return
    missed = case.gaps_of("withdrawal_not_found")
    if not missed:
        yield _unseen("withdrawal", "run_withdrawing")
        return
    seen = tuple(f for f in _shown(case, "screen") if f.phase == "before_consent")
    yield Verdict("review", "app", "shows", "consent:withdrawal", seen, missed)
