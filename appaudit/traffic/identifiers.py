"""Finds a device's own values in bytes, in whatever form they were written. Standard library only.

Values decide; a key's name is only a hint, for patterns that many harmless numbers share.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote_to_bytes

_BETWEEN = b":._-"
_WORDS = bytes(c if chr(c).isalnum() or c in _BETWEEN else 32 for c in range(128)).lower() + b" " * 128
"""Leaves lower-case letters, digits and what may stand between them; the rest becomes blank."""
_APART = bytes.maketrans(_BETWEEN, b"    ")
_PARTED = re.compile(rb"[0-9a-z]++(?:[:._-][0-9a-z]++)++")
_NAMED = frozenset(bytes([c]) for c in range(128) if chr(c).isalnum() or chr(c) in "_.")
"""What stands before a name goes with it."""
_SEPARATORS = re.compile(r"[:._\s-]")
_DECIMAL = re.compile(rb"(?<![\d.])-?\d{1,3}\.\d{3,}+(?!\.)")
_HASHES = ("md5", "sha1", "sha256")
_TRUNCATED = (16, 20, 32, 40)
"""Hex digits to which digests are cut in practice; shorter ones could be anything."""
NEAR = 0.0006
"""Degrees within which a coordinate is the device's own: about 60 metres."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A data type found at a byte offset; ``form``: plain · md5 · sha1 · sha256 · reversed · pattern …"""

    data: str
    form: str
    offset: int
    length: int


class Values:
    """The test device's values by data type id, ready to be looked for.

    ``values``: data id → its values. ``gps_location`` values are ``lat,lon``; ``installed_apps`` are
    package names, of which two in one place count; ``contacts`` are phone numbers or names. ``keys``: of
    HMACs that the app was seen to use; ``hmac-<hash>`` values are looked for only with them.
    """

    def __init__(self, values: Mapping[str, Sequence[str]], keys: Sequence[bytes] = ()) -> None:
        self._keys = tuple(keys)
        self.forms: dict[bytes, tuple[str, str]] = {}
        self.texts: list[tuple[bytes, str]] = []
        self.points: list[tuple[float, float]] = []
        self.packages: set[bytes] = set()
        self.wrapped: list[tuple[bytes, str, str]] = []
        for data, listed in values.items():
            for value in listed:
                self._add(data, str(value).strip())
        self.texts.sort(key=lambda text: len(text[0]))
        roots = b"|".join(sorted({re.escape(name.partition(b".")[0]) for name in self.packages}))
        named = rb"(?:%b)(?:\.[A-Za-z][A-Za-z0-9_]*+)+" % roots
        self._package = re.compile(named) if self.packages else None
        self._long = {text: kind for text, kind in reversed(self.texts) if len(text) >= 12}

    def _add(self, data: str, value: str) -> None:
        if data in ("location", "gps_location"):
            lat, _, lon = value.partition(",")
            try:
                self.points.append((float(lat), float(lon)))
            except ValueError:
                return
            return
        if data == "installed_apps":
            self.packages.add(value.encode())
            return
        if len(value) < 4:
            return
        bare = _SEPARATORS.sub("", value)
        if len(bare) >= 5:
            for form in {value, bare}:
                self.texts.append((form.encode(), data))
                if len(form) >= 8:
                    self.wrapped += [(n, data, "base64") for n in _base64_forms(form.encode())]
                    self.wrapped.append((form.encode().hex().encode(), data, "hex"))
        if bare.isalnum() and bare.isascii() and len(bare) >= 8:
            self._form(bare.lower(), data, "plain")
            self._form(bare.lower()[::-1], data, "reversed")
        for form in {value, value.lower(), value.upper(), bare, bare.lower(), bare.upper()}:
            for name in _HASHES:
                digest = hashlib.new(name, form.encode(), usedforsecurity=False).hexdigest()
                self._form(digest, data, name)
                if name == "md5":
                    self._form(digest[8:24], data, "md5-16")
                for length in _TRUNCATED:
                    if length < len(digest):
                        self._form(digest[:length], data, f"{name}-{length}")
                for key in self._keys:
                    self._form(hmac.new(key, form.encode(), name).hexdigest(), data, f"hmac-{name}")

    def _form(self, text: str, data: str, form: str) -> None:
        self.forms.setdefault(text.encode(), (data, form))

    def find(self, data: bytes) -> list[Hit]:
        """Every value in ``data``; a data type once a form."""
        found: dict[tuple[str, str], Hit] = {}

        def add(kind: str, form: str, offset: int, length: int) -> None:
            found.setdefault((kind, form), Hit(kind, form, offset, length))

        for needle, kind in self.texts:  # the shortest first
            if len(needle) > len(data):
                break
            at = data.find(needle)
            if at >= 0:
                add(kind, "plain", at, len(needle))
        lower = data.lower() if len(data) >= 8 else b""
        # Not one regular expression: words by the bytes' own methods take a quarter of its time.
        words = set(lower.translate(_WORDS).split())
        odd = b" ".join(word for word in words if not word.isalnum())
        words.update(odd.translate(_APART).split())
        for token in sorted(self.forms.keys() & words):
            add(*self.forms[token], lower.find(token), len(token))
        for run in sorted(set(_PARTED.findall(odd))):
            bare = run.translate(None, _BETWEEN)
            if bare in self.forms:
                add(*self.forms[bare], lower.find(run), len(run))
        found.update({(h.data, h.form): h for h in self.digest(data)})
        if self._package is not None:
            begun = self._package.finditer(data)
            named = {m[0] for m in begun if data[m.start() - 1 : m.start()] not in _NAMED} & self.packages
            if len(named) > 1:
                at = data.find(next(iter(sorted(named))))
                add("installed_apps", "plain", at, len(data) - at)
        return list(found.values())

    def digest(self, data: bytes) -> list[Hit]:
        """``data`` itself, where its bytes are a digest of a value."""
        if len(data) not in (16, 20, 32):
            return []
        known = self.forms.get(data.hex().encode())
        return [Hit(*known, 0, len(data))] if known else []

    def split(self, parts: Sequence[bytes]) -> list[tuple[str, int, int]]:
        """Values cut in two over neighbouring parts of a message: (data type, first part, its bytes).

        Each half is at least five characters long and ends, or begins, its part exactly.
        """
        found = []
        for n, (left, right) in enumerate(pairwise(parts)):
            if not (5 <= len(left) <= 64 and 5 <= len(right) <= 64):
                continue
            kind = self._long.get(left + right) or self._long.get(right + left)
            if kind is not None:
                found.append((kind, n, len(left)))
        return found

    def coordinates(self, parts: Iterable[bytes]) -> bool:
        """Whether both coordinates of a place stand somewhere in one message's parts."""
        numbers = {float(m[0]) for part in parts for m in _DECIMAL.finditer(part)} if self.points else set()
        return any(
            any(abs(n - lat) < NEAR for n in numbers) and any(abs(n - lon) < NEAR for n in numbers)
            for lat, lon in self.points
        )

    def latitude(self, data: bytes) -> bool:
        """Whether the latitude of a place stands in ``data``."""
        numbers = {float(m[0]) for m in _DECIMAL.finditer(data)}
        return any(abs(n - lat) < NEAR for n in numbers for lat, _ in self.points)


# ------------------------------------------------------------------------ typed patterns


_HINTS: dict[str, re.Pattern[str]] = {
    "imei": re.compile(r"imei|meid|device_?id", re.I),
    "android_id": re.compile(r"android_?id|\baid\b|ssaid", re.I),
    "oaid": re.compile(r"oaid", re.I),
    "gaid": re.compile(r"gaid|gps_?adid|advertising_?id|\bidfa\b|google_?ad", re.I),
    "phone_number": re.compile(r"phone|mobile|msisdn|\btel\b", re.I),
    "id_card": re.compile(r"id_?card|identity|cert_?no|sfz", re.I),
    "imsi": re.compile(r"imsi", re.I),
    "mac": re.compile(r"mac", re.I),
    "bssid": re.compile(r"bssid", re.I),
    "ssid": re.compile(r"(?:^|_|wifi|wlan|current)ssid$|^wifi_?name$", re.I),
    "gps_location": re.compile(
        r"^(?:gps_?|user_?|my_?)?(?:lat(?:itude)?|lng|lon|longitude|location|lat_?lng|lng_?lat|coords?|gps)$",
        re.I,
    ),
}
_VALUES: dict[str, re.Pattern[bytes]] = {
    "imei": re.compile(rb"(?<!\d)\d{15}(?!\d)"),
    "android_id": re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{16}(?![0-9A-Za-z])"),
    "oaid": re.compile(
        rb"(?<![0-9A-Za-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"
    ),
    "gaid": re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
    "phone_number": re.compile(rb"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)"),
    "id_card": re.compile(
        rb"(?<!\d)[1-8]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
    ),
    "imsi": re.compile(rb"(?<!\d)460\d{12}(?!\d)"),
    "mac": re.compile(
        rb"(?<![0-9A-Za-z:-])(?:[0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}(?![0-9A-Za-z:-])"
    ),
    "ssid": re.compile(rb"\A[^\x00-\x1f]{2,34}\Z"),
    "gps_location": re.compile(rb"\A-?\d{1,3}\.\d{4,15}(?:\s?[,;|]\s?-?\d{1,3}\.\d{4,15})?\Z"),
}
_VALUES["bssid"] = _VALUES["mac"]
_APPS = re.compile(r"app_?list|apps?$|installed|packages?(?:_?names?)?$|pkgs?$", re.I)
_APP = re.compile(rb"(?<![\w.])(?:com|cn|org|net|tv|me|io|android)(?:\.[A-Za-z]\w*+)++(?![\w.])")
_ITEM = re.compile(r"\[\d+\](?:\.[^.\[\]]+)?$")
APPS = 5
"""Names of packages of which that many in one list are taken for the apps that are installed."""
_ANY_HINT = re.compile("|".join(hint.pattern for hint in _HINTS.values()), re.I)
_NOBODY = (b"02:00:00:00:00:00", b"00:00:00:00:00:00", b"ff:ff:ff:ff:ff:ff")
_NO_NETWORK = (b"unknown ssid", b"unknown", b"none", b"null", b"n/a", b"0x", b"true", b"false")
_ALL_ZERO = re.compile(rb"[0-]+")


def patterns(path: str, data: bytes) -> list[Hit]:
    """Values that look like an identifier in a field whose name says so; ``form`` is ``pattern``."""
    if len(data) > 4096:
        return []
    key = path.rpartition(".")[2]
    if not _ANY_HINT.search(key):
        return []
    found = []
    for kind, hint in _HINTS.items():
        match = _VALUES[kind].search(data) if hint.search(key) else None
        if match is not None and _valid(kind, match[0]):
            found.append(Hit(kind, "pattern", match.start(), len(match[0])))
    return found


def app_list(texts: Iterable[tuple[str, bytes]]) -> str:
    """The path of a list of apps among (path, bytes) of a message's parts; empty where there is none. A list
    is one part, or the parts of one array."""
    lists: dict[str, set[bytes]] = {}
    for path, data in texts:
        whole = _ITEM.sub("", path)
        if _APPS.search(whole.rpartition(".")[2]) and len(lists.setdefault(whole, set())) < APPS:
            lists[whole].update(_APP.findall(data[:65_536]))
            if len(lists[whole]) >= APPS:
                return path
    return ""


def _valid(kind: str, value: bytes) -> bool:
    if _ALL_ZERO.fullmatch(value) or value.lower() in _NOBODY:
        return False
    if kind == "imei":
        return luhn(value.decode("ascii"))
    if kind == "ssid":
        return value.strip(b'"<>').lower() not in _NO_NETWORK and not _VALUES["mac"].search(value)
    if kind == "gps_location":
        return all(0.0001 < abs(float(n)) <= 180 for n in re.split(rb"[,;|]", value))
    if kind == "id_card":
        return id_card(value.decode("ascii"))
    return True


def luhn(digits: str) -> bool:
    """Whether a digit string ends with the right check digit (ISO/IEC 7812)."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        digit = int(char) * (2 if place % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def id_card(text: str) -> bool:
    """Whether an 18-character Chinese identity number has the right check character (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c) * w for c, w in zip(text[:17], weights, strict=True))
    return "10X98765432"[total % 11] == text[17].upper()


# ------------------------------------------------------------------------ bytes as they pass


def _base64_forms(value: bytes) -> Iterator[bytes]:
    """What base64 text holds wherever ``value`` stands in it: one form for each of the three alignments."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + value)
        yield encoded[(0, 2, 3)[shift] : (shift + len(value)) * 8 // 6]


@dataclass(frozen=True, slots=True)
class Passed:
    """A value seen in bytes that were not kept. ``offset``: of ``hit`` in the (inflated) stream;
    ``context``: the bytes around it, the value at ``hit.offset``."""

    hit: Hit
    encoding: str
    offset: int
    context: bytes


class Window:
    """Looks through a stream of any length in memory that does not grow.

    Finds the values and their digests in the clear, percent-encoded, hex, in base64 at any alignment, and all
    of that inside gzip and deflate. What needs the whole body (protobuf, brotli, nesting) it cannot tell.
    """

    OVERLAP = 512
    INFLATED = 256 << 20
    """Bytes of one stream that are inflated at most: a bomb ends there."""

    def __init__(self, values: Values) -> None:
        self.size = 0
        self.cut = False
        self._values = values
        self._tail = {"plain": b"", "inflated": b""}
        self._passed = {"plain": 0, "inflated": 0}
        self._seen: set[tuple[str, str]] = set()
        self._inflate: zlib._Decompress | None = None
        self._name = ""

    def feed(self, chunk: bytes) -> list[Passed]:
        """What this chunk shows that none before did; a data type once a form."""
        if not self.size and len(chunk) > 2:
            if chunk[:2] == b"\x1f\x8b":
                self._inflate, self._name = zlib.decompressobj(31), "gzip"
            elif chunk[0] == 0x78 and (chunk[0] << 8 | chunk[1]) % 31 == 0:
                self._inflate, self._name = zlib.decompressobj(15), "deflate"
        self.size += len(chunk)
        found: list[Passed] = []
        for at in range(0, len(chunk), 1 << 16):
            piece = chunk[at : at + (1 << 16)]
            found += self._look("plain", "", piece)
            for inner in self._inflated(piece):
                found += self._look("inflated", self._name, inner)
        return found

    def _inflated(self, piece: bytes) -> Iterator[bytes]:
        while piece and self._inflate is not None:
            try:
                out = self._inflate.decompress(piece, 1 << 16)
            except zlib.error:
                self._inflate = None
                return
            piece = self._inflate.unconsumed_tail
            yield out
            if self._passed["inflated"] > self.INFLATED:
                self.cut, self._inflate = True, None

    def _look(self, stream: str, name: str, piece: bytes) -> Iterator[Passed]:
        start = self._passed[stream] - len(self._tail[stream])
        data = self._tail[stream] + piece
        for encoding, text in (("", data), ("url", unquote_to_bytes(data) if b"%" in data else b"")):
            for hit in (*self._values.find(text), *(self._wrapped(text) if not encoding else ())):
                if (hit.data, hit.form) in self._seen:
                    continue
                self._seen.add((hit.data, hit.form))
                begin = max(hit.offset - 24, 0)
                chain = ">".join(e for e in (name, encoding) if e) or "plain"
                placed = Hit(hit.data, hit.form, hit.offset - begin, hit.length)
                context = text[begin : hit.offset + min(hit.length, 64)]
                yield Passed(placed, chain, start + hit.offset, context)
        self._passed[stream] += len(piece)
        self._tail[stream] = data[-self.OVERLAP :]

    def _wrapped(self, data: bytes) -> Iterator[Hit]:
        for needle, kind, encoding in self._values.wrapped:
            at = data.find(needle)
            if at >= 0:
                yield Hit(kind, encoding, at, len(needle))
