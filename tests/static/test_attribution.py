"""Whose class is it?"""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.static import scan
from appaudit.static.attribution import Actors, renamed
from appaudit.static.library import family, in_library, top_level
from tests.dex.writer import Class, Method, Word, build


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
    assert family("Landroidx/core/app/A;") == "Landroidx/core"
    assert family("Lokhttp3/internal/A;") == ""


IMEI = "Landroid/telephony/TelephonyManager;->getImei()Ljava/lang/String;"
RETURN: list[Word] = [0x0E]


def calls(method: str, name: str = "m") -> Method:
    return Method(name, "()V", [0x71 | 1 << 12, ("method", method), 0, *RETURN])


def reads(name: str = "read", virtual: bool = False) -> Method:
    words: list[Word] = [0x6E | 1 << 12, ("method", IMEI), 0, *RETURN]
    return Method(name, "()V", words, access=0x1 if virtual else 0x9, virtual=virtual)


def actors(folder: Path, *classes: Class) -> set[str]:
    path = folder / "x.dex"
    path.write_bytes(build(list(classes)))
    facts = scan(path).facts
    return {f"{f.actor} {f.attribute.get('package', '')}".strip() for f in facts if f.subject == "data:imei"}


PUSH, ADS, HELPER = "Lcn/jpush/android/A;", "Lcom/umeng/analytics/A;", "Lorg/helper/Phone;"


def test_unknown_code_acts_for_the_sdk_that_calls_it(tmp_path: Path) -> None:
    """Through one more package of nobody we know, and a library."""
    helper = Class(HELPER, [reads()])
    through = Class("La/b;", [calls(f"{HELPER}->read()V")])
    library = Class("Lokio/Pipe;", [calls("La/b;->m()V")])
    assert actors(tmp_path, helper, Class(PUSH, [calls(f"{HELPER}->read()V")])) == {"sdk:jpush"}
    assert actors(tmp_path, helper, through, library, Class(PUSH, [calls("Lokio/Pipe;->m()V")])) == {
        "sdk:jpush"
    }


def test_the_nearest_sdk_acts(tmp_path: Path) -> None:
    helper, ads = Class(HELPER, [reads()]), Class(ADS, [calls(f"{HELPER}->read()V")])
    assert actors(tmp_path, helper, ads, Class(PUSH, [calls(f"{ADS}->m()V")])) == {"sdk:umeng-analytics"}


def test_unknown_code_that_no_sdk_calls_stays_unknown(tmp_path: Path) -> None:
    helper = Class(HELPER, [reads()])
    assert actors(tmp_path, helper) == {"unknown org.helper"}
    assert actors(tmp_path, helper, Class("La/b;", [calls(f"{HELPER}->read()V")])) == {"unknown org.helper"}


def test_an_object_acts_for_who_makes_it(tmp_path: Path) -> None:
    """Nobody names ``run``; an SDK makes the object."""
    init = Method("<init>", "()V", RETURN, access=0x10001)
    task = Class(HELPER, [init, reads("run", virtual=True)], interfaces=["Ljava/lang/Runnable;"])
    make: list[Word] = [
        0x0022,
        ("type", HELPER),
        0x70 | 1 << 12,
        ("method", f"{HELPER}-><init>()V"),
        0,
        *RETURN,
    ]
    assert actors(tmp_path, task, Class(PUSH, [Method("m", "()V", make)])) == {"sdk:jpush"}


def test_a_library_acts_for_who_calls_it_through_another(tmp_path: Path) -> None:
    inner, outer = Class("Lokio/Pipe;", [reads()]), Class("Lokhttp3/Call;", [calls("Lokio/Pipe;->read()V")])
    use = Class(PUSH, [calls("Lokhttp3/Call;->m()V")])
    assert actors(tmp_path, inner, outer, use) == {"sdk:jpush"}
    neighbour = Class("Landroidx/core/Phone;", [reads()])
    other = Class("Landroidx/core/Checks;", [calls("Landroidx/core/Phone;->read()V")])
    assert not actors(tmp_path, neighbour, other, Class(PUSH, [calls("Landroidx/core/Checks;->m()V")]))


def test_circles_come_to_an_end(tmp_path: Path) -> None:
    one = Class("La/b;", [reads(), calls("La/c;->m()V", "again")])
    two = Class(
        "La/c;", [calls("La/b;->again()V"), calls("La/b;->read()V", "more"), calls("La/c;->more()V", "x")]
    )
    assert actors(tmp_path, one, two) == {"unknown a"}
