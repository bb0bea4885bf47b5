"""Apps whose code is not dex: scripts that are read as text, compiled code that becomes a Gap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from appaudit.apk import MemberError
from appaudit.knowledge import sdks
from appaudit.knowledge.load import toml
from appaudit.knowledge.patterns import Patterns
from appaudit.records import ClassDefinition, Evidence, Fact, FileEntry, Gap, StringConstant
from appaudit.static import scripts
from appaudit.static.attribution import APP
from appaudit.static.facts import Drafts, Key, observed
from appaudit.static.hosts import address
from appaudit.static.sample import Sample
from appaudit.static.scripts import Text

MAX_SCRIPT = 64 << 20
MAX_TOTAL = 128 << 20
MAX_EVIDENCE_FILES = 20
HEAD = 4096
"""Bytes at the begin and in the middle of a script that tell whether it is text."""
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_ADDRESS = re.compile(rb"(?:https?|wss?)://[\w.\-:\[\]]{3,200}(?:/[\w./\-]{0,100})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Framework:
    """One row of frameworks.toml."""

    id: str
    name: str
    libs: Patterns
    classes: tuple[str, ...]
    files: Patterns
    scripts: Patterns
    binaries: Patterns
    reason: str


@cache
def frameworks() -> tuple[Framework, ...]:
    """Every framework we know."""
    return tuple(
        Framework(
            row["id"],
            row["name"],
            _patterns(row.get("libs", [])),
            tuple(row.get("classes", ())),
            _patterns(row.get("files", [])),
            _patterns(row.get("scripts", [])),
            _patterns(row.get("binaries", [])),
            row.get("reason", ""),
        )
        for row in toml("frameworks.toml")["framework"]
    )


def _patterns(names: list[str]) -> Patterns:
    return Patterns({name: name for name in names})


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``uses setting:framework`` with the framework's name, what its scripts reach and contact, and a
    Gap for code that cannot be read."""
    facts: list[Fact] = []
    gaps: list[Gap] = []
    drafts = Drafts()
    budget = MAX_TOTAL
    paths = [(member.name, member.name.partition("!")[2]) for member in sample.app.members]
    for framework in frameworks():
        evidence = list(_evidence(sample, framework, paths))
        if not evidence:
            continue
        attributes = (("framework", framework.id), ("name", framework.name))
        facts.append(
            observed(APP, "uses", "setting:framework", evidence[:MAX_EVIDENCE_FILES], None, attributes)
        )
        for name, path in paths:
            if framework.scripts.find(path):
                try:
                    data = sample.app.read(name, min(MAX_SCRIPT, budget))
                except MemberError as error:
                    reason = f"The script was not examined: {error}."
                    gaps.append(Gap("static", "unreadable_script", name, reason))
                    continue
                budget -= len(data)
                _script(drafts, framework, name, scripts.read(data))
                if _is_scrambled(data):
                    reason = "The script is no text: it is encrypted or compiled and was not examined."
                    gaps.append(Gap("static", "unreadable_script", name, reason))
                if data.startswith(scripts.HERMES):
                    reason = (
                        "It is Hermes bytecode: only its strings were examined, not what the code does "
                        "with them. Scan a build without Hermes, or watch the app run."
                    )
                    gaps.append(Gap("static", "hermes_bytecode", name, reason))
        unread = [name for name, path in paths if framework.binaries.find(path)]
        if unread:
            reason = f"{framework.name}: {framework.reason}"
            gaps.append(Gap("static", "framework_code", sorted(unread)[0], reason))
        elif framework.reason and _lacks_code(framework, [path for _, path in paths]):
            reason = (
                f"{framework.name}: its code is not there and was not examined; add the split that holds it."
            )
            gaps.append(Gap("static", "framework_code", sample.app.app.file, reason))
    return facts + drafts.facts(), gaps


def _lacks_code(framework: Framework, paths: list[str]) -> bool:
    """Whether an app has a framework's files, but none that could hold code."""
    return any(map(framework.files.find, paths)) and not any(map(framework.scripts.find, paths))


def _evidence(sample: Sample, framework: Framework, paths: list[tuple[str, str]]) -> Iterator[Evidence]:
    for dex in sample.dexes:
        for prefix, (count, example) in dex.count_prefixes(framework.classes).items():
            yield ClassDefinition(dex.member, prefix, example, count)
    for name, path in paths:
        library = path.endswith(".so") and framework.libs.find(path.rpartition("/")[2])
        if library or framework.files.find(path):
            yield FileEntry(name)


def _is_scrambled(data: bytes) -> bool:
    """Whether neither begin nor middle of a file is text, and it is not compiled in a known way."""
    if data.startswith((scripts.HERMES, scripts.IL2CPP, scripts.ASSEMBLY)):
        return False
    middle = len(data) // 2
    parts = data[:HEAD], data[middle : middle + HEAD]
    return all(part and 20 * len(_CONTROL.findall(part)) > len(part) for part in parts)


def _script(drafts: Drafts, framework: Framework, member: str, text: Text) -> None:
    data = text.data
    for word, data_id in toml("frameworks.toml")["script"].items():
        at = data.find(word.encode())
        if at >= 0:
            attributes = (("api", f"script:{framework.id}"), ("basis", "script"))
            key = Key(APP, "accesses", f"data:{data_id}", attributes)
            drafts.add(key, StringConstant(member, word, text.offset(at)), words=word.strip('"'))
    for match in _ADDRESS.finditer(data):
        url = match[0].decode("ascii", "replace")
        found = address(url)
        if found is not None:
            attributes = (("basis", "script"), ("sdk", sdks.sdk_of_host(found.host) or ""))
            key = Key(APP, "contacts", f"host:{found.host}", tuple(a for a in attributes if a[1]))
            cleartext = "yes" if found.cleartext else ""
            drafts.add(key, StringConstant(member, url, text.offset(match.start())), cleartext=cleartext)
