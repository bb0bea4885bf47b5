"""All tables and every instruction of a dex, against zlib inflating the same dex."""

from __future__ import annotations

import time
from collections.abc import Callable

from appaudit.dex import Dex, read_dexes
from appaudit.dex.spill import trim
from tests.bench.dex_sets import dex_sets

ROUNDS = 7


def decode(files: list[tuple[str, bytes]]) -> list[Dex]:
    """Ids, where each string stands, classes, class data; where each instruction of every method begins,
    opcode and operand of all that refer to a table: what a scan asks of a dex."""
    dexes = [dex for name, data in files for dex in read_dexes(data, name)]
    for dex in dexes:
        dex.strings.bounds()
        _ = dex.types, dex.protos, dex.fields, dex.methods, dex.classes, dex.class_data
        dex.decode()
    return dexes


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of one run, which begins without memory that the C library kept of the last."""
    trim()
    start = time.process_time()
    work()
    return time.process_time() - start


def run() -> list[str]:
    """One line a set, and how the ratios agree."""
    lines, ratios = [], []
    for chosen in dex_sets():
        files = chosen.inflate()
        # Alternating, so that what else the machine does touches both alike; the best of each counts.
        pairs = [(cpu(chosen.inflate), cpu(lambda: decode(files))) for _ in range(ROUNDS)]  # noqa: B023
        inflate, work = min(p[0] for p in pairs), min(p[1] for p in pairs)
        count = sum(len(dex.code) for dex in decode(files))
        ratios.append(work / inflate)
        lines.append(
            f"{chosen.title}: {count:,} instructions in {work:.3f} s, inflating {inflate:.3f} s,"
            f" ratio {work / inflate:.2f} (limit 1.0)"
        )
    if len(ratios) > 1:
        lines.append(
            f"linear: the largest ratio is {max(ratios) / min(ratios):.2f} times the smallest (limit 1.25)"
        )
    return lines or ["not measured: no package could be fetched"]
