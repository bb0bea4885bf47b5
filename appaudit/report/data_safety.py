"""A Play Data safety form filled from evidence: the developer's own export, rows and order kept.

Google calls data collected when it leaves the device, so what traffic shows is certain and what only code
shows is a draft to confirm. Nothing that the developer ticked is unticked: not finding is no proof. Rows
are told by their machine-readable ids; labels are in the console's language and are left alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from appaudit.errors import InputError
from appaudit.knowledge.load import toml
from appaudit.knowledge.sdks import sdks
from appaudit.records import Fact
from appaudit.report.csv import harmless
from appaudit.report.model import AuditView
from appaudit.report.tables import observed, subject_id
from appaudit.report.visible import visible

TYPES = "PSL_DATA_TYPES_"
USAGE = "PSL_DATA_USAGE_RESPONSES"
ENCRYPTED = "PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT"

PURPOSE = {
    "advertising": "PSL_ADVERTISING",
    "mediation": "PSL_ADVERTISING",
    "attribution": "PSL_ADVERTISING",
    "analytics": "PSL_ANALYTICS",
    "crash": "PSL_ANALYTICS",
    "performance": "PSL_ANALYTICS",
    "session_replay": "PSL_ANALYTICS",
    "risk_control": "PSL_FRAUD_PREVENTION_SECURITY",
    "captcha": "PSL_FRAUD_PREVENTION_SECURITY",
    "push": "PSL_DEVELOPER_COMMUNICATIONS",
}
"""The purpose that an SDK's category speaks for; others are the developer's to say."""

Basis = Literal["traffic", "code", "category", "nothing"]


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose answer the evidence changes, or speaks against. ``row``: 1-based line of the export.

    ``basis``: ``traffic`` seen leaving the device · ``code`` reached by code, to confirm · ``category`` what
    the SDK is for · ``nothing`` ticked, and nothing found: left as it was. ``facts``: what it stands on.
    """

    row: int
    question: str
    response: str
    before: str
    after: str
    basis: Basis
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """The filled form as CSV text and every change to it, in the form's order."""

    text: str
    changes: tuple[Change, ...]


def check(export: str) -> list[list[str]]:
    """The form's rows. Raises InputError where it is no Data safety form."""
    try:
        rows = list(csv.reader(io.StringIO(export.removeprefix("\ufeff"), newline="")))
    except csv.Error as error:
        raise InputError(f"not a Data safety form: {error}") from error
    if not any(row and row[0].startswith("PSL_") for row in rows):
        raise InputError("not a Data safety form: no row starts with a PSL_ id")
    return rows


def fill(export: str, view: AuditView) -> Filled:
    """The export with the evidence's answers. Raises InputError where it is no Data safety form."""
    rows = check(export)
    evidence = _Evidence(view)
    changes = []
    for number, row in enumerate(rows, 1):
        if len(row) < 3 or not row[0].startswith("PSL_"):
            continue
        answer = evidence.answer(row[0], row[1])
        before = row[2].strip()
        if answer is not None:
            after, basis, facts = answer
            if after != before.lower():
                row[2] = after
                changes.append(Change(number, row[0], row[1], before, after, basis, facts))
        elif row[0].startswith(TYPES) and before.lower() == "true":
            changes.append(Change(number, row[0], row[1], before, before, "nothing"))
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n" if "\r\n" in export else "\n").writerows(rows)
    return Filled(out.getvalue(), tuple(changes))


def render(view: AuditView) -> str:
    """The filled copy of the view's form. Raises InputError without one."""
    return fill(_form(view), view).text


def changes(view: AuditView) -> str:
    """What `render` changes in the form, and what speaks against it, as CSV text."""
    return differences(fill(_form(view), view).changes)


def _form(view: AuditView) -> str:
    if not view.form:
        raise InputError("the formats data-safety and data-safety-diff need --data-safety FILE")
    return view.form


def differences(changes: Iterable[Change]) -> str:
    """The changes as CSV text, for a spreadsheet."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("row", "question", "response", "before", "after", "basis", "facts"))
    for c in changes:
        facts = "; ".join(f"{f.actor} {f.action} {f.subject}" for f in c.facts[:20])
        cells = (str(c.row), c.question, c.response, c.before, c.after, c.basis, facts)
        writer.writerow([harmless(visible(cell, 2000)) for cell in cells])
    return "\ufeff" + out.getvalue()


class _Evidence:
    """Observed collecting, by the form's types."""

    def __init__(self, view: AuditView) -> None:
        self.facts: dict[str, list[Fact]] = {}
        self.cleartext: list[Fact] = []
        for fact in view.facts:
            if not observed(fact) or not fact.subject.startswith("data:"):
                continue
            if fact.action not in ("accesses", "sends", "shares"):
                continue
            for kind in _kinds().get(subject_id(fact), ()):
                self.facts.setdefault(kind, []).append(fact)
            if fact.source == "traffic" and fact.attribute.get("cleartext") == "yes":
                self.cleartext.append(fact)

    def answer(self, question: str, response: str) -> tuple[str, Basis, tuple[Fact, ...]] | None:
        """The answer that the evidence gives, None where it gives none."""
        if question == ENCRYPTED:
            return ("false", "traffic", tuple(self.cleartext)) if self.cleartext else None
        if question.startswith(TYPES):
            return self._yes(self.facts.get(response, []))
        parts = question.split(":")
        if parts[0] != USAGE or len(parts) < 3:
            return None
        facts = self.facts.get(parts[1], [])
        if parts[2] == "PSL_DATA_USAGE_COLLECTION_AND_SHARING":
            if response == "PSL_DATA_USAGE_ONLY_COLLECTED":
                return self._yes(facts)
            if response == "PSL_DATA_USAGE_ONLY_SHARED":
                sent = [f for f in facts if f.source == "traffic" and f.actor.startswith(("sdk:", "party:"))]
                return self._yes(sent)
        if parts[2] == "DATA_USAGE_COLLECTION_PURPOSE":
            speaking = tuple(f for f in facts if _purpose(f) == response)
            return ("true", "category", speaking) if speaking else None
        return None

    @staticmethod
    def _yes(facts: list[Fact]) -> tuple[str, Basis, tuple[Fact, ...]] | None:
        if not facts:
            return None
        sent = [f for f in facts if f.source == "traffic"]
        return "true", "traffic" if sent else "code", tuple(sent or facts)


@cache
def _kinds() -> dict[str, tuple[str, ...]]:
    """Data type → the form's types that cover it."""
    found: dict[str, list[str]] = {}
    for kind, ids in toml("data_safety.toml")["types"].items():
        for ident in ids:
            found.setdefault(ident, []).append(kind)
    return {ident: tuple(kinds) for ident, kinds in found.items()}


def _purpose(fact: Fact) -> str:
    sdk = sdks().get(fact.actor.removeprefix("sdk:"))
    return PURPOSE.get(sdk.category, "") if sdk else ""
