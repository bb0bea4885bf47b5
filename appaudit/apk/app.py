"""Opens an app's file: container, manifest, signatures, and every dex that can be found in it."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from appaudit.apk import container
from appaudit.apk.declarations import implied_permissions
from appaudit.apk.dexes import DexFile
from appaudit.apk.dexes import find as find_dexes
from appaudit.apk.manifest import Manifest
from appaudit.apk.module import Module
from appaudit.apk.signatures import add_side_signature, signatures
from appaudit.apk.xml import REFERENCE, Element, Value
from appaudit.apk.zip import MAX_MEMBER, MAX_TRICKS, MemberError, Trick
from appaudit.errors import InputError
from appaudit.records import App, Fact, FileEntry, Gap, Signature

MAX_DEX = 256 << 20
MAX_DEX_TOTAL = 2 << 30
"""Bytes of one dex and of all: a hundred times what the largest apps carry, little for a bomb."""

T = TypeVar("T", bound=Sized)

_DAMAGED = "incomplete_archive", "The archive's directory is damaged ({}); files may not have been seen."
_INCOMPLETE = {
    "zip_bad_end_record": _DAMAGED,
    "zip_directory_truncated": _DAMAGED,
    "axml_string_overlap": ("unreadable_resources", "Strings overlap: {}."),
}
"""Tricks that leave something unread: the Gap's code and reason."""
_AAR_LIBRARY = re.compile(r"libs/[^/]+\.jar")


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside the app. ``name`` is the file's and its path (``shop.apk!res/raw/a.bin``);
    ``size`` is what the archive says it inflates to."""

    name: str
    size: int


class AppFile:
    """An opened app. Made by `open_app`.

    ``manifest``: typed (`appaudit.apk.manifest`); an empty one for a jar or dex.
    ``facts``: tricks, signatures, what the container shows. ``gaps``: what could not be read. Both
    grow while members are read. ``members``: every file inside. ``dex_members``: names of all dex
    files, in the order the platform loads them, those it does not load by itself last.
    """

    def __init__(self, path: Path) -> None:
        self._tricks: dict[str, list[tuple[str, Trick]]] = {}
        self._counts: dict[str, int] = {}
        self._digests: dict[str, tuple[int, str]] = {}
        self._facts: list[Fact] = []
        self.gaps: list[Gap] = []
        self._container = container.open_container(path, self._note)
        self._members = {
            f"{part.file}!{entry.name}": (part.archive, entry)
            for part in self._container.parts
            for entry in part.archive
        }
        for scope, reason in self._container.unreadable:
            self._miss("unreadable_apk", scope, reason)
        outer = self._container.outer
        if outer is not None:
            self._members |= {f"{self._container.file}!{entry.name}": (outer, entry) for entry in outer}
            if skipped := self._container.skipped:
                evidence = tuple(FileEntry(f"{self._container.file}!{name}") for name in skipped)
                self._facts.append(_shows("setting:other_variants", evidence, len(skipped), ()))
        self.members = tuple(Member(name, entry.size) for name, (_, entry) in self._members.items())
        self._modules = self._find_modules()
        self.manifest: Manifest = self._read_manifest()
        self._signers = self._read_signatures()
        self._dexes = {dex.name: dex for dex in find_dexes(self._container, self._note, self._miss)}
        if not self._dexes and self._container.kind in ("jar", "aar"):
            self._dexes = {dex.name: dex for dex in self._converted()}
        self.dex_members = tuple(self._dexes)
        self._check_code()
        self._app = self._describe()

    # --------------------------------------------------------------------------- public

    @property
    def app(self) -> App:
        """The app as records describe it; ``members`` grows as dex files are read."""
        members = tuple((name, size, digest) for name, (size, digest) in self._digests.items())
        return dataclasses.replace(self._app, members=members)

    @property
    def facts(self) -> list[Fact]:
        """What the container shows: signatures, and one fact for each kind of trick seen so far."""
        facts = list(self._facts)
        for name, kept in sorted(self._tricks.items()):
            evidence = tuple(FileEntry(_scope(file, trick), trick.detail) for file, trick in kept)
            android = "refuses" if any(t.android == "refuses" for _, t in kept) else kept[0][1].android
            facts.append(_shows(f"trick:{name}", evidence, self._counts[name], (("android", android),)))
        return facts

    def dexes(self) -> Iterator[tuple[str, bytes]]:
        """(member, bytes) of every dex. One that cannot be read becomes a Gap."""
        yield from self.kept_dexes(b"".join)

    def kept_dexes(self, keep: Callable[[Iterator[bytes | memoryview]], T]) -> Iterator[tuple[str, T]]:
        """`dexes`, each as ``keep`` keeps it, which is given its bytes some at a time."""
        total = 0
        for name in self.dex_members:
            try:
                if total > MAX_DEX_TOTAL:
                    raise MemberError(f"more than {MAX_DEX_TOTAL} bytes of dex were read before it")
                data = keep(self._pieces(self._dexes[name], MAX_DEX))
            except MemberError as error:
                self._miss("unreadable_dex", name, f"The dex file cannot be read: {error}.")
                continue
            total += len(data)
            yield name, data
            del data
            self._container.release()

    def _pieces(self, dex: DexFile, limit: int) -> Iterator[bytes | memoryview]:
        digest, size = hashlib.sha256(), 0
        for piece in dex.pieces(limit):
            digest.update(piece)
            size += len(piece)
            yield piece
        self._digests[dex.name] = size, digest.hexdigest()

    def read(self, member: str, limit: int = MAX_MEMBER) -> bytes:
        """A member's bytes, inflated. Raises `MemberError` where it cannot be read, is not there, or
        is more than ``limit`` bytes."""
        dex = self._dexes.get(member)
        if dex is not None:
            return b"".join(self._pieces(dex, limit))
        if member not in self._members:
            raise MemberError("there is no such member")
        archive, entry = self._members[member]
        return archive.read(entry, limit)

    def peek(self, member: str, length: int = 16) -> bytes:
        """A member's first bytes without inflating the rest; empty where it cannot be read."""
        found = self._members.get(member)
        return found[0].peek(found[1], length) if found else b""

    def xml(self, member: str) -> Element | None:
        """The tree of a binary XML member (a layout, an accessibility service's configuration); None
        where it is none or cannot be read. Told as a Gap only where it is there and damaged."""
        for module in self._modules:
            prefix = f"{module.part.file}!{module.folder}"
            if member.startswith(prefix) and member in self._members:
                return module.open_xml(member.removeprefix(prefix))
        return None

    def resource(self, resource: int) -> str:
        """A resource's value as text, in the default configuration (the path of a file, a string);
        empty where there is none."""
        for module in self._modules:
            found = module.resolve(Value(REFERENCE, resource))
            if not found.is_reference:
                return found.string
        return ""

    def resource_strings(self) -> Iterator[tuple[str, str]]:
        """(member, string) of the resource tables' pools: texts, file paths, addresses."""
        for module in self._modules:
            table = module.table()
            if table is not None:
                for text in table.strings():
                    yield f"{module.part.file}!{module.table_path}", text

    # ------------------------------------------------------------------ reading, in order

    def _find_modules(self) -> list[Module]:
        kind, parts = self._container.kind, self._container.parts
        if kind in ("dex", "jar"):
            return []
        if kind != "aab":
            return [Module(part, kind, "", self._note, self._miss) for part in parts]
        folders = [
            entry.name.removesuffix("manifest/AndroidManifest.xml")
            for entry in parts[0].archive
            if entry.name.endswith("/manifest/AndroidManifest.xml") and entry.name.count("/") == 2
        ]
        folders.sort(key=lambda folder: (folder != "base/", folder))
        return [Module(parts[0], kind, folder, self._note, self._miss) for folder in folders]

    def _read_manifest(self) -> Manifest:
        if not self._modules:
            if self._container.kind in ("dex", "jar"):
                reason = "It is code alone: there are no permissions and components to examine."
                self._miss("missing_manifest", self._container.file, reason)
            return Manifest(package="")
        read = [(module, module.manifest()) for module in self._modules]
        # The base comes first, in manifests and in everything that is read from the parts.
        read.sort(key=lambda pair: pair[1] is None or bool(pair[1].split))
        found = [manifest for _, manifest in read if manifest is not None]
        if not found:
            raise InputError(f"{self._container.file} holds no manifest that can be read.")
        if len({manifest.package for manifest in found}) > 1:
            packages = ", ".join(sorted({manifest.package for manifest in found})[:5])
            raise InputError(f"{self._container.file} holds APKs of different apps: {packages}.")
        if sum(not manifest.split for manifest in found) > 1:
            raise InputError(f"{self._container.file} holds more than one base APK.")
        if found[0].split:
            reason = "Only splits are there; the base APK with the app's own manifest is missing."
            self._miss("missing_base", self._container.file, reason)
        self._container.parts = list(dict.fromkeys(module.part for module, _ in read))
        return _merge(found[0], found[1:])

    def _read_signatures(self) -> tuple[Signature, ...]:
        signers: list[Signature] = []
        words: set[str] = set()
        parts = self._container.parts if self._container.kind in ("apk", "split_apks") else []
        for part in parts:
            found = signatures(part.archive, part.file, self.manifest.min_sdk)
            side = self._container.side_signatures.get(part.file)
            if side is not None:
                add_side_signature(found, side, f"{part.file}.idsig", part.archive)
            signers += found.signers
            for trick in found.tricks:
                self._note(part.file, trick)
            if found.signers:
                words.add(found.verified)
            for scheme, outcome in found.outcomes.items():
                for reason in dict.fromkeys(outcome.unchecked):
                    text = f"Its {scheme} signature was not checked: {reason}."
                    self._miss("signature_unchecked", part.file, text)
        if signers:
            schemes = " ".join(sorted({s.scheme for s in signers}))
            verified = next(w for w in ("no", "in part", "yes") if w in words)
            attributes = (("schemes", schemes), ("verified", verified))
            self._facts.append(_shows("setting:signature", tuple(signers), len(signers), attributes))
        distinct = {(s.scheme, s.certificate_sha256): s for s in reversed(signers)}
        return tuple(sorted(distinct.values(), key=lambda s: (s.scheme, signers.index(s))))

    def _converted(self) -> list[DexFile]:
        """The dex files that d8 makes of a library's bytecode."""
        file, archive = self._container.file, self._container.parts[0].archive
        if self._container.kind == "jar":
            names = [""] if any(e.name.endswith(".class") for e in archive) else []
        else:
            names = [e.name for e in archive if e.name == "classes.jar" or _AAR_LIBRARY.fullmatch(e.name)]
        if not names:
            return []
        from appaudit.apk import bytecode  # only libraries need it

        try:
            jars = [archive.read(archive.entries[n], MAX_DEX) if n else bytes(archive.data) for n in names]
            made = bytecode.convert(jars)
        except (MemberError, bytecode.ConversionError) as error:
            reason = f"Its code is Java bytecode, which was not examined: {error}."
            self._miss("java_bytecode", file, reason)
            return []
        evidence = tuple(FileEntry(f"{file}!{name}" if name else file) for name in names)
        self._facts.append(_shows("setting:converted_bytecode", evidence, len(made), (("tool", "d8"),)))
        return [
            DexFile(f"{file}!{f'classes{n}' if n > 1 else 'classes'}.dex", data=memoryview(data))
            for n, data in enumerate(made, 1)
        ]

    def _check_code(self) -> None:
        told = any(gap.code == "java_bytecode" for gap in self.gaps)
        if self.dex_members or told or (self._container.unreadable and not self._container.parts):
            return
        file, kind = self._container.file, self._container.kind
        if kind == "jar":
            raise InputError(f"{file} holds no code.")
        if self.manifest.application.has_code and not self.manifest.split and kind in ("apk", "aab"):
            raise InputError(f"{file} holds no dex file although its manifest says it has code.")
        self._miss("no_code", file, "It holds no code: there was no dex file to examine.")

    # ----------------------------------------------------------------------- bookkeeping

    def _note(self, file: str, trick: Trick) -> None:
        kept = self._tricks.setdefault(trick.id, [])
        if trick.id in _INCOMPLETE:
            code, reason = _INCOMPLETE[trick.id]
            self._miss(code, _scope(file, trick), reason.format(trick.detail))
        if (file, trick) not in kept:
            self._counts[trick.id] = self._counts.get(trick.id, 0) + 1
            if len(kept) < MAX_TRICKS:
                kept.append((file, trick))

    def _miss(self, code: str, scope: str, reason: str) -> None:
        gap = Gap("static", code, scope, reason)
        if gap not in self.gaps:
            self.gaps.append(gap)

    def _describe(self) -> App:
        manifest, files = self.manifest, self._container
        main = next(iter(files.data.values()))
        if len(files.data) > 1:
            main = files.data[files.parts[0].file]
        known = bool(self._modules)
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

    For a folder the digests are those of its base APK, the size is of all.
    Raises `InputError` with one sentence where there is no app to read.
    """
    return AppFile(Path(path))


def _merge(base: Manifest, splits: list[Manifest]) -> Manifest:
    """The base's manifest with what the splits add to it."""
    permissions = {(p.name, p.element): p for m in reversed((base, *splits)) for p in m.permissions}
    ordered = dict.fromkeys((p.name, p.element) for m in (base, *splits) for p in m.permissions)
    requests = tuple(permissions[key] for key in ordered)
    return dataclasses.replace(
        base,
        permissions=requests,
        implied=implied_permissions(requests, base.target_sdk),
        components=base.components + tuple(c for m in splits for c in m.components),
        features=base.features + tuple(f for m in splits for f in m.features),
    )


def _scope(file: str, trick: Trick) -> str:
    return f"{file}!{trick.member}" if trick.member else file


def _shows(
    subject: str,
    evidence: tuple[FileEntry | Signature, ...],
    count: int,
    attributes: tuple[tuple[str, str], ...],
) -> Fact:
    return Fact(
        "static", "observed", "app", "shows", subject, count=count, evidence=evidence, attributes=attributes
    )
