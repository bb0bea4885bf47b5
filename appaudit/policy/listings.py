"""Reads declared lists that are tables: SDKs, permissions, personal information.

The columns are told by their heads, in Chinese or English, in any order; a list that stands on its side
(one record under another, ``head | value``) is turned. Each row gives the same Facts a sentence would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from appaudit.knowledge.load import toml
from appaudit.policy.cells import Found, denied, empty, other_system, permissions_in, server_side, types_in
from appaudit.policy.document import LoadedDocument, Table, lines_read, tables_read
from appaudit.policy.literals import sought
from appaudit.policy.nature import LIST_ROLES
from appaudit.policy.sdk_names import names_sdk, sdk_actor, sdk_candidates
from appaudit.policy.stacked import divided, stacked
from appaudit.records import Evidence, Fact, ListingRow, PolicySpan, Source


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its words, the line they stand on, and where on it they start."""

    text: str
    line: int
    start: int
    head: str


Record = dict[str, list[Cell]]
"""A row of a list: the cells of each column id."""
Links = dict[int, list[tuple[int, int, int, str]]]
"""A document's links by line."""


def column(head: str) -> str | None:
    """What a column is, by its head: an id of ``[[column]]`` in listings.toml."""
    words = re.sub(r"\s+", " ", head).strip(" *：:").lower()
    return _column(words) if 0 < len(words) <= 60 else None


@lru_cache(maxsize=4096)
def _column(words: str) -> str | None:
    return next((name for name, has in _columns() if has(words)), None)


def kind(columns: Sequence[str | None]) -> str | None:
    """What list has these columns: ``sdk``, ``permission``, ``data``; None for any other table."""
    have = {c for c in columns if c}
    for row in toml("listings.toml")["list"]:
        if all(have & set(some) for some in row["all"]) and not have & set(row.get("unless", ())):
            return str(row["id"])
    return None


_PROSE = re.compile(r"\b(?:we|you)\b[^|]{20,}[.;]|(?:我们|您)[^|]{20,}[。；]", re.I)
"""A cell that says sentences, not only names."""


def listing_facts(document: LoadedDocument) -> tuple[list[Fact], set[int]]:
    """Facts of the lists in ``document``, and the 1-based lines to be read as nothing else.

    A row that names no data, or whose cells hold sentences, is left to be read as prose too.

    A list in a file of its own is the source ``listing``; one inside a policy is the policy's.
    """
    facts: list[Fact] = []
    lines: set[int] = set()
    sheet = document.format in ("csv", "xlsx")
    source: Source = "listing" if sheet or document.role in LIST_ROLES else "policy"
    links: Links = {}
    for link in document.links:
        links.setdefault(link[0], []).append(link)
    lines |= {
        t.header_line for t in tables_read(document) if t.header and kind([column(h) for h in t.header])
    }
    for found, records in lists(document):
        for record in records:
            reader = _Row(document, source, sheet, record, links)
            told = reader.read(found)
            facts += told
            cells = [cell for some in record.values() for cell in some]
            if found != "data" or (told and not any(_PROSE.search(cell.text) for cell in cells)):
                lines |= {cell.line for cell in cells}
    for found, records in _stacks(document):
        for record in records:
            facts += _Row(document, source, sheet, record, links).read(found)
            lines |= {c.line for name, cells in record.items() if name != "purpose" for c in cells}
    return facts, lines


def lists(document: LoadedDocument) -> Iterator[tuple[str, list[Record]]]:
    """The lists of a document: kind and records of each."""
    plain = divided(lines_read(document)[0], column, kind) if document.format == "text" else ()
    for table in (*tables_read(document), *plain):
        found = _upright(document, table) or _sideways(document, table)
        if found is not None:
            yield found
    found = _labelled(document) or _named(document)
    if found is not None:
        yield found


def _stacks(document: LoadedDocument) -> Iterator[tuple[str, list[Record]]]:
    """The lists of a document whose cells are lines; the prose of their purposes is read as prose too."""
    for stack in stacked(lines_read(document)[0], column, kind):
        records: list[Record] = []
        for row in stack.cells:
            records.append({})
            for head, (number, start, text) in zip(stack.heads, row, strict=True):
                records[-1].setdefault(column(head) or "", []).append(Cell(text, number, start, head))
        yield kind([column(head) for head in stack.heads]) or "", records


def _upright(document: LoadedDocument, table: Table) -> tuple[str, list[Record]] | None:
    if not table.header:
        return None
    columns = [column(head) for head in table.header]
    what = kind(columns)
    if what is None:
        return None
    records = []
    for number, row in zip(table.line_numbers, table.rows, strict=True):
        record: Record = {}
        for index, cell in enumerate(_cells(document, number, row, table.header)):
            name = columns[index] if index < len(columns) else None
            if name and cell.text.strip():
                record.setdefault(name, []).append(cell)
        records.append(record)
    return what, records


def _cells(document: LoadedDocument, number: int, row: Sequence[str], heads: Sequence[str]) -> Iterator[Cell]:
    start = 0
    for index, text in enumerate(row):
        yield Cell(text, number, start, heads[index] if index < len(heads) else "")
        start += len(text) + 1


def _sideways(document: LoadedDocument, table: Table) -> tuple[str, list[Record]] | None:
    """A table of two columns whose first holds the heads, record under record."""
    rows = ([(table.header_line, table.header)] if table.header else []) + list(
        zip(table.line_numbers, table.rows, strict=True)
    )
    pairs = [(number, row[0], row[1]) for number, row in rows if len(row) == 2]
    if len(pairs) < max(2, len(rows)):
        return None
    cells = [(head, Cell(value, number, len(head) + 1, head)) for number, head, value in pairs]
    return _records(cells)


def _labelled(document: LoadedDocument) -> tuple[str, list[Record]] | None:
    """Lines of the form ``head：value``, as lists without a table are written."""
    cells: list[tuple[str, Cell]] = []
    for number, line in enumerate(lines_read(document)[0], 1):
        match = _LABEL.match(line[:4000]) if ":" in line or "：" in line else None
        if match and len(cells) < _MAX_LABELS:
            cells.append((match.group(1), Cell(match.group(2), number, match.start(2), match.group(1))))
        elif not match and len(cells) < _MAX_LABELS and names_sdk(line):
            start = len(line) - len(line.lstrip())  # the name alone, as the head of its entry
            cells.append((_NAME, Cell(line.strip(), number, start, _NAME)))
    listed = _records([c for c in cells if column(c[0])], _NEAR) if len(cells) > 2 else None
    if listed is not None and len(listed[1]) < 2 and not any("sdk" in r for r in listed[1]):
        return None  # two labels of running text are no list
    return listed


def _named(document: LoadedDocument) -> tuple[str, list[Record]] | None:
    """Lines of the form ``camera: to scan`` in a list of permissions."""
    if document.role != "permission_list":
        return None
    records: list[Record] = []
    for number, line in enumerate(lines_read(document)[0][:_MAX_LABELS], 1):
        match = _LABEL.match(line[:4000]) if ":" in line or "：" in line else None
        if match and not denied(match.group(1)) and next(permissions_in(match.group(1)), None):
            name = Cell(match.group(1), number, match.start(1), _NAME)
            records.append({"permission": [name], "purpose": [Cell(match[2], number, match.start(2), "")]})
    return ("permission", records) if len(records) > 1 else None


def _parties(name: str) -> list[str]:
    """The names in a cell that names several: "Google, Meta"."""
    return [part.strip() for part in _AND.split(name) if part.strip() and not empty(part)]


def _records(cells: list[tuple[str, Cell]], near: int = 0) -> tuple[str, list[Record]] | None:
    """Records out of labelled cells; a new one starts where the column that came first comes again.
    ``near``: lines between two cells of a record at most, 0 for any number."""
    named = [(column(head), cell) for head, cell in cells]
    known = [name for name, _ in named if name]
    if not named or len(known) < 0.6 * len(named):
        return None
    what = kind(known)
    first = next((n for n in known if n in ("sdk", "company", "permission", "data")), None)
    if what is None or first is None or (what == "sdk" and first == "data"):
        return None
    records: list[Record] = []
    last = 0
    for name, cell in named:
        if name == first:
            records.append({})
            last = cell.line
        if records and name and cell.text.strip() and (not near or cell.line - last <= near):
            records[-1].setdefault(name, []).append(cell)
            last = cell.line
    return what, [r for r in records if len(r) > 1]


class _Row:
    """Facts of one record."""

    def __init__(
        self, document: LoadedDocument, source: Source, sheet: bool, record: Record, links: Links
    ) -> None:
        self.document = document
        self.source = source
        self.sheet = sheet
        self.record = record
        self.links = links

    def text(self, name: str) -> str:
        return " ".join(" ".join(cell.text for cell in self.record.get(name, ())).split())

    def targets(self) -> list[str]:
        """Where the links in the record's cells lead."""
        places = [(c.line, c.start, c.start + len(c.text)) for cells in self.record.values() for c in cells]
        return [
            target
            for number in dict.fromkeys(n for n, _, _ in places)
            for line, start, end, target in self.links.get(number, ())
            if target.startswith("http") and any(a <= start and end <= b for n, a, b in places if n == line)
        ]

    def evidence(self, cell: Cell, found: Found | None = None, role: str = "statement") -> Evidence:
        if self.sheet:
            return ListingRow(self.document.name, cell.line, cell.head, cell.text)
        start = cell.start + (found.start if found else 0)
        end = cell.start + (found.end if found else len(cell.text.rstrip()))
        line = self.document.lines[cell.line - 1]
        return PolicySpan(self.document.name, cell.line, start, end, line[start:end], role)

    def read(self, what: str) -> list[Fact]:
        if other_system(self.text("system")):
            return []
        if what == "permission":
            return list(self.permissions("app"))
        if what == "sdk":
            return list(self.sdk())
        return list(self.data("app", "collects", None))

    def sdk(self) -> Iterator[Fact]:
        cells = self.record.get("sdk") or self.record.get("company") or []
        name = " ".join(" ".join(cell.text for cell in cells).split())
        if empty(name) and not self.record.get("sdk"):
            yield from self.data("app", "collects", None)  # nobody is named who receives
            return
        if empty(name) or (other_system(name) and "android" not in name.lower()):
            return
        if not self.record.get("sdk") and len(names := _parties(name)) > 1:
            for one in names:
                yield from self.data("app", "shares", sdk_actor(one, one, "", "")[0])
            return
        company, package = self.text("company"), self.text("package")
        link = " ".join((*self.targets(), self.text("link"))).strip()
        actor, score = sdk_actor(name, company, package, link)
        attributes = {"name": name[:200], "company": company, "package": package, "link": link}
        if score:
            attributes["score"] = f"{score:g}"
        else:
            attributes["may_be"] = sdk_candidates(name, company, package, link)
        embedded = bool(self.record.get("sdk"))
        if embedded:
            yield self.fact("app", "embeds", actor, [self.evidence(cells[0])], attributes)
        elif not self.record.get("data"):
            yield self.fact(
                "app", "shares", "data:personal_info", [self.evidence(cells[0])], attributes, actor
            )
        server = server_side(self.text("method"))
        if server or not embedded:
            yield from self.data("app", "shares", actor)
        else:
            yield from self.data(actor, "collects", None)
        yield from self.permissions(actor)

    def data(self, actor: str, action: str, recipient: str | None) -> Iterator[Fact]:
        for cell in self.record.get("data", ()):
            if empty(cell.text):
                continue
            seen = set()
            for found in types_in(cell.text):
                if (found.id, found.denied) in seen:
                    continue
                seen.add((found.id, found.denied))
                yield self.fact(
                    actor,
                    action,
                    f"data:{found.id}",
                    [self.evidence(cell, found)],
                    {"method": self.text("method"), "retention": self.text("retention")},
                    recipient,
                    found.denied,
                    ("optional",) if found.optional or self.is_optional() else (),
                )

    def permissions(self, actor: str) -> Iterator[Fact]:
        for cell in self.record.get("permission", ()):
            if empty(cell.text):
                continue
            for found in permissions_in(cell.text):
                yield self.fact(
                    actor,
                    "requests",
                    f"permission:{found.id}",
                    [self.evidence(cell, found)],
                    {},
                    denied=denied(cell.text[: found.start]),
                    condition=("optional",) if self.is_optional() else (),
                )

    def is_optional(self) -> bool:
        words = self.text("required").lower()
        return bool(words) and bool(re.match(r"否|可选|非必|选[填择]|no\b|optional|not ", words))

    def fact(
        self,
        actor: str,
        action: str,
        subject: str,
        evidence: list[Evidence],
        attributes: dict[str, str],
        recipient: str | None = None,
        denied: bool = False,
        condition: tuple[str, ...] = (),
    ) -> Fact:
        purposes = self.record.get("purpose", ())
        if purposes:
            evidence.append(self.evidence(purposes[0], role="purpose"))
        return Fact(
            self.source,
            "denied" if denied else "declared",
            actor,
            action,
            subject,
            self.text("purpose")[:500] or None,
            condition,
            recipient,
            evidence=tuple(evidence),
            attributes=tuple(sorted((k, v[:500]) for k, v in attributes.items() if v)),
        )


@cache
def _columns() -> tuple[tuple[str, Callable[[str], bool]], ...]:
    return tuple((row["id"], _headed(row)) for row in toml("listings.toml")["column"])


def _headed(row: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a head, in lower case, is one of the column ``row``."""
    words, whole, ends = row.get("words", ()), row.get("whole", ()), tuple(row.get("ends", ()))
    searches = tuple(sought(pattern) for pattern in row.get("head", ()))

    def has(head: str) -> bool:
        return (
            head in whole
            or head.endswith(ends)
            or any(map(head.__contains__, words))
            or any(search(head) for search in searches)
        )

    return has


_NAME = "SDK名称"
_AND = re.compile(
    r"[、；;\n]|[,，](?!\s*(?:Co|Ltd|Inc|LLC|L\.L\.C|Limited|Corp|GmbH|S\.|B\.V)\b)|\s(?:and|和|及)\s", re.I
)
_MAX_LABELS = 20_000
_NEAR = 6
"""Lines between two labels of one entry of a list."""
_LABEL = re.compile(
    r"\s*(?:[•●·\-*]|\d{1,3}[.、)）])?\s*([^\s：:，。,;；][^：:，。,;；\t]{0,30}?)\s*[：:]\s*(\S.*)$"
)
