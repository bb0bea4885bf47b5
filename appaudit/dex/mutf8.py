"""Modified UTF-8, the encoding of dex strings: U+0000 is C0 80, U+10000 and up are surrogate pairs.

https://source.android.com/docs/core/runtime/dex-format#mutf-8
"""

from __future__ import annotations


def decode(raw: bytes) -> str:
    """``raw`` as text. Lone surrogates and broken bytes become U+FFFD: what comes out can be encoded."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        plain = raw.replace(b"\xc0\x80", b"\0")
        try:
            pairs = plain.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            pairs = plain.decode("utf-8", "replace")
        return pairs.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def encode(text: str) -> bytes:
    """Inverse of `decode` for text without U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text.encode("ascii")
    utf16 = text.encode("utf-16-le", "surrogatepass")
    units = "".join(chr(utf16[i] | utf16[i + 1] << 8) for i in range(0, len(utf16), 2))
    return units.encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
