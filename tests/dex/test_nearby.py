"""What is told of calls without following their methods is what following them tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.apk import open_app
from appaudit.dex import CallSites, ConstantTracer, Dex, read_dexes
from appaudit.dex.constants import NOTHING
from appaudit.dex.nearby import Trace
from appaudit.dex.opcodes import Reference
from tests.dex.test_constants import SB, STRING, call, const_string
from tests.dex.writer import Class, Method, Word, build

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "apps"


def every_call(dexes: list[Dex], number: int) -> CallSites:
    """All calls of a dex."""
    dex = dexes[number]
    found = dex.code.references(Reference.METHOD)
    rows = np.arange(len(found.at))
    place, method_row = dex.code.methods_of(found.items(rows))
    rows = rows[place]
    item = found.items(rows)
    return CallSites(
        dexes,
        np.zeros(len(rows), np.int32),
        np.full(len(rows), number, np.int32),
        dex.class_data.methods.method[method_row],
        found.operand[rows].astype(np.int32),
        found.at[rows] - dex.code.bounds[item],
        found.opcode[rows],
        item,
    )


def compared(dexes: list[Dex]) -> tuple[int, int]:
    """How many calls there are, and how many of them are told without following the method."""
    tracer = ConstantTracer(dexes)
    total = near = 0
    for number in range(len(dexes)):
        sites = every_call(dexes, number)
        found: list[Trace] = [NOTHING] * len(sites)
        left = set(tracer._trace_nearby(sites, True, found))
        for k in sorted(set(range(len(sites))) - left):
            offset = int(sites.offset[k])
            followed = tracer._trace_method(
                number, int(sites.item[k]), int(sites.caller[k]), frozenset({offset})
            )
            assert found[k] == followed.get(offset, NOTHING), sites.caller_descriptor(k)
        total += len(sites)
        near += len(sites) - len(left)
    return total, near


@pytest.mark.parametrize("app", ["shop", "probe"])
def test_of_real_code(app: str) -> None:
    path = next(p for p in (FIXTURES / app).rglob("*.apk"))
    dexes = [dex for name, data in open_app(path).dexes() for dex in read_dexes(data, name)]
    total, near = compared(dexes)
    assert near > total / 2


REGISTER = st.integers(0, 5)
INSTRUCTIONS = st.one_of(
    st.builds(lambda r, t: const_string(r, t), REGISTER, st.sampled_from(["x", "y"])),
    st.builds(lambda r, n: [0x13 | r << 8, n], REGISTER, st.integers(0, 9)),
    st.builds(lambda r: [0x18 | r << 8, 1, 2, 3, 4], REGISTER),
    st.builds(lambda r, s: [0x07 | r << 8 | s << 12], REGISTER, REGISTER),
    st.builds(lambda r, s: [0x08 | r << 8, s], REGISTER, REGISTER),
    st.builds(lambda r, s: [0x03, r, s], REGISTER, REGISTER),
    st.builds(lambda r, s: [0x04 | r << 8 | s << 12], REGISTER, REGISTER),
    st.builds(lambda r, s: [0xD8 | r << 8, 0x0100 | s], REGISTER, REGISTER),
    st.builds(lambda r: [0x0C | r << 8], REGISTER),
    st.builds(lambda r: [0x22 | r << 8, ("type", SB)], REGISTER),
    st.builds(lambda r, s: call(0x71, "La;->put(Ljava/lang/String;I)V", r, s), REGISTER, REGISTER),
    st.builds(lambda r: call(0x6E, f"{SB}->toString(){STRING}", r), REGISTER),
    st.builds(lambda r, to: [0x38 | r << 8, to & 0xFFFF], REGISTER, st.integers(-12, 12)),
    st.builds(lambda to: [0x28 | (to & 0xFF) << 8], st.integers(-12, 12)),
    st.just([0x27]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(INSTRUCTIONS, max_size=16), st.integers(0, 20))
def test_of_any_code(instructions: list[list[Word]], handler: int) -> None:
    words: list[Word] = [word for one in instructions for word in one]
    end = len(words) + 4
    words += [*call(0x71, "La;->put(Ljava/lang/String;I)V", 0, 1), 0x000E]
    method = Method("m", f"({STRING}J)V", words, registers=6, handlers=[(0, end, min(handler, end - 1))])
    free = Method("n", f"({STRING}J)V", words, registers=6)
    compared([Dex(build([Class("Lcom/x/A;", [method, free])]), "x.dex")])
