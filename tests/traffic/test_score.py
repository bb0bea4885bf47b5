"""The printed score is what it says: nothing planted is missed, nothing clean is accused."""

from __future__ import annotations

import pytest

pytest.importorskip("mitmproxy", reason="its MessagePack, brotli and zstd readers")

from tests.score_traffic import scores
from tests.traffic.encodings import ROWS


def test_scores() -> None:
    ours, patterns = scores()
    assert (ours.right, ours.wrong, ours.missed) == (len(ROWS), 0, 0)
    assert patterns.missed > 0
