"""Records a user brings: a TOML file over ours, and other projects' formats turned into one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import rtoml

from appaudit.errors import InputError
from appaudit.knowledge.sdks.index import Index, use
from appaudit.knowledge.sdks.model import Sdk, parse, sdks

MAX_SIZE = 64 << 20
MAX_FILES = 20_000
_PACKAGE = re.compile(r"[A-Za-z_$][\w$-]*(\.[A-Za-z_$][\w$-]*)*\Z")
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


def read(path: Path) -> dict[str, Sdk]:
    """The records of a TOML file with ``[[sdk]]`` tables, by id. A record that has only some of the
    fields of one of ours changes those and keeps the rest. Raises InputError, naming the file."""
    try:
        if path.stat().st_size > MAX_SIZE:
            raise InputError(f"{path.name} is too large for SDK records.")
        data = rtoml.loads(path.read_text(encoding="utf-8"))
    except (rtoml.TomlParsingError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no TOML file that can be read: {error}.") from error
    rows = data.get("sdk", [])
    if not isinstance(rows, list):
        raise InputError(f"{path.name}: [[sdk]] must be an array of tables")
    known, given = sdks(), {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            ours = known.get(row["id"])
            given[row["id"]] = set(row)
            if ours is not None:
                row.setdefault("category", ours.category)
    found, _ = parse(data, path.name)
    return {i: replace(known[i], **_given(s, given[i])) if i in known else s for i, s in found.items()}


def _given(sdk: Sdk, names: set[str]) -> dict[str, Any]:
    return {f.name: getattr(sdk, f.name) for f in fields(Sdk) if f.name in names}


def lay_over(path: Path) -> Index:
    """From now on the records of a user's file add to ours or override them."""
    return use({**sdks(), **read(path)})


# -------------------------------------------------------------------------- other formats


def from_exodus(text: str) -> list[Sdk]:
    """The records in a trackers JSON of exodus (``{"trackers": {…}}``, or a list of trackers).

    Signatures there are regular expressions; those that are plain prefixes or domains are taken over,
    others left out. Raises InputError where the text is no such JSON.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"The trackers are no JSON that can be read: {error}.") from error
    trackers = data.get("trackers", data) if isinstance(data, dict) else data
    rows = list(trackers.values()) if isinstance(trackers, dict) else trackers
    if not isinstance(rows, list) or not all(isinstance(r, dict) and "name" in r for r in rows):
        raise InputError("The JSON does not hold exodus trackers.")
    return [_of_tracker(row) for row in rows]


def _of_tracker(row: dict[str, Any]) -> Sdk:
    categories = [c for c in row.get("categories") or [] if c in _EXODUS_CATEGORIES]
    packages = [p.strip(". ") for p in _plain(row.get("code_signature"))]
    website = str(row.get("website") or "")
    return Sdk(
        id=slug(str(row["name"])),
        category=_EXODUS_CATEGORIES[categories[0]] if categories else "other",
        en=str(row["name"]),
        homepage=website if website.startswith(("http://", "https://")) else "",
        packages=tuple(dict.fromkeys(p for p in packages if _PACKAGE.match(p) and "." in p)),
        hosts=tuple(
            dict.fromkeys(
                h.strip(".") for h in _plain(row.get("network_signature")) if _HOST.match(h.strip("."))
            )
        ),
    )


def _plain(signature: object) -> Iterator[str]:
    """The alternatives of a regular expression that are plain text."""
    for part in str(signature or "").split("|"):
        text = part.strip().removeprefix("^").removesuffix("$").replace("\\.", ".").replace("\\", "")
        if text and not re.search(r"[*+?()\[\]{}^]", text):
            yield text.lower() if _HOST.match(text.lower()) and "/" not in text and text.islower() else text


def from_libchecker(folder: Path) -> list[Sdk]:
    """The records in a folder of LibChecker rules: one JSON a library or component, in folders by kind.

    Rules with the same label are one SDK. Raises InputError where there is no such rule.
    """
    found: dict[str, dict[str, Any]] = {}
    for kind, field in _LIBCHECKER_FOLDERS.items():
        for path in _json_files(folder / kind):
            try:
                row = json.loads(path.read_text(encoding="utf-8"))
            except (ValueError, OSError):
                continue
            label = row.get("label") if isinstance(row, dict) else None
            if not isinstance(label, str) or not label.strip() or path.stat().st_size > MAX_SIZE:
                continue
            link = str(row.get("relativeUrl") or "")
            sdk = found.setdefault(
                label.strip(), {"link": link, "libs": [], "components": [], "packages": []}
            )
            sdk[field].append(path.stem)
    if not found:
        raise InputError(f"{folder.name} holds no LibChecker rules.")
    return [_of_rules(label, values) for label, values in found.items()]


def _json_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))[:MAX_FILES] if folder.is_dir() else []


def _of_rules(label: str, values: dict[str, Any]) -> Sdk:
    chinese = any("\u4e00" <= c <= "\u9fff" for c in label)
    return Sdk(
        id=slug(label),
        category="other",
        zh=label if chinese else "",
        en="" if chinese else label,
        homepage=values["link"] if values["link"].startswith(("http://", "https://")) else "",
        packages=tuple(values["packages"]),
        components=tuple(values["components"]),
        libs=tuple(name for name in values["libs"] if name.endswith(".so")),
    )


def slug(name: str) -> str:
    """An id made of a name: lower case letters, digits and hyphens; Chinese by code point."""
    text = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return text if len(text) > 1 else "x" + "".join(f"{ord(c):x}" for c in name[:8])


def to_toml(records: Iterable[Sdk]) -> str:
    """Records as a file that `read` reads; those without anything to find them by are left out."""
    rows = []
    for sdk in records:
        row = {f.name: getattr(sdk, f.name) for f in fields(Sdk) if getattr(sdk, f.name)}
        if row.keys() & {"packages", "components", "libs", "hosts", "meta_data", "assets"}:
            rows.append({k: list(v) if isinstance(v, tuple) else v for k, v in row.items()})
    return rtoml.dumps({"sdk": rows}, pretty=True)
