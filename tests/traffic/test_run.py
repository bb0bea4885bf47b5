"""One command: an app on a JVM, hooked, through the proxy to real servers; hooks and wire side by side."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("mitmproxy", reason="capturing needs the device extra")

from appaudit import audit
from appaudit.bundle import Bundle, read, write
from appaudit.cli.listening import SETTINGS, listening
from appaudit.dynamic.run import Options
from appaudit.errors import InputError
from appaudit.records import Fact, Stack
from appaudit.traffic.capture import Options as Listening
from tests.dynamic.runs import need_jvm
from tests.fixtures.apps import apk
from tests.traffic.lab import VALUES, Everywhere, plain_server, tls_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@cache
def heard(app: str) -> tuple[Bundle, Path]:
    """One run of a fixture app with its traffic; the bundle as written and read again."""
    need_jvm()
    folder = Path(tempfile.mkdtemp(prefix="appaudit-test-"))
    with plain_server() as plain, tls_server(folder, plain) as tls:
        options = Options("jvm", folder / "evidence" / "run", 1.5, revoke=())
        capture = Listening(
            folder / "evidence" / "run" / "traffic.mitm",
            values=VALUES,
            ca=folder / "ca",
            settings=(*SETTINGS, "ssl_insecure=true"),
            addons=(Everywhere(plain, tls),),
        )
        policy = apk(app).parent / "policy.zh.html"
        made = audit.run(apk(app), [policy] if policy.exists() else [], options, listening=capture)
    assert not (folder / "ca").exists()
    write(made, folder / "evidence")
    return read(folder / "evidence"), folder


def sends(bundle: Bundle) -> list[Fact]:
    return [f for f in bundle.facts if f.source == "traffic" and f.subject.startswith("data:")]


def test_one_command_gives_hooks_traffic_and_verdict() -> None:
    bundle, _ = heard("shop")
    assert {"static", "dynamic", "traffic", "policy"} <= set(bundle.examined)
    assert {"run/run.jsonl", "run/traffic.mitm"} <= set(bundle.attached)
    assert not any("ca" in Path(name).parts for name in bundle.attached)
    early = {f.subject for f in sends(bundle) if f.phase == "before_consent"}
    accessed = {f.subject for f in bundle.facts if f.source == "dynamic" and f.phase == "before_consent"}
    assert "data:android_id" in early & accessed
    live = [f for f in bundle.findings if f.rule == "early-collection" and f.outcome == "violation"]
    assert {f.source for finding in live for f in finding.facts} >= {"dynamic", "traffic"}


def test_phases_of_what_is_sent() -> None:
    bundle, _ = heard("shop")
    wanted = json.loads((apk("shop").parent / "expected.json").read_text(encoding="utf-8"))
    found = {(f.phase, f.subject.partition(":")[2], f.recipient) for f in sends(bundle)}
    assert {phase for phase, _, _ in found} >= {"before_consent", "after_consent"}
    first = next(p for p in wanted["run"]["phases"] if p["phase"] == "before_consent")
    for send in first["sends"]:
        for data in set(send["data"]) - {"os_version", "mac", "location"}:
            assert ("before_consent", data, f"host:{send['url'].split('/')[2]}") in found
    volumes = [f for f in bundle.facts if f.source == "traffic" and f.action == "contacts"]
    assert all(int(f.attribute["bytes"]) >= 0 and f.phase != "unknown" for f in volumes)


def test_who_sent_is_known_by_the_stack() -> None:
    bundle, _ = heard("shop")
    by = {(f.recipient, f.actor, f.attribute["attributed_by"]) for f in sends(bundle)}
    assert ("host:log.count.example", "sdk:umeng-analytics", "connection") in by
    assert ("host:stats.push.example", "sdk:jpush", "connection") in by
    assert ("host:api.shop.example", "app", "connection") in by
    stacks = [e for f in sends(bundle) if f.actor == "sdk:jpush" for e in f.evidence if isinstance(e, Stack)]
    assert any("cn.jpush" in frame for e in stacks for frame in e.frames)


def test_capture_options() -> None:
    folder = Path("evidence/run")
    chosen = listening("", None, folder, "jvm", VALUES)
    assert chosen is not None
    assert chosen.mode == "regular"
    assert not chosen.ca.is_relative_to(folder)  # type: ignore[union-attr]
    assert listening("none", None, folder, "jvm", None) is None
    assert listening("", "127.0.0.1:8080", folder, "jvm", None) is None
    assert listening("wireguard", None, folder, "android", None) is not None
    for mode, proxy, target in (("regular", "127.0.0.1:1", "jvm"), ("wireguard", None, "jvm")):
        with pytest.raises(InputError):
            listening(mode, proxy, folder, target, None)


def test_an_app_that_sends_nothing_keeps_its_run(tmp_path: Path) -> None:
    need_jvm()
    options = Options("jvm", tmp_path / "evidence" / "run", 0.5, revoke=())
    capture = Listening(tmp_path / "evidence" / "run" / "traffic.mitm", ca=tmp_path / "ca", settings=SETTINGS)
    bundle = audit.run(apk("plain"), [], options, listening=capture)
    assert "dynamic" in bundle.examined
    assert "traffic" not in bundle.examined
    assert "nothing_recorded" in {g.code for g in bundle.gaps if g.source == "traffic"}
