"""Findings set aside on purpose: each entry has an id, a scope, a reason and an expiry date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from appaudit.compare.baseline import mark
from appaudit.errors import InputError
from appaudit.records import Finding

SCOPE = ("rule", "subject", "actor", "package", "fingerprint")
"""What an entry may be about; each a shell pattern, and at least one has to be given."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``scope``: field → pattern; all have to match. ``expires``: the last day it holds."""

    id: str
    scope: Mapping[str, str]
    reason: str
    expires: date


def entries(rows: Sequence[Mapping[str, Any]], where: str) -> list[Entry]:
    """The ``[[ignore]]`` tables of a configuration file, checked. Raises InputError."""
    found: list[Entry] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise InputError(f"{where}: ignore entry {number} must be a table")
        place = f"{where}: ignore entry {row.get('id') or number}"
        unknown = set(row) - {"id", "reason", "expires", *SCOPE}
        if unknown:
            raise InputError(f"{place}: unknown key '{min(unknown)}'")
        for key in ("id", "reason", "expires"):
            if not row.get(key):
                raise InputError(f"{place} lacks '{key}'")
        scope = {key: str(row[key]) for key in SCOPE if row.get(key)}
        if not scope:
            raise InputError(f"{place} lacks a scope (one of {', '.join(SCOPE)})")
        found.append(Entry(str(row["id"]), scope, str(row["reason"]), _day(row["expires"], place)))
    if len({e.id for e in found}) < len(found):
        raise InputError(f"{where}: two ignore entries share an id")
    return found


def _day(value: Any, place: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InputError(f"{place}: 'expires' must be a date such as 2027-01-31") from error


def apply(
    findings: Iterable[Finding], ignored: Sequence[Entry], package: str, today: date
) -> tuple[list[Finding], list[Entry]]:
    """Findings with the matching ones marked ``suppressed``, and the entries that have expired.

    Nothing is dropped: suppressed findings are counted and can be shown.
    """
    live = [e for e in ignored if e.expires >= today]
    result = []
    for finding in findings:
        entry = next((e for e in live if _matches(e, finding, package)), None)
        if entry is not None and finding.outcome in ("violation", "review"):
            finding = mark(
                finding,
                suppressed="ignored",
                suppressed_by=entry.id,
                suppressed_reason=entry.reason,
                suppressed_until=entry.expires.isoformat(),
            )
        result.append(finding)
    return result, [e for e in ignored if e.expires < today]


def _matches(entry: Entry, finding: Finding, package: str) -> bool:
    values = {
        "rule": finding.rule,
        "subject": finding.subject,
        "actor": finding.actor,
        "package": package,
        "fingerprint": finding.fingerprint,
    }
    return all(fnmatchcase(values[key], pattern) for key, pattern in entry.scope.items())
