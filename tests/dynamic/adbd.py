"""A stand-in for the device side of ADB, on loopback: the real adb server and client talk to it.

The protocol is that of adb's protocol.txt: 24-byte headers, streams opened by the host, one WRTE in flight a
stream. Services: ``shell:`` and ``exec:`` go to a Python function, ``sync:`` to a folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections.abc import Callable
from pathlib import Path

HEADER = struct.Struct("<6I")
MAX_DATA = 1 << 18
VERSION = 0x01000000
BANNER = b"device::ro.product.name=standin;ro.product.model=Standin;ro.product.device=standin;"


def _code(name: str) -> int:
    return int.from_bytes(name.encode(), "little")


class Stream:
    """One stream that the host opened."""

    def __init__(self, connection: Connection, local: int, remote: int) -> None:
        self.connection, self.local, self.remote = connection, local, remote
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self.ready = asyncio.Event()
        self._rest = b""

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_DATA):
            self.ready.clear()
            await self.connection.send("WRTE", self.local, self.remote, data[start : start + MAX_DATA])
            await self.ready.wait()

    async def read(self, count: int) -> bytes:
        while len(self._rest) < count:
            more = await self.incoming.get()
            if not more:
                raise EOFError
            self._rest += more
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    async def close(self) -> None:
        self.connection.streams.pop(self.local, None)
        await self.connection.send("CLSE", self.local, self.remote)


class Connection:
    """One host."""

    def __init__(self, device: Adbd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.device, self.reader, self.writer = device, reader, writer
        self.streams: dict[int, Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, command: str, first: int, second: int, data: bytes = b"") -> None:
        code = _code(command)
        head = HEADER.pack(code, first, second, len(data), sum(data) & 0xFFFFFFFF, code ^ 0xFFFFFFFF)
        self.writer.write(head + data)
        await self.writer.drain()

    async def serve(self) -> None:
        number = 0
        while True:
            code, first, second, size, _, _ = HEADER.unpack(await self.reader.readexactly(HEADER.size))
            data = await self.reader.readexactly(size) if size else b""
            if code == _code("CNXN"):
                await self.send("CNXN", VERSION, MAX_DATA, BANNER)
            elif code == _code("OPEN"):
                number += 1
                stream = self.streams[number] = Stream(self, number, first)
                task = asyncio.create_task(self._open(stream, data.rstrip(b"\0").decode()))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif (known := self.streams.get(second)) is not None:
                if code == _code("OKAY"):
                    known.ready.set()
                elif code == _code("WRTE"):
                    await self.send("OKAY", second, first)
                    known.incoming.put_nowait(data)
                elif code == _code("CLSE"):
                    known.ready.set()
                    known.incoming.put_nowait(b"")
                    self.streams.pop(second)

    async def _open(self, stream: Stream, service: str) -> None:
        kind, _, rest = service.partition(":")
        if kind.split(",")[0] not in ("shell", "exec", "sync", "reverse"):
            self.streams.pop(stream.local, None)
            await self.send("CLSE", 0, stream.remote)  # as a port that nothing listens on
            return
        await self.send("OKAY", stream.local, stream.remote)
        with contextlib.suppress(EOFError, ConnectionError):
            if kind.split(",")[0] in ("shell", "exec"):
                await stream.write(self.device.shell(rest))
            elif kind == "sync":
                await self._sync(stream)
            elif kind == "reverse":
                self.device.reversed.append(rest)
                await stream.write(b"OKAY")
        with contextlib.suppress(ConnectionError):
            await stream.close()

    async def _sync(self, stream: Stream) -> None:
        while True:
            request, size = struct.unpack("<4sI", await stream.read(8))
            if request == b"QUIT":
                return
            path, _, _ = (await stream.read(size)).decode().partition(",")
            if request == b"STAT":
                held = self.device.files.get(path)
                state = (0o100755, len(held), 0) if held is not None else (0, 0, 0)
                await stream.write(b"STAT" + struct.pack("<3I", *state))
            elif request == b"SEND":
                held = b""
                while (part := struct.unpack("<4sI", await stream.read(8)))[0] == b"DATA":
                    held += await stream.read(part[1])
                self.device.files[path] = held
                await stream.write(b"OKAY\0\0\0\0")
            elif request == b"RECV" and path in self.device.files:
                held = self.device.files[path]
                for start in range(0, len(held), 65536):
                    chunk = held[start : start + 65536]
                    await stream.write(b"DATA" + struct.pack("<I", len(chunk)) + chunk)
                await stream.write(b"DONE\0\0\0\0")
            else:
                await stream.write(b"FAIL" + struct.pack("<I", 2) + b"no")


class Adbd:
    """Context manager; ``shell`` answers commands, ``files`` holds what was pushed."""

    def __init__(self, shell: Callable[[str], bytes]) -> None:
        self.commands: list[str] = []
        self.files: dict[str, bytes] = {}
        self.reversed: list[str] = []
        self.lost = False
        self._answer = shell
        self._started = threading.Event()

    def shell(self, command: str) -> bytes:
        """While the device is ``lost`` every stream ends without an answer."""
        if self.lost:
            raise EOFError
        self.commands.append(command)
        return self._answer(command)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()

        async def host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await Connection(self, reader, writer).serve()
            writer.close()

        server = await asyncio.start_server(host, "127.0.0.1", 0)
        self.port: int = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._over.wait()
        server.close()

    def __enter__(self) -> Adbd:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)


def write(folder: Path, name: str, data: bytes) -> Path:
    """A file of a test."""
    path = folder / name
    path.write_bytes(data)
    return path
