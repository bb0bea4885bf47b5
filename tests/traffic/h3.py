"""Both ends of HTTP/3, as aioquic makes them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration


class End(QuicConnectionProtocol):
    """Either end: the server answers a request that has ended, the client waits for the answer."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.h3: Any = None
        self.answered = asyncio.Event()

    def quic_event_received(self, event: Any) -> None:
        self.h3 = self.h3 or H3Connection(self._quic)
        for made in self.h3.handle_event(event):
            if not isinstance(made, DataReceived | HeadersReceived):
                continue
            self.answered.set()
            if not self._quic.configuration.is_client and made.stream_ended:
                self.h3.send_headers(made.stream_id, [(b":status", b"204")], end_stream=True)
                self.transmit()


async def serving(pem: Path, host: str, port: int) -> Any:
    """A server that answers every request; it has ``close``."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    configuration.load_cert_chain(pem, pem)
    return await serve(host, port, configuration=configuration, create_protocol=End)


async def posting(ca: str, address: str, port: int, name: str, body: bytes) -> None:
    """Sends ``body`` to ``name`` at an address and waits for the answer."""
    configuration = QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name=name)
    configuration.load_verify_locations(ca)
    async with connect(address, port, configuration=configuration, create_protocol=End) as client:
        assert isinstance(client, End)
        stream = client._quic.get_next_available_stream_id()
        head = [(b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/")]
        client.h3.send_headers(stream, [*head, (b":authority", name.encode())])
        client.h3.send_data(stream, body, end_stream=True)
        client.transmit()
        await asyncio.wait_for(client.answered.wait(), 20)
