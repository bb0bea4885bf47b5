"""Reads a Google Play Data safety form as the console exports it (CSV).

Rows are told by their machine-readable ids (``PSL_...``) alone: the labels are translated and reworded.
Columns: question id, response id, value, answer requirement, label.
"""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.policy.document import LoadedDocument
from appaudit.records import Fact, Gap, ListingRow

_USAGE = "PSL_DATA_USAGE_RESPONSES"
_BOTH = "PSL_DATA_USAGE_BOTH_COLLECTED_AND_SHARED"


def is_data_safety(document: LoadedDocument) -> bool:
    """Whether a sheet is a Data safety form."""
    return any(
        row[0].strip().startswith("PSL_") for table in document.tables for row in table.rows[:50] if row
    )


def data_safety_facts(document: LoadedDocument) -> tuple[list[Fact], list[Gap]]:
    """Facts of the form; a Gap for each type that is declared and of which we know no data type, and for
    one that is ticked without saying whether it is collected or shared."""
    form = _Form(document)
    return list(form.facts()), form.gaps


class _Form:
    def __init__(self, document: LoadedDocument) -> None:
        self.document = document
        self.gaps: list[Gap] = []
        # (question, response) → (value, row, response column's text)
        self.answers: dict[tuple[str, str], tuple[str, ListingRow]] = {}
        for table in document.tables:
            for number, row in zip(table.line_numbers, table.rows, strict=True):
                question, response, value = (*(cell.strip() for cell in row[:3]), "", "", "")[:3]
                if question.startswith("PSL_"):
                    evidence = ListingRow(
                        document.name, number, question, f"{response}={value}" if response else value
                    )
                    self.answers[question, response] = (value, evidence)

    def yes(self, question: str, response: str = "") -> ListingRow | None:
        """The row that answers yes, if it does."""
        value, row = self.answers.get((question, response), ("", None))
        return row if value.strip().lower() == "true" else None

    def facts(self) -> Iterator[Fact]:
        types: dict[str, list[str]] = toml("data_safety.toml")["types"]
        ticked = {
            response: row
            for (question, response), (value, row) in self.answers.items()
            if question.startswith("PSL_DATA_TYPES_") and value.lower() == "true"
        }
        for response in {
            q.split(":")[1] for q, _ in self.answers if q.startswith(_USAGE) and q.count(":") > 1
        }:
            used = self.usage(response, "PSL_DATA_USAGE_ONLY_COLLECTED") or self.usage(
                response, "PSL_DATA_USAGE_ONLY_SHARED"
            )
            if used:
                ticked.setdefault(response, used)
        for response, row in sorted(ticked.items(), key=lambda item: item[1].row):
            ids = [i for i in types.get(response, ()) if i in data_types()]
            if not ids:
                reason = f"the form declares {response}, for which no data type is known"
                self.gaps.append(Gap("listing", "unknown_data_type", self.document.name, reason))
            yield from self.of_type(response, row, ids)
        yield from self.topics()

    def usage(self, kind: str, response: str) -> ListingRow | None:
        question = f"{_USAGE}:{kind}:PSL_DATA_USAGE_COLLECTION_AND_SHARING"
        return self.yes(question, response) or self.yes(question, _BOTH)

    def of_type(self, kind: str, row: ListingRow, ids: list[str]) -> Iterator[Fact]:
        collected = self.usage(kind, "PSL_DATA_USAGE_ONLY_COLLECTED")
        shared = self.usage(kind, "PSL_DATA_USAGE_ONLY_SHARED")
        if not collected and not shared:
            reason = f"{kind} is ticked without saying whether it is collected or shared; read as collected"
            self.gaps.append(Gap("listing", "incomplete_listing", self.document.name, reason))
            collected = row
        control = f"{_USAGE}:{kind}:DATA_USAGE_USER_CONTROL"
        optional = self.yes(control, "PSL_DATA_USAGE_USER_CONTROL_OPTIONAL")
        ephemeral = self.yes(f"{_USAGE}:{kind}:PSL_DATA_USAGE_EPHEMERAL")
        for action, said, question in (
            ("collects", collected, "DATA_USAGE_COLLECTION_PURPOSE"),
            ("shares", shared, "DATA_USAGE_SHARING_PURPOSE"),
        ):
            if said is None:
                continue
            purposes = [
                (words, self.yes(f"{_USAGE}:{kind}:{question}", key))
                for key, words in toml("data_safety.toml")["purposes"].items()
            ]
            rows = [row, said, *(r for _, r in purposes if r), *(r for r in (optional, ephemeral) if r)]
            for data in ids:
                yield Fact(
                    "listing",
                    "declared",
                    "app",
                    action,
                    f"data:{data}",
                    "; ".join(words for words, r in purposes if r) or None,
                    ("optional",) if optional and action == "collects" else (),
                    evidence=tuple(dict.fromkeys(rows)),
                    attributes=(("basis", f"play:{kind}"), *((("ephemeral", "true"),) if ephemeral else ())),
                )

    def topics(self) -> Iterator[Fact]:
        for question, subject, detail in (
            ("PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT", "topic:transport_security", "encrypted in transit"),
            ("PSL_DATA_COLLECTION_USER_REQUEST_DELETE", "topic:user_rights", "deletion on request"),
            ("PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA", "data:personal_info", "the form's first question"),
        ):
            value, row = self.answers.get((question, ""), ("", None))
            answer = value.strip().lower()
            if row is None or answer not in ("true", "false") or (subject[0] == "d" and answer == "true"):
                continue
            yield Fact(
                "listing",
                "declared" if answer == "true" else "denied",
                "app",
                "states" if subject.startswith("topic:") else "collects",
                subject,
                evidence=(row,),
                attributes=(("detail", detail),),
            )
        for response, stance in (("DATA_DELETION_YES", "declared"), ("DATA_DELETION_NO", "denied")):
            row = self.yes("PSL_SUPPORT_DATA_DELETION_BY_USER", response)
            if row:
                yield Fact(
                    "listing",
                    "declared" if stance == "declared" else "denied",
                    "app",
                    "states",
                    "topic:user_rights",
                    evidence=(row,),
                    attributes=(("detail", "deletion on request"),),
                )
