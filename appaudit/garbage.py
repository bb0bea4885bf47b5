"""The search for circles of garbage: put off while many records are made, and kept from tables that last."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Without that search, which takes a twentieth of a scan and a fifth of reading a policy."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def settled() -> None:
    """Leaves what is in memory now out of that search from here on: called when a large table is made that
    lasts as long as the process."""
    gc.freeze()
