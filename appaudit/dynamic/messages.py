"""Messages from the agent, validated: they come out of the app's process and may be forged.

A message is a batch: version, the session's token, a sequence number, stacks by number, calls, notes.
What does not hold is refused as a whole; nothing of it is believed.
"""

from __future__ import annotations

import base64
import re
from collections import ChainMap, OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

VERSION = 1
MAX_ITEMS = 5000
MAX_COUNT = 10_000_000
TEXT = 1024
STACK = 40_000
STACKS = 64_000_000
"""Most characters of stacks in one message, and of those remembered."""
REMEMBERED = 20_000
"""Most stacks remembered: several times what the agent names by number."""
DIGITS = 20
CLOCK_SLACK = 120.0
"""Seconds by which a time may lie outside the run before it is set to its edge."""

SIGNATURE = re.compile(r"\([\w$/;\[.-]{0,2000}\)[\w$/;\[.-]{1,400}")
HEX = re.compile(r"[0-9a-f]*")
RESULTS = ("value", "null", "exception")
BYTES = 2 << 20
"""Most bytes that come with one message."""
SAMPLE = 64 << 10
KEY = 4 << 10

Field = tuple[str, int]
"""What a field of a note must be, and its bound: a ``text`` or ``texts`` (characters), a ``number``
(greatest), a ``stack``, ``hex`` (digits), ``bytes`` (most; None where none were kept)."""
WORD: Field = ("text", 256)
PORT: Field = ("number", 65_535)
NUMBER: Field = ("number", 2**53)
THREAD: Field = NUMBER
STACK_FIELD: Field = ("stack", 0)

NOTES: dict[str, dict[str, Field]] = {
    "permission_request": {"names": ("texts", TEXT), "stack": STACK_FIELD},
    "digest": {"row": NUMBER, "algorithm": WORD, "stack": STACK_FIELD},
    "permission_result": {"names": ("texts", TEXT), "granted": ("texts", 1)},
    "screen": {"state": WORD},
    "start": {
        "how": WORD, "action": WORD, "component": WORD, "package": WORD, "thread": THREAD,
        "stack": STACK_FIELD,
    },
    "started": {"what": WORD, "name": WORD, "action": WORD},
    "webview": {
        "what": WORD, "class": WORD, "name": WORD, "url": WORD, "thread": THREAD, "stack": STACK_FIELD,
    },
    "unpinned": {
        "what": ("text", TEXT), "host": WORD, "error": WORD, "thread": THREAD, "stack": STACK_FIELD,
    },
    "still_pinned": {"what": ("text", TEXT), "why": ("text", TEXT)},
    "loader": {"name": WORD, "what": ("text", TEXT), "stack": STACK_FIELD},
    "loader_hooked": {"n": NUMBER},
    "listener": {"row": NUMBER, "state": WORD, "name": ("text", TEXT)},
    "connect": {
        "host": WORD, "ip": ("text", 45), "port": PORT, "local_port": PORT, "protocol": WORD,
        "error": ("number", 4096), "module": WORD, "thread": THREAD, "stack": STACK_FIELD,
    },
    "tls": {
        "host": WORD, "ip": ("text", 45), "port": PORT, "local_port": PORT, "error": WORD,
        "thread": THREAD, "stack": STACK_FIELD,
    },
    "cipher": {
        "algorithm": WORD, "direction": WORD, "length": NUMBER, "sample": ("bytes", SAMPLE), "size": NUMBER,
        "sha256": ("hex", 64), "head": ("hex", 32), "tail": ("hex", 32), "thread": THREAD,
        "stack": STACK_FIELD,
    },
    "hmac": {
        "algorithm": WORD, "key": ("bytes", KEY), "length": NUMBER, "sample": ("bytes", SAMPLE),
        "output": ("hex", 256), "thread": THREAD, "stack": STACK_FIELD,
    },
}  # fmt: skip
"""Kinds of notes and the fields each has. See `appaudit.dynamic.wire` for the last four."""


class RefusedError(ValueError):
    """A message that is not one of ours, or breaks its own rules."""


@dataclass(frozen=True, slots=True)
class Call:
    """Equal calls of one catalogued member within a second. ``first``, ``last``: seconds, the app's clock."""

    row: int
    signature: str
    arguments: dict[str, str]
    result: str
    error: str
    permissions: dict[str, bool]
    thread: int
    stack: str
    count: int
    first: float
    last: float
    epoch: int
    screen: str
    foreground: bool

    def json(self) -> dict[str, Any]:
        """As a line of the record holds it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Note:
    """Something seen that is no call: ``kind`` is a key of `NOTES`, ``detail`` has its fields."""

    kind: str
    time: float
    epoch: int
    screen: str
    foreground: bool
    detail: dict[str, Any]

    def json(self) -> dict[str, Any]:
        """As a line of the record holds it."""
        return {**asdict(self), "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Batch:
    """One message. ``totals``: calls seen so far, by row; ``lost``: records dropped since the last message;
    ``faults``: failures of the agent's own code; ``left``: notes of a kind that came too often to be told."""

    sequence: int
    calls: tuple[Call, ...]
    notes: tuple[Note, ...]
    totals: dict[int, int]
    lost: int
    faults: dict[str, int]
    left: dict[str, int]


class Reader:
    """Reads the messages of one session; remembers stacks and the sequence."""

    def __init__(self, token: str, rows: Mapping[int, Any], start: float) -> None:
        self._token = token
        self._rows = rows
        self._start = start
        self._stacks: OrderedDict[int, str] = OrderedDict()
        self._characters = 0
        self.sequence = 0
        self.missing = 0
        """Messages whose number never came."""
        self._offset = 0.0  # seconds to add to the app's clock to get ours

    def set_clock(self, told: Any, now: float) -> None:
        """The app's clock, milliseconds since the epoch, at our ``now``. Raises RefusedError."""
        self._offset = now - _seconds(told)

    def read(self, payload: Any, now: float, data: bytes | None = None) -> Batch:
        """Raises RefusedError. ``now``: our clock, seconds since the epoch; ``data``: bytes beside it."""
        message = _mapping(payload)
        if (
            message.get("v") != VERSION
            or message.get("type") != "batch"
            or message.get("token") != self._token
        ):
            raise RefusedError("not a message of this session")
        sequence = _number(message.get("seq"), 1, 2**53)
        if sequence <= self.sequence:
            raise RefusedError("a sequence number came twice")
        stacks = {_number(int(k), 1, 2**53): _text(v, STACK) for k, v in _numbered(message.get("stacks"))}
        if sum(map(len, stacks.values())) > STACKS:
            raise RefusedError("too long stacks")
        known: Mapping[int, str] = ChainMap(stacks, self._stacks)
        data = data or b""
        if len(data) > BYTES:
            raise RefusedError("too many bytes beside a message")
        batch = Batch(
            sequence,
            tuple(self._call(item, known, now) for item in _list(message.get("calls"))),
            tuple(self._note(item, known, data, now) for item in _list(message.get("notes"))),
            {int(k): _number(v, 0, 2**53) for k, v in _numbered(message.get("totals"))},
            _number(message.get("lost"), 0, 2**53),
            _counts(message.get("faults")),
            {k: n for k, n in _counts(message.get("left", {})).items() if k in NOTES},
        )
        self.missing += sequence - self.sequence - 1
        self.sequence = sequence
        self._remember(stacks)
        return batch

    def _remember(self, stacks: Mapping[int, str]) -> None:
        """For the messages that come; of too many those that came first go."""
        for number, stack in stacks.items():
            self._characters += len(stack) - len(self._stacks.pop(number, ""))
            self._stacks[number] = stack
        while len(self._stacks) > REMEMBERED or self._characters > STACKS:
            self._characters -= len(self._stacks.popitem(last=False)[1])

    def _call(self, item: Any, stacks: Mapping[int, str], now: float) -> Call:
        call = _mapping(item)
        row = _number(call.get("row"), 0, 2**31)
        signature = _text(call.get("sig"), 4096)
        if row not in self._rows or not SIGNATURE.fullmatch(signature) or call.get("result") not in RESULTS:
            raise RefusedError("a call of nothing that is hooked")
        first = self._time(call.get("first"), now)
        return Call(
            row,
            signature,
            _arguments(_text(call.get("args"), 8 * TEXT)),
            str(call["result"]),
            _text(call.get("error")),
            _permissions(_text(call.get("permissions"), 8 * TEXT)),
            _number(call.get("thread"), 0, 2**53),
            stacks.get(_number(call.get("stack"), 0, 2**53), ""),
            _number(call.get("n"), 1, MAX_COUNT),
            first,
            max(first, self._time(call.get("last"), now)),
            _number(call.get("epoch"), 0, 10_000),
            _text(call.get("screen")),
            call.get("foreground") is True,
        )

    def _note(self, item: Any, stacks: Mapping[int, str], data: bytes, now: float) -> Note:
        note = _mapping(item)
        kind = note.get("kind")
        if not isinstance(kind, str) or kind not in NOTES:
            raise RefusedError("an unknown kind of note")
        return Note(
            kind,
            self._time(note.get("time"), now),
            _number(note.get("epoch"), 0, 10_000),
            _text(note.get("screen")),
            note.get("foreground") is True,
            {name: _field(note.get(name), field, stacks, data) for name, field in NOTES[kind].items()},
        )

    def _time(self, value: Any, now: float) -> float:
        seconds = _seconds(value) + self._offset
        return min(max(seconds, self._start - CLOCK_SLACK), now + CLOCK_SLACK)


def _field(value: Any, field: Field, stacks: Mapping[int, str], data: bytes) -> Any:
    kind, bound = field
    if kind == "number":
        return _number(value, 0, bound)
    if kind == "stack":
        return stacks.get(_number(value, 0, 2**53), "")
    if kind == "texts":
        return [_text(v, bound) for v in _list(value)[:64]]
    if kind == "bytes":
        return None if value is None else _bytes(_mapping(value), data, bound)
    text = _text(value, bound)
    if kind == "hex" and not HEX.fullmatch(text):
        raise RefusedError("digits are missing")
    return text


def _bytes(place: Mapping[str, Any], data: bytes, bound: int) -> str:
    """The part of a message's bytes that a note points to, in base64."""
    size = _number(place.get("n"), 0, bound)
    start = _number(place.get("at"), 0, len(data))
    if start + size > len(data):
        raise RefusedError("bytes are missing")
    return base64.b64encode(data[start : start + size]).decode()


def _counts(value: Any) -> dict[str, int]:
    pairs = list(_mapping(value).items())
    if len(pairs) > MAX_ITEMS:
        raise RefusedError("too many counts")
    return {_text(k): _number(v, 0, 2**53) for k, v in pairs}


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RefusedError("an object is missing")
    return value


def _numbered(value: Any) -> list[tuple[str, Any]]:
    pairs = list(_mapping(value).items())
    if len(pairs) > 2 * MAX_ITEMS or not all(
        isinstance(k, str) and len(k) < DIGITS and k.isascii() and k.isdigit() for k, _ in pairs
    ):
        raise RefusedError("keys that are no numbers")
    return pairs


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise RefusedError("a list is missing or too long")
    return value


def _text(value: Any, limit: int = TEXT) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise RefusedError("a text is missing or too long")
    return "".join(c if c.isprintable() or c == "\x02" else "\N{REPLACEMENT CHARACTER}" for c in value)


def _number(value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise RefusedError("a number is missing or out of bounds")
    return int(value)


def _seconds(value: Any) -> float:
    """Of milliseconds."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e15:
        raise RefusedError("a time that is none")
    return value / 1000


def _arguments(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split("\x02") if part)
    return {place: value for place, _, value in pairs if re.fullmatch(r"-?\d{1,2}", place)}


def _permissions(text: str) -> dict[str, bool]:
    pairs = (part.partition("=") for part in text.split())
    return {name: state == "1" for name, _, state in pairs}
