"""What a handful of framework methods do to constants: strings, builders, URIs, Base64.

A model takes the constant arguments (receiver first where there is one, None where not constant) and
returns the constant result or None.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

MAX_TEXT: Final = 65_536
"""Longer constants are dropped: nothing an audit asks for is that long."""


class ClassConstant(NamedTuple):
    """A class object, by descriptor."""

    descriptor: str


class FieldConstant(NamedTuple):
    """What a static field outside the app holds, by the field's descriptor."""

    descriptor: str


Constant: TypeAlias = str | int | bytes | ClassConstant | FieldConstant
Arguments: TypeAlias = list[Constant | None]
Model: TypeAlias = Callable[[Arguments], Constant | None]


def class_constant(name: str) -> ClassConstant:
    """The class that ``Class.forName(name)`` gives."""
    return ClassConstant(name.replace(".", "/") if name.startswith("[") else f"L{name.replace('.', '/')};")


def shown(value: Constant | None) -> str | int | None:
    """A constant as evidence keeps it: classes and fields by descriptor, bytes not at all."""
    if isinstance(value, ClassConstant | FieldConstant):
        return value.descriptor
    return None if isinstance(value, bytes) else value


def _same(arguments: Arguments) -> Constant | None:
    return arguments[0]


def _text(function: Callable[[str], str | int | bytes]) -> Model:
    def model(arguments: Arguments) -> Constant | None:
        first = arguments[0]
        return function(first) if isinstance(first, str) else None

    return model


def _two_texts(function: Callable[[str, str], str]) -> Model:
    def model(arguments: Arguments) -> Constant | None:
        first, second = arguments[:2]
        return function(first, second) if isinstance(first, str) and isinstance(second, str) else None

    return model


def _text_of(value: Constant | None, kind: str) -> str | None:
    """What string conversion of a value of type ``kind`` gives."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        if kind == "C":
            return chr(value & 0xFFFF) if not 0xD800 <= value & 0xFFFF <= 0xDFFF else None
        if kind == "Z":
            return "true" if value else "false"
        if kind in ("I", "J"):
            return str(value)
    return None


def _value_of(kind: str) -> Model:
    return lambda arguments: _text_of(arguments[0], kind)


def _substring(arguments: Arguments) -> Constant | None:
    text, start = arguments[0], arguments[1]
    end = arguments[2] if len(arguments) > 2 else None
    if not isinstance(text, str) or not isinstance(start, int):
        return None
    if len(arguments) > 2 and not isinstance(end, int):
        return None
    stop = end if isinstance(end, int) else len(text)
    return text[start:stop] if 0 <= start <= stop <= len(text) else None


def _replace(kind: str) -> Model:
    def model(arguments: Arguments) -> Constant | None:
        text, old, new = arguments[0], _text_of(arguments[1], kind), _text_of(arguments[2], kind)
        if not isinstance(text, str) or not old or new is None:
            return None
        if len(text) * max(len(new), 1) > MAX_TEXT:
            return None
        return text.replace(old, new)

    return model


def _decode_base64(arguments: Arguments) -> Constant | None:
    for value in arguments[:2]:  # static: text first; Decoder: the receiver is no constant
        if isinstance(value, str | bytes):
            raw = value.encode("latin-1", "ignore") if isinstance(value, str) else value
            raw = b"".join(raw.split()).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
            try:
                return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
            except (binascii.Error, ValueError):
                return None
    return None


def _encode_base64(arguments: Arguments) -> Constant | None:
    raw = arguments[0]
    return base64.b64encode(raw).decode() if isinstance(raw, bytes) else None


def _append_path(arguments: Arguments) -> Constant | None:
    base, part = arguments[:2]
    if not isinstance(base, str) or not isinstance(part, str | int):
        return None
    return f"{base.rstrip('/')}/{part}"


def _number(arguments: Arguments) -> Constant | None:
    text = arguments[0]
    try:
        value = int(text) if isinstance(text, str) and len(text) < 20 else None
    except ValueError:
        return None
    return value if value is None or -(2**63) <= value < 2**63 else None


def _for_name(arguments: Arguments) -> Constant | None:
    for value in arguments:  # loadClass has a receiver
        if isinstance(value, str):
            return class_constant(value)
    return None


_STRING = "Ljava/lang/String;"
_ANY: Final = None

BUILDERS: Final = frozenset({"Ljava/lang/StringBuilder;", "Ljava/lang/StringBuffer;"})

MODELS: Final[dict[tuple[str, str, str | None], Model]] = {
    (_STRING, "concat", _ANY): _two_texts(str.__add__),
    (_STRING, "toString", _ANY): _same,
    (_STRING, "intern", _ANY): _same,
    (_STRING, "trim", _ANY): _text(str.strip),
    (_STRING, "toLowerCase", _ANY): _text(str.lower),
    (_STRING, "toUpperCase", _ANY): _text(str.upper),
    (_STRING, "length", _ANY): _text(len),
    (_STRING, "getBytes", _ANY): _text(lambda text: text.encode("utf-8", "replace")),
    (_STRING, "toCharArray", _ANY): _same,
    (_STRING, "substring", _ANY): _substring,
    (_STRING, "replace", "(CC)Ljava/lang/String;"): _replace("C"),
    (_STRING, "replace", _ANY): _replace("L"),
    (_STRING, "valueOf", "(C)Ljava/lang/String;"): _value_of("C"),
    (_STRING, "valueOf", "(Z)Ljava/lang/String;"): _value_of("Z"),
    (_STRING, "valueOf", "(I)Ljava/lang/String;"): _value_of("I"),
    (_STRING, "valueOf", "(J)Ljava/lang/String;"): _value_of("J"),
    (_STRING, "valueOf", "(Ljava/lang/Object;)Ljava/lang/String;"): _value_of("L"),
    (_STRING, "valueOf", "([C)Ljava/lang/String;"): _value_of("L"),
    ("Ljava/lang/CharSequence;", "toString", _ANY): _same,
    ("Ljava/lang/Object;", "toString", _ANY): _value_of("L"),
    ("Ljava/lang/Integer;", "valueOf", "(I)Ljava/lang/Integer;"): _same,
    ("Ljava/lang/Integer;", "intValue", _ANY): _same,
    ("Ljava/lang/Integer;", "parseInt", "(Ljava/lang/String;)I"): _number,
    ("Ljava/lang/Integer;", "toString", "(I)Ljava/lang/String;"): _value_of("I"),
    ("Ljava/lang/Long;", "valueOf", "(J)Ljava/lang/Long;"): _same,
    ("Ljava/lang/Class;", "forName", _ANY): _for_name,
    ("Ljava/lang/ClassLoader;", "loadClass", _ANY): _for_name,
    ("Lkotlin/jvm/internal/Intrinsics;", "stringPlus", _ANY): _two_texts(str.__add__),
    ("Landroid/net/Uri;", "parse", _ANY): _same,
    ("Landroid/net/Uri;", "toString", _ANY): _same,
    ("Landroid/net/Uri;", "withAppendedPath", _ANY): _append_path,
    ("Landroid/content/ContentUris;", "withAppendedId", _ANY): _append_path,
    ("Ljava/net/URI;", "create", _ANY): _same,
    ("Landroid/util/Base64;", "decode", _ANY): _decode_base64,
    ("Landroid/util/Base64;", "encodeToString", _ANY): _encode_base64,
    ("Ljava/util/Base64$Decoder;", "decode", _ANY): _decode_base64,
}
"""By owner, name and signature (None: every one without a model of its own)."""


OWNERS: Final = frozenset({owner for owner, _, _ in MODELS} | BUILDERS)
"""Classes of which any method has a model."""


def string_from(arguments: Arguments) -> str | None:
    """``new String(…)`` of a string, characters or UTF-8 bytes; the receiver is not among arguments."""
    if not arguments:
        return ""
    value = arguments[0]
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return value if isinstance(value, str) and len(arguments) == 1 else None


def builder_start(signature: str, arguments: Arguments) -> str | None:
    """The text of a new builder."""
    if signature in ("()V", "(I)V"):
        return ""
    return _text_of(arguments[0], "L") if arguments else None


def builder_append(signature: str, text: str, arguments: Arguments) -> str | None:
    """The text of a builder after ``append``."""
    added = _text_of(arguments[0], signature[1]) if len(arguments) == 1 else None
    return None if added is None or len(text) + len(added) > MAX_TEXT else text + added
