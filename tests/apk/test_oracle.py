"""What androguard makes of the same files: the fixture apps, and the real APKs that are in the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appaudit.apk import AppFile, open_app
from appaudit.apk.xml import Element
from appaudit.errors import InputError
from tests import corpus
from tests.apk.build import ANDROID

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 20 << 20


def files() -> list[Path]:
    found = sorted((ROOT / "fixtures").rglob("*.apk"))
    for package in corpus.APKS:
        if (package.folder / ".complete").exists():
            found += sorted(package.folder.rglob("*.apk"))
    return [path for path in found if path.stat().st_size < LARGEST]


@pytest.mark.parametrize("path", files(), ids=lambda p: p.name)
def test_as_androguard(path: Path) -> None:
    androguard = pytest.importorskip("androguard.core.apk")
    pytest.importorskip("loguru").logger.remove()
    try:
        ours = open_app(path)
    except InputError as error:
        if "no dex" not in str(error):
            raise
        pytest.skip("it holds no dex")
    theirs = androguard.APK(str(path))
    assert list(pairs(ours.manifest.tree)) == list(their_pairs(theirs.get_android_manifest_xml()))
    check_manifest(ours, theirs)
    check_signers(ours, theirs)
    assert {m.name.partition("!")[2] for m in ours.members} == set(theirs.get_files())


def pairs(tree: Element | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each element: its name and the names of its attributes."""
    stack = [] if tree is None else [tree]
    while stack:
        element = stack.pop()
        stack += element.children
        values = [*element.attributes.items(), *element.plain.items()]
        values += [(name, value) for (_, name), value in element.foreign.items()]
        yield element.name, tuple(sorted(name for name, _ in values))


def their_pairs(tree: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The same of androguard's tree."""
    stack = [tree]
    while stack:
        element = stack.pop()
        stack += list(element)
        names = sorted(key.rpartition("}")[2] for key in element.attrib)
        yield element.tag, tuple(names)


def check_manifest(ours: AppFile, theirs: Any) -> None:
    app, manifest = ours.app, ours.manifest
    assert app.package == theirs.get_package()
    name = theirs.get_androidversion_name() or ""
    assert name.startswith("@") or app.version_name == name
    assert app.version_code == (theirs.get_androidversion_code() or "0")
    assert app.min_sdk == int(theirs.get_min_sdk_version() or 1)
    assert app.target_sdk == theirs.get_effective_target_sdk_version()
    assert app.label == theirs.get_app_name()
    key = f"{{{ANDROID}}}name"
    requested = {element.get(key) for element in theirs.find_tags("uses-permission")}
    assert {p.name for p in manifest.permissions if p.element == "uses-permission"} == requested
    kinds = {"activity": theirs.get_activities, "service": theirs.get_services}
    kinds |= {"receiver": theirs.get_receivers, "provider": theirs.get_providers}
    for kind, get in kinds.items():
        assert sorted(c.name for c in manifest.components if c.kind == kind) == sorted(get())


def check_signers(ours: AppFile, theirs: Any) -> None:
    for scheme, certificates in (
        ("v2", theirs.get_certificates_der_v2()),
        ("v3", theirs.get_certificates_der_v3()),
    ):
        found = {s.certificate_sha256 for s in ours.app.signers if s.scheme == scheme}
        assert found == {hashlib.sha256(c).hexdigest() for c in certificates}
