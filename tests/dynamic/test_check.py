"""The app for the first minutes with a phone: what `fixtures/check` says of a run of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from appaudit.compare.judge import compare
from appaudit.jsonform import canonical
from appaudit.records import Fact
from tests.dynamic.runs import need_jvm, watched
from tests.fixtures.apps import ROOT


def checked(folder: Path, facts: list[Fact]) -> subprocess.CompletedProcess[str]:
    (folder / "facts.jsonl").write_text("".join(canonical(f) + "\n" for f in facts), encoding="utf-8")
    command = [sys.executable, str(ROOT / "check"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_a_whole_run_is_all_seen_and_one_with_less_is_not(tmp_path: Path) -> None:
    need_jvm()
    facts = watched("check").facts
    whole = checked(tmp_path, facts)
    assert (whole.returncode, whole.stdout.splitlines()[-1]) == (0, "all seen")
    blind = checked(tmp_path, [f for f in facts if f.phase != "background"])
    assert blind.returncode == 1
    assert "missing  background" in blind.stdout


def test_what_the_report_must_say() -> None:
    need_jvm()
    run = watched("check")
    found = {(f.rule, f.outcome, f.subject) for f in compare(run.facts, run.gaps, examined=["dynamic"])}
    assert ("early-collection", "violation", "data:android_id") in found
    for rule, subject in (
        ("consent-prompt", "screen"), ("consent-refusal", "refusal"), ("consent-asked-again", "asked_again"),
        ("consent-policy-link", "policy_link"), ("policy-way", "policy_way"),
    ):  # fmt: skip
        assert (rule, "pass", f"consent:{subject}") in found, rule
    assert not {"policy_unclear", "policy_way_unknown", "no_consent_screen"} & {g.code for g in run.gaps}
