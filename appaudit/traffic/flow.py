"""One exchange, whoever recorded it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Message:
    """One direction: headers in order, the body as sent (content encodings not undone)."""

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first header of that name, any case; empty where there is none."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Passed:
    """A value that the capture saw in bytes it did not keep: ``context`` has it at ``at``, ``length`` long;
    ``offset`` is its place in the whole body."""

    data: str
    form: str
    where: str
    encoding: str
    offset: int
    context: bytes
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Flow:
    """``time``: seconds since the epoch. ``frames``: messages the app sent over a WebSocket or socket.

    ``error``: why it failed, empty where it did not; ``failed``: at which step, where no request came
    through (``connect`` · ``tls_client`` the app refused the proxy's certificate · ``tls_server``).
    ``unkept``: bytes the app sent that were not recorded, of which ``passed`` is what the capture saw.
    ``protocol``: ``HTTP/2.0`` and the like; ``tls``: the version towards the server, empty where unknown.
    ``client_port``: the port of the app's side of the connection, 0 where unknown; ``address``: the server's.
    ``cut``: the capture could not look through all of what it did not keep; ``unopened``: it passed the
    connection on without opening its TLS.
    ``process``: the app that sent it, where the recording tells.
    """

    id: str
    method: str
    url: str
    time: float | None = None
    request: Message = field(default_factory=Message)
    response: Message | None = None
    status: int = 0
    frames: tuple[bytes, ...] = ()
    error: str = ""
    failed: str = ""
    unkept: int = 0
    passed: tuple[Passed, ...] = ()
    protocol: str = ""
    tls: str = ""
    client_port: int = 0
    address: str = ""
    cut: bool = False
    unopened: bool = False
    process: str = ""

    @property
    def sent(self) -> int:
        """Bytes of bodies and messages that the app sent."""
        return len(self.request.body) + sum(map(len, self.frames)) + self.unkept

    @property
    def host(self) -> str:
        """The host of the URL, lower case, without port."""
        try:
            return (urlsplit(self.url).hostname or "").lower()
        except ValueError:
            return ""

    @property
    def cleartext(self) -> bool:
        """Whether it was sent without TLS."""
        return self.url.lower().startswith(("http:", "ws:"))
