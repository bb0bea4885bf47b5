"""SDKs in the fixture apps: kinds of evidence, use, version, and what is no SDK."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from appaudit.records import CallSite, Fact
from appaudit.static import scan
from tests import corpus

APPS = Path(__file__).resolve().parent.parent.parent / "fixtures" / "apps"


@cache
def embedded(path: Path) -> dict[str, Fact]:
    return {f.subject: f for f in scan(path).facts if f.action in ("embeds", "mentions")}


def shop(sdk: str) -> Fact:
    return embedded(APPS / "shop" / "shop.apk")[f"sdk:{sdk}"]


def test_every_kind_of_evidence_is_kept_and_named() -> None:
    fact = shop("jpush")
    assert fact.attribute["basis"].split() == ["classes", "component"]
    assert {e.kind for e in fact.evidence} == {"class_definition", "manifest_entry"}


def test_presence_and_use_are_different_facts() -> None:
    assert shop("bugly").attribute["used_by"] == "app"
    assert shop("jpush").attribute["used_by"] == "none"


def test_who_initialises_an_sdk_and_on_which_path() -> None:
    fact = shop("umeng-common")
    assert fact.attribute["init"] == "Lcom/umeng/commonsdk/UMConfigure;->init"
    assert fact.attribute["startup"] == "com.example.shop.ShopApplication.onCreate"
    (call,) = [e for e in fact.evidence if isinstance(e, CallSite)]
    assert call.path is not None
    assert call.path[0].startswith("Lcom/example/shop/ShopApplication;->onCreate")
    assert shop("jpush").attribute["init"] == "none"


def test_renamed_code_is_on_the_work_list() -> None:
    variant = APPS.parent / "variants" / "shop-r8" / "shop-r8.apk"
    unnamed = [f for s, f in embedded(variant).items() if s.startswith("package:")]
    assert any("android_id" in f.attribute["reads"].split() for f in unnamed)


def test_the_plain_app_has_none() -> None:
    assert not embedded(APPS / "plain" / "plain.apk")


def of_corpus(name: str, version: str, file: str) -> Path:
    package = next(p for p in corpus.APKS if (p.name, p.version) == (name, version))
    found = sorted(package.folder.rglob(file)) if package.folder.exists() else []
    if not found:
        pytest.skip(f"{name} {version} has not been fetched")
    return found[0]


def test_a_real_upgrade_drops_its_statistics_sdk() -> None:
    before = embedded(of_corpus("uiautomator2", "2.16.26", "app-uiautomator.apk"))
    after = embedded(of_corpus("uiautomator2", "3.7.1", "app-uiautomator.apk"))
    assert "sdk:talkingdata" in before
    assert before["sdk:talkingdata"].attribute["basis"].split() == ["classes", "host"]
    assert "sdk:talkingdata" not in after


def test_versions_come_from_what_the_build_left() -> None:
    found = embedded(of_corpus("airtest", "1.4.3", "Yosemite.apk"))
    assert found["sdk:androidasync"].attribute["version"] == "2.2.1"
    assert found["sdk:material"].attribute["version"] == "1.9.0"
    assert "version" not in found["sdk:androidx"].attribute
