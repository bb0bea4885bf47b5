"""An archive's members as Android resolves them: its central directory, read forgivingly.

Android opens archives with libziparchive: the last end record in the final 64 KiB counts, the
central directory decides about method and sizes, the encrypted flag and checksums are ignored, a
method other than deflate is mapped as it stands when an asset is opened. Each place where a file is
shaped to make readers disagree is kept as a `Trick`, with whether Android reads past it or refuses.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from zlib_ng import zlib_ng

END = b"PK\x05\x06"
CENTRAL = b"PK\x01\x02"
LOCAL = b"PK\x03\x04"
STORED, DEFLATED = 0, 8
MAX_MEMBER = 512 << 20
"""Bytes a single member may inflate to; what is larger is not read."""
MAX_TRICKS = 20
"""Members kept as evidence of one kind of trick."""

MAX_CANDIDATES = 1000
"""Places tried for the directory of an archive whose end record is damaged."""

_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_InflateError = cast("type[Exception]", zlib_ng.error)  # its own types call it an instance
_UINT32_MAX = 0xFFFFFFFF
_DEFLATED_PIECE, _PIECE = 1 << 18, 1 << 20
"""Bytes inflated at a time, few enough to stay in the processor's cache, and how many may come of them."""
_AS_FOLDERS = ("AndroidManifest.xml/", "classes.dex/", "resources.arsc/")

Android = Literal["reads", "refuses", "unknown"]


class MemberError(Exception):
    """A member that cannot be read; the message says why in one sentence."""


class NotAZipError(Exception):
    """Bytes that hold no central directory; ``truncated`` when they begin as an archive does."""

    def __init__(self, truncated: bool) -> None:
        self.truncated = truncated
        super().__init__("truncated archive" if truncated else "not an archive")


@dataclass(frozen=True, slots=True)
class Trick:
    """A shape that makes readers disagree. ``android``: reads past it, refuses the file, or unknown."""

    id: str
    member: str
    detail: str
    android: Android


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the central directory. ``header`` is the offset of its local header."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    size: int
    compressed: int
    header: int


class Archive:
    """A zip archive over a buffer. ``entries`` maps each name to the record Android finds first;
    ``duplicates`` are the later records of the same names.

    Raises `NotAZipError` where there is no central directory at all.
    """

    def __init__(self, data: bytes | memoryview, note: Callable[[Trick], None]) -> None:
        self.data = memoryview(data)
        self._note = note
        self.entries: dict[str, Entry] = {}
        self.duplicates: list[Entry] = []
        self.directory = 0
        self.end = len(self.data)
        """Where the end record begins."""
        self.comment = b""
        self._shift = 0
        self._read_directory()

    # ------------------------------------------------------------------------- directory

    def _read_directory(self) -> None:
        size = len(self.data)
        tail_start = max(0, size - 65535 - _END.size)
        tail = bytes(self.data[tail_start:])
        at = tail.rfind(END, 0, max(len(tail) - _END.size + 4, 0))
        if at < 0:
            self._recover(ended=False)
            return
        end = self.end = tail_start + at
        _, _, _, _, count, length, offset, comment = _END.unpack_from(self.data, end)
        self.comment = bytes(self.data[end + _END.size : end + _END.size + comment])
        if end + _END.size + comment != size:
            self._trick(
                "zip_trailing_bytes", "", f"comment of {comment} bytes, file goes on or ends", "refuses"
            )
        if _UINT32_MAX in (length, offset):
            found = self._zip64(end)
            if found is None:
                self._trick("zip_bad_zip64", "", "sizes point to a zip64 record that is not there", "refuses")
                self._recover(ended=True)
                return
            count, length, offset = found
        if offset + length > end or bytes(self.data[offset : offset + 4]) != CENTRAL:
            self._shift = end - length - offset
            if count and length <= end and bytes(self.data[end - length :][:4]) == CENTRAL:
                self._trick("zip_shifted", "", f"offsets are {self._shift} bytes off", "refuses")
                offset = end - length
            else:
                self._shift = 0
                self._recover(ended=True)
                return
        self.directory = offset
        self._walk(offset, min(offset + length, size), count)
        if END in bytes(self.data[max(offset + length, end - 65557) : end]):
            self._trick("zip_two_end_records", "", "an earlier end record is passed over", "reads")
        if bytes(self.data[:4]) != LOCAL and size > 4:
            dex = bytes(self.data[:4]) == b"dex\n"
            self._trick(
                "zip_dex_prefix" if dex else "zip_prefix",
                "",
                "the file begins with a dex (Janus)"
                if dex
                else "the file does not begin with a local header",
                "refuses",
            )

    def _zip64(self, end: int) -> tuple[int, int, int] | None:
        """Number of records, size and offset of the directory, from the zip64 end record."""
        locator = end - 20
        if locator >= 0 and bytes(self.data[locator : locator + 4]) == b"PK\x06\x07":
            (record,) = struct.unpack_from("<Q", self.data, locator + 8)
            if record + 56 <= locator and bytes(self.data[record : record + 4]) == b"PK\x06\x06":
                count, length, offset = struct.unpack_from("<QQQ", self.data, record + 32)
                return count, length, offset
        return None

    def _find(self, needle: bytes, start: int) -> int:
        """The next place of ``needle`` from ``start`` on, -1 where there is none; copies little."""
        step = 1 << 20
        while start < len(self.data):
            at = bytes(self.data[start : start + step + len(needle) - 1]).find(needle)
            if at >= 0:
                return start + at
            start += step
        return -1

    def _recover(self, ended: bool) -> None:
        """Reads the directory without its end record: the records themselves still say where they are.
        ``ended``: there is an end record, but it leads nowhere."""
        begins = bytes(self.data[:4]) in (LOCAL, b"dex\n")
        first, tried = -1, 0
        while begins or ended:
            first = self._find(CENTRAL, first + 1)
            if first < 0 or first + _CENTRAL.size > len(self.data):
                first = -1
                break
            header = _CENTRAL.unpack_from(self.data, first)[16]
            tried += 1
            if bytes(self.data[header : header + 4]) == LOCAL or tried > MAX_CANDIDATES:
                break
        if first < 0 or tried > MAX_CANDIDATES:
            raise NotAZipError(truncated=begins)
        self._trick("zip_bad_end_record", "", "the directory is read from its first record on", "refuses")
        self.directory = first
        self._walk(first, len(self.data), None)
        if not self.entries:
            raise NotAZipError(truncated=begins)

    def _walk(self, at: int, end: int, count: int | None) -> None:
        """Reads ``count`` records from ``at``; with None, as many as follow one another."""
        data, entries = self.data, self.entries
        done = 0
        while count is None or done < count:
            if at + _CENTRAL.size > end or bytes(data[at : at + 4]) != CENTRAL:
                if count is not None:
                    detail = f"{done} of {count} records can be read"
                    self._trick("zip_directory_truncated", "", detail, "refuses")
                return
            record = _CENTRAL.unpack_from(data, at)
            flags, method = record[3], record[4]
            compressed, size, name_length, extra_length, comment_length = record[8:13]
            header = record[16]
            name_at = at + _CENTRAL.size
            raw_name = bytes(data[name_at : name_at + name_length])
            extra = data[name_at + name_length : name_at + name_length + extra_length]
            at = name_at + name_length + extra_length + comment_length
            done += 1
            if at > end:
                self._trick("zip_directory_truncated", "", f"record {done} runs past the end", "refuses")
            if _UINT32_MAX in (size, compressed, header):
                size, compressed, header = _zip64_extra(extra, size, compressed, header)
            name = self._name(raw_name)
            entry = Entry(name, raw_name, flags, method, size, compressed, header + self._shift)
            if flags & 1:
                self._trick("zip_encrypted_flag", name, "marked as encrypted", "reads")
            if method not in (STORED, DEFLATED):
                android: Android = "refuses" if name.endswith(".dex") else "reads"
                self._trick("zip_unknown_method", name, f"compression method {method}", android)
            elif method == STORED and size != compressed:
                self._trick(
                    "zip_stored_sizes", name, f"stored, {compressed} bytes said to be {size}", "reads"
                )
            if header >= self.directory:
                self._trick("zip_bad_offset", name, f"local header at {header}", "refuses")
            if name in entries:
                self.duplicates.append(entry)
                self._trick("zip_duplicate_entry", name, "the name occurs again", "refuses")
            else:
                entries[name] = entry
        if at + 4 <= end and bytes(data[at : at + 4]) == CENTRAL:
            self._trick("zip_hidden_entries", "", "the directory holds more records than it counts", "reads")

    def _name(self, raw: bytes) -> str:
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            name = raw.decode(errors="backslashreplace")
            self._trick("zip_bad_name", name, "not UTF-8", "refuses")
        if "\0" in name:
            name = name.replace("\0", "\\x00")
            self._trick("zip_bad_name", name, "holds a NUL character", "refuses")
        if name.startswith(_AS_FOLDERS):
            self._trick("zip_file_as_folder", name, "a file's name used as a folder", "reads")
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            self._trick("zip_path_traversal", name, "leads out of the archive's folder", "reads")
        return name

    # --------------------------------------------------------------------------- members

    def content(self, entry: Entry) -> memoryview:
        """The member's bytes as they stand in the archive (compressed or not).

        Raises `MemberError` where the member lies outside the file.
        """
        data = self.data
        if not 0 <= entry.header <= len(data) - _LOCAL.size:
            raise MemberError("its local header lies outside the file")
        local = _LOCAL.unpack_from(data, entry.header)
        name_length, extra_length = local[9], local[10]
        name_at = entry.header + _LOCAL.size
        if local[0] != LOCAL:
            self._trick("zip_bad_local_header", entry.name, "no signature", "refuses")
            name_length, extra_length = len(entry.raw_name), 0
        elif bytes(data[name_at : name_at + name_length]) != entry.raw_name:
            self._trick("zip_bad_local_header", entry.name, "another name", "refuses")
        elif not local[2] & 8 and (local[7], local[8]) != (entry.compressed, entry.size):
            if _UINT32_MAX not in (local[7], local[8]):
                self._trick("zip_bad_local_header", entry.name, "other sizes", "refuses")
        elif local[3] != entry.method:
            self._trick("zip_local_method", entry.name, f"method {local[3]} in its local header", "reads")
        start = name_at + name_length + extra_length
        length = entry.compressed if entry.method == DEFLATED else entry.size
        if start + length > len(data):
            self._trick("zip_wrong_size", entry.name, "larger than the file", "refuses")
        return data[start : start + length]

    def read(self, entry: Entry, limit: int = MAX_MEMBER) -> bytes:
        """The member's bytes, inflated. Raises `MemberError`, also where they are more than ``limit``."""
        return b"".join(self.read_pieces(entry, limit))

    def read_pieces(self, entry: Entry, limit: int = MAX_MEMBER) -> Iterator[bytes | memoryview]:
        """`read`, some bytes at a time."""
        inflate = self._inflater(entry)
        size = 0
        for piece in self._pieces(self.content(entry), inflate):
            size += len(piece)
            if size > limit:
                does = "is larger than" if inflate is None else "inflates to more than"
                raise MemberError(f"it {does} {limit} bytes")
            yield piece
        if inflate is not None and not inflate.eof:
            self._trick("zip_cut_member", entry.name, "its compressed data ends early", "refuses")
        if inflate is not None and size != entry.size:
            self._trick("zip_wrong_size", entry.name, f"{size} bytes said to be {entry.size}", "refuses")

    def pieces(self, entry: Entry) -> Iterator[bytes | memoryview]:
        """The member's bytes, inflated, some at a time; as many as there are. Raises `MemberError`."""
        return self._pieces(self.content(entry), self._inflater(entry))

    @staticmethod
    def _inflater(entry: Entry) -> zlib_ng._Decompress | None:
        return zlib_ng.decompressobj(-15) if entry.method == DEFLATED else None

    @staticmethod
    def _pieces(content: memoryview, inflate: zlib_ng._Decompress | None) -> Iterator[bytes | memoryview]:
        if inflate is None:
            yield content
            return
        try:
            for at in range(0, len(content), _DEFLATED_PIECE):
                rest: bytes | memoryview = content[at : at + _DEFLATED_PIECE]
                while len(rest) and not inflate.eof:
                    yield inflate.decompress(rest, _PIECE)
                    rest = inflate.unconsumed_tail
            yield inflate.flush()  # all input may be taken while output waits for room in a piece
        except _InflateError as error:
            raise MemberError(f"it cannot be inflated ({error})") from None

    def view(self, entry: Entry, limit: int = MAX_MEMBER) -> memoryview:
        """As `read`, without a copy (and without a limit) where the member is stored."""
        if entry.method == STORED and entry.size == entry.compressed:
            return self.content(entry)
        return memoryview(self.read(entry, limit))

    def peek(self, entry: Entry, length: int = 16) -> bytes:
        """The member's first bytes; empty where it cannot be read."""
        try:
            content = self.content(entry)
            if entry.method != DEFLATED:
                return bytes(content[:length])
            return zlib_ng.decompressobj(-15).decompress(content[: 2 * length + 512], length)
        except (MemberError, _InflateError):
            return b""

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def _trick(self, trick: str, member: str, detail: str, android: Android) -> None:
        self._note(Trick(trick, member, detail, android))


def _zip64_extra(extra: memoryview, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """The sizes and offset of a zip64 extra field (header id 1) in the order the format fixes."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = bytes(extra[at + 4 : at + 4 + length])
            values = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
            if size == _UINT32_MAX or len(field) >= 24:
                size = next(values, size)
            if compressed == _UINT32_MAX or len(field) >= 24:
                compressed = next(values, compressed)
            if header == _UINT32_MAX or len(field) >= 24:
                header = next(values, header)
            break
        at += 4 + length
    return size, compressed, header
