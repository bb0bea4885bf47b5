"""The shop's code under a manifest made to mislead: control characters, markup, what has no end."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.apk.build import Stored, axml, manifest, node, zipped
from tests.cli.run import SHOP, appaudit

PERMISSIONS = ("READ_CONTACTS", "READ_PHONE_STATE", "INTERNET")


ENDLESS = "0x" + "f" * 6000
"""A number that no text can be made of."""


def evil(folder: Path, *permissions: str) -> Path:
    root = manifest(
        node("uses-sdk", minSdkVersion=24, targetSdkVersion=28, maxSdkVersion=ENDLESS),
        *(node("uses-permission", name=f"android.permission.{name}") for name in permissions),
        node("uses-permission", name="evil\n\x1b[31m<script>alert(1)</script>"),
        node(
            "application",
            node("activity", name="com.example\nshop.\x00Main\r\n", exported=True),
            node("service", name="A" * (10 << 20)),
            label="<script>alert(1)</script>\x1b[2J",
        ),
        versionCode=ENDLESS,
        package="com.ev\x1b]0;il\x07\ncn<script>",
    )
    with zipfile.ZipFile(SHOP / "shop.apk") as shop:
        code = [Stored(name, shop.read(name)) for name in ("classes.dex",)]
    path = folder / "evil.apk"
    path.write_bytes(zipped([Stored("AndroidManifest.xml", axml(root)), *code]))
    return path


@pytest.mark.parametrize(
    ("permissions", "code", "outcome"), [(PERMISSIONS, 1, "violation"), ((), 0, "review")]
)
def test_the_findings_stand(tmp_path: Path, permissions: tuple[str, ...], code: int, outcome: str) -> None:
    """The policy denies reading contacts. Without the permission the code cannot read them, which is for a
    person to look at and no violation; no name in the manifest changes either."""
    path = evil(tmp_path, *permissions)
    ran = appaudit("audit", path, "-p", SHOP / "policy.zh.html", "-f", "json")
    assert ran.code == code
    found = [f for f in json.loads(ran.out)["findings"] if f["rule"] == "contradicted-data"]
    contacts = next(f for f in found if f["subject"] == "data:contacts")
    assert contacts["outcome"] == outcome
    assert contacts["attributes"].get("without_permission") == ("yes" if outcome == "review" else None)


def test_nothing_in_it_acts_on_a_reader(tmp_path: Path) -> None:
    path = evil(tmp_path, *PERMISSIONS)
    ran = appaudit("audit", path, "-p", SHOP / "policy.zh.html")
    assert not set("\0\x07\x1b\r") & set(ran.out + ran.err)
    html = tmp_path / "report.html"
    appaudit("audit", path, "-p", SHOP / "policy.zh.html", "-f", "html", "-o", html)
    text = html.read_text("utf-8")
    assert "<script>alert" not in text
    assert len(text) < 20 << 20
