"""Which version of an SDK is inside, from what its build left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from appaudit.apk import MemberError
from appaudit.knowledge import sdks
from appaudit.static.attribution import descriptor
from appaudit.static.sample import Sample

MAX_FILE = 4096
MAX_LENGTH = 50
FIELDS = ("SDK_VERSION_NAME", "SDK_VERSION", "LIBRARY_VERSION", "LIB_VERSION", "VERSION_NAME", "VERSION")
"""Fields of a library's BuildConfig that hold its version, the most telling first."""
_VERSION = re.compile(r"v?\d+(\.\d+)+[\w.+-]*\Z")
_VERSION_FILE = re.compile(r"META-INF/([\w.-]+)_([\w.-]+)\.version\Z")
_MAVEN_FILE = re.compile(r"META-INF/maven/([\w.-]+)/([\w.-]+)/pom\.properties\Z")
_PROPERTIES = re.compile(r"((?:play-services|firebase)[\w-]*)\.properties\Z")
_GOOGLE_GROUPS = {"play-services": "com.google.android.gms", "firebase": "com.google.firebase"}


class Versions:
    """The versions that an app's files tell, by SDK: ``(version, where it stands)``."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._found: dict[str, tuple[str, str]] = {}
        for sdk, version, place in (*self._build_configs(), *self._files()):
            self._found.setdefault(sdk, (version, place))

    def of(self, sdk: str) -> tuple[str, str]:
        """Version and where it stands, both empty where nothing tells it. The record's own places first."""
        for place in sdks.index().sdks[sdk].version:
            version = self._at(place)
            if version:
                return version[:MAX_LENGTH], place
        return self._found.get(sdk, ("", ""))

    def _at(self, place: str) -> str:
        if place.startswith("meta-data:"):
            name = place.partition(":")[2]
            return next((m.value for m in self._sample.manifest.application.meta_data if m.name == name), "")
        if place.startswith("META-INF/"):
            members = self._sample.app.members
            return next((self._text(m.name) for m in members if m.name.endswith("!" + place)), "")
        if place.startswith("string:"):
            return self._after(place.partition(":")[2])
        owner, _, field = place.partition("#")
        value = self._static(descriptor(owner)).get(field)
        return str(value) if isinstance(value, str | int) else ""

    def _after(self, words: str) -> str:
        """The version that follows these words in a string of the code."""
        written = re.compile(re.escape(words) + r"(\d+(?:\.\d+)+)")
        pattern = re.compile(written.pattern.encode())
        texts = (text for dex in self._sample.dexes for text in dex.strings_matching(pattern))
        return next((found[1] for text in texts if (found := written.search(text))), "")

    def _static(self, name: str) -> dict[str, object]:
        if name not in self._sample.defined:
            return {}
        dex = next(d for d in self._sample.dexes if d.defines(name))
        return dict(dex.static_values(name))

    def _build_configs(self) -> Iterator[tuple[str, str, str]]:
        for name in self._sample.defined:
            if not name.endswith("/BuildConfig;"):
                continue
            sdk = sdks.owner(name)
            if sdk is None:
                continue
            values = self._static(name)
            for field in FIELDS:
                value = values.get(field)
                if isinstance(value, str) and _VERSION.match(value[:MAX_LENGTH]):
                    yield sdk, value[:MAX_LENGTH], f"{name[1:-1].replace('/', '.')}#{field}"
                    break

    def _files(self) -> Iterator[tuple[str, str, str]]:
        for member in self._sample.app.members:
            path = member.name.partition("!")[2]
            if not path.endswith((".version", ".properties")):
                continue
            path = path.removeprefix("root/").removeprefix("base/root/")
            found = _VERSION_FILE.match(path) or _MAVEN_FILE.match(path)
            if found:
                group, artifact = found[1], found[2]
            elif match := _PROPERTIES.match(path):
                group, artifact = _GOOGLE_GROUPS["play-services" if path[0] == "p" else "firebase"], match[1]
            else:
                continue
            sdk = sdks.sdk_of_maven(f"{group}:{artifact}")
            if sdk is None:
                sdk = sdks.owner(f"{group}.X")
                if sdk and sdks.index().sdks[sdk].plumbing:
                    continue  # AndroidX and the like: many artifacts, each with a version of its own
            version = self._text(member.name) if sdk else ""
            if sdk and _VERSION.match(version):
                yield sdk, version, path

    def _text(self, member: str) -> str:
        """The version in a small file: its whole text, or the value of ``version=``."""
        try:
            text = self._sample.app.read(member, MAX_FILE).decode("utf-8", "replace")
        except MemberError:
            return ""
        found = re.search(r"^version\s*=\s*(\S+)", text, re.MULTILINE)
        return (found[1] if found else text.strip())[:MAX_LENGTH]
