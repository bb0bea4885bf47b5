"""One module of an app: a split APK, a module of a bundle, a library; its manifest and resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from appaudit.apk import axml, proto, textxml
from appaudit.apk.arsc import Resources
from appaudit.apk.axml import XmlError
from appaudit.apk.container import Part, printable
from appaudit.apk.declarations import read_manifest
from appaudit.apk.manifest import Manifest
from appaudit.apk.xml import Element, Value
from appaudit.apk.zip import Android, MemberError, Trick

MAX_XML = 64 << 20
MAX_HOPS = 16
"""References followed from one resource to the next; a longer chain is a circle."""

Note = Callable[[str, Trick], None]
"""Told the file a trick was seen in, and the trick."""
Miss = Callable[[str, str, str], None]
"""Told what could not be read: a gap's code, scope and reason."""


class Table(Protocol):
    """A resource table: `arsc.Resources` or `proto.ProtoResources`."""

    def values(self, resource: int) -> list[Value]: ...

    def strings(self) -> Iterator[str]: ...


class Module:
    """``folder`` is the module's in a bundle (``base/``), empty for an archive of its own."""

    def __init__(self, part: Part, kind: str, folder: str, note: Note, miss: Miss) -> None:
        self.part = part
        self.kind = kind
        self.folder = folder
        self._note = note
        self._miss = miss
        self._table: Table | None = None
        self._table_read = False
        self._told: set[str] = set()
        bundle = kind == "aab"
        self.manifest_path = f"{folder}manifest/AndroidManifest.xml" if bundle else "AndroidManifest.xml"
        self.table_path = f"{folder}resources.pb" if bundle else "resources.arsc"

    def manifest(self) -> Manifest | None:
        """The module's own manifest; None, with the reason told, where there is none to read."""
        if self.manifest_path not in self.part.archive.entries:
            self._miss("missing_manifest", self.part.file, f"It holds no {self.manifest_path}.")
            return None
        self._told.clear()
        root = self._xml(self.manifest_path, "unreadable_manifest")
        if self.kind in ("apk", "split_apks") and (root is None or self._told):
            root = self._second_opinion(root)
        if root is not None and root.name != "manifest":  # the platform takes no other
            scope = f"{self.part.file}!{self.manifest_path}"
            self._miss(
                "unreadable_manifest", scope, f"It cannot be read: its root is <{printable(root.name)}>."
            )
            root = None
        if root is None:
            return None
        if (count := sum(1 for _ in root.all("application"))) > 1:
            detail = f"{count} elements <application>; the first is the app's"
            self._note(self.part.file, Trick("axml_second_application", self.manifest_path, detail, "reads"))
        return read_manifest(root, self.resolve, self.open_xml)

    def _second_opinion(self, ours: Element | None) -> Element | None:
        """Asks other readers; tells where they disagree; takes theirs where there is none of ours."""
        from appaudit.apk import second  # starts processes: not needed for an honest manifest

        path, file = self.manifest_path, self.part.file
        try:
            data = self.part.archive.read(self.part.archive.entries[path], second.MAX_MANIFEST)
        except MemberError:
            return ours
        for opinion in second.ask(data):
            try:
                theirs = textxml.read(opinion.xml.encode(), recover=True) if opinion.xml else None
            except XmlError:
                theirs = None
            if ours is None and theirs is not None and theirs.name == "manifest":
                reason = f"The manifest is read as {opinion.reader} reads it: ours found no element."
                self._miss("second_reader", f"{file}!{path}", reason)
                return theirs
            if ours is None:
                continue
            if theirs is None:
                detail = f"{opinion.reader} cannot read it ({opinion.error or 'what it gives is no XML'})"
                self._note(file, Trick("axml_reader_fails", path, detail, "unknown"))
            elif differ := second.differences(ours, theirs):
                detail = f"{opinion.reader}: {'; '.join(differ)}"
                self._note(file, Trick("axml_readers_disagree", path, detail, "unknown"))
        return ours

    def open_xml(self, path: str) -> Element | None:
        """The tree of an XML file by the path a resource gives; None where it cannot be read."""
        return self._xml(self.folder + path, "unreadable_xml")

    def table(self) -> Table | None:
        """The resource table, read when first asked for."""
        if not self._table_read:
            self._table_read = True
            entry = self.part.archive.entries.get(self.table_path)
            if entry is not None:
                try:
                    data = self.part.archive.read(entry)
                except MemberError as error:
                    scope = f"{self.part.file}!{self.table_path}"
                    self._miss("unreadable_resources", scope, f"The resource table cannot be read: {error}.")
                else:
                    reader = proto.ProtoResources if self.kind == "aab" else Resources
                    self._table = reader(data, self._noting(self.table_path, "unknown"))
        return self._table

    def resolve(self, value: Value) -> Value:
        """The value behind a reference, in the default configuration; the reference where there is none."""
        for _ in range(MAX_HOPS):
            table = self.table() if value.is_reference else None
            values = table.values(value.data) if table is not None else []
            if not values:
                break
            value = values[0]
        return value

    def _xml(self, path: str, code: str) -> Element | None:
        archive = self.part.archive
        entry = archive.entries.get(path)
        try:
            if entry is None:
                raise MemberError("there is no such member")
            data = archive.read(entry, MAX_XML)
            if self.kind == "aab":
                return proto.read(data, self._noting(path, "reads"))
            if self.kind == "aar":
                return textxml.read(data)
            return axml.read(data, self._noting(path, "reads"))
        except (MemberError, XmlError) as error:
            self._miss(code, f"{self.part.file}!{path}", f"It cannot be read: {error}.")
            return None

    def _noting(self, path: str, android: Android) -> Callable[[str, str], None]:
        def note(trick: str, detail: str) -> None:
            self._told.add(trick)
            found: Android = "refuses" if trick in axml.REFUSED else android
            self._note(self.part.file, Trick(trick, path, detail, found))

        return note
