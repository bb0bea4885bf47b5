"""How a run ends: the exit code, the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appaudit.bundle import Bundle
    from appaudit.records import Finding

CLEAN, FOUND, UNUSABLE, INCOMPLETE = 0, 1, 2, 3


def counts(findings: Iterable[Finding], fail_on: str) -> int:
    """Violations and reviews at or above a severity, those set aside left out."""
    from appaudit.records import SEVERITIES

    least = SEVERITIES.index(fail_on)
    return sum(
        f.outcome in ("violation", "review")
        and SEVERITIES.index(f.severity) >= least
        and "suppressed" not in dict(f.attributes)
        for f in findings
    )


def exit_code(
    bundles: Iterable[Bundle], fail_on: str, exit_zero: bool, strict: bool, failed: bool = False
) -> int:
    """The worst that happened: an unreadable input, then findings, then gaps under --strict."""
    bundles = list(bundles)
    if failed:
        return UNUSABLE
    if not exit_zero and any(counts(b.findings, fail_on) for b in bundles):
        return FOUND
    if strict and any(b.gaps for b in bundles):
        return INCOMPLETE
    return CLEAN
