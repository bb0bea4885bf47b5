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
class Flow:
    """``time``: seconds since the epoch. ``frames``: WebSocket messages the app sent.
    ``error``: why it failed, empty where it did not. ``extra``: names the recorder gave (process …)."""

    id: str
    method: str
    url: str
    time: float | None = None
    request: Message = field(default_factory=Message)
    response: Message | None = None
    status: int = 0
    frames: tuple[bytes, ...] = ()
    error: str = ""

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
