"""SDKs that a policy names: in running text, and in the rows of an SDK list."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from appaudit.knowledge.sdks import CERTAIN, find_mentions, match_name
from appaudit.policy.document import LoadedDocument, Table, lines_read, tables_read
from appaudit.policy.lexicon import lexicon

_NAME_HEAD = re.compile(r"sdk|名称|产品|第三方|插件|\bname\b|provider|partner|service", re.I)
_DATA_HEAD = re.compile(r"信息|数据|字段|\bdata\b|information|collected", re.I)
_SPEAKS = ("sdk", "开发工具包", "开发包", "插件", "第三方服务")
_SPEAKS_TOO = re.compile(r"third[- ]party (?:service|librar|tool)")
_USES = (" use ", " uses ", " using ", " used by ", "integrate", "embed", " powered by ", " provided by ")
"""We use Firebase Analytics; crash reports by Crashlytics, provided by Google."""
_REACH = 4
"""Lines after one that speaks of SDKs in which their names are looked for."""
_NOT_DATA = re.compile(r"目的|用途|方式|场景|链接|官网|政策|purpose|link|url|polic", re.I)


@dataclass(frozen=True, slots=True)
class SdkMention:
    """An SDK at ``start``..``end`` of a line; ``id`` as ``sdk:<id>`` or ``party:<name>``."""

    id: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SdkData:
    """A data type that a row of an SDK list says the SDK collects."""

    id: str
    type: str
    line: int
    start: int
    end: int


def mentions_of(document: LoadedDocument) -> list[SdkMention]:
    """SDKs named in the text, by line. Lines that speak of SDKs, and those right after, are searched for
    every name, lines that say what is used for capitalised ones: elsewhere a company's name is no SDK."""
    lines, _ = lines_read(document)
    low = [line.lower() for line in lines]
    near = {n + k for n, line in enumerate(low) if _speaks(line) for k in range(-1, _REACH)}
    uses = {n for n, line in enumerate(low) if any(map(line.__contains__, _USES))}
    speaking = sorted(n for n in near if 0 <= n < len(lines))
    found = [*_named(document.lines, speaking, False), *_named(document.lines, sorted(uses - near), True)]
    return sorted(found, key=lambda mention: (mention.line, mention.start))


def _named(lines: Sequence[str], numbers: Sequence[int], capital: bool) -> Iterator[SdkMention]:
    """The SDKs that some of the lines, given by index, name."""
    starts = [0]
    for n in numbers:
        starts.append(starts[-1] + len(lines[n]) + 1)
    for start, end, sdk_id in find_mentions("\n".join(lines[n] for n in numbers), capital):
        index = bisect.bisect_right(starts, start) - 1
        line = lines[numbers[index]]
        column = start - starts[index]
        stop = min(end - starts[index], len(line))
        yield SdkMention(f"sdk:{sdk_id}", numbers[index] + 1, column, stop)


def _speaks(low: str) -> bool:
    """Whether a line in lower case speaks of SDKs."""
    return any(map(low.__contains__, _SPEAKS)) or ("third" in low and _SPEAKS_TOO.search(low) is not None)


def rows_of(document: LoadedDocument) -> Iterator[SdkMention | SdkData]:
    """What the document's SDK tables say: each row's SDK, and the data types it collects."""
    for table in tables_read(document):
        columns = _columns(table)
        if columns is None:
            continue
        name_column, data_column = columns
        for row, number in zip(table.rows, table.line_numbers, strict=True):
            if name_column >= len(row) or not row[name_column].strip():
                continue
            name = row[name_column].strip()
            start = _cell_start(document, number, row, name_column)
            known = match_name(name, CERTAIN)
            found = f"sdk:{known[0][0]}" if known else f"party:{name}"
            yield SdkMention(found, number, start, start + len(name))
            if data_column is None or data_column >= len(row):
                continue
            cell = row[data_column]
            offset = _cell_start(document, number, row, data_column)
            for token in lexicon().match(cell):
                entry = token.get("data") or token.get("weak")
                if entry is not None:
                    yield SdkData(found, entry.value, number, offset + token.start, offset + token.end)


def _columns(table: Table) -> tuple[int, int | None] | None:
    """(column of the SDK's name, column of the data) of an SDK list, None for another table."""
    head = [h.strip() for h in table.header]
    if not any("sdk" in h.lower() or "第三方" in h or "third" in h.lower() for h in head):
        return None
    name = next((i for i, h in enumerate(head) if _NAME_HEAD.search(h) and not _NOT_DATA.search(h)), None)
    data = next(
        (i for i, h in enumerate(head) if i != name and _DATA_HEAD.search(h) and not _NOT_DATA.search(h)),
        None,
    )
    return None if name is None else (name, data)


def _cell_start(document: LoadedDocument, number: int, row: tuple[str, ...], column: int) -> int:
    """Where a cell stands on its line: cells are divided by tabs."""
    line = document.lines[number - 1]
    position = 0
    for index, cell in enumerate(row):
        at = line.find(cell, position)
        at = position if at < 0 else at
        if index == column:
            return at + len(cell) - len(cell.lstrip())
        position = at + len(cell)
    return position
