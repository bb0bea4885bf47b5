"""How a run goes through its phases: keys at any moment, refusals by hand, consent taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from appaudit.dynamic.phases import Driver, Plan
from appaudit.dynamic.record import Record, read
from appaudit.dynamic.target_jvm import JvmTarget
from appaudit.dynamic.ui import parse
from tests.dynamic.runs import need_jvm
from tests.fixtures.apps import apk


class Unhooked:
    """A start without hooks, which is all that these tests need."""

    detached = ""

    def __init__(self, target: JvmTarget) -> None:
        self.target = target

    def open(self, fresh: bool, epoch: int = 0) -> None:
        self.target.launch(fresh)
        self.target.resume()

    def epoch(self, number: int) -> None:
        pass

    def close(self) -> None:
        pass


class Person:
    """Somebody whose keys a test chooses."""

    def __init__(self, keys: Callable[[], str], answer: bool | None = None) -> None:
        self.keys, self.answer = keys, answer
        self.questions: list[str] = []

    def ask(self, question: str) -> bool | None:
        self.questions.append(question)
        return self.answer

    def pressed(self) -> str:
        return self.keys()


def driven(folder: Path, app: str, plan: Plan, person: Callable[[JvmTarget], Person | None]) -> list[Any]:
    """The lines of a whole run."""
    target = JvmTarget(apk(app), folder)
    target.prepare()
    with Record(folder / "run.jsonl") as record:
        try:
            Driver(target, record, plan, tester=person(target), watch=lambda _: Unhooked(target)).run()
        finally:
            target.close()
    return list(read(record.path))


def phases(lines: list[Any]) -> list[str]:
    return [line["phase"] for line in lines if line["line"] == "phase"]


def test_a_key_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """Also while prompts are answered, links followed or broadcasts sent."""
    need_jvm()
    lines = driven(tmp_path, "notes", Plan(0.1, 0.01), lambda _: Person(lambda: "n"))
    assert phases(lines) == [
        "before_consent", "refused", "refused", "before_consent", "after_consent", "background", "idle",
    ]  # fmt: skip
    assert not [line for line in lines if line["line"] == "gap" and line["code"] == "run_ended_early"]


def by_hand(label: str, key: str) -> Callable[[JvmTarget], Person]:
    """Somebody who taps a button at once, says so by a key, and does nothing more."""
    left = [key]

    def person(target: JvmTarget) -> Person:
        def keys() -> str:
            if not left:
                return ""
            said = left.pop()
            target.tap(*next(n for n in parse(target.screen()).clickable if n.text == label).middle)
            return said

        return Person(keys)

    return person


def test_what_the_tester_said_counts_for_that_install(tmp_path: Path) -> None:
    """Agreed by hand in the first install, nothing done in the second: there the question is asked."""
    need_jvm()
    lines = driven(tmp_path, "notes", Plan(0.1, 0.01), by_hand("同意", "a"))
    taps = [line["on"] for line in lines if line.get("what") == "tap"]
    assert [t for t in taps if t.startswith("agree")] == ["agree: 同意"]
    assert phases(lines)[:3] == ["before_consent", "before_consent", "after_consent"]


def test_a_refusal_by_hand_is_one(tmp_path: Path) -> None:
    need_jvm()
    lines = driven(tmp_path, "notes", Plan(0.1, 0.01), by_hand("不同意", "r"))
    assert phases(lines)[:4] == ["before_consent", "refused", "refused", "before_consent"]
    assert not [line for line in lines if line.get("what") == "tap" and line["on"].startswith("refuse")]
    assert [line for line in lines if line.get("what") in ("asked_again", "not_asked_again")]


def test_a_question_that_is_not_known_is_put_to_the_tester(tmp_path: Path) -> None:
    need_jvm()
    people: list[Person] = []

    def person(_: JvmTarget) -> Person:
        people.append(Person(lambda: "", answer=True))
        return people[0]

    lines = driven(tmp_path, "plain", Plan(0.1, 0.01), person)
    assert [q.partition(".")[0] for q in people[0].questions[:2]] == [
        "No consent screen was recognised",
        "No consent screen was recognised",
    ]
    assert phases(lines)[:5] == ["before_consent", "refused", "refused", "before_consent", "after_consent"]


def test_consent_is_taken_back(tmp_path: Path) -> None:
    need_jvm()
    plan = Plan(0.1, 0.01, explore=False, withdraw=True)
    lines = driven(tmp_path, "notes", plan, lambda _: None)
    assert phases(lines)[-3:] == ["after_consent", "refused", "refused"]
    [step] = [line for line in lines if line.get("what") == "withdrawn"]
    assert (tmp_path / step["file"]).is_file()
    plain = driven(tmp_path / "plain", "plain", plan, lambda _: None)
    gaps = {line["code"]: line["reason"] for line in plain if line["line"] == "gap"}
    assert "withdrawal_not_found" in gaps, gaps


def test_permissions_are_taken_away_one_by_one(tmp_path: Path) -> None:
    need_jvm()
    names = ("android.permission.ACCESS_COARSE_LOCATION", "android.permission.RECORD_AUDIO")
    lines = driven(tmp_path, "notes", Plan(0.1, 0.01, revoke=names), lambda _: None)
    assert [line["permission"] for line in lines if line.get("what") == "revoke"] == list(names)
    assert phases(lines)[-2:] == ["revoked", "revoked"]
