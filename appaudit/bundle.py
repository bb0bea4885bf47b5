"""The evidence: a folder of JSON lines with a manifest of hashes.

``bundle.json`` (schema, tool, knowledge, created, app, category, documents, coverage, conditions, examined,
files with their SHA-256), ``facts.jsonl``, ``gaps.jsonl``, ``findings.jsonl``, ``texts/NNN.txt`` (the
documents as read, UTF-8), and what a producer kept (``run/…``: record, views, screenshots). It can be
archived, compared again under newer rules and rendered again, without the app.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, get_args

from appaudit.errors import InputError
from appaudit.jsonform import canonical, from_json, to_json
from appaudit.records import SCHEMA_VERSION, App, Condition, Document, Fact, Finding, Gap, Source

R = TypeVar("R")

MANIFEST = "bundle.json"
_RECORDS = ("facts.jsonl", "gaps.jsonl", "findings.jsonl")
_COVERED = {"examined": bool, "what": list, "facts": int, "evidence": int, "not_examined": list}
"""What is told of a producer in ``coverage``, and its type in JSON."""


@dataclass(slots=True)
class Bundle:
    """One app's audit, whole. ``examined``: producers that ran. ``texts``: document name → text.

    ``coverage``: producer → what it examined and what it did not. ``conditions``: under which a run saw what
    it saw. ``created``: ISO 8601, UTC. ``category``: id of the kind of app that it was judged as, or empty.
    ``attached``: files that producers kept, name in the bundle (``run/run.jsonl``) → where it lies.
    """

    app: App | None = None
    documents: list[Document] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    coverage: dict[str, Any] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    examined: list[Source] = field(default_factory=list)
    tool: dict[str, str] = field(default_factory=dict)
    knowledge: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    category: str = ""
    attached: dict[str, Path] = field(default_factory=dict)


def below(folder: Path, prefix: str) -> dict[str, Path]:
    """Every file below ``folder``, as ``Bundle.attached`` names it: ``<prefix>/<path in the folder>``."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink())
    return {f"{prefix}/{p.relative_to(folder).as_posix()}": p for p in files}


def write(bundle: Bundle, folder: Path) -> None:
    """Write the bundle; the manifest comes last, so that a bundle with one is whole.

    Attached files that do not lie in ``folder`` yet are copied there. Raises OSError where the folder
    cannot be written or an attached file not read, ValueError for an attached name that is not in a folder of
    its own.
    """
    (folder / "texts").mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    manifest.unlink(missing_ok=True)
    files: dict[str, str] = {}

    def put(name: str, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        (folder / name).write_bytes(data)
        files[name] = hashlib.sha256(data).hexdigest()

    put("facts.jsonl", _lines(bundle.facts))
    put("gaps.jsonl", _lines(bundle.gaps))
    put("findings.jsonl", _lines(bundle.findings))
    # Numbered, never named after the document: its name comes from outside.
    for number, document in enumerate(bundle.documents):
        put(f"texts/{number:03}.txt", bundle.texts.get(document.name, ""))
    for name, source in bundle.attached.items():
        if not _own_folder(name):
            raise ValueError(f"{name!r} cannot be the name of an attached file")
        target = folder / name
        if source.resolve() != target.resolve():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        files[name] = _digest(target)
    head = {
        "schema": SCHEMA_VERSION,
        "tool": bundle.tool,
        "knowledge": bundle.knowledge,
        "created": bundle.created,
        "app": to_json(bundle.app),
        "category": bundle.category,
        "documents": to_json(bundle.documents),
        "coverage": bundle.coverage,
        "conditions": to_json(bundle.conditions),
        "examined": bundle.examined,
        "files": files,
    }
    manifest.write_text(json.dumps(head, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _own_folder(name: str) -> bool:
    """Whether a name stays in a folder of the bundle that is not the bundle's own ``texts``."""
    path = PurePosixPath(name)
    whole = str(path) == name and "\\" not in name and ":" not in name and "\0" not in name
    return (
        whole
        and len(path.parts) > 1
        and not path.is_absolute()
        and ".." not in path.parts
        and (path.parts[0] != "texts")
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(records: Iterable[Any]) -> str:
    return "".join(canonical(r) + "\n" for r in records)


def read(folder: Path) -> Bundle:
    """Read a bundle back. Raises InputError where it is not one, or a file is not what was hashed."""
    try:
        head = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} is not a bundle: {MANIFEST} cannot be read ({_why(error)})") from error
    if not isinstance(head, dict) or str(head.get("schema", "")).split(".")[0] != "1":
        raise InputError(f"{folder}: bundles of schema {_schema(head)!r} cannot be read by this version")
    try:
        return _bundle(folder, head)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{folder} is damaged: {_why(error)}") from error


def _schema(head: Any) -> Any:
    return head.get("schema") if isinstance(head, dict) else None


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _bundle(folder: Path, head: Mapping[str, Any]) -> Bundle:
    files: dict[str, str] = head["files"]

    def get(name: str) -> str:
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            raise InputError(f"{folder}: {name} cannot be read ({_why(error)})") from error
        if hashlib.sha256(data).hexdigest() != files[name]:
            raise InputError(f"{folder}: {name} has been changed since it was written")
        return data.decode("utf-8", "surrogatepass")

    def records(name: str, cls: type[R]) -> list[R]:
        return [from_json(cls, json.loads(line)) for line in get(f"{name}.jsonl").split("\n") if line]

    documents = [from_json(Document, d) for d in head["documents"]]
    own = {*_RECORDS, *(f"texts/{n:03}.txt" for n in range(len(documents)))}
    attached = {name: _attached(folder, name, files[name]) for name in files if name not in own}
    return Bundle(
        app=from_json(App, head["app"]) if head.get("app") else None,
        documents=documents,
        texts={d.name: get(f"texts/{n:03}.txt") for n, d in enumerate(documents)},
        facts=records("facts", Fact),
        gaps=records("gaps", Gap),
        findings=records("findings", Finding),
        coverage=_coverage(head["coverage"]),
        conditions=[from_json(Condition, c) for c in head.get("conditions", ())],
        examined=_examined(head["examined"]),
        tool=dict(head["tool"]),
        knowledge=_knowledge(head["knowledge"]),
        created=str(head["created"]),
        category=str(head.get("category", "")),
        attached=attached,
    )


def _examined(names: Iterable[Any]) -> list[Source]:
    """Raises ValueError where one is no source."""
    if unknown := [name for name in names if name not in get_args(Source)]:
        raise ValueError(f"{unknown[0]!r:.40} is no source")
    return list(names)


def _knowledge(value: Mapping[str, Any]) -> dict[str, Any]:
    """Raises TypeError or AttributeError where the files that a user brought are not told as they are."""
    for file in value.get("own", ()):
        if not all(type(file.get(key)) is str for key in ("kind", "name", "sha256")):
            raise TypeError("'own' of the knowledge holds more than kinds, names and digests")
    return dict(value)


def _coverage(value: Mapping[str, Any]) -> dict[str, Any]:
    """Raises TypeError or AttributeError where it is not what `Bundle.coverage` is."""
    for what in value.values():
        for key, held in what.items():
            if type(held) is not _COVERED.get(key):
                raise TypeError(f"'{key:.40}' of the coverage cannot be a {type(held).__name__}")
        if not all(type(name) is str for name in what.get("what", ())):
            raise TypeError("'what' of the coverage holds more than texts")
        if not all(type(text) is str for gap in what.get("not_examined", ()) for text in gap.values()):
            raise TypeError("'not_examined' of the coverage holds more than texts")
    return dict(value)


def _attached(folder: Path, name: str, digest: str) -> Path:
    path = folder / name
    if not _own_folder(name) or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{folder} is damaged: {name[:200]!r} is not a file of a bundle")
    if not path.is_file():  # neither absent nor a pipe, which would never end
        raise InputError(f"{folder}: {name} is missing")
    try:
        found = _digest(path)
    except OSError as error:
        raise InputError(f"{folder}: {name} cannot be read ({_why(error)})") from error
    if found != digest:
        raise InputError(f"{folder}: {name} has been changed since it was written")
    return path
