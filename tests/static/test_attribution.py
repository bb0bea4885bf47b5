"""Whose class is it?"""

from __future__ import annotations

import pytest

from appaudit.static.attribution import Actors, renamed
from appaudit.static.library import in_library, top_level


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("Lcom/shop/app/Main;", ("app", "")),
        ("Lcom/shop/core/Net;", ("app", "")),
        ("Lcom/shopping/Net;", ("unknown", "com.shopping")),
        ("Lcn/jpush/android/a/B;", ("sdk:jpush", "")),
        ("La/b/c;", ("unknown", "a.b")),
        ("Lx;", ("unknown", "(none)")),
        ("Lorg/other/deep/down/K;", ("unknown", "org.other.deep")),
    ],
)
def test_actors(name: str, actor: tuple[str, str]) -> None:
    assert Actors("com.shop.app").of_package(name) == actor


def test_shared_prefixes_are_not_the_apps() -> None:
    actors = Actors("com.github.someone.app")
    assert actors.of("Lcom/github/someone/Main;") == "app"
    assert actors.of("Lcom/github/other/Main;") == "unknown"


def test_entry_classes_outside_the_package_are_the_apps() -> None:
    actors = Actors("com.id.flavour", ("org.company.product.MainActivity", "cn.jpush.android.ui.X"))
    assert actors.of("Lorg/company/product/net/Api;") == "app"
    assert actors.of("Lcn/jpush/android/b;") == "sdk:jpush"


def test_a_renamed_entry_class_claims_nothing() -> None:
    assert Actors("com.shop.app", ("a.b",)).of("La/c;") == "unknown"


def test_without_a_package_nothing_is_the_apps() -> None:
    assert Actors("").of("Lcom/shop/app/Main;") == "unknown"


def test_renamed() -> None:
    assert renamed("a.b")
    assert renamed("")
    assert not renamed("com.shop")


def test_libraries() -> None:
    assert in_library("Landroidx/core/telephony/TelephonyManagerCompat;")
    assert in_library("Lkotlin/io/FilesKt;")
    assert not in_library("Lcom/shop/app/Main;")
    assert not in_library("Lcn/jpush/android/A;")
    assert top_level("La/B$C$D;") == "La/B"
    assert top_level("La/B;") == "La/B"
