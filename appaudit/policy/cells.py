"""What the cells of declared lists say: data types, permissions, denials, platforms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import permissions
from appaudit.policy.lexicon import lexicon

_CLAUSE = re.compile(r"[。；;\n]|\.\s")
_NAME = re.compile(
    r"(?:[a-z]\w*\.)+permission\.[A-Z]\w+|\b(?:[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|CAMERA|INTERNET|VIBRATE|BLUETOOTH|NFC)\b"
)
_MAX_CELL = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """Something named in a cell, at ``start``..``end`` of its text."""

    id: str
    start: int
    end: int
    denied: bool = False
    optional: bool = False


def types_in(text: str) -> Iterator[Found]:
    """Data types a cell of a list names. Words that elsewhere need a head noun count here by themselves,
    because the column says that its cells are data."""
    text = text[:_MAX_CELL]
    for token in lexicon().match(text):
        entry = token.get("data") or token.get("weak")
        if entry is None or token.get("trap") is not None:
            continue
        clause = 0
        for match in _CLAUSE.finditer(text, 0, token.start):
            clause = match.end()
        before = text[clause : token.start]
        if _elsewhere(before):
            continue
        yield Found(
            entry.value,
            token.start,
            token.end,
            denied(before),
            _last(text[: token.start], "optional", "required"),
        )


def permissions_in(text: str) -> Iterator[Found]:
    """Permissions a cell names, by their constant or in words; full Android names, each once."""
    text = text[:_MAX_CELL]
    seen = set()
    for match in _NAME.finditer(text):
        name = match.group() if "." in match.group() else f"android.permission.{match.group()}"
        if ("." in match.group() or name in permissions()) and name not in seen:
            seen.add(name)
            yield Found(name, match.start(), match.end())
    if seen:
        return  # the words beside a constant describe it
    for name, pattern in _permission_words():
        if (found := pattern.search(text)) and name not in seen:
            seen.add(name)
            yield Found(name, found.start(), found.end())


def denied(before: str) -> bool:
    """Whether the words before something, in its clause, say that it is not collected."""
    return bool(_pattern("denied").search(before))


def empty(text: str) -> bool:
    """Whether a cell declares nothing: blank, a dash, "none"."""
    return bool(_pattern("nothing").search(text.strip()))


def other_system(text: str) -> bool:
    """Whether a cell speaks of another platform than Android only."""
    return bool(_pattern("other_system").search(text)) and not _pattern("this_system").search(text)


def server_side(text: str) -> bool:
    """Whether a way of sharing goes from server to server."""
    return bool(_pattern("server").search(text))


def _elsewhere(before: str) -> bool:
    """Whether the last label of platforms before something names others than Android alone."""
    labels = [match.group() for match in _systems().finditer(before)]
    return bool(labels) and not _pattern("this_system").search(labels[-1])


@cache
def _systems() -> re.Pattern[str]:
    """Platforms named together: Android+iOS."""
    one = "|".join((_pattern("other_system").pattern, _pattern("this_system").pattern))
    return re.compile(rf"(?:(?:{one})(?:os)?[\s+&/、,，和及与]*)+", re.IGNORECASE)


def _last(text: str, label: str, other: str) -> bool:
    """Whether the last label in ``text`` is ``label``, not ``other``."""
    at = max((m.end() for m in _pattern(label).finditer(text)), default=-1)
    return at >= 0 and at >= max((m.end() for m in _pattern(other).finditer(text)), default=-1)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in toml("listings.toml")["cell"][name]), re.IGNORECASE)


@cache
def _permission_words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile("|".join(f"(?:{p})" for p in words), re.IGNORECASE))
        for name, words in toml("listings.toml")["permissions"].items()
    )
