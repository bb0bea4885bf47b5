"""The hooks on libc in a process without Java: this interpreter, calling libc directly."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appaudit.dynamic import agent
from appaudit.dynamic.messages import Batch, Call, Note, Reader
from appaudit.dynamic.rows import configuration, rows

frida = pytest.importorskip("frida")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="libc's names are those of Linux")

TOKEN = "n" * 32
ARM = platform.machine() == "aarch64"
OPENAT, STATX, IOCTL = (56, 291, 29) if ARM else (257, 332, 16)
APP = """
import ctypes, fcntl, socket, struct, sys
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
print("ready", flush=True)
for line in sys.stdin:
    name, *rest = line.split()
    if name == "property":
        value = ctypes.create_string_buffer(92)
        done = getattr(libc, "__system_property_get")(rest[0].encode(), value), value.value.decode()
    elif name == "hardware":
        ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        done = libc.ioctl(ask.fileno(), 0x8927, ctypes.create_string_buffer(b"lo" + bytes(38)))
    elif name == "netlink":
        ask = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        done = ask.sendto(struct.pack("IHHII", 32, int(rest[0]), 0x301, 1, 0) + bytes(16), (0, 0))
    elif name == "connect":
        done = socket.socket().connect_ex((rest[0], int(rest[1])))
    elif name == "fopen":
        done = libc.fopen(rest[0].encode(), b"r")
    elif name == "system":
        done = libc.system(" ".join(rest).encode())
    elif name == "syscall":
        rest = [int(r) if r.lstrip("-").isdigit() else r.encode() for r in rest]
        done = libc.syscall(*rest)
    elif name == "handshake":
        import ssl
        context = ssl.create_default_context(cafile=rest[1])
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # 3.13 wants more of a certificate
        try:
            with socket.create_connection(("127.0.0.1", int(rest[0]))) as plain:
                with context.wrap_socket(plain, server_hostname=rest[2]) as secure:
                    secure.sendall(b"x")
                    done = secure.version()
        except OSError as error:
            done = type(error).__name__
    else:
        done = getattr(libc, name)(rest[0].encode(), 0)
    print(done, flush=True)
"""
PROPERTIES = """
#include <string.h>
int __system_property_get(const char *name, char *value) {
  strcpy(value, strcmp(name, "ro.serialno") == 0 ? "FX20SERIAL77410" : "");
  return strlen(value);
}
"""


class Process:
    """The interpreter under the agent."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self.batches: list[Batch] = []
        self._reader = Reader(TOKEN, rows(), time.time())
        self._process = subprocess.Popen(
            [sys.executable, "-c", APP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self._session = frida.attach(self._process.pid)
        self._script = self._session.create_script(agent.source())
        self._script.on("message", self._on_message)
        self._script.load()
        self.outcome = self._script.exports_sync.install(configuration(TOKEN))

    def _on_message(self, message: dict[str, object], data: bytes | None) -> None:
        self.batches.append(self._reader.read(message["payload"], time.time(), data))

    def do(self, command: str) -> tuple[str, list[Call], list[Note]]:
        """What the call returned, and what was seen of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        del self.batches[:]
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        self._script.exports_sync.flush()
        calls = [c for b in self.batches for c in b.calls]
        assert not [b.faults for b in self.batches if b.faults]
        return answer, calls, [n for b in self.batches for n in b.notes]

    def close(self) -> None:
        self._script.exports_sync.stop()
        self._script.unload()
        self._session.detach()
        self._process.kill()
        with self._process:  # closes its pipes
            self._process.wait()


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    try:
        running = Process()
    except frida.PermissionDeniedError:
        pytest.skip("Frida may not attach to its own child here")
    yield running
    running.close()


@pytest.mark.parametrize(
    ("command", "member", "argument", "result"),
    [
        ("open /proc/net/arp", "open", "/proc/net/arp", "value"),
        ("open /sys/class/net/lo/address", "open", "/sys/class/net/lo/address", "value"),
        ("open /sys/class/net/none/address", "open", "/sys/class/net/none/address", "null"),
        ("fopen /proc/cpuinfo", "open", "/proc/cpuinfo", "value"),
        ("fopen /proc/self/maps", "open", "/proc/self/maps", "value"),
        ("access /efs/imei/mps_code.dat", "access", "/efs/imei/mps_code.dat", "null"),
        ("hardware", "ioctl", "0x8927", "value"),
        ("netlink 18", "sendto", "RTM_GETLINK", "value"),
        ("netlink 30", "sendto", "RTM_GETNEIGH", "value"),
        ("system true ro.serialno", "system", "true ro.serialno", "value"),
        (f"syscall {OPENAT} -100 /proc/net/arp 0", "openat", "/proc/net/arp", "value"),
        (f"syscall {OPENAT} -100 /sys/class/net/x/address 0", "openat", "/sys/class/net/x/address", "null"),
        (f"syscall {STATX} -100 /efs/imei/mps_code.dat 0 0 0", "fstatat", "/efs/imei/mps_code.dat", "null"),
        (f"syscall {IOCTL} 1 35111 0", "ioctl", "0x8927", "null"),
    ],
)
def test_a_call_of_libc_is_one_event(
    process: Process, command: str, member: str, argument: str, result: str
) -> None:
    _, calls, _ = process.do(command)
    (call,) = calls
    assert rows()[call.row].id == f"native:libc.so.{member}"
    assert (list(call.arguments.values()), call.result, call.count) == ([argument], result, 1)
    assert call.stack.startswith("native.")


@pytest.mark.parametrize(
    "command",
    [
        "open /etc/hostname",
        "access /tmp",
        "netlink 22",
        "fopen /proc/self/limits",
        f"syscall {OPENAT} -100 /etc/hostname 0",
        "syscall 99999 0",
    ],
)
def test_what_tells_nothing_is_no_event(process: Process, command: str) -> None:
    assert process.do(command)[1:] == ([], [])


def test_a_connection_without_java(process: Process) -> None:
    answer, _, notes = process.do("connect 127.0.0.1 9")
    (note,) = notes
    assert (note.kind, note.detail["ip"], note.detail["port"]) == ("connect", "127.0.0.1", 9)
    assert note.detail["error"] == int(answer) != 0
    assert note.detail["local_port"] > 0
    assert note.detail["stack"].startswith("native.")


@pytest.mark.parametrize(("asked", "error"), [("peer.example", ""), ("other.example", "SSL_ERROR 1")])
def test_a_handshake_of_native_code(process: Process, tmp_path: Path, asked: str, error: str) -> None:
    """By the OpenSSL that this interpreter loads after the hooks were set."""
    lab = pytest.importorskip("tests.traffic.lab", reason="certificates are made by mitmproxy")
    with lab.own_tls_server(tmp_path, "peer.example") as (port, authority):
        process.do(f"handshake {port} {authority} {asked}")
        _, _, notes = process.do(f"handshake {port} {authority} {asked}")
    told = [n.detail for n in notes if n.kind == "tls"]
    if not told:
        pytest.skip("this interpreter's OpenSSL exports nothing")
    (detail,) = told
    connection = next(n.detail for n in notes if n.kind == "connect")
    assert (detail["host"], detail["ip"], detail["error"]) == (asked, "127.0.0.1", error)
    assert (detail["port"], detail["local_port"]) == (port, connection["local_port"])
    assert ".SSL_do_handshake(" in detail["stack"]


def test_functions_that_are_not_there_are_told(process: Process) -> None:
    told = {rows()[r["row"]].member: r["state"] for r in process.outcome["rows"]}
    assert told["open"] == told["ioctl"] == "hooked"
    assert told["__system_property_get"] == "no_symbol"


def test_properties_by_a_stand_in_of_bionic(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: libc here has no properties")
    (tmp_path / "p.c").write_text(PROPERTIES)
    library = tmp_path / "libproperties.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "p.c"], check=True)
    running = Process({"LD_PRELOAD": str(library)})
    try:
        answer, calls, _ = running.do("property ro.serialno")
        assert answer == "(15, 'FX20SERIAL77410')"
        (call,) = calls
        assert rows()[call.row].member == "__system_property_get"
        assert list(call.arguments.values()) == ["ro.serialno"]
        assert running.do("property debug.nothing")[1] == []
    finally:
        running.close()
