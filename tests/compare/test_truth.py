"""The truth table: what each combination of stance, actor, condition and source means, rule by rule."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from appaudit.compare.judge import compare
from appaudit.knowledge.wording import render
from appaudit.records import App, Fact, Finding, Gap, Source

SDK, LIBRARY = "sdk:jpush", "sdk:okhttp"
PERMISSION = "android.permission.READ_PHONE_STATE"
APP = App("a.apk", "apk", 1, "0", "0", package="com.example.a", version_name="3.1.0", target_sdk=34)


def seen(actor: str = "app", source: str = "static", data: str = "imei", **more: Any) -> Fact:
    attributes = tuple(sorted(more.pop("attributes", {}).items()))
    action = more.pop("action", "sends" if source == "traffic" else "accesses")
    return Fact(source, "observed", actor, action, f"data:{data}", attributes=attributes, **more)  # type: ignore[arg-type]


def said(
    stance: str,
    action: str,
    actor: str = "app",
    data: str = "imei",
    condition: tuple[str, ...] = (),
    **more: Any,
) -> Fact:
    return Fact("policy", stance, actor, action, f"data:{data}", condition=condition, **more)  # type: ignore[arg-type]


def judged(
    *facts: Fact, examined: tuple[str, ...] = ("static", "dynamic", "traffic", "policy")
) -> list[Finding]:
    held = Fact("static", "observed", "app", "requests", f"permission:{PERMISSION}")
    return compare([held, *facts], app=APP, examined=examined)  # type: ignore[arg-type]


def outcome(findings: list[Finding], rule: str, actor: str = "app", data: str = "imei") -> str:
    """The outcome of a rule on one party and data type; empty where it has nothing to say."""
    found = {
        f.outcome for f in findings if f.rule == rule and (f.actor, f.subject) == (actor, f"data:{data}")
    }
    assert len(found) <= 1
    return next(iter(found), "")


def disclosure(findings: list[Finding], actor: str = "app", data: str = "imei") -> str:
    found = {
        f.disclosure
        for f in findings
        if f.disclosure
        and f.action in ("accesses", "sends")
        and (f.actor, f.subject) == (actor, f"data:{data}")
        and f.rule
        in (
            "undeclared-data",
            "contradicted-data",
            "ambiguous-data",
            "vague-data",
            "implied-data",
            "local-only-sent",
        )
    }
    assert len(found) <= 1
    return next(iter(found), "")


# ------------------------------------------------------------------- stance × actor × source

ACTORS = {"app": "app", "unknown": "app", LIBRARY: "app", SDK: SDK}
"""Observed actor → the party that answers for it."""
SOURCES = ("static", "dynamic", "traffic")
DECLARED = {
    "nothing": (),
    "yes": (("declared", "collects"),),
    "shares": (("declared", "shares"),),
    "local": (("declared", "processes_locally"),),
    "no": (("denied", "collects"),),
    "no sharing": (("denied", "shares"),),
    "yes and no": (("declared", "collects"), ("denied", "collects")),
    "yes, no sharing": (("declared", "collects"), ("denied", "shares")),
    "local and no sharing": (("declared", "processes_locally"), ("denied", "shares")),
}
EXPECTED = {  # what was said → (class of an access, class of a sending)
    "nothing": ("omitted", "omitted"),
    "yes": ("clear", "clear"),
    "shares": ("clear", "clear"),
    "local": ("clear", ""),  # broken by sending: local-only-sent says so, without a class
    "no": ("incorrect", "incorrect"),
    "no sharing": ("omitted", "incorrect"),
    "yes and no": ("ambiguous", "ambiguous"),
    "yes, no sharing": ("clear", "ambiguous"),
    "local and no sharing": ("clear", "ambiguous"),
}


@pytest.mark.parametrize("words", DECLARED)
@pytest.mark.parametrize(("actor", "source"), list(itertools.product(ACTORS, SOURCES)))
def test_stance_by_actor_and_source(words: str, actor: str, source: str) -> None:
    party = ACTORS[actor]
    statements = [said(*pair, actor=party) for pair in DECLARED[words]]
    findings = judged(*statements, seen(actor, source))
    assert disclosure(findings, party) == EXPECTED[words][source == "traffic"]
    if words == "local" and source == "traffic":
        assert outcome(findings, "local-only-sent", party) == "violation"


@pytest.mark.parametrize("words", [w for w in DECLARED if w != "nothing"])
@pytest.mark.parametrize(("actor", "other"), [("app", SDK), (SDK, "app"), (SDK, "sdk:bugly"), (LIBRARY, SDK)])
def test_what_is_said_of_one_party_is_not_said_of_another(words: str, actor: str, other: str) -> None:
    statements = [said(*pair, actor=other) for pair in DECLARED[words]]
    assert disclosure(judged(*statements, seen(actor)), ACTORS[actor]) == "omitted"


@pytest.mark.parametrize(
    ("recipient", "party", "expected"), [(SDK, SDK, "clear"), ("party:x", SDK, "omitted")]
)
def test_sharing_speaks_for_the_recipient_named(recipient: str, party: str, expected: str) -> None:
    assert disclosure(judged(said("declared", "shares", recipient=recipient), seen(party)), party) == expected


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("words", DECLARED)
def test_metadata_is_no_collection(words: str, actor: str) -> None:
    statements = [said(*pair, actor=ACTORS[actor]) for pair in DECLARED[words]]
    findings = judged(*statements, seen(actor, attributes={"role": "metadata"}))
    assert not [f for f in findings if f.outcome == "violation" and f.subject.startswith("data:")]
    assert disclosure(findings, ACTORS[actor]) == ""


def test_sending_to_the_apps_own_host_shares_nothing() -> None:
    own = Fact("static", "observed", "app", "contacts", "host:api.a.example")
    theirs = Fact("static", "observed", SDK, "contacts", "host:stats.b.example")
    no = [said("declared", "collects"), said("denied", "shares")]
    home = seen("app", "traffic", recipient="host:api.a.example")
    away = seen("app", "traffic", recipient="host:stats.b.example")
    assert disclosure(judged(*no, own, theirs, home)) == "clear"
    assert disclosure(judged(*no, own, theirs, away)) == "ambiguous"


# ------------------------------------------------------------------------------ denials

CONDITIONS = (
    "optional",
    "after_consent",
    "before_consent",
    "background",
    "deidentified",
    "local_only",
    f"permission:{PERMISSION}",
    "until_version:9.0",
    "if:unless you agree",
)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_denial_with_a_condition_denies_nothing_flatly(condition: str, source: str) -> None:
    denial = said("denied", "collects", condition=(condition,))
    alone = judged(denial, seen(source=source))
    assert disclosure(alone) == "vague"
    assert outcome(alone, "implied-data") == "review"
    assert outcome(alone, "undeclared-data") == outcome(alone, "vague-data") == ""
    both = judged(said("declared", "collects"), denial, seen(source=source))
    assert disclosure(both) == "clear"
    assert not [f for f in both if f.rule == "contradictory-policy" and f.outcome == "review"]


@pytest.mark.parametrize(
    ("said_of", "seen_of", "stance", "expected"),
    [
        ("location", "gps_location", "denied", "incorrect"),
        ("device_info", "imei", "denied", "incorrect"),
        ("personal_info", "imei", "denied", "omitted"),
        ("imei", "device_info", "denied", "omitted"),
        ("device_info", "imei", "declared", "vague"),
        ("device_id_other", "gaid", "declared", "vague"),
        ("device_id_other", "gaid", "denied", "incorrect"),
        ("personal_info", "imei", "declared", "omitted"),
    ],
)
def test_broader_and_narrower_words(said_of: str, seen_of: str, stance: str, expected: str) -> None:
    findings = judged(said(stance, "collects", data=said_of), seen(data=seen_of))
    assert disclosure(findings, data=seen_of) == expected


# --------------------------------------------------------------------- condition by condition

PHASES = ("before_consent", "after_consent", "refused", "revoked", "background", "idle", "unknown")
RUN = ("dynamic", "traffic")
TABLE: list[tuple[str, str, dict[str, Any], str]] = [
    # condition, rule, what was observed, outcome
    *(
        ("after_consent", "consent-condition", {"source": s, "phase": p}, expected)
        for s in RUN
        for p, expected in zip(
            PHASES, ("violation", "not_examined", "violation", *["not_examined"] * 4), strict=True
        )
    ),
    ("after_consent", "consent-condition", {"source": "static"}, "not_examined"),
    *(
        (
            "optional",
            "optional-condition",
            {"source": s, "phase": p},
            "violation" if p == "refused" else "not_examined",
        )
        for s in RUN
        for p in PHASES
    ),
    ("optional", "optional-condition", {"source": "static"}, "not_examined"),
    *(
        ("background", "background-collection", {"source": s, "phase": p}, expected)
        for s in RUN
        for p, expected in zip(PHASES, (*["not_examined"] * 4, "pass", "pass", "not_examined"), strict=True)
    ),
    *(
        ("deidentified", "deidentified-plain", {"source": "traffic", "attributes": {"form": form}}, expected)
        for form, expected in (
            ("plain", "violation"),
            ("pattern", "violation"),
            ("md5", "pass"),
            ("sha256", "pass"),
        )
    ),
    ("deidentified", "deidentified-plain", {"source": "static"}, "not_examined"),
    ("deidentified", "deidentified-plain", {"source": "dynamic"}, "not_examined"),
    ("local_only", "local-only-sent", {"source": "traffic"}, "violation"),
    ("local_only", "local-only-sent", {"source": "static"}, "pass"),
    *(
        (
            f"permission:{PERMISSION}",
            "permission-condition",
            {"source": s, "attributes": {"permission_state": state} if state else {}},
            expected,
        )
        for s in RUN
        for state, expected in (
            ("granted", "pass"),
            ("denied", "violation"),
            ("not_requested", "violation"),
            ("", "not_examined"),
        )
    ),
    (f"permission:{PERMISSION}", "permission-condition", {"source": "static"}, ""),
    *(("until_version:3.0.0", "expired-version", {"source": s}, "violation") for s in SOURCES),
    *(("until_version:3.1", "expired-version", {"source": s}, "violation") for s in SOURCES),
    *(("until_version:3.2", "expired-version", {"source": s}, "pass") for s in SOURCES),
    ("until_version:next", "expired-version", {"source": "static"}, "not_examined"),
    *(("if:you scan", "open-condition", {"source": s}, "not_examined") for s in SOURCES),
]


@pytest.mark.parametrize(("condition", "rule", "observed", "expected"), TABLE, ids=lambda v: str(v)[:40])
@pytest.mark.parametrize("actor", ACTORS)
def test_condition(condition: str, rule: str, observed: dict[str, Any], expected: str, actor: str) -> None:
    statement = said("declared", "collects", actor=ACTORS[actor], condition=(condition,))
    assert outcome(judged(statement, seen(actor, **observed)), rule, ACTORS[actor]) == expected


@pytest.mark.parametrize("phase", ["after_consent", "revoked", "background", "idle"])
@pytest.mark.parametrize("source", RUN)
def test_what_waits_for_consent_passes_only_where_the_time_before_was_watched(
    source: str, phase: str
) -> None:
    ask = Fact("dynamic", "observed", "app", "asks", f"permission:{PERMISSION}", phase=phase)  # type: ignore[arg-type]
    early = Fact("dynamic", "observed", "app", "shows", "consent:screen", phase="before_consent")
    facts = [
        said("declared", "collects", condition=("after_consent",)),
        seen(attributes={"startup": "application"}),
        seen(source=source, phase=phase),
        ask,
    ]
    for more, (kept, asked, start) in (
        ([], ("not_examined", "not_examined", "review")),
        ([early], ("pass", "pass", "pass")),
    ):
        findings = judged(*facts, *more)
        assert outcome(findings, "consent-condition") == kept
        assert outcome(findings, "early-collection") == start
        assert {f.outcome for f in findings if f.rule == "early-permission-request"} == {asked}


def test_nothing_passes_behind_what_could_not_be_read() -> None:
    expired = said("declared", "collects", condition=("until_version:3.0",))
    for code, rules_ in (
        ("missing_manifest", {"installs-apps", "self-start"}),
        ("packed_dex", {"self-start", "targeted-push", "expired-version"}),
    ):
        gap = Gap("static", code, "a.apk", "")
        examined: tuple[Source, ...] = ("static", "policy")
        for gaps, expected in (([], "pass"), ([gap], "not_examined")):
            found = compare([expired], gaps, app=APP, examined=examined)
            assert {f.outcome for f in found if f.rule in rules_} == {expected}


def test_traffic_that_nobody_searched_for_values_keeps_no_promise() -> None:
    facts = [said("declared", "processes_locally"), seen(source="dynamic", phase="after_consent")]
    blind = Gap("traffic", "no_device_values", "a.har", "")
    for gaps, expected in (([], "pass"), ([blind], "not_examined")):
        found = compare(facts, gaps, app=APP, examined=("dynamic", "traffic", "policy"))
        assert outcome(found, "local-only-sent") == expected


def test_a_promise_kept_in_a_refusal_passes() -> None:
    statement = said("declared", "collects", condition=("optional",))
    other = seen(source="dynamic", phase="refused", data="mac")
    findings = judged(statement, seen(source="dynamic", phase="after_consent"), other)
    assert outcome(findings, "optional-condition") == "pass"


def test_local_only_without_traffic_is_not_examined() -> None:
    findings = judged(said("declared", "processes_locally"), seen(), examined=("static", "policy"))
    assert outcome(findings, "local-only-sent") == "not_examined"


@pytest.mark.parametrize(("near", "severity"), [("method", "medium"), ("class", "low")])
def test_local_only_read_beside_code_that_sends_is_a_lead(near: str, severity: str) -> None:
    local = said("declared", "processes_locally")
    observed = seen(attributes={"network": near})
    (lead,) = (
        f for f in judged(local, observed, examined=("static", "policy")) if f.rule == "local-only-sent"
    )
    assert (lead.outcome, lead.severity) == ("review", severity)
    assert outcome(judged(local, observed), "local-only-sent") == "pass", "traffic shows that it stays"


def test_a_promise_about_a_whole_is_a_promise_about_its_parts() -> None:
    statement = said("declared", "processes_locally", data="location")
    findings = judged(statement, seen(source="traffic", data="gps_location"))
    assert outcome(findings, "local-only-sent", data="location") == "violation"


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("source", RUN)
def test_phases_without_any_statement(actor: str, phase: str, source: str) -> None:
    findings = judged(seen(actor, source, phase=phase))
    party = ACTORS[actor]
    assert outcome(findings, "early-collection", party) == ("violation" if phase == "before_consent" else "")
    assert outcome(findings, "refused-collection", party) == ("violation" if phase == "refused" else "")
    behind = {"background": "violation", "idle": "violation", "revoked": "pass"}
    background = behind.get(phase, "")  # permissions are revoked after the app was in the background
    assert outcome(findings, "background-collection", party) == background


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ("after_consent", "consent-condition"),
        ("optional", "optional-condition"),
        ("deidentified", "deidentified-plain"),
        (f"permission:{PERMISSION}", "permission-condition"),
        ("if:you scan", "open-condition"),
    ],
)
def test_a_promise_on_data_that_nobody_collected_is_neither_kept_nor_broken(
    condition: str, rule: str
) -> None:
    promises = [said("declared", "collects", data=d, condition=(condition,)) for d in ("imei", "mac")]
    (open_,) = (f for f in judged(*promises) if f.rule == rule)
    assert (open_.outcome, open_.subject) == ("not_examined", "topic:collection")
    assert "IMEI, MAC address" in render(open_, "en").message


@pytest.mark.parametrize("stayed", ["refused", "background"])
def test_what_a_run_did_not_see_in_a_phase_it_had_passes(stayed: str) -> None:
    used = seen(source="dynamic", phase="after_consent")
    had = seen(source="dynamic", phase=stayed, data="mac")
    rule = {"refused": "refused-collection", "background": "background-collection"}[stayed]
    assert outcome(judged(used, had), rule) == "pass"
    assert outcome(judged(used, had), rule, data="mac") == "violation"
    (unseen,) = (f for f in judged(used) if f.rule == rule)
    assert (unseen.outcome, unseen.subject) == ("not_examined", "")


INSIDE = {"init": "Lcn/jpush/android/api/JPushInterface;->init"}


@pytest.mark.parametrize(
    ("startup", "acts", "expected"),
    [
        (True, (), "review"),
        (True, ("before_consent",), "violation"),
        (True, ("before_consent", "after_consent"), "violation"),
        (True, ("after_consent",), "pass"),
        (False, ("after_consent",), "pass"),
        (False, (), ""),
    ],
)
def test_an_sdk_that_starts_early_is_settled_by_a_run(
    startup: bool, acts: tuple[str, ...], expected: str
) -> None:
    attributes = tuple((INSIDE | ({"startup": "a.App.onCreate"} if startup else {})).items())
    inside = Fact("static", "observed", "app", "embeds", SDK, attributes=attributes)
    asked = Fact("dynamic", "observed", "app", "shows", "consent:screen", phase="before_consent")
    ran = [seen(SDK, "dynamic", data="device_model", phase=phase) for phase in acts]
    found = {
        f.outcome for f in judged(inside, *([asked] if acts else []), *ran) if f.rule == "early-sdk-start"
    }
    assert found == ({expected} if expected else set())


def test_what_an_embedded_sdk_does_early_is_not_told_of_its_makers_common_part() -> None:
    common, ads = "sdk:firebase-common", "sdk:admob"
    inside = [
        Fact("static", "observed", "app", "embeds", sdk, attributes=(("startup", "a.App.onCreate"),))
        for sdk in (common, ads)
    ]
    ran = seen(ads, "dynamic", data="gaid", phase="before_consent")
    found = {f.subject: f.outcome for f in judged(*inside, ran) if f.rule == "early-sdk-start"}
    assert found == {common: "review", ads: "violation"}


@pytest.mark.parametrize(("left", "expected"), [("yes", "review"), ("no", "pass"), ("", "not_examined")])
def test_the_basic_function_is_open_until_a_refusal(left: str, expected: str) -> None:
    after = Fact(
        "dynamic",
        "observed",
        "app",
        "shows",
        "consent:after_refusal",
        phase="refused",
        attributes=(("left", left),),
    )
    found = compare([after] if left else [], app=APP, examined=("static",), category="online_shopping")
    (finding,) = (f for f in found if f.rule == "function-after-refusal")
    assert finding.outcome == expected
    assert finding.clauses[:2] == ("CN39-6", "CN39-art4")


@pytest.mark.parametrize(
    ("source", "subject", "triggers", "expected"),
    [
        ("static", "component:a.Boot", "boot", "violation"),
        ("static", "component:a.Push", "other_apps", "violation"),
        ("static", "component:a.Job", "job", "review"),
        ("static", "component:a.Sync", "account_sync", "review"),
        ("static", "package:b.other", "", "review"),
        ("dynamic", "package:b.other", "", "violation"),
    ],
)
def test_starts_that_no_statement_explains(source: str, subject: str, triggers: str, expected: str) -> None:
    attributes = (("triggers", triggers),) if triggers else ()
    start = Fact(source, "observed", "app", "starts", subject, attributes=attributes)  # type: ignore[arg-type]
    told = Fact("policy", "declared", "app", "states", "topic:self_start")
    for facts, outcome_ in (([start], expected), ([start, told], "pass")):
        (found,) = (f for f in judged(*facts) if f.rule == "self-start")
        assert found.outcome == outcome_
        assert subject.partition(":")[2] in dict(found.attributes)["names"]


def test_data_that_nobody_read_was_not_kept_on_the_device_either() -> None:
    findings = judged(
        said("declared", "processes_locally"), said("declared", "processes_locally", data="mac")
    )
    (open_,) = (f for f in findings if f.rule == "local-only-sent")
    assert (open_.outcome, dict(open_.attributes)["needs"]) == ("not_examined", "run_collecting:imei mac")
