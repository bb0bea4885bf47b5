"""Decodes several dex files at once: they are independent, and numpy lets go of the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Sequence

from appaudit.dex.dex import Dex

WORTH_A_THREAD = 1_000_000
"""Bytes of dex below which starting a thread costs more than it gains."""
MAX_THREADS = 8


def decode(dexes: Sequence[Dex]) -> None:
    """Decodes the code of each. On one core, and for little code, does nothing: it is read when
    asked for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    large = [dex for dex in dexes if len(dex.data) >= WORTH_A_THREAD and not dex.decoded]
    threads = min(cores, MAX_THREADS, len(large))
    if threads < 2:
        return
    from concurrent.futures import ThreadPoolExecutor  # its import takes longer than a small app's decoding

    large.sort(key=lambda dex: -len(dex.data))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(Dex.decode, large))
