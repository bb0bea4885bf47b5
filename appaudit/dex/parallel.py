"""Decodes several dex files at once: they are independent, and numpy lets go of the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from appaudit.dex.dex import Dex

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

WORTH_A_THREAD = 1_000_000
"""Bytes of dex below which starting a thread costs more than it gains."""
MAX_THREADS = 8


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pool(threads: int) -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # its import takes longer than a small app's decoding

    return ThreadPoolExecutor(threads)


def decode(dexes: Sequence[Dex]) -> None:
    """Decodes the code of each. On one core, and for little code, does nothing: it is read when
    asked for."""
    large = [dex for dex in dexes if len(dex.data) >= WORTH_A_THREAD and not dex.decoded]
    threads = min(cores(), MAX_THREADS, len(large))
    if threads < 2:
        return
    large.sort(key=lambda dex: -len(dex.data))
    with _pool(threads) as pool:
        list(pool.map(Dex.decode, large))


def read(dexes: Iterable[Dex]) -> list[Dex]:
    """All dex files of an iterator, each decoded, and its pages given back, while the next is inflated.
    On one core one after the other; little code is left for when it is asked for."""
    found: list[Dex] = []
    pending: list[Future[None]] = []
    pool: ThreadPoolExecutor | None = None
    threads = min(cores() - 1, MAX_THREADS)
    try:
        for dex in dexes:
            found.append(dex)
            if len(dex.data) < WORTH_A_THREAD:
                continue
            if threads < 1:
                _decode(dex)
                continue
            pool = pool or _pool(threads)
            pending.append(pool.submit(_decode, dex))
            if len(pending) > 2 * threads:  # no more than these are in memory at once
                pending.pop(0).result()
        for future in pending:
            future.result()
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    return found


def _decode(dex: Dex) -> None:
    dex.decode()
    dex.release()
