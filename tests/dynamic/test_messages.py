"""Messages from the app's process: a whole one is read, nothing else is believed, nothing breaks the host."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.dynamic import messages
from appaudit.dynamic.messages import NOTES, Reader, RefusedError

TOKEN = "t" * 32
START = 1_700_000_000.0
ROWS = {7: "row"}


def call(**changes: Any) -> dict[str, Any]:
    return {
        "row": 7, "sig": "(Ljava/lang/String;)V", "args": "1=android_id", "result": "value",
        "error": "",
        "permissions": "android.permission.CAMERA=1", "thread": 12, "stack": 1, "n": 3,
        "first": START * 1000, "last": START * 1000 + 5, "epoch": 1, "screen": "a.B",
        "foreground": True, **changes,
    }  # fmt: skip


def message(**changes: Any) -> dict[str, Any]:
    return {
        "v": 1, "token": TOKEN, "type": "batch", "seq": 1, "time": START * 1000,
        "stacks": {"1": "a.B.c(D.java:1)"},
        "calls": [call()], "notes": [], "totals": {"7": 3}, "lost": 0, "faults": {}, **changes,
    }  # fmt: skip


def reader() -> Reader:
    return Reader(TOKEN, ROWS, START)


def test_a_whole_message_is_read() -> None:
    batch = reader().read(message(), START + 1)
    only = batch.calls[0]
    assert (only.row, only.count, only.stack) == (7, 3, "a.B.c(D.java:1)")
    assert only.arguments == {"1": "android_id"}
    assert only.permissions == {"android.permission.CAMERA": True}
    assert only.first == START


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "x"}, {"v": 2}, {"type": "other"}, {"seq": 0}, {"seq": True}, {"calls": {}},
        {"calls": [1]},
        {"calls": [call(row=8)]}, {"calls": [call(row=-1)]}, {"calls": [call(n=0)]},
        {"calls": [call(n=1e30)]},
        {"calls": [call(result="yes")]}, {"calls": [call(sig="<script>")]},
        {"calls": [call(screen="x" * 5000)]},
        {"calls": [call(first="now")]}, {"calls": [call(first=float("nan"))]}, {"calls": [call()] * 5001},
        {"stacks": {"a": "b"}}, {"stacks": {"1": "x" * 50_000}}, {"stacks": {"\N{SUPERSCRIPT TWO}": "x"}},
        {"stacks": {"1" * 5000: "x"}}, {"totals": {"1" * 5000: 1}},
        {"notes": [{"kind": "invented"}]}, {"notes": [{"kind": ["screen"]}]},
        {"totals": {"7": -1}},
        {"lost": -1},
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        reader().read(message(**wrong), START + 1)


def test_a_number_that_comes_twice_is_refused_and_one_left_out_is_counted() -> None:
    one = reader()
    one.read(message(), START)
    with pytest.raises(RefusedError):
        one.read(message(), START)
    one.read(message(seq=5), START)
    assert one.missing == 3


def test_times_outside_the_run_are_set_to_its_edge() -> None:
    batch = reader().read(message(calls=[call(first=0, last=9e14)]), START + 10)
    assert START - 200 <= batch.calls[0].first <= batch.calls[0].last <= START + 200


@pytest.mark.parametrize("told", [float("nan"), float("inf"), pytest.param(10**400, id="long"), "now", None])
def test_a_clock_that_is_none_is_refused(told: Any) -> None:
    with pytest.raises(RefusedError):
        reader().set_clock(told, START)


@pytest.mark.parametrize("limit", [{"REMEMBERED": 2}, {"STACKS": 12}])
def test_of_too_many_stacks_those_that_came_first_are_forgotten(
    monkeypatch: pytest.MonkeyPatch, limit: dict[str, int]
) -> None:
    for name, most in limit.items():
        monkeypatch.setattr(messages, name, most)
    one = reader()
    for number in (1, 2, 3, 3):
        stacks = {str(number): f"a.B.c{number}"}
        one.read(message(seq=one.sequence + 1, stacks=stacks, calls=[call(stack=number)]), START)
    later = one.read(message(seq=9, stacks={}, calls=[call(stack=n) for n in (1, 2, 3)]), START)
    assert [c.stack for c in later.calls][2] == "a.B.c3"
    assert later.calls[0].stack == ""


def test_control_characters_do_not_reach_the_terminal() -> None:
    batch = reader().read(message(calls=[call(screen="a\x1b[2Jb\n")]), START)
    assert batch.calls[0].screen.isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(JSON)
def test_anything_else_is_refused(payload: Any) -> None:
    with pytest.raises(RefusedError):
        reader().read(payload, START)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(message())), JSON, st.sampled_from(sorted(call())), JSON)
def test_a_changed_field_is_read_or_refused(field: str, value: Any, inner: str, other: Any) -> None:
    payload = copy.deepcopy(message())
    payload["calls"][0][inner] = other
    payload[field] = value if field not in ("calls",) else payload["calls"]
    try:
        batch = reader().read(payload, START)
    except RefusedError:
        return
    assert all(c.row in ROWS and c.count > 0 for c in batch.calls)


def note(kind: str, **changes: Any) -> dict[str, Any]:
    common = {"kind": kind, "time": START * 1000, "epoch": 1, "screen": "", "foreground": True, "stack": 1}
    cipher = {
        "algorithm": "AES", "direction": "encrypt", "length": 5, "sample": {"at": 2, "n": 5}, "size": 16,
        "sha256": "0" * 64, "head": "00", "tail": "ff", "thread": 3,
    }  # fmt: skip
    return {**common, **cipher, **changes}


def test_bytes_beside_a_message_are_cut_out_where_a_note_points() -> None:
    batch = reader().read(message(notes=[note("cipher")]), START, b"..hello..")
    assert base64.b64decode(batch.notes[0].detail["sample"]) == b"hello"
    none = reader().read(message(notes=[note("cipher", sample=None)]), START)
    assert none.notes[0].detail["sample"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample": {"at": 8, "n": 5}}, {"sample": {"at": -1, "n": 1}}, {"sample": {"at": 0, "n": 1 << 20}},
        {"sample": "hello"}, {"head": "xyz"}, {"sha256": "0" * 65}, {"length": -1}, {"thread": None},
    ],
)  # fmt: skip
def test_bytes_that_are_not_there_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        reader().read(message(notes=[note("cipher", **wrong)]), START, b"..hello..")


def test_more_bytes_than_a_message_may_have_are_refused() -> None:
    with pytest.raises(RefusedError):
        reader().read(message(), START, bytes((2 << 20) + 1))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(NOTES)), st.data(), st.binary(max_size=64))
def test_a_forged_note_is_read_within_its_bounds_or_refused(
    kind: str, data: st.DataObject, beside: bytes
) -> None:
    forged = {"kind": kind, "time": START * 1000, "epoch": 0, "screen": "", "foreground": False}
    likely: st.SearchStrategy[Any] = st.sampled_from([0, 1, "", "ff", [], None, {"at": 0, "n": 3}])
    forged |= {name: data.draw(likely | JSON) for name in NOTES[kind]}
    try:
        batch = reader().read(message(notes=[forged]), START, beside)
    except RefusedError:
        return
    for name, (what, bound) in NOTES[kind].items():
        value = batch.notes[0].detail[name]
        assert (
            value is None
            or what == "stack"
            or (0 <= value <= bound if what == "number" else what == "texts" or len(value) <= 2 * bound)
        )
