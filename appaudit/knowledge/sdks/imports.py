"""Other projects' lists of SDKs, turned into records: what a user has of them, at the user's hand."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import fields, replace
from heapq import nsmallest
from pathlib import Path
from typing import Any

import rtoml

from appaudit.errors import InputError
from appaudit.knowledge.sdks.model import Sdk
from appaudit.knowledge.sdks.own import MAX_SIZE

MAX_FILES = 20_000
MAX_RULES = 200_000
MAX_STEPS = 50_000_000
"""Instructions of SQLite that reading a table of rules may take."""
MAX_NAME = 300
TOO_MANY = "beyond what is read of one list"
SQLITE = b"SQLite format 3\0"
_PACKAGE = re.compile(r"[A-Za-z_$][\w$-]*(\.[A-Za-z_$][\w$-]*)*\Z")
_LIBRARY = re.compile(r"[^/\s]+\.so\Z")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+\Z")
_EXODUS_CATEGORIES = {
    "Advertisement": "advertising",
    "Analytics": "analytics",
    "Crash reporting": "crash",
    "Identification": "device_id",
    "Location": "map_location",
    "Profiling": "tag_manager",
}
_LIBCHECKER_FOLDERS = {
    "native-libs": "libs",
    "activities-libs": "components",
    "services-libs": "components",
    "receivers-libs": "components",
    "providers-libs": "components",
    "static-libs": "packages",
}
_LIBCHECKER_TYPES = ("libs", "components", "components", "components", "components", "packages")
"""What a rule's number of its type stands for: library, service, activity, receiver, provider, package."""


def from_exodus(text: str) -> list[Sdk]:
    """The records in a trackers JSON of exodus (``{"trackers": {…}}``, or a list of trackers).

    Signatures there are regular expressions; those that are plain prefixes or domains are taken over,
    others left out. Raises InputError where the text is no such JSON.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The trackers are no JSON that can be read: {error}.") from error
    trackers = data.get("trackers", data) if isinstance(data, dict) else data
    rows = list(trackers.values()) if isinstance(trackers, dict) else trackers
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) and "name" in r for r in rows):
        raise InputError("The JSON does not hold exodus trackers.")
    return _distinct(_of_tracker(row) for row in rows)


def _of_tracker(row: dict[str, Any]) -> Sdk:
    given = row.get("categories")
    categories = [c for c in given if isinstance(c, str)] if isinstance(given, list) else []
    category = next((_EXODUS_CATEGORIES[c] for c in categories if c in _EXODUS_CATEGORIES), "other")
    packages = [p.strip(". ") for p in _plain(row.get("code_signature"))]
    name = str(row["name"])[:MAX_NAME].strip() or "unnamed"
    return Sdk(
        id=slug(name),
        category=category,
        en=name,
        homepage=_link(row.get("website")),
        packages=tuple(dict.fromkeys(p for p in packages if _PACKAGE.match(p) and "." in p)),
        hosts=tuple(
            dict.fromkeys(
                h.strip(".") for h in _plain(row.get("network_signature")) if _HOST.match(h.strip("."))
            )
        ),
    )


def _link(value: object) -> str:
    text = str(value or "")
    return text if re.fullmatch(r"https?://\S{1,500}", text) else ""


def _plain(signature: object) -> Iterator[str]:
    """The alternatives of a regular expression that are plain text."""
    for part in _alternatives(str(signature or "")):
        text = part.strip().removeprefix("^").removesuffix("$").replace("\\.", ".").replace("\\", "")
        if text and len(text) <= MAX_NAME and not re.search(r"[*+?()\[\]{}^]", text):
            yield text.lower() if _HOST.match(text.lower()) and "/" not in text and text.islower() else text


def _alternatives(expression: str) -> Iterator[str]:
    """What stands between the bars of a regular expression that are in no group and no class: a bar inside
    parts a piece of a name only."""
    depth, part = 0, ""
    for piece in re.findall(r"\\.|[^\\]|\\", expression, re.DOTALL):
        if piece == "|" and not depth:
            yield part
            part = ""
            continue
        depth = max(0, depth + (piece in ("(", "[")) - (piece in (")", "]")))
        part += piece
    yield part


def from_libchecker(path: Path, left_out: Counter[str] | None = None) -> list[Sdk]:
    """The records in LibChecker rules: a folder with one JSON a rule in folders by kind (and by package, as
    newer rules are), or its database.

    Rules with the same label are one SDK. Of regular expressions those of libraries are taken over whose
    only freedom is any text. ``left_out`` counts the other rules by why they are none. Raises InputError
    where there is no such rule.
    """
    left_out = Counter() if left_out is None else left_out
    found: dict[str, dict[str, Any]] = {}
    rules = _folder_rules(path, left_out) if path.is_dir() else _database_rules(path, left_out)
    for field, label, name, link in rules:
        form = _LIBRARY if field == "libs" else _PACKAGE
        if not label:
            left_out["without a label"] += 1
        elif len(name) > MAX_NAME or not form.match(name):
            left_out["not named as a library, class or package"] += 1
        else:
            values = found.setdefault(label, {"link": link})
            values.setdefault(field, {})[name] = None
    if not found:
        told = f" that can be taken over; {left_out_of(left_out)}" if left_out else ""
        raise InputError(f"{path.name} holds no LibChecker rules{told}.")
    return _distinct(_of_rules(label, values) for label, values in found.items())


def left_out_of(counts: Counter[str]) -> str:
    """How many rules were left out, and why: ``3 rules left out: 2 unreadable, 1 without a label``."""
    whys = ", ".join(f"{count} {why}" for why, count in counts.most_common())
    return f"{counts.total()} {'rule' if counts.total() == 1 else 'rules'} left out: {whys}"


Rule = tuple[str, str, str, str]
"""Field of a record, label, name, link."""


def _folder_rules(folder: Path, left_out: Counter[str]) -> Iterator[Rule]:
    for kind, field in _LIBCHECKER_FOLDERS.items():
        for path in _json_files(folder / kind, left_out):
            try:
                if path.stat().st_size > MAX_SIZE:
                    left_out["too large"] += 1
                    continue
                row = json.loads(path.read_text(encoding="utf-8"))
            except (ValueError, OSError, RecursionError):
                left_out["unreadable"] += 1
                continue
            parts = path.relative_to(folder / kind).with_suffix("").parts
            name = parts[-1] if field == "libs" else ".".join(parts)
            words = _worded(row)
            if words is None:
                left_out["without a label"] += 1
            else:
                link = words.get("source_link", words.get("relativeUrl"))
                yield field, words["label"].strip()[:MAX_NAME], name, _link(link)


def _worded(row: object) -> dict[str, Any] | None:
    """What a rule says of itself: in one language, or under ``data`` in several, of which Chinese counts
    first."""
    rows = row.get("data") if isinstance(row, dict) else None
    told = [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []
    told.sort(key=lambda r: not str(r.get("locale")).startswith("zh"))
    every = [r.get("data") for r in told] if told else [row]
    labelled = (w for w in every if isinstance(w, dict) and isinstance(w.get("label"), str))
    return next(labelled, None)


def _json_files(folder: Path, left_out: Counter[str]) -> list[Path]:
    """The first by name, whatever order the disk has them in."""
    seen = 0

    def counted() -> Iterator[Path]:
        nonlocal seen
        for path in folder.rglob("*.json"):
            seen += 1
            yield path

    first = nsmallest(MAX_FILES, counted()) if folder.is_dir() else []
    if seen > len(first):
        left_out[TOO_MANY] += seen - len(first)
    return first


def _database_rules(path: Path, left_out: Counter[str]) -> Iterator[Rule]:
    """The table ``rules_table`` of a ``rules.db``, opened for reading only and for a bounded time."""
    try:
        if path.stat().st_size > MAX_SIZE:
            raise InputError(f"{path.name} is too large for a database of rules.")
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            steps = iter(range(MAX_STEPS // 1_000_000))
            database.set_progress_handler(lambda: next(steps, -1) < 0, 1_000_000)
            kind = database.execute("SELECT type FROM sqlite_master WHERE name = 'rules_table'").fetchone()
            if kind != ("table",):
                raise InputError(f"{path.name} holds no table of LibChecker rules.")
            rows = database.execute(
                "SELECT type, label, name, isRegexRule FROM rules_table LIMIT ?", (MAX_RULES,)
            ).fetchall()
            (number,) = database.execute("SELECT count(*) FROM rules_table").fetchone()
    except (sqlite3.Error, sqlite3.Warning, OSError, OverflowError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no SQLite database that can be read: {error}.") from error
    if number > len(rows):
        left_out[TOO_MANY] += number - len(rows)
    for kind, label, name, regular in rows:
        if not (isinstance(kind, int) and 0 <= kind < len(_LIBCHECKER_TYPES)):
            left_out["of another kind"] += 1
            continue
        field = _LIBCHECKER_TYPES[kind]
        text = _loose(str(name)) if regular and field == "libs" else "" if regular else str(name)
        if regular and not text:
            left_out["by a regular expression"] += 1
            continue
        yield field, str(label).strip()[:MAX_NAME], text, ""


def _loose(expression: str) -> str:
    """A regular expression as a name with ``*``; empty where it says more than that."""
    text = expression.replace("(.*)", "*").replace("\\.", "\0")
    return "" if re.search(r"[\\+?()\[\]{}^$|.]", text) else text.replace("\0", ".")


def _of_rules(label: str, values: dict[str, Any]) -> Sdk:
    chinese = any("\u4e00" <= c <= "\u9fff" for c in label)
    return Sdk(
        id=slug(label),
        category="other",
        zh=label if chinese else "",
        en="" if chinese else label,
        homepage=values["link"],
        packages=tuple(values.get("packages", ())),
        components=tuple(values.get("components", ())),
        libs=tuple(values.get("libs", ())),
    )


def slug(name: str) -> str:
    """An id made of a name: lower case letters, digits and hyphens; else its code points."""
    text = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return text if len(text) > 1 and text != "sdk" else "x" + "".join(f"{ord(c):x}" for c in name[:8])


def _distinct(records: Iterable[Sdk]) -> list[Sdk]:
    """The records, those whose names make the same id told apart by a number."""
    found: dict[str, Sdk] = {}
    for sdk in records:
        number, name = 1, sdk.id
        while name in found:
            number += 1
            name = f"{sdk.id}-{number}"
        found[name] = replace(sdk, id=name)
    return list(found.values())


def to_toml(records: Iterable[Sdk]) -> str:
    """Records as a file that `own.read` reads; those without anything to find them by are left out."""
    rows = []
    for sdk in records:
        row = {f.name: getattr(sdk, f.name) for f in fields(Sdk) if getattr(sdk, f.name)}
        if sdk.findable:
            rows.append({k: list(v) if isinstance(v, tuple) else v for k, v in row.items()})
    return rtoml.dumps({"sdk": rows}, pretty=True)
