"""The fixture apps, really hooked while they run on a JVM: what is found is what expected.json says."""

from __future__ import annotations

import json
import os
import signal
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from appaudit.dynamic import record
from appaudit.dynamic.facts import interpret
from appaudit.dynamic.phases import Driver, Plan
from appaudit.dynamic.run import Options, run
from appaudit.dynamic.target_jvm import JvmTarget
from appaudit.knowledge.data_types import distance
from appaudit.records import Stack
from tests.dynamic.runs import accesses, need_jvm, watched
from tests.fixtures.apps import apk, expected

APPS = ("shop", "notes")


def wanted(name: str) -> dict[str, list[dict[str, Any]]]:
    phases: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for phase in expected(name)["run"]["phases"]:
        phases[phase["phase"]] += phase["accesses"]
    return phases


@pytest.mark.parametrize("name", APPS)
def test_accesses_are_as_expected(name: str) -> None:
    need_jvm()
    facts = watched(name).facts
    for phase, items in wanted(name).items():
        seen = accesses(facts, phase)
        for item in items:
            found = seen.get((item["actor"], item["data"]))
            assert found, (phase, item)
            assert sum(f.count for f in found) >= item.get("at_least", 1)
            if "result" in item:
                assert item["result"] in {f.attribute["result"] for f in found}
        told = {(i["actor"], i["data"]) for i in items}
        constants = {(s["actor"], s["data"]) for s in expected(name)["call_sites"] if ":" in s["callee"]}
        for (actor, data), found in seen.items():
            if (actor, data) in constants and {f.attribute.get("basis") for f in found} == {"reader"}:
                continue
            # The object an identifier is read from, or only a look at whether there is something.
            wider = any(actor == a and distance(d, data) is not None for a, d in told)
            assert wider or all(f.attribute.get("role") == "metadata" for f in found), (phase, actor, data)


def test_a_fact_has_what_a_reader_needs() -> None:
    need_jvm()
    facts = watched("shop").facts
    imei = accesses(facts, "before_consent")["app", "imei"][0]
    assert imei.source == "dynamic"
    assert imei.attribute["result"] == "exception"
    assert imei.attribute["permission_state"] == "not_requested"
    assert imei.attribute["api"] == "android.telephony.TelephonyManager.getDeviceId"
    stack = imei.evidence[0]
    assert isinstance(stack, Stack)
    assert stack.api == "Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;"
    assert "com.example.shop.device.DeviceProfile.rememberImei(DeviceProfile.java:33)" in stack.frames
    assert stack.result.startswith("exception java.lang.SecurityException")
    assert imei.first is not None
    assert imei.last is not None
    assert imei.first <= imei.last
    later = accesses(facts, "after_consent")["app", "imei"][0]
    assert later.attribute["permission_state"] == "granted"
    assert later.attribute["digest"] == "md5"


def test_refused_background_and_revoked_are_told_apart() -> None:
    need_jvm()
    facts = watched("shop").facts
    assert ("sdk:jpush", "android_id") in accesses(facts, "refused")
    quiet = accesses(facts, "background")["app", "clipboard"]
    assert {f.attribute["foreground"] for f in quiet} == {f"0 of {sum(f.count for f in quiet)}"}
    revoked = accesses(facts, "revoked")
    assert {"denied"} == {f.attribute["permission_state"] for f in revoked["sdk:jpush", "ssid"]}
    assert not accesses(watched("notes").facts, "refused")


def test_permissions_asked_for_are_facts() -> None:
    need_jvm()
    asked = {f.subject for f in watched("notes").facts if f.action == "asks"}
    assert asked == {
        "permission:android.permission.ACCESS_COARSE_LOCATION",
        "permission:android.permission.RECORD_AUDIO",
    }


def test_consent_screen_is_judged() -> None:
    need_jvm()
    for name in APPS:
        screen = expected(name)["run"]["consent_screen"]
        lines = list(record.read(watched(name).record))
        judged = next(line for line in lines if line["line"] == "consent")
        assert judged["found"]
        assert judged["pre_ticked"] == screen["pre_ticked"]
        assert judged["policy_link"] == screen["policy_link"]
        assert judged["permissions_before"] == screen["permissions_before"]


def test_how_consent_is_not_asked_for(tmp_path: Path) -> None:
    need_jvm()
    target = JvmTarget(apk("pushy"), tmp_path)
    target.prepare()
    with record.Record(tmp_path / record.NAME) as log:
        driver = Driver(target, log, Plan(seconds=0.2, settle=0.05))
        try:
            driver.refusing()
        finally:
            if driver.session is not None:
                driver.session.close()
            target.close()
    screen = expected("pushy")["run"]["consent_screen"]
    judged = next(line for line in record.read(log.path) if line["line"] == "consent")
    assert judged["pre_ticked"] == screen["pre_ticked"]
    assert judged["policy_link"] == screen["policy_link"]
    assert bool(judged["purposes"]) == screen["purposes_bundled"]
    assert judged["permissions_before"] == screen["permissions_before"]
    assert judged["asked_after_refusal"] == screen["asked_after_refusal"]


def test_what_was_not_seen_is_a_gap() -> None:
    need_jvm()
    codes = {g.code for g in watched("notes").gaps}
    assert {"hooks_not_set", "fields_not_seen", "phase_not_run"} <= codes
    assert not codes & {"events_lost", "messages_refused", "hooks_failed", "run_ended_early"}


def test_the_conditions_of_a_run_are_told() -> None:
    """Runtime and tools, and which hooks were live from when on, at each start."""
    need_jvm()
    found = watched("notes").conditions
    told = {c.name: c.value for c in found if c.time is None}
    assert {"target", "java", "system", "frida", "frida-tools", "appaudit", "python"} <= set(told)
    live = [c for c in found if c.name == "hooks_framework"]
    assert {c.phase for c in live} >= {"before_consent", "refused"}
    for condition in live:
        hooked, _, every = condition.value.partition(" of ")
        assert 30 < int(hooked) <= int(every)
    assert [c.time for c in live] == sorted(c.time or 0 for c in live)
    damaged: dict[str, Any] = {"line": "hooks", "counts": {"hooked": "x"}, "about": 7, "what": "system"}
    assert record.conditions([damaged, {"line": "run"}])[0].value == ""


def test_a_record_cut_short_still_tells() -> None:
    need_jvm()
    whole = watched("shop").record.read_text(encoding="utf-8")
    lines = []
    for line in whole[: len(whole) // 2].split("\n"):
        try:
            lines.append(json.loads(line))
        except ValueError:
            assert line == whole[: len(whole) // 2].split("\n")[-1]
    facts, _ = interpret(lines, "com.example.shop")
    assert ("app", "imei") in accesses(facts, "before_consent")


def test_an_app_that_is_killed_is_started_again(tmp_path: Path) -> None:
    need_jvm()
    killed: list[int] = []

    def kill(line: Mapping[str, Any]) -> None:
        if line["line"] == "phase" and line["phase"] == "background" and not killed:
            killed.append(pids[-1])
            os.kill(pids[-1], signal.SIGKILL)
        elif line["line"] == "hooks":
            pids.append(int(line["about"]["pid"]))

    pids: list[int] = []
    result = run(apk("shop"), Options("jvm", tmp_path / "run", 0.4, explore=False, revoke=(), watch=kill))
    assert killed
    [gap] = [g for g in result.gaps if g.code == "started_again"]
    assert "'background'" in gap.reason
    assert "run_ended_early" not in {g.code for g in result.gaps}
    lines = list(record.read(result.record))
    phases = [line["phase"] for line in lines if line["line"] == "phase"]
    assert phases[-3:] == ["background", "after_consent", "idle"], "started again it is in front"
    assert ("app", "imei") in accesses(result.facts, "before_consent"), "what was seen before is kept"
