"""What starts the app without its user, and which other apps it wakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.apk.manifest import IntentFilter
from appaudit.knowledge.load import toml
from appaudit.records import Fact
from appaudit.static import scan
from appaudit.static.components import BROWSABLE, MAX_LINKS, deep_links
from tests.apk.build import Node, apk, manifest, node, zipped
from tests.dex.writer import Class, Word, build
from tests.static.test_identifiers import method, text, virtual

CONTEXT = "Landroid/content/Context;"
INTENT = "Landroid/content/Intent;"
PACKAGE = f"{INTENT}->setPackage(Ljava/lang/String;){INTENT}"
SERVICE = f"{CONTEXT}->startService({INTENT})Landroid/content/ComponentName;"
SCREEN = f"{CONTEXT}->startActivity({INTENT})V"


def starts(folder: Path, components: tuple[Node, ...], *words: list[Word]) -> list[Fact]:
    path = folder / "x.apk"
    root = manifest(node("application", *components), package="com.x")
    path.write_bytes(zipped(apk(root, dex=build([Class("Lcom/x/A;", [method(*words)])]))))
    return [f for f in scan(path).facts if f.action == "starts"]


def names(package: str, call: str) -> tuple[list[Word], ...]:
    return text(1, package), virtual(PACKAGE, 0, 1), virtual(call, 2, 0)


@pytest.mark.parametrize(
    ("package", "call", "woken"),
    [
        ("com.other.app", SERVICE, True),
        ("com.other.app", SCREEN, False),
        ("com.x", SERVICE, False),
        ("com.x.plugin", SERVICE, False),
        ("com.google.android.gms", SERVICE, False),
    ],
)
def test_waking_another_app(tmp_path: Path, package: str, call: str, woken: bool) -> None:
    found = [(f.actor, f.subject) for f in starts(tmp_path, (), *names(package, call))]
    assert found == ([("app", f"package:{package}")] if woken else [])


def answering(action: str) -> Node:
    return node("intent-filter", node("action", name=action))


JOB = "android.permission.BIND_JOB_SERVICE"
SYNC = answering("android.content.SyncAdapter")


@pytest.mark.parametrize(
    ("component", "trigger"),
    [
        (node("service", name="com.x.Job", permission=JOB), "job"),
        (node("service", SYNC, name="com.x.Sync", exported=True), "account_sync"),
        (node("service", name="cn.jpush.android.service.DaemonService", exported=True), "other_apps"),
        (node("service", name="cn.jpush.android.service.PushService", exported=False), ""),
        (node("service", name="com.x.Open", exported=True), ""),
        (node("receiver", answering("android.intent.action.BOOT_COMPLETED"), name="com.x.Boot"), "boot"),
        (node("service", answering("android.intent.action.BOOT_COMPLETED"), name="com.x.Not"), ""),
    ],
)
def test_what_starts_without_the_user(tmp_path: Path, component: Node, trigger: str) -> None:
    found = [f.attribute["triggers"] for f in starts(tmp_path, (component,))]
    assert found == ([trigger] if trigger else [])


def test_what_a_run_sends_is_known_to_start_apps() -> None:
    known = toml("starts.toml")
    assert set(known["sent"]) <= known["broadcasts"].keys()


def test_deep_links_do_not_multiply_without_end() -> None:
    many = [str(n) for n in range(1000)]
    data = tuple((("host", n), ("pathPrefix", f"/{n}"), ("scheme", f"s{n}")) for n in many)
    links = deep_links(IntentFilter((), (BROWSABLE,), data, 0, False))
    assert len(links) == MAX_LINKS
    assert links[0] == "s0://0/0"
