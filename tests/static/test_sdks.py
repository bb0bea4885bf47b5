"""SDKs in the fixture apps: kinds of evidence, use, version, and what is no SDK."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from appaudit.records import CallSite, Fact
from appaudit.static import scan
from appaudit.static.attribution import Actors
from tests import corpus
from tests.dex.writer import Class, Method, build
from tests.static.apps import app_with

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


INFO = "Lcom/google/android/gms/ads/identifier/AdvertisingIdClient$Info;"
READ = f"{INFO}->getId()Ljava/lang/String;"


def test_who_reads_the_advertising_id_is_no_advertiser(tmp_path: Path) -> None:
    path = tmp_path / "x.dex"
    path.write_bytes(
        build([Class("Lorg/house/Id;", [Method("m", "()V", [0x106E, ("method", READ), 0, 0x0E])])])
    )
    facts = scan(path).facts
    assert not [f for f in facts if f.subject.startswith("sdk:")]
    assert {f.actor for f in facts if f.action == "accesses"} <= {"unknown"}


def test_the_modules_of_a_vendors_own_app_are_no_sdks() -> None:
    actors = Actors("cn.jpush.android")
    assert actors.own_sdk == "jpush"
    assert actors.of("Lcn/jpush/android/a/B;") == "app"
    assert actors.of("Lcom/umeng/analytics/A;") == "sdk:umeng-analytics"
    for package in ("com.qiyi.video", "com.youku.phone", "com.letv.android.client"):
        assert Actors(package).of(f"L{package.replace('.', '/')}/player/A;") == "app"


def test_a_component_without_its_class_only_names_its_sdk(tmp_path: Path) -> None:
    dex = build([Class("Lcom/example/shop/Own;", [Method("m", "()V", [0x0E])])])
    path = app_with(tmp_path, {"classes.dex": dex}, base="shop", drop=("classes2.dex",))
    facts = {f.subject: f for f in scan(path).facts if f.action in ("embeds", "mentions")}
    fact = facts["sdk:jpush"]
    assert fact.action == "mentions"
    assert fact.attribute["presence"] == "hint"
    assert dict(fact.evidence[0].attributes)["class"] == "missing"  # type: ignore[union-attr]


def test_the_work_list_says_what_is_worth_a_name(tmp_path: Path) -> None:
    imei = "Landroid/telephony/TelephonyManager;->getImei()Ljava/lang/String;"
    words: list[int | tuple[str, str]] = [
        0x001A,
        ("string", "https://log.house-unnamed.cn/v1"),
        0x106E,
        ("method", imei),
        0,
        0x0E,
    ]
    dex = build([Class("Lorg/house/log/Reader;", [Method("m", "()V", words)])])
    path = app_with(tmp_path, {"classes.dex": dex, "lib/arm64-v8a/libhouseown.so": b"x"})
    facts = {f.subject: f for f in scan(path).facts if f.subject.startswith("package:")}
    assert facts["package:org.house.log"].attribute["reads"] == "imei"
    assert facts["package:org.house.log"].attribute["hosts"] == "log.house-unnamed.cn"
    assert facts["package:libhouseown.so"].attribute["basis"] == "library"


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
    assert before["sdk:talkingdata"].attribute["version"] == "4.0.39", "in a string"
    assert "sdk:talkingdata" not in after


def test_versions_come_from_what_the_build_left() -> None:
    found = embedded(of_corpus("airtest", "1.4.3", "Yosemite.apk"))
    assert found["sdk:androidasync"].attribute["version"] == "2.2.1"
    assert found["sdk:material"].attribute["version"] == "1.9.0"
    assert found["sdk:tencent-x5"].attribute["version"] == "4.3.0.316"
    assert "version" not in found["sdk:androidx"].attribute
