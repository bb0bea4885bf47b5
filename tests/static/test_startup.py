"""What start-up reaches, with the path to it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from appaudit.dex import CallGraph, Dex
from appaudit.records import CallSite, Fact
from appaudit.static import scan
from appaudit.static.sample import callbacks
from tests.apk.build import Stored, apk, axml, manifest, node, zipped
from tests.dex.writer import Class, Method, Word, build
from tests.static.apps import APPS


@cache
def scanned(name: str) -> tuple[Fact, ...]:
    return tuple(scan(APPS / name / f"{name}.apk").facts)


def accesses(name: str) -> tuple[Fact, ...]:
    return tuple(f for f in scanned(name) if f.action == "accesses")


def starts(name: str, actor: str, data: str) -> set[str]:
    return {
        f.attribute.get("startup", "")
        for f in accesses(name)
        if (f.actor, f.subject) == (actor, f"data:{data}")
    }


def test_the_application_reads_the_imei() -> None:
    assert starts("shop", "app", "imei") == {"com.example.shop.ShopApplication.onCreate"}


def test_a_provider_starts_an_sdk_before_the_application() -> None:
    assert starts("shop", "sdk:jpush", "mac") == {"cn.jpush.android.service.InitProvider.onCreate"}
    begun = {
        f.subject: f.attribute["startup"]
        for f in scanned("shop")
        if f.action == "embeds" and "startup" in f.attribute
    }
    assert begun.pop("sdk:jpush") == "cn.jpush.android.service.InitProvider.onCreate"
    assert begun == dict.fromkeys(
        ("sdk:bugly", "sdk:umeng-common"), "com.example.shop.ShopApplication.onCreate"
    )


@pytest.mark.parametrize("data", ["contacts", "clipboard", "location"])
def test_what_screens_do_is_not_startup(data: str) -> None:
    assert starts("shop", "app", data) == {""}


def test_paths_lead_from_entry_to_caller() -> None:
    for fact in accesses("shop"):
        for place, site in enumerate(fact.evidence):
            assert isinstance(site, CallSite)
            assert site.path
            assert site.path[-1] == site.caller
            if place == 0 and "startup" in fact.attribute:
                assert "onCreate" in site.path[0]


def test_a_read_that_waits_for_the_user_has_a_path_too() -> None:
    (fact,) = (f for f in accesses("shop") if f.subject == "data:contacts")
    (site,) = fact.evidence
    assert isinstance(site, CallSite)
    assert site.path == (
        "Lcom/example/shop/MainActivity;->onRequestPermissionsResult(I[Ljava/lang/String;[I)V",
        "Lcom/example/shop/invite/FriendFinder;->suggest()V",
    )


IMEI = "Landroid/telephony/TelephonyManager;->getImei()Ljava/lang/String;"
RETURN: list[Word] = [0x0E]
READ: list[Word] = [0x6E | 1 << 12, ("method", IMEI), 0, *RETURN]


def path(folder: Path, *classes: Class, layout: Stored | None = None) -> tuple[str, ...] | None:
    """The path to the one read of the IMEI, in an app with the activity ``Main``."""
    root = manifest(
        node("uses-sdk", minSdkVersion=24, targetSdkVersion=34),
        node("application", node("activity", name=".Main")),
    )
    (folder / "app.apk").write_bytes(
        zipped(apk(root, *([layout] if layout else []), dex=build(list(classes))))
    )
    (fact,) = (f for f in scan(folder / "app.apk").facts if f.subject == "data:imei")
    (site,) = fact.evidence
    assert isinstance(site, CallSite)
    return site.path


MAIN = "Lcom/example/shop/Main;"


def main(*methods: Method) -> Class:
    return Class(MAIN, list(methods), superclass="Landroid/app/Activity;")


def creates(*words: Word, name: str = "onCreate", signature: str = "(Landroid/os/Bundle;)V") -> Method:
    return Method(name, signature, [*words, *RETURN], access=0x1, virtual=True)


SECRET = Class("Lx/Secret;", [Method("go", "()V", READ)])


def test_a_listener_registered_in_code(tmp_path: Path) -> None:
    click = Method("onClick", "(Landroid/view/View;)V", READ, access=0x1, virtual=True)
    listener = Class("Lx/L;", [click], interfaces=["Landroid/view/View$OnClickListener;"])
    entry = f"{MAIN}->onCreate(Landroid/os/Bundle;)V"
    found = path(tmp_path, main(creates(0x0022, ("type", "Lx/L;"))), listener)
    assert found == (entry, "Lx/L;->onClick(Landroid/view/View;)V")


def test_a_method_named_by_a_layout(tmp_path: Path) -> None:
    """android:onClick="pay" calls the activity's public method."""
    pay = creates(*READ[:-1], name="pay", signature="(Landroid/view/View;)V")
    layout = Stored("res/layout/main.xml", axml(node("Button", onClick="pay")))
    assert path(tmp_path, main(creates(), pay), layout=layout) == (f"{MAIN}->pay(Landroid/view/View;)V",)


@pytest.mark.parametrize("utf8", [False, True])
@pytest.mark.parametrize("where", ["res/layout/main.xml", "r/a1.xml"])
@pytest.mark.parametrize("name", ["x.Panel", f"x.{'P' * 63}", f"x.{'P' * 200}"])
def test_a_view_that_a_layout_names(tmp_path: Path, utf8: bool, where: str, name: str) -> None:
    """The platform makes it, by its name in the XML: no code does."""
    view = f"L{name.replace('.', '/')};"
    draw = creates(*READ[:-1], name="onAttachedToWindow", signature="()V")
    panel = Class(view, [draw], superclass="Landroid/view/View;")
    named = Stored(where, axml(node("LinearLayout", node(name)), utf8=utf8))
    assert path(tmp_path, main(creates()), panel, layout=named) == (f"{view}->onAttachedToWindow()V",)
    other = Stored(where, axml(node("LinearLayout"), utf8=utf8))
    assert path(tmp_path, main(creates()), panel, layout=other) is None


def test_a_fragment_that_a_navigation_graph_names(tmp_path: Path) -> None:
    home = Class("Lx/Home;", [creates(*READ[:-1])], superclass="Landroidx/fragment/app/Fragment;")
    graph = Stored("res/navigation/main.xml", axml(node("navigation", node("fragment", name="x.Home"))))
    assert path(tmp_path, main(creates()), home, layout=graph) == (
        "Lx/Home;->onCreate(Landroid/os/Bundle;)V",
    )


def test_hostile_text_in_xml_takes_no_time(tmp_path: Path) -> None:
    for text in (b"a" * (1 << 20), b"a." * (1 << 19), b"a\0" * (1 << 19), b"a\0.\0" * (1 << 18)):
        assert path(tmp_path, main(creates()), SECRET, layout=Stored("res/a.xml", text)) is None


def test_a_private_method_nobody_calls_has_no_path(tmp_path: Path) -> None:
    assert path(tmp_path, main(creates(), Method("hidden", "()V", READ, access=0x2))) is None


def test_reflection_with_constant_names(tmp_path: Path) -> None:
    name = "Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;"
    get = "Ljava/lang/Class;->getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;"
    words: list[Word] = [0x001A, ("string", "x.Secret"), 0x1071, ("method", name), 0, 0x000C]
    words += [0x011A, ("string", "go"), 0x306E, ("method", get), 0x0210]
    entry = f"{MAIN}->onCreate(Landroid/os/Bundle;)V"
    assert path(tmp_path, main(creates(*words)), SECRET) == (entry, "Lx/Secret;->go()V")


def test_an_object_made_by_reflection_runs(tmp_path: Path) -> None:
    """Its constructor starts what reads."""
    init = Method("<init>", "()V", READ, access=0x10001)
    name = "Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;"
    words: list[Word] = [0x001A, ("string", "x.Secret"), 0x1071, ("method", name), 0]
    entry = f"{MAIN}->onCreate(Landroid/os/Bundle;)V"
    assert path(tmp_path, main(creates(*words)), Class("Lx/Secret;", [init])) == (
        entry,
        "Lx/Secret;-><init>()V",
    )


@pytest.mark.parametrize(
    ("supertype", "method", "signature"),
    [
        ("Lio/reactivex/rxjava3/functions/Consumer;", "accept", "(Ljava/lang/Object;)V"),
        ("Lkotlin/coroutines/jvm/internal/BaseContinuationImpl;", "invokeSuspend", "(Ljava/lang/Object;)V"),
        ("Ljava/util/concurrent/Callable;", "call", "()Ljava/lang/Object;"),
        ("Landroid/os/Handler$Callback;", "handleMessage", "(Landroid/os/Message;)Z"),
    ],
)  # fmt: skip
def test_what_others_run_for_the_app(tmp_path: Path, supertype: str, method: str, signature: str) -> None:
    task = Class("Lx/T;", [Method(method, signature, READ, access=0x1, virtual=True)], interfaces=[supertype])
    entry = f"{MAIN}->onCreate(Landroid/os/Bundle;)V"
    assert path(tmp_path, main(creates(0x0022, ("type", "Lx/T;"))), task) == (
        entry,
        f"Lx/T;->{method}{signature}",
    )


@pytest.mark.parametrize(
    ("superclass", "method", "signature"),
    [
        ("Landroidx/fragment/app/Fragment;", "onResume", "()V"),
        ("Landroid/app/Presentation;", "onCreate", "(Landroid/os/Bundle;)V"),
        ("Landroid/widget/LinearLayout;", "onAttachedToWindow", "()V"),
        ("Landroid/content/AsyncTaskLoader;", "loadInBackground", "()Ljava/lang/Object;"),
        ("Landroid/bluetooth/le/ScanCallback;", "onScanResult", "(ILandroid/bluetooth/le/ScanResult;)V"),
        ("Landroid/os/CountDownTimer;", "onFinish", "()V"),
    ],
)
def test_what_the_platform_calls_on_what_the_app_makes(
    tmp_path: Path, superclass: str, method: str, signature: str
) -> None:
    made = Class("Lx/T;", [creates(*READ[:-1], name=method, signature=signature)], superclass=superclass)
    entry = f"{MAIN}->onCreate(Landroid/os/Bundle;)V"
    found = path(tmp_path, main(creates(0x0022, ("type", "Lx/T;"))), made)
    assert found == (entry, f"Lx/T;->{method}{signature}")
    assert path(tmp_path, main(creates()), made) is None


@pytest.mark.parametrize(
    ("annotation", "starts_at_once"),
    [("Landroid/webkit/JavascriptInterface;", False), ("Lorg/greenrobot/eventbus/Subscribe;", True)],
)
def test_what_an_annotation_lets_others_call(tmp_path: Path, annotation: str, starts_at_once: bool) -> None:
    """A page calls what it is handed, an event bus what subscribes, also in a subclass."""
    bridge = Method("tell", "()V", READ, access=0x1, virtual=True, annotations=["Lx/Other;", annotation])
    classes = [Class("Lx/B;", [bridge]), Class("Lx/T;", superclass="Lx/B;")]
    screen = main(creates(0x0022, ("type", "Lx/T;")))
    entry = f"{MAIN}->onCreate(Landroid/os/Bundle;)V"
    assert path(tmp_path, screen, *classes) == (entry, "Lx/B;->tell()V")
    dexes = [Dex(build([screen, *classes]), "classes.dex")]
    graph = CallGraph(dexes, callbacks("soon"), later=callbacks("later"))
    assert ("Lx/B;->tell()V" in graph.reachable([entry])) is starts_at_once


def test_an_honest_app_waits() -> None:
    early = {(f.actor, f.subject) for f in accesses("notes") if "startup" in f.attribute}
    assert {actor for actor, _ in early} <= {"sdk:bugly"}
