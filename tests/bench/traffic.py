"""The proxy with and without our addon, and the reader: flows a second, peak memory, how both grow.

`python -m tests.bench.traffic 100000 2000` measures a day's capture: 100,000 flows, 2,000 MB of bodies.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.cli.run import ROOT
from tests.traffic.lab import VALUES

FLOWS = 2000
CLIENTS = 8

CHILD = """
import resource, sys, time
from pathlib import Path
from mitmproxy import http
from appaudit.traffic import addon
from appaudit.traffic.capture import Capture, Options
from tests.bench.measure import peak
out, ours, values = Path(sys.argv[1]), sys.argv[2] == "1", Path(sys.argv[3])

class Answer:
    def request(self, flow):
        flow.response = http.Response.make(200, b"{}")

class Nothing(addon.Listener):
    requestheaders = request = responseheaders = response = error = lambda self, flow: None

if not ours:
    addon.Listener = Nothing
watched = {"values": values, "on_hit": lambda *_: None} if ours else {}
options = Options(out, addons=(Answer(),), **watched)
with Capture(options) as proxy:
    print(proxy.port, flush=True)
    cpu = time.process_time()
    sys.stdin.read()
    print(time.process_time() - cpu, peak(), flush=True)
"""
"""A proxy of its own process: who drives it costs none of its CPU time and memory."""


def bodies(count: int, size: int = 1000) -> list[bytes]:
    """JSON of about ``size`` bytes, different each time."""
    rng = random.Random(7)
    fields = max(size // 29, 1)
    return [
        json.dumps({f"k{n}": f"{rng.getrandbits(64):016x}" for n in range(fields)}).encode()
        for _ in range(count)
    ]


async def drive(port: int, count: int, size: int = 1000) -> None:
    """``count`` requests of ``size`` bytes over CLIENTS kept connections."""
    made = bodies(50, size)

    async def client(share: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for n in range(share):
            body = made[n % len(made)]
            head = f"POST http://api.example/e?n={n} HTTP/1.1\r\nHost: api.example\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await reader.readuntil(b"\r\n\r\n{}")
        writer.close()

    await asyncio.gather(*(client(count // CLIENTS) for _ in range(CLIENTS)))


def _measure(folder: Path, ours: bool, count: int, size: int = 1000) -> tuple[float, float, float]:
    """Flows a second by the clock, flows a CPU second of the proxy, its peak memory in MB."""
    out = folder / f"{ours}-{count}.mitm"
    command = [sys.executable, "-c", CHILD, str(out), str(int(ours)), str(VALUES)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        port = int(child.stdout.readline())
        start = time.perf_counter()
        asyncio.run(drive(port, count, size))
        spent = time.perf_counter() - start
        child.stdin.close()
        cpu, peak = map(float, child.stdout.readline().split())
    return count / spent, count / cpu, peak


def run() -> list[str]:
    from appaudit.traffic import read_traffic

    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peaks = {}
        rates = {}
        for ours in (False, True):
            rate, rates[ours], peak = _measure(folder, ours, FLOWS)
            word = "with our addon" if ours else "mitmproxy alone"
            lines.append(f"{word}: {rate:.0f} flows/s, {rates[ours]:.0f} a CPU second, peak {peak:.0f} MB")
            peaks[ours] = peak
        lines.append(f"cost of the addon: {rates[False] / rates[True]:.2f} times the CPU time")
        _, _, twice = _measure(folder, True, 3 * FLOWS)
        lines.append(f"three times the flows: peak {twice:.0f} MB, {twice / peaks[True]:.2f} times")
        start = time.process_time()
        result = read_traffic(folder / f"True-{FLOWS}.mitm", VALUES)
        spent = time.process_time() - start
        lines.append(f"reading: {result.flows / spent:.0f} flows of 1 KB a CPU second")
    return lines


def main() -> None:
    """A capture as long as the arguments say: flows, megabytes of bodies."""
    count, megabytes = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        for ours in (True, False):
            rate, cpu, peak = _measure(Path(name), ours, count, megabytes * 1_000_000 // count)
            word = "with our addon" if ours else "mitmproxy alone"
            print(f"{word}: {rate:.0f} flows/s, {cpu:.0f} a CPU second, peak {peak:.0f} MB", flush=True)
            for recorded in Path(name).glob("*.mitm"):
                recorded.unlink()


if __name__ == "__main__":
    main()
