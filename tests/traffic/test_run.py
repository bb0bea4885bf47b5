"""One command: an app on a JVM, hooked, through the proxy to real servers; hooks and wire side by side."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mitmproxy", reason="capturing needs the device extra")

from appaudit import audit
from appaudit.alongside import scene_of
from appaudit.bundle import Bundle, read, write
from appaudit.cli.listening import SETTINGS, listening, ready, way_there
from appaudit.dynamic import record
from appaudit.dynamic.run import Options
from appaudit.errors import InputError
from appaudit.jsonform import to_json
from appaudit.records import Fact, FlowField, Stack
from appaudit.traffic.capture import Capture
from appaudit.traffic.capture import Options as Listening
from tests.cli.run import appaudit
from tests.dynamic.runs import SECONDS, need_jvm
from tests.fixture_audits import FIXTURES
from tests.fixtures.apps import apk
from tests.fixtures.sends import seeds
from tests.traffic.lab import VALUES, Everywhere, plain_server, tls_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Answers:
    """mitmproxy addon: counts answers. It holds a run before its background phase until there are enough."""

    def __init__(self, wanted: int) -> None:
        self.left = threading.Semaphore(0)
        self.wanted = wanted

    def response(self, _: object) -> None:
        self.left.release()

    def hold(self, line: Mapping[str, Any]) -> None:
        if line.get("phase") == "background":
            assert all(self.left.acquire(timeout=30) for _ in range(self.wanted))


@cache
def heard(app: str, unpin: bool = False, answers: int = 0) -> tuple[Bundle, Path]:
    """One run of a fixture app with its traffic, that many answers awaited before it goes to the background;
    the bundle as written and read again."""
    need_jvm()
    folder = Path(tempfile.mkdtemp(prefix="appaudit-test-"))
    with plain_server() as plain, tls_server(folder, plain) as tls:
        counted = Answers(answers)
        seconds = SECONDS.get(app, 0.6)
        options = Options(
            "jvm", folder / "evidence" / "run", seconds, revoke=(), unpin=unpin, watch=counted.hold
        )
        capture = Listening(
            folder / "evidence" / "run" / "traffic.mitm",
            values=VALUES,
            ca=folder / "ca",
            settings=(*SETTINGS, "ssl_insecure=true"),
            addons=(Everywhere(plain, tls), counted),
        )
        policy = apk(app).parent / "policy.zh.html"
        given = audit.Inputs(apk(app), [policy] if policy.exists() else [], values=VALUES)
        made = audit.run(given, options, listening=capture)
    assert not (folder / "ca").exists()
    write(made, folder / "evidence")
    return read(folder / "evidence"), folder


PINNED = {f"host:{way}.pin.probe.example" for way in ("manager", "pinner", "verifier")}


def test_what_a_pinned_app_refuses_is_not_seen() -> None:
    bundle, _ = heard("probe")
    assert not {f.recipient for f in sends(bundle)} & PINNED
    assert not any(f.subject == "setting:certificate_pins" for f in bundle.facts if f.source == "dynamic")
    assert "unpinned" not in {g.code for g in bundle.gaps}


def test_unpinned_its_traffic_is_seen_and_that_is_told() -> None:
    bundle, _ = heard("probe", unpin=True)
    assert {f.recipient for f in sends(bundle) if f.subject == "data:android_id"} >= PINNED
    told = [f for f in bundle.facts if (f.source, f.subject) == ("dynamic", "setting:certificate_pins")]
    hosts = {f.attribute["how"].rpartition("probe.")[2]: f.attribute["names"] for f in told}
    assert hosts == {
        "Pins$Manager.checkServerTrusted": "manager.pin.probe.example",
        "okhttp3.CertificatePinner.check": "pinner.pin.probe.example",
        "Pins$Verifier.verify": "verifier.pin.probe.example",
        "Pins$Client.onReceivedSslError": "self-signed.pin.probe.example",
    }
    assert all(f.actor == "app" and f.evidence for f in told)
    checks = sum(f.count or 0 for f in told if f.attribute["how"].endswith("checkServerTrusted"))
    assert checks > 0
    assert checks % 3 == 0, "the handshake's, and one that gives the chain, made of it"
    assert "unpinned" in {g.code for g in bundle.gaps}
    head = next(iter(record.read(bundle.attached["run/run.jsonl"])))
    assert head["conditions"]["unpinning"] == "on"


def sends(bundle: Bundle) -> list[Fact]:
    return [f for f in bundle.facts if f.source == "traffic" and f.subject.startswith("data:")]


def test_one_command_gives_hooks_traffic_and_verdict() -> None:
    bundle, _ = heard("shop")
    assert {"static", "dynamic", "traffic", "policy"} <= set(bundle.examined)
    assert {"run/run.jsonl", "run/traffic.mitm"} <= set(bundle.attached)
    hosts = bundle.coverage["traffic"]["what"]
    assert "host:api.shop.example" in hosts
    assert len(set(hosts)) == len(hosts)
    assert not any("ca" in Path(name).parts for name in bundle.attached)
    early = {f.subject for f in sends(bundle) if f.phase == "before_consent"}
    accessed = {f.subject for f in bundle.facts if f.source == "dynamic" and f.phase == "before_consent"}
    assert "data:android_id" in early & accessed
    live = [f for f in bundle.findings if f.rule == "early-collection" and f.outcome == "violation"]
    assert {f.source for finding in live for f in finding.facts} >= {"dynamic", "traffic"}


LIVE = ("dynamic", "traffic")


def test_what_an_earlier_run_saw_is_judged_as_it_was_then() -> None:
    bundle, folder = heard("shop")
    policy = apk("shop").parent / "policy.zh.html"
    again = audit.audit(audit.Inputs(apk("shop"), [policy], seen=folder / "evidence"))
    assert [f for f in again.facts if f.source in LIVE] == [f for f in bundle.facts if f.source in LIVE]
    assert [g for g in again.gaps if g.source in LIVE] == [g for g in bundle.gaps if g.source in LIVE]
    assert again.conditions == bundle.conditions
    assert again.attached == bundle.attached
    assert {f.fingerprint: f.outcome for f in again.findings} == {
        f.fingerprint: f.outcome for f in bundle.findings
    }


def test_what_an_earlier_run_saw_goes_beside_another_policy_but_no_other_file(tmp_path: Path) -> None:
    _, folder = heard("shop")
    policy = tmp_path / "policy.txt"
    policy.write_text("We do not collect your Android ID.\n", encoding="utf-8")
    done = appaudit(
        "audit", apk("shop"), apk("plain"), FIXTURES / "variants" / "shop-next" / "shop-next.apk",
        "-p", policy, "--run", folder / "evidence", "-f", "json", "-o", tmp_path / "out",
    )  # fmt: skip
    assert done.code == 2
    assert "plain.apk: the run was of another file (com.example.shop 3.1.0, SHA-256 " in done.err
    assert "shop-next.apk: the run was of another file" in done.err, "another build is another file"
    (report,) = (tmp_path / "out").iterdir()
    assert any(
        f["outcome"] == "violation" and {"dynamic", "policy"} <= {x["source"] for x in f["facts"]}
        for f in json.loads(report.read_text(encoding="utf-8"))["findings"]
    )


def test_evidence_without_a_run_is_no_run(tmp_path: Path) -> None:
    write(audit.scan(apk("plain")), tmp_path)
    with pytest.raises(InputError, match="made without one"):
        audit.audit(audit.Inputs(apk("plain"), seen=tmp_path))


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


def test_what_was_sealed_is_read_where_it_was_sealed() -> None:
    """Over HTTPS, by the app's own cipher, just before it is sent; and a digest under a key that was seen."""
    bundle, folder = heard("sealed", answers=3)
    (phase,) = json.loads((apk("sealed").parent / "expected.json").read_text(encoding="utf-8"))["run"][
        "phases"
    ]
    value = seeds()["secure.android_id"]
    assert value.encode() not in (folder / "evidence" / "run" / "traffic.mitm").read_bytes()
    found: dict[str, str] = {}
    for fact in sends(bundle):
        if fact.recipient == "host:report.sealed.example":
            form = fact.attribute["form"]
            assert fact.subject == "data:android_id"
            assert fact.attribute["attributed_by"] == "connection"
            assert ("plaintext" in fact.attribute) == (form == "plain")
            stacks = [e for e in fact.evidence if isinstance(e, Stack)]
            assert any("com.example.sealed.Reports" in frame for e in stacks for frame in e.frames)
            found |= {e.where: form for e in fact.evidence if isinstance(e, FlowField)}
    assert found == {seal["where"]: seal.get("form", "plain") for seal in phase["seals"]}
    assert "opaque_body" not in {g.code for g in bundle.gaps}
    assert value not in json.dumps(to_json(bundle.facts))


def test_capture_options() -> None:
    folder = Path("evidence/run")
    chosen = listening("", None, folder, "jvm", VALUES)
    assert chosen is not None
    assert chosen.mode == "regular"
    assert not chosen.ca.is_relative_to(folder)  # type: ignore[union-attr]
    assert listening("none", None, folder, "jvm", None) is None
    assert listening("", "127.0.0.1:8080", folder, "jvm", None) is None
    wireguard = listening("wireguard", None, folder, "android", None, "127.0.0.1:51820")
    assert wireguard is not None
    assert (wireguard.port, wireguard.asked) == (51820, False)
    for mode, proxy, target in (("regular", "127.0.0.1:1", "jvm"), ("wireguard", None, "jvm")):
        with pytest.raises(InputError):
            listening(mode, proxy, folder, target, None)


def test_a_recording_that_cannot_be_read_does_not_cost_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_jvm()
    (tmp_path / "x.har").write_text("{}")
    options = Options("jvm", tmp_path / "run", 0.5, revoke=())
    recordings = [tmp_path / "x.har", FIXTURES / "flows" / "shop.mitm"]
    monkeypatch.setitem(sys.modules, "mitmproxy", None)
    bundle = audit.run(audit.Inputs(apk("plain"), traffic=recordings), options)
    assert "dynamic" in bundle.examined
    gaps = {g.scope: (g.code, g.reason) for g in bundle.gaps if g.source == "traffic"}
    assert gaps["x.har"][0] == gaps["shop.mitm"][0] == "recording_not_read"
    assert "appaudit[device]" in gaps["shop.mitm"][1]


def test_what_is_wrong_with_the_values_is_told_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "v.toml").write_text("nonsense = 3")
    options = Options("jvm", tmp_path / "run", 0.5)
    with pytest.raises(InputError, match="is no data type"):
        audit.run(audit.Inputs(apk("plain"), values=tmp_path / "v.toml"), options)
    assert not (tmp_path / "run").exists()


def test_only_a_mode_that_needs_it_sets_the_proxy(tmp_path: Path) -> None:
    """WireGuard: the app trusts the certificate, no proxy is set, the tester is shown the tunnel first."""
    need_jvm()
    said: list[str] = []
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        assert not (tmp_path / "run").exists() or not any((tmp_path / "run").glob("*.jsonl"))
        return True

    capture = Listening(
        tmp_path / "run" / "traffic.mitm",
        mode="wireguard",
        ca=tmp_path / "ca",
        on_ready=ready(said.append, ask),
    )
    bundle = audit.run(
        audit.Inputs(apk("plain")), Options("jvm", tmp_path / "run", 0.5, revoke=()), listening=capture
    )
    lines = (tmp_path / "run" / "run.jsonl").read_text(encoding="utf-8").splitlines()
    assert not [line for line in map(json.loads, lines) if line["line"] == "condition" and "proxy" in line]
    assert "nothing_recorded" in {g.code for g in bundle.gaps}
    assert "dynamic" in bundle.examined, "a recording of nothing costs no run"
    assert "traffic" not in bundle.examined
    assert len(asked) == 1
    assert "[Interface]" in said
    assert any(re.fullmatch(r"Endpoint = 127\.0\.0\.1:\d+", line) for line in said)
    assert any("10.0.2.2" in line for line in said)


def test_a_tester_may_say_that_the_way_is_not_there(tmp_path: Path) -> None:
    capture = Listening(
        tmp_path / "s.mitm", mode="wireguard", on_ready=ready(lambda _: None, lambda _: False)
    )
    with pytest.raises(InputError, match="does not come"), Capture(capture):
        pass
    assert not (tmp_path / "s.mitm.ca").exists()


def test_a_tunnel_is_shown_as_a_picture_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segno = pytest.importorskip("segno")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Capture(Listening(tmp_path / "s.mitm", mode="wireguard")) as proxy:
        lines = way_there(proxy)
        code = segno.make_qr(proxy.configuration)
    drawn = [line for line in lines if line and set(line) <= set("█▀▄ ")]
    rows = [[0 if c in " ▄" else 1 for c in line] for line in drawn]
    wanted = [[1 - m for m in row] for row in code.matrix_iter(border=2)]
    assert rows == wanted[::2]


def test_where_the_proxy_is_goes_into_the_scene(tmp_path: Path) -> None:
    record = tmp_path / "run.jsonl"
    record.write_text('{"line": "run", "at": 1.0}\n')
    options = Options("android", tmp_path, 1.0, proxy="[fd00::2]:8080")
    assert scene_of(audit.scan(apk("plain")), record, options).proxy == "fd00::2"
    listening = Listening(tmp_path / "s.mitm", host="10.0.0.2")
    assert scene_of(audit.scan(apk("plain")), record, options, listening).proxy == "10.0.0.2"
