"""Numbers read as columns are those that are read one after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appaudit.dex import leb

byte = st.one_of(st.integers(0, 0xFF), st.integers(0x80, 0xFF))


@given(st.lists(byte, max_size=80).map(bytes))
def test_equals_reading_one_after_the_other(data: bytes) -> None:
    found = leb.decode(np.frombuffer(data, np.uint8))
    ends = [k for k, value in enumerate(data) if value < 0x80]
    starts = [0, *(end + 1 for end in ends)][: len(ends)]
    invalid = [
        k for k, (start, end) in enumerate(zip(starts, ends, strict=True)) if end - start >= leb.MAX_BYTES
    ]
    assert found.starts[: len(starts)].tolist() == starts
    assert found.invalid.tolist() == invalid
    for k, start in enumerate(starts):
        if k not in invalid:
            assert leb.read(data, start) == (found.values[k], ends[k] + 1)
