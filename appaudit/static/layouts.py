"""Classes that the app's XML names (views, fragments, preferences): the platform makes them by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from appaudit.apk import MemberError
from appaudit.static.sample import Sample

MAX_FILES = 20_000
MAX_FILE = 1 << 20
MAX_TOTAL = 64 << 20
"""XML files looked at, bytes of one and of all; a screen's layout has a few thousand."""

_ASIDE = ("AndroidManifest.xml", "assets/", "META-INF/")
_UTF8 = re.compile(rb"(?<![\w$])[\w$]++(?:\.[\w$]++)+")
_UTF16 = re.compile(rb"(?<![\w$]\0)(?:[\w$]\0)++(?:\.\0(?:[\w$]\0)++)+")
_LENGTH_BYTES = 2
"""In a string pool a length stands before a name, and may look like a part of it."""


def classes(sample: Sample) -> list[str]:
    """Descriptors of the app's classes whose name stands in an XML file under resources, sorted."""
    defined = sample.defined
    names = {name for data in _files(sample) for pattern in (_UTF8, _UTF16) for name in pattern.findall(data)}
    found = set()
    for name in names:
        text = name.replace(b"\0", b"").replace(b".", b"/").decode()
        found |= {f"L{text[k:]};" for k in range(_LENGTH_BYTES + 1) if f"L{text[k:]};" in defined}
    return sorted(found)


def _files(sample: Sample) -> Iterator[bytes]:
    room = MAX_TOTAL
    chosen = (m for m in sample.app.members if m.name.endswith(".xml") and m.size <= MAX_FILE)
    for number, member in enumerate(chosen):
        if number >= MAX_FILES or room < 0:
            return
        if not member.name.rpartition("!")[2].startswith(_ASIDE):
            try:
                data = sample.app.read(member.name, MAX_FILE)
            except MemberError:
                continue
            room -= len(data)
            yield data
