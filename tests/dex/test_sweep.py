"""The vectorised sweep finds what a plain loop finds, on any code units."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.dex.opcodes import TRAIT_KIND, TRAITS
from appaudit.dex.sweep import MAX_CHUNK, plain_sweep, sweep

# Units that matter: payload heads, switches and their likes, wide constants, plain moves, any.
unit = st.one_of(
    st.sampled_from([0x0000, 0x0100, 0x0200, 0x0300, 0x002B, 0x002C, 0x0026, 0x0018, 0x00FA, 0x006E, 0x1A1A]),
    st.integers(0, 8),
    st.integers(0, 0xFFFF),
)
methods = st.lists(st.lists(unit, min_size=1, max_size=60), min_size=0, max_size=12)


def check(methods: list[list[int]]) -> None:
    units = np.array([u for m in methods for u in m], np.uint16)
    bounds = np.cumsum([0, *map(len, methods)]).astype(np.intp)
    found = sweep(units, bounds)
    for k in range(len(methods)):
        plain, cut = plain_sweep(units, int(bounds[k]), int(bounds[k + 1]))
        low, high = int(bounds[k]), int(bounds[k + 1])
        assert (np.flatnonzero(found.begins[low:high]) + low).tolist() == plain
        assert bool(found.cut[k]) == cut
    kinds = {k: TRAITS[units[k] & 0xFF] >> TRAIT_KIND for k in np.flatnonzero(found.begins).tolist()}
    assert dict(zip(found.at.tolist(), found.kind.tolist(), strict=True)) == {
        k: kind for k, kind in kinds.items() if kind
    }


@settings(max_examples=400, deadline=None)
@given(methods)
def test_equals_a_plain_sweep(methods: list[list[int]]) -> None:
    check(methods)


@settings(max_examples=100, deadline=None)
@given(st.lists(unit, min_size=1, max_size=8), st.integers(1, 5 * MAX_CHUNK), st.integers(0, 9))
def test_equals_a_plain_sweep_over_many_chunks(pattern: list[int], size: int, lead: int) -> None:
    check([[0] * lead + (pattern * size)[:size], pattern])


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([(0x2B, 0x100), (0x2C, 0x200), (0x26, 0x300)]), st.integers(0, 9), st.lists(unit))
def test_payloads_that_are_pointed_to(kind: tuple[int, int], size: int, tail: list[int]) -> None:
    opcode, ident = kind
    head = [opcode, 4, 0, 0x000E]
    check([[*head, ident, size, 1, 0, *tail], [*head, ident, size, 2, 0, *([0x1A1A] * 40), *tail], [0x0E]])
