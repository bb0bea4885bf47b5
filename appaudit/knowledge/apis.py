"""The API catalogue: which framework or library member reaches which data, under which permission.

One row drives the static matcher, the runtime hooks and the decoder alike. Rows stand in
``apis/*.toml`` as ``["class name"]`` tables with one line a member; strings that arguments are
looked up in stand in ``apis/words.toml``. Fields of a row:

- ``data``: ids of data types (one, or a list); ``kind`` instead where no personal data is reached
  (exec, reflection, dynamic_code, webview, permission, self-start …) or where only an argument
  decides (setting, provider, file, property …).
- ``role``: read (the default) · metadata (whether, not what) · listen (a listener, continuous) ·
  callback (overridden by the app's class) · write · use (works on a value got elsewhere: evidence,
  not an access of its own).
- ``args``: argument number (0-based, without the receiver; -1 is the receiver) → table of words; a
  word that matches gives the data. With ``data`` as well, that is what an unknown argument means.
- ``near``: the access counts only where this string stands in the calling method.
- ``all``/``any``: permissions; names without a dot are ``android.permission.`` ones.
- ``since``/``until``: first and last API level; absent means below 24, and still there in 36.
- ``limit``: what the platform came to answer ordinary apps instead, a table of ``limits.toml``.
- ``field``: the member is a field that is read, not a method.
- ``runtime``: the class a hook must be set on, where the public class is abstract.
- ``hook`` = "implementors": hook the classes that implement or extend this one.
- ``hidden``: not in the public SDK. ``third_party``: class of a library. ``hot``: called very often.
- ``sig``: parameter lists as dex descriptors; absent or incomplete lists never narrow a match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from appaudit.knowledge.load import FOLDER, toml

Role = Literal["read", "metadata", "listen", "callback", "write", "use"]
Hook = Literal["method", "field", "native", "implementors", "none"]

ROLES: tuple[Role, ...] = ("read", "metadata", "listen", "callback", "write", "use")
FOLDER_NAME = "apis"
WORDS_FILE = "words.toml"


@dataclass(frozen=True, slots=True)
class Api:
    """One member. ``class_name`` as Java writes it (``a.b.C$D``), or ``native:<library>``."""

    class_name: str
    member: str
    data: tuple[str, ...] = ()
    kind: str = ""
    role: Role = "read"
    is_field: bool = False
    args: Mapping[int, str] = field(default_factory=dict)
    near: str = ""
    all_permissions: tuple[str, ...] = ()
    any_permissions: tuple[str, ...] = ()
    vendor: str = ""
    since: int | None = None
    until: int | None = None
    limit: str = ""
    runtime: str = ""
    hook: Hook = "method"
    hidden: bool = False
    hot: bool = False
    third_party: bool = False
    signatures: tuple[str, ...] = ()
    note: str = ""
    theme: str = ""

    @property
    def native(self) -> bool:
        """A symbol of a native library, not a member of a class."""
        return self.class_name.startswith("native:")

    @property
    def descriptor(self) -> str:
        """``Landroid/os/Build;``; empty for native symbols."""
        return "" if self.native else "L" + self.class_name.replace(".", "/") + ";"

    @property
    def id(self) -> str:
        """``android.os.Build.getSerial``: names the row, unique."""
        return f"{self.class_name}.{self.member}"

    @property
    def hook_class(self) -> str:
        """The class a runtime hook is set on."""
        return self.runtime or self.class_name

    @property
    def access(self) -> bool:
        """A match is an access of data by itself (given its arguments, where it has some)."""
        return self.role in ("read", "metadata", "listen")


@dataclass(frozen=True, slots=True)
class Word:
    """A string with a meaning: ``table`` and ``value`` name it, ``data`` is what it reaches."""

    table: str
    value: str
    data: str
    vendor: str = ""
    since: int | None = None
    note: str = ""


Match = Literal["exact", "prefix", "glob", "contains"]
MATCHES: tuple[Match, ...] = ("exact", "prefix", "glob", "contains")
_PART_END = re.compile("[/?#]")
_SHELL_BREAK = re.compile(r"[\s;|&/'\"]")


@dataclass(frozen=True, slots=True)
class WordTable:
    """A table of words and how a string is compared with them."""

    name: str
    match: Match
    telling: bool
    words: Mapping[str, Word]

    def find(self, text: str) -> Word | None:
        """The word that ``text`` matches, the longest where several do."""
        return _MATCHING[self.match](text.strip(), self.words)


def _equal(text: str, words: Mapping[str, Word]) -> Word | None:
    return words.get(text)


def _begun(text: str, words: Mapping[str, Word]) -> Word | None:
    """The word that ``text`` is or begins with, whole parts of an address only."""
    for end in (len(text), *(hit.start() for hit in reversed(list(_PART_END.finditer(text))))):
        word = words.get(text[: end + 1]) if text[end : end + 1] == "/" else None
        word = word or words.get(text[:end])
        if word:
            return word
    return None


def _shaped(text: str, words: Mapping[str, Word]) -> Word | None:
    hit = _shapes(tuple(words)).match(text)
    return words[list(words)[int(hit.lastgroup[1:])]] if hit and hit.lastgroup else None


def _inside(text: str, words: Mapping[str, Word]) -> Word | None:
    """The word that stands in ``text`` between the ends of a shell's words."""
    text = " ".join(text.split())
    cuts = [-1, *(hit.start() for hit in _SHELL_BREAK.finditer(text)), len(text)]
    reach = _most_breaks(tuple(words)) + 1
    longest = ""
    for k, before in enumerate(cuts):
        for end in cuts[k + 1 : k + 1 + reach]:
            if end - before - 1 > len(longest) and text[before + 1 : end] in words:
                longest = text[before + 1 : end]
    return words.get(longest)


_MATCHING: Mapping[Match, Callable[[str, Mapping[str, Word]], Word | None]] = {
    "exact": _equal,
    "prefix": _begun,
    "glob": _shaped,
    "contains": _inside,
}


@cache
def _most_breaks(words: tuple[str, ...]) -> int:
    return max((len(_SHELL_BREAK.findall(word)) for word in words), default=0)


@cache
def _shapes(words: tuple[str, ...]) -> re.Pattern[str]:
    """One alternation over all words, the longest first; group ``w<i>`` is the word at place i. ``*`` is
    a part of a path, behind the last word of a shape anything."""
    parts = []
    for i in sorted(range(len(words)), key=lambda i: -len(words[i])):
        star = r"[^\s]*" if words[i].endswith("*") else r"[^/\s]*"
        parts.append(f"(?P<w{i}>{star.join(map(re.escape, words[i].split('*')))}$)")
    return re.compile("|".join(parts))


def full_permission(name: str) -> str:
    """``CAMERA`` → ``android.permission.CAMERA``; names with a dot stay."""
    return name if "." in name else f"android.permission.{name}"


def _strings(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _api(class_name: str, member: str, row: Mapping[str, Any], theme: str) -> Api:
    native, is_field = class_name.startswith("native:"), bool(row.get("field"))
    return Api(
        class_name=class_name,
        member=member,
        data=_strings(row.get("data", [])),
        kind=row.get("kind", ""),
        role=row.get("role", "read"),
        is_field=is_field,
        args={int(k): v for k, v in row.get("args", {}).items()},
        near=row.get("near", ""),
        all_permissions=tuple(full_permission(p) for p in row.get("all", ())),
        any_permissions=tuple(full_permission(p) for p in row.get("any", ())),
        vendor=row.get("vendor", ""),
        since=row.get("since"),
        until=row.get("until"),
        limit=row.get("limit", ""),
        runtime=row.get("runtime", ""),
        hook=row.get("hook", "native" if native else "field" if is_field else "method"),
        hidden=row.get("hidden", False),
        hot=row.get("hot", False),
        third_party=row.get("third_party", False),
        signatures=tuple(row.get("sig", "").split()),
        note=row.get("note", ""),
        theme=theme,
    )


@cache
def catalogue_files() -> tuple[str, ...]:
    """The files of API rows, relative to the knowledge folder."""
    files = sorted(p.name for p in (FOLDER / FOLDER_NAME).glob("*.toml"))
    return tuple(f"{FOLDER_NAME}/{f}" for f in files if f != WORDS_FILE)


@cache
def catalogue() -> tuple[Api, ...]:
    """Every row, in the files' order."""
    return tuple(
        _api(class_name, member, row, name.split("/")[1].removesuffix(".toml"))
        for name in catalogue_files()
        for class_name, rows in toml(name).items()
        for member, row in rows.items()
    )


@cache
def by_id() -> Mapping[str, Api]:
    """Rows by `Api.id`."""
    return {api.id: api for api in catalogue()}


@cache
def word_tables() -> Mapping[str, WordTable]:
    """The tables of words that arguments are looked up in, by name."""
    data = toml(f"{FOLDER_NAME}/{WORDS_FILE}")
    tables = {}
    for name, about in data["tables"].items():
        words = {}
        for value, row in data[name].items():
            row = {"data": row} if isinstance(row, str) else row
            words[value] = Word(
                name, value, row["data"], row.get("vendor", ""), row.get("since"), row.get("note", "")
            )
        match: Match = about["match"]
        tables[name] = WordTable(name, match, bool(about.get("telling")), words)
    return tables


def find_word(table: str, text: str) -> Word | None:
    """Looks ``text`` up; None for a table that has no words of its own (``package``, ``class`` …)."""
    words = word_tables().get(table)
    return words.find(text) if words else None
