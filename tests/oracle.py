"""Compares call sites with androguard's cross references: ``python -m tests.oracle [apk …]``.

For every method that a dex refers to, the set of (caller, callee, offset in code units) of
`appaudit.dex.call_sites` must equal androguard's; the same for every string that code loads.
Without arguments it takes every real APK that `tests.corpus` can get. Exits 1 on a difference that
is not one of those explained here:

- androguard has no cross references for ``invoke-polymorphic`` and ``invoke-custom``; the former are
  left out of the comparison and counted.
- androguard takes the brackets off an array type, so that ``[Lx;->clone()`` becomes ``Lx;->clone()``,
  and skips calls on arrays of primitives: both sides are compared without calls on arrays.
"""

from __future__ import annotations

import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from appaudit.dex import CallSites, Dex, DexError, Target, call_sites, read_dexes, string_index_sites
from appaudit.dex.opcodes import INVOKE_POLYMORPHIC, REFERENCE, Reference
from tests import corpus

Site = tuple[str, str, int]


def read_apk(path: Path) -> list[Dex]:
    """The dex files at the top of an APK, as Android names them."""
    found: list[Dex] = []
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.startswith("classes") and n.endswith(".dex")]
        for name in sorted(names, key=lambda n: (len(n), n)):
            found += read_dexes(archive.read(name), f"{path.name}!{name}")
    return found


def all_methods(dexes: list[Dex]) -> set[tuple[str, str, str]]:
    """Every method that the dex files refer to."""
    return {dex.method_name(m) for dex in dexes for m in range(len(dex.methods.owner))}


def as_set(sites: CallSites) -> tuple[set[Site], int]:
    """Sites by name, and the number of those that androguard does not know."""
    names: dict[tuple[int, int, str], str] = {}

    def name(dex: int, index: int, kind: str, site: int) -> str:
        key = dex, index, kind
        if key not in names:
            names[key] = sites.caller_descriptor(site) if kind == "caller" else sites.callee_descriptor(site)
        return names[key]

    found, unknown = set(), 0
    columns = (sites.dex, sites.caller, sites.callee, sites.offset, sites.opcode)
    for k, (dex, caller, callee, offset, opcode) in enumerate(
        zip(*(c.tolist() for c in columns), strict=True)
    ):
        called = name(dex, callee, "callee", k)
        if opcode in INVOKE_POLYMORPHIC:
            unknown += 1
        elif REFERENCE[opcode] != Reference.METHOD or not called.startswith("["):
            found.add((name(dex, caller, "caller", k), called, offset))
    return found, unknown


def ours(dexes: list[Dex]) -> tuple[set[Site], set[Site], int]:
    """Calls and string loads, and the number of calls androguard does not know."""
    targets = [Target(*m) for m in sorted(all_methods(dexes))]
    calls, unknown = as_set(call_sites(dexes, targets))
    strings: set[Site] = set()
    for number, dex in enumerate(dexes):
        everything = np.arange(len(dex.strings), dtype=np.int32)
        strings |= as_set(string_index_sites(dexes, number, everything))[0]
    return calls, strings, unknown


def _callers(found: Any) -> Iterator[tuple[str, int]]:
    for _, method, offset in found:
        descriptor = str(method.descriptor).replace(" ", "")
        yield f"{method.class_name}->{method.name}{descriptor}", offset // 2


def theirs(path: Path) -> tuple[set[Site], set[Site]]:
    """The same of androguard."""
    from androguard.misc import AnalyzeAPK
    from loguru import logger

    logger.remove()
    _, _, analysis = AnalyzeAPK(str(path))
    calls: set[Site] = set()
    for method in analysis.get_methods():
        descriptor = str(method.descriptor).replace(" ", "")
        callee = f"{method.class_name}->{method.name}{descriptor}"
        calls |= {(caller, callee, offset) for caller, offset in _callers(method.get_xref_from())}
    strings: set[Site] = set()
    for text in analysis.get_strings():
        found = _callers(text.get_xref_from(with_offset=True))
        # Half a surrogate pair is U+FFFD with us, so that evidence can be written as UTF-8.
        value = text.get_orig_value().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        strings |= {(caller, value, offset) for caller, offset in found}
    return calls, strings


def compare(path: Path) -> tuple[bool, list[str]]:
    """Whether both agree on one APK, and lines to print."""
    try:
        dexes = read_apk(path)
    except (zipfile.BadZipFile, DexError) as error:
        return True, [f"{path.name}: not compared: {error}"]
    if not dexes:
        return True, [f"{path.name}: not compared: no dex inside"]
    start = time.process_time()
    calls, strings, unknown = ours(dexes)
    middle = time.process_time()
    try:
        other_calls, other_strings = theirs(path)
    except Exception as error:  # noqa: BLE001 - whatever androguard stumbles over
        return True, [f"{path.name}: not compared: androguard fails: {type(error).__name__}: {error}"]
    end = time.process_time()
    # androguard names a call on an array of objects like one on an object.
    arrays = {c for c in other_calls - calls if "->clone()" in c[1]}
    other_calls -= arrays
    lines = [
        f"{path.name}: {sum(len(d.data) for d in dexes) / 1e6:.1f} MB of dex",
        f"  calls   equal {len(calls & other_calls):,}  only ours {len(calls - other_calls):,}"
        f"  only androguard {len(other_calls - calls):,}  (polymorphic {unknown}, on arrays {len(arrays)})",
        f"  strings equal {len(strings & other_strings):,}  only ours {len(strings - other_strings):,}"
        f"  only androguard {len(other_strings - strings):,}",
        f"  CPU {middle - start:.1f} s with names, androguard {end - middle:.1f} s",
    ]
    for title, left, right in (("calls", calls, other_calls), ("strings", strings, other_strings)):
        for side, extra in (("only ours", left - right), ("only androguard", right - left)):
            lines += [f"    {title} {side}: {x}" for x in sorted(extra)[:5]]
    lines += [f"    problem: {p}" for d in dexes for p in d.problems]
    return calls == other_calls and strings == other_strings, lines


def main() -> int:
    """Compares all and tells."""
    paths = [(Path(a), "") for a in sys.argv[1:]] or list(corpus.available())
    equal = different = 0
    for path, reason in paths:
        if reason:
            print(f"{path.name}: not here: {reason}", flush=True)
            continue
        same, lines = compare(path)
        equal, different = equal + same, different + (not same)
        print("\n".join(lines), flush=True)
    print(f"{equal} equal or not comparable, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
