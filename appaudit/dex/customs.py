"""What ``invoke-custom`` leads to: the methods whose handles a call site holds (of a lambda, its body).

https://source.android.com/docs/core/runtime/dex-format#call-site-item
"""

from __future__ import annotations

import numpy as np

from appaudit.dex import values
from appaudit.dex.dex import Dex
from appaudit.dex.errors import DexError

CALL_SITE_ID, METHOD_HANDLE = 0x0007, 0x0008
_HANDLE = np.dtype([("kind", "<u2"), ("unused", "<u2"), ("member", "<u2"), ("unused2", "<u2")])
_FIRST_INVOKE = 4
"""Kinds of handles below lead to fields."""
MAX_CALL_SITES = 1 << 16


def targets(dex: Dex) -> list[list[int]]:
    """For each call site of a dex the indices of the methods whose handles it holds, its bootstrap method
    first. A corrupt one holds none and is told of in ``Dex.problems``."""
    count, offset = dex.section(CALL_SITE_ID)
    handles, first = dex.section(METHOD_HANDLE)
    data = dex.data
    count = min(count, MAX_CALL_SITES, max(0, len(data) - offset) // 4)
    handles = min(handles, max(0, len(data) - first) // _HANDLE.itemsize)
    table = np.frombuffer(data, _HANDLE, handles, first) if handles else np.empty(0, _HANDLE)
    found: list[list[int]] = []
    for at in np.frombuffer(data, "<u4", count, offset).tolist() if count else []:
        try:
            items = values.read_array(dex, at)
        except DexError as error:
            dex.problems.append(f"call sites: {error}")
            items = ()
        found.append([m for m in (_method(table, item) for item in items) if m >= 0])
    return found


def _method(table: np.ndarray[tuple[int], np.dtype[np.void]], item: values.Value) -> int:
    if not isinstance(item, values.MethodHandle) or item.number >= len(table):
        return -1
    handle = table[item.number]
    return int(handle["member"]) if handle["kind"] >= _FIRST_INVOKE else -1
