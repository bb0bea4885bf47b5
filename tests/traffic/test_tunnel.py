"""Modes that no setting of the device leads to, between two network namespaces: a tunnel, a gateway.

The device's side is a namespace of its own, whose only way out is the proxy; so nothing of this machine's
network is touched. Needs root, and for the tunnel WireGuard's programs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("mitmproxy", reason="capturing needs the device extra")
pytest.importorskip("httpx", reason="the client of these tests")

from appaudit.records import FlowField
from appaudit.traffic import TrafficResult, read_traffic
from tests.cli.run import ROOT
from tests.traffic.encodings import IMEI
from tests.traffic.lab import VALUES, certified

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
HOST, ADDRESS = "api.wire.example", "203.0.113.7"
GATEWAY, DEVICE = "appaudit-gw", "appaudit-dev"


def run(*command: str | Path) -> None:
    subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=30)


def inside(name: str, *command: str | Path) -> list[str]:
    return ["ip", "netns", "exec", name, *map(str, command)]


@contextmanager
def spaces() -> Iterator[None]:
    """Two namespaces with a wire between them; the server's address is the gateway's own."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and iproute2")
    with ExitStack() as stack:
        for name in (GATEWAY, DEVICE):
            if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
                pytest.skip("network namespaces cannot be made here")
            stack.callback(subprocess.run, ["ip", "netns", "del", name], check=False)
            folder = Path("/etc/netns") / name
            folder.mkdir(parents=True)
            stack.callback(shutil.rmtree, folder)
            run(*inside(name, "ip", "link", "set", "lo", "up"))
        (Path("/etc/netns") / GATEWAY / "hosts").write_text(f"127.0.0.1 localhost\n{ADDRESS} {HOST}\n")
        ends = ("wire0", "netns", GATEWAY, "type", "veth", "peer", "name", "wire1", "netns", DEVICE)
        run("ip", "link", "add", *ends)
        for name, link, address in ((GATEWAY, "wire0", "10.99.0.1/24"), (DEVICE, "wire1", "10.99.0.2/24")):
            run(*inside(name, "ip", "address", "add", address, "dev", link))
            run(*inside(name, "ip", "link", "set", link, "up"))
        run(*inside(GATEWAY, "ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"))
        yield


@contextmanager
def going(command: list[str], until: str, said: list[str]) -> Iterator[None]:
    """A program, from the moment it says something to the end of the block."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT) as ran:
        assert ran.stderr is not None
        for line in ran.stderr:
            said.append(line.strip())
            if until in line:
                break
        else:
            pytest.fail("\n".join(said))
        try:
            yield
        finally:
            ran.send_signal(signal.SIGINT)
            ran.wait(30)


SERVER = """
import asyncio, ssl, sys, threading
from pathlib import Path
from http.server import ThreadingHTTPServer
from tests.traffic.lab import Answer
pem = sys.argv[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(pem)
secure, plain = (ThreadingHTTPServer(("203.0.113.7", port), Answer) for port in (443, 80))
secure.socket = context.wrap_socket(secure.socket, server_side=True)
for server in (secure, plain):
    threading.Thread(target=server.serve_forever, daemon=True).start()
async def main():
    from tests.traffic.h3 import serving
    await serving(Path(pem), "203.0.113.7", 443)
    print("ready", file=sys.stderr, flush=True)
    await asyncio.sleep(3600)
asyncio.run(main())
"""

CLIENT = """
import asyncio, socket, ssl, sys
import httpx
from tests.traffic.h3 import posting
host, address, ca, imei, quic = sys.argv[1:6]
if quic == "quic":
    address = socket.gethostbyname(host)  # by the tunnel's own name server
trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
trust.load_verify_locations(ca)
with httpx.Client(verify=trust, trust_env=False, timeout=20) as http:
    for url in (f"https://{address}/tls", f"http://{address}/plain"):
        answer = http.post(url, content=f"a=1&d={imei}".encode(), headers={"Host": host},
                           extensions={"sni_hostname": host})
        assert answer.status_code == 200, answer
if quic == "quic":
    asyncio.run(posting(ca, address, 443, host, f"a=1&q={imei}".encode()))
"""


@contextmanager
def proxied(folder: Path, mode: str, said: list[str]) -> Iterator[Path]:
    """The server, and the program that records before it; the certificate to trust."""
    pem, _ = certified(folder, HOST)
    listen = "10.99.0.1:51820" if mode == "wireguard" else "10.99.0.1:8080"
    command = inside(GATEWAY, sys.executable, "-m", "appaudit", "traffic", "capture", "--mode", mode)
    command += ["-o", str(folder / "s.mitm"), "--listen", listen, "--set", "ssl_insecure=true"]
    last = "Endpoint" if mode == "wireguard" else "iptables"
    with (
        going(inside(GATEWAY, sys.executable, "-c", SERVER, pem), "ready", []),
        going(command, last, said),
    ):
        yield folder / "s.mitm.ca" / "mitmproxy-ca-cert.pem"


def visit(ca: Path, quic: str) -> None:
    command = inside(DEVICE, sys.executable, "-c", CLIENT, HOST, ADDRESS, ca, IMEI, quic)
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    time.sleep(0.5)


def places(result: TrafficResult) -> set[tuple[str, str]]:
    facts = [f for f in result.facts if f.subject == "data:imei"]
    assert {f.recipient for f in facts} == {f"host:{HOST}"}
    return {
        (e.where, f.attribute["cleartext"]) for f in facts for e in f.evidence if isinstance(e, FlowField)
    }


def test_wireguard(tmp_path: Path) -> None:
    """A real tunnel by what the program shows: names, HTTP in the clear, HTTPS and HTTP/3 come through it."""
    pytest.importorskip("aioquic")
    if shutil.which("wireguard-go") is None or shutil.which("wg") is None:
        pytest.skip("wireguard-go and wg are not both installed")
    said: list[str] = []
    with spaces(), proxied(tmp_path, "wireguard", said) as ca:
        start = said.index("[Interface]")
        shown = "\n".join(said[start:])
        address, names = (re.search(rf"^{key} = (.+)$", shown, re.M) for key in ("Address", "DNS"))
        assert address is not None
        assert names is not None
        (tmp_path / "wg.conf").write_text(re.sub(r"(?m)^(Address|DNS) = .*\n", "", shown))
        (tmp_path / "wg.conf").chmod(0o600)
        (Path("/etc/netns") / DEVICE / "resolv.conf").write_text(f"nameserver {names[1]}\n")
        with ExitStack() as stack:
            run(*inside(DEVICE, "wireguard-go", "wgdev"))
            stack.callback(subprocess.run, inside(DEVICE, "ip", "link", "del", "wgdev"), check=False)
            run(*inside(DEVICE, "wg", "setconf", "wgdev", tmp_path / "wg.conf"))
            run(*inside(DEVICE, "ip", "address", "add", address[1], "dev", "wgdev"))
            run(*inside(DEVICE, "ip", "link", "set", "wgdev", "up"))
            run(*inside(DEVICE, "ip", "route", "add", "default", "dev", "wgdev"))
            visit(ca, "quic")
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    assert places(result) == {
        ("request.body.form.d", "no"), ("request.body.form.d", "yes"), ("request.body.form.q", "no"),
    }  # fmt: skip
    (contact,) = [f for f in result.facts if f.action == "contacts" and f.subject == f"host:{HOST}"]
    assert int(contact.attribute["lookups"]) >= 1
    assert not (tmp_path / "s.mitm.ca").exists()


def test_transparent(tmp_path: Path) -> None:
    """A gateway whose rules lead connections to the proxy, as the program says."""
    if shutil.which("iptables") is None:
        pytest.skip("iptables is not installed")
    said: list[str] = []
    with spaces(), proxied(tmp_path, "transparent", said) as ca:
        rule = said[-1].partition("iptables ")[2].replace("INTERFACE", "wire0").split()
        run(*inside(GATEWAY, "iptables", *rule))
        run(*inside(DEVICE, "ip", "route", "add", "default", "via", "10.99.0.1"))
        visit(ca, "")
    result = read_traffic(tmp_path / "s.mitm", VALUES)
    assert places(result) == {("request.body.form.d", "no"), ("request.body.form.d", "yes")}
