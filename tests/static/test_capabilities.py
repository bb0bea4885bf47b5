"""Powers beyond reading data."""

from __future__ import annotations

from pathlib import Path

from appaudit.apk.manifest import IntentFilter, Manifest, Queries
from appaudit.static import scan
from appaudit.static.capabilities import _queries
from tests.dex.writer import Class, Word, build
from tests.static.test_identifiers import method, static, text, virtual

TOKEN = "Landroid/os/Parcel;->writeInterfaceToken(Ljava/lang/String;)V"
SERVICE = "Landroid/os/ServiceManager;->getService(Ljava/lang/String;)Landroid/os/IBinder;"
EXEC = "Ljava/lang/Runtime;->exec(Ljava/lang/String;)Ljava/lang/Process;"


def settings(folder: Path, *words: list[Word]) -> set[str]:
    path = folder / "x.dex"
    path.write_bytes(build([Class("Lcom/x/A;", [method(*words)])]))
    return {f.subject for f in scan(path).facts if f.action == "uses" and f.subject.startswith("setting:")}


def test_commands_and_hidden_services(tmp_path: Path) -> None:
    assert settings(tmp_path, virtual(EXEC, 0, 1)) == {"setting:exec"}
    assert settings(tmp_path, text(1, "x"), static(SERVICE, 1)) == {"setting:binder"}


def test_plain_binders_are_nothing_special(tmp_path: Path) -> None:
    assert settings(tmp_path, virtual(TOKEN, 0, 1)) == set()


def queries(*intents: IntentFilter, packages: tuple[str, ...] = ()) -> dict[str, str]:
    facts = list(_queries(Manifest("com.x", queries=Queries(packages, intents)), "x.apk!AndroidManifest.xml"))
    return dict(facts[0].attributes) if facts else {}


def test_package_queries() -> None:
    assert queries() == {}
    assert queries(packages=("b.c", "a.b"))["packages"] == "a.b b.c"
    main = IntentFilter(("android.intent.action.MAIN",))
    assert queries(main)["all_launcher_apps"] == "yes"
    view = IntentFilter(("android.intent.action.VIEW",), data=((("scheme", "https"),),))
    assert "all_launcher_apps" not in queries(view)
