"""Opens an app's file: container, manifest, signatures, and every dex that can be found in it."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appaudit.apk import axml, container
from appaudit.apk.arsc import Resources
from appaudit.apk.container import MANIFEST, Container, Part
from appaudit.apk.declarations import read_manifest
from appaudit.apk.manifest import Manifest
from appaudit.apk.signatures import signatures
from appaudit.apk.xml import Element, Value
from appaudit.apk.zip import LOCAL, MAX_MEMBER, MAX_TRICKS, Archive, Entry, MemberError, NotAZipError, Trick
from appaudit.errors import InputError
from appaudit.records import App, Fact, FileEntry, Gap, Signature

MAX_MANIFEST = 64 << 20
MAX_NESTED = 128 << 20
"""Bytes an archive inside the app may inflate to for its dex files to be looked for."""
MAX_NESTED_TOTAL = 512 << 20
MAX_DEX = 256 << 20
MAX_DEX_TOTAL = 2 << 30
"""Bytes of one dex and of all: a hundred times what the largest apps carry, little for a bomb."""
MAX_DEPTH = 2
"""Archives inside archives that are opened."""

_PLATFORM_DEX = re.compile(r"classes([2-9]|[1-9]\d+)?\.dex")
_MODULE_DEX = re.compile(r"[^/]+/dex/classes([2-9]|[1-9]\d+)?\.dex")
_DEX = re.compile(rb"dex\n\d{3}\0")
_OTHER_DEX = (b"dey\n", b"cdex", b"vdex")
"""Dex files as the platform rewrites them on a device; no app needs to carry one."""
_MIN_DEX = 0x70


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside the app. ``name`` is the file's and its path (``shop.apk!res/raw/a.bin``)."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class _Dex:
    """Where a dex stands. ``data`` holds it where it is not a member (a prefix, a nested archive's)."""

    name: str
    archive: Archive | None
    entry: Entry | None
    data: memoryview | None = None


class AppFile:
    """An opened app. Made by `open_app`.

    ``manifest``: typed (`appaudit.apk.manifest`); an empty one for a jar or dex.
    ``facts``: tricks, signatures, what the container shows. ``gaps``: what could not be read.
    ``members``: every file inside, by `Member`. ``dex_members``: names of all dex files, in the order
    the platform loads them, those it does not load by itself last.
    """

    def __init__(self, path: Path) -> None:
        self._tricks: dict[str, list[tuple[str, Trick]]] = {}
        self._counts: dict[str, int] = {}
        self._digests: dict[str, tuple[int, str]] = {}
        self._nested_room = MAX_NESTED_TOTAL
        self.facts: list[Fact] = []
        self.gaps: list[Gap] = []
        self._container: Container = container.open_container(path, self._note)
        self._resources: dict[str, Resources | None] = {}
        self._members = {
            f"{part.file}!{entry.name}": (part.archive, entry)
            for part in self._container.parts
            for entry in part.archive
        }
        self.members = tuple(Member(name, entry.size) for name, (_, entry) in self._members.items())
        self.manifest: Manifest = self._read_manifests()
        self._signers = self._read_signatures()
        self._dexes = {dex.name: dex for dex in self._find_dexes()}
        self.dex_members = tuple(self._dexes)
        self._check_code()
        self._app = self._describe(path)

    # --------------------------------------------------------------------------- public

    @property
    def app(self) -> App:
        """The app as records describe it; ``members`` grows as dex files are read."""
        members = tuple((name, size, digest) for name, (size, digest) in self._digests.items())
        return dataclasses.replace(self._app, members=members)

    def dexes(self) -> Iterator[tuple[str, bytes]]:
        """(member, bytes) of every dex. One that cannot be read becomes a Gap."""
        total = 0
        for name in self.dex_members:
            try:
                if total > MAX_DEX_TOTAL:
                    raise MemberError(f"more than {MAX_DEX_TOTAL} bytes of dex were read before it")
                data = self.read(name, MAX_DEX)
                total += len(data)
                yield name, data
            except MemberError as error:
                reason = f"The dex file cannot be read: {error}."
                self.gaps.append(Gap("static", "unreadable_dex", name, reason))
        self._flush_tricks()

    def read(self, member: str, limit: int = MAX_MEMBER) -> bytes:
        """A member's bytes, inflated. Raises `MemberError` where it cannot be read, is not there, or
        is more than ``limit`` bytes."""
        dex = self._dexes.get(member)
        if dex is not None and dex.data is not None:
            data = bytes(dex.data)
        elif dex is not None and dex.archive is not None and dex.entry is not None:
            data = dex.archive.read(dex.entry, limit)
        elif member in self._members:
            archive, entry = self._members[member]
            data = archive.read(entry, limit)
        else:
            raise MemberError("there is no such member")
        if dex is not None and member not in self._digests:
            self._digests[member] = (len(data), hashlib.sha256(data).hexdigest())
        return data

    def peek(self, member: str, length: int = 16) -> bytes:
        """A member's first bytes without inflating the rest; empty where it cannot be read."""
        found = self._members.get(member)
        return found[0].peek(found[1], length) if found else b""

    def resource_strings(self) -> Iterator[tuple[str, str]]:
        """(member, string) of the resource tables' pools: texts, file paths, addresses."""
        for part in self._container.parts:
            resources = self._table(part)
            if resources is not None:
                for text in resources.strings():
                    yield f"{part.file}!resources.arsc", text

    # ------------------------------------------------------------------------- manifest

    def _read_manifests(self) -> Manifest:
        kind = self._container.kind
        if kind in ("dex", "jar"):
            return Manifest(package="")
        found: list[Manifest] = []
        for part in self._container.parts:
            manifest = self._read_manifest(part)
            if manifest is not None:
                found.append(manifest)
        base = next((m for m in found if not m.split), None)
        if base is None:
            if found:
                reason = "Only splits are there; the base APK with the app's own manifest is missing."
                self.gaps.append(Gap("static", "missing_base", self._container.file, reason))
                base = found[0]
            else:
                raise InputError(f"{self._container.file} holds no manifest that can be read.")
        return _merge(base, [m for m in found if m is not base])

    def _read_manifest(self, part: Part) -> Manifest | None:
        file = f"{part.file}!{MANIFEST}"
        entry = part.archive.entries.get(MANIFEST)
        if entry is None:
            reason = "It holds no AndroidManifest.xml."
            self.gaps.append(Gap("static", "missing_manifest", part.file, reason))
            return None
        try:
            data = part.archive.read(entry, MAX_MANIFEST)
            root = axml.read(data, lambda i, d: self._note(part.file, Trick(i, MANIFEST, d, "reads")))
        except (MemberError, axml.XmlError) as error:
            self.gaps.append(Gap("static", "unreadable_manifest", file, f"It cannot be read: {error}."))
            return None
        return read_manifest(root, lambda v: self._resolve(part, v), lambda p: self._open_xml(part, p))

    def _table(self, part: Part) -> Resources | None:
        if part.file not in self._resources:
            entry = part.archive.entries.get("resources.arsc")
            resources = None
            if entry is not None:
                try:
                    data = part.archive.read(entry)
                    resources = Resources(
                        data, lambda i, d: self._note(part.file, Trick(i, "resources.arsc", d, "unknown"))
                    )
                except MemberError as error:
                    scope = f"{part.file}!resources.arsc"
                    reason = f"The resource table cannot be read: {error}."
                    self.gaps.append(Gap("static", "unreadable_resources", scope, reason))
            self._resources[part.file] = resources
        return self._resources[part.file]

    def _resolve(self, part: Part, value: Value) -> Value:
        if not value.is_reference:
            return value
        resources = self._table(part)
        return value if resources is None else resources.resolve(value)

    def _open_xml(self, part: Part, path: str) -> Element | None:
        entry = part.archive.entries.get(path)
        file = f"{part.file}!{path}"
        try:
            if entry is None:
                raise MemberError("there is no such member")
            data = part.archive.read(entry, MAX_MANIFEST)
            return axml.read(data, lambda i, d: self._note(part.file, Trick(i, path, d, "reads")))
        except (MemberError, axml.XmlError) as error:
            self.gaps.append(Gap("static", "unreadable_xml", file, f"It cannot be read: {error}."))
            return None

    # ----------------------------------------------------------------------- signatures

    def _read_signatures(self) -> tuple[Signature, ...]:
        signers: list[Signature] = []
        if self._container.kind in ("apk", "split_apks"):
            for part in self._container.parts:
                found, tricks = signatures(part.archive, part.file)
                signers += found
                for trick in tricks:
                    self._note(part.file, trick)
        if signers:
            schemes = sorted({s.scheme for s in signers})
            attributes = (("schemes", " ".join(schemes)), ("verified", "not checked"))
            self.facts.append(_fact("setting:signature", tuple(signers), len(signers), attributes))
        seen: set[tuple[str, str]] = set()
        distinct = []
        for signer in signers:
            if (signer.scheme, signer.certificate_sha256) not in seen:
                seen.add((signer.scheme, signer.certificate_sha256))
                distinct.append(signer)
        return tuple(distinct)

    # ---------------------------------------------------------------------------- dexes

    def _find_dexes(self) -> list[_Dex]:
        if self._container.kind == "dex":
            name = self._container.file
            return [_Dex(name, None, None, self._container.data[name])]
        loaded: list[_Dex] = []
        extra: list[_Dex] = []
        for part in self._container.parts:
            own, other = self._dexes_of(part.archive, part.file, 0)
            loaded += own
            extra += other
            prefix = part.archive.data
            if bytes(prefix[:4]) == container.DEX_MAGIC:
                extra.append(_Dex(f"{part.file}!(prefix)", None, None, prefix))
        return loaded + extra

    def _dexes_of(self, archive: Archive, file: str, depth: int) -> tuple[list[_Dex], list[_Dex]]:
        """The dex files the platform loads from an archive, in its order, and all others in it."""
        pattern = _MODULE_DEX if self._container.kind == "aab" and not depth else _PLATFORM_DEX
        platform = [e for e in archive if pattern.fullmatch(e.name)]
        platform.sort(key=lambda e: (e.name.rpartition("/")[0] != "base/dex", len(e.name), e.name))
        loaded = [_Dex(f"{file}!{e.name}", archive, e) for e in platform]
        own = {e.name for e in platform}
        extra: list[_Dex] = []
        for entry in [*archive, *archive.duplicates]:
            duplicate = entry.name in archive.entries and archive.entries[entry.name] is not entry
            if (entry.name in own and not duplicate) or entry.size < _MIN_DEX:
                continue
            head = archive.peek(entry, 8)
            if _DEX.match(head):
                name = f"{file}!{entry.name}" + ("#2" if duplicate else "")
                extra.append(_Dex(name, archive, entry))
                if depth == 0 and not duplicate:
                    self._note(file, Trick("dex_unusual_place", entry.name, "a dex file", "reads"))
            elif head[:4] in _OTHER_DEX:
                reason = "It is a dex in a form that only devices write and was not examined."
                self.gaps.append(Gap("static", "unreadable_dex", f"{file}!{entry.name}", reason))
            elif head[:4] == LOCAL:
                extra += self._nested(archive, entry, file, depth)
        return loaded, extra

    def _nested(self, archive: Archive, entry: Entry, file: str, depth: int) -> list[_Dex]:
        name = f"{file}!{entry.name}"
        if depth >= MAX_DEPTH:
            reason = "It is an archive more than two archives deep and was not opened."
            self.gaps.append(Gap("static", "nested_archive", name, reason))
            return []
        try:
            data = archive.read(entry, min(MAX_NESTED, self._nested_room))
            self._nested_room -= len(data)
            inner = Archive(data, lambda trick: self._note(name, trick))
        except MemberError as error:
            reason = f"It is an archive inside the app that cannot be read: {error}."
            self.gaps.append(Gap("static", "nested_archive", name, reason))
            return []
        except NotAZipError:
            return []
        own, other = self._dexes_of(inner, name, depth + 1)
        if own or other:
            self._note(
                file, Trick("dex_in_archive", entry.name, f"{len(own) + len(other)} dex files", "reads")
            )
        return own + other

    def _check_code(self) -> None:
        if self.dex_members:
            return
        file, kind = self._container.file, self._container.kind
        classes = sum(member.name.endswith((".class", "!classes.jar")) for member in self.members)
        if kind in ("jar", "aar") and classes:
            reason = "Its code is Java bytecode, which was not examined; convert it with d8 and scan the dex."
            self.gaps.append(Gap("static", "java_bytecode", file, reason))
        elif kind in ("jar", "dex"):
            raise InputError(f"{file} holds no code.")
        elif self.manifest.application.has_code and not self.manifest.split and kind == "apk":
            raise InputError(f"{file} holds no dex file although its manifest says it has code.")
        else:
            reason = "It holds no code: there was no dex file to examine."
            self.gaps.append(Gap("static", "no_code", file, reason))

    # -------------------------------------------------------------------- facts and App

    def _note(self, file: str, trick: Trick) -> None:
        self._counts[trick.id] = self._counts.get(trick.id, 0) + 1
        kept = self._tricks.setdefault(trick.id, [])
        if len(kept) < MAX_TRICKS and (file, trick) not in kept:
            kept.append((file, trick))

    def _flush_tricks(self) -> None:
        """Turns the tricks seen so far into facts, one a kind."""
        self.facts = [f for f in self.facts if not f.subject.startswith("trick:")]
        for name, kept in sorted(self._tricks.items()):
            evidence = tuple(
                FileEntry(f"{file}!{trick.member}" if trick.member else file, trick.detail)
                for file, trick in kept
            )
            attributes = (("android", kept[0][1].android),)
            self.facts.append(_fact(f"trick:{name}", evidence, self._counts[name], attributes))

    def _describe(self, path: Path) -> App:
        self._flush_tricks()
        manifest, files = self.manifest, self._container
        main = next(iter(files.data.values()))
        if len(files.data) > 1:
            base = next((p for p in files.parts if p.file == "base.apk"), files.parts[0])
            main = files.data[base.file]
        known = files.kind not in ("jar", "dex")
        return App(
            file=files.file,
            container=files.kind,
            size=sum(len(view) for view in files.data.values()),
            md5=hashlib.md5(main, usedforsecurity=False).hexdigest(),
            sha256=hashlib.sha256(main).hexdigest(),
            package=manifest.package,
            label=manifest.application.label,
            version_name=manifest.version_name,
            version_code=str(manifest.version_code) if known else "",
            min_sdk=manifest.min_sdk if known else None,
            target_sdk=manifest.target_sdk if known else None,
            max_sdk=manifest.max_sdk,
            signers=self._signers,
        )


def open_app(path: Path) -> AppFile:
    """Opens an APK, a folder of split APKs, .apks, .xapk, .apkm, AAB, AAR, jar or dex.

    Raises `InputError` with one sentence where there is no app to read.
    """
    return AppFile(Path(path))


def _merge(base: Manifest, splits: list[Manifest]) -> Manifest:
    """The base's manifest with what the splits add to it."""
    permissions = {(p.name, p.element): p for m in (base, *splits) for p in reversed(m.permissions)}
    permissions |= {(p.name, p.element): p for p in base.permissions}
    ordered = [*base.permissions, *(p for k, p in permissions.items() if p not in base.permissions)]
    return dataclasses.replace(
        base,
        permissions=tuple(ordered),
        components=base.components + tuple(c for m in splits for c in m.components),
        features=base.features + tuple(f for m in splits for f in m.features),
    )


def _fact(
    subject: str,
    evidence: tuple[FileEntry | Signature, ...],
    count: int,
    attributes: tuple[tuple[str, str], ...],
) -> Fact:
    return Fact(
        "static", "observed", "app", "shows", subject, count=count, evidence=evidence, attributes=attributes
    )
