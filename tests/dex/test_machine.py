"""Decoders of the app run on constants, and fields that only ever hold one constant."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.dex import ConstantTracer, Dex, Target, call_sites, machine
from appaudit.dex.machine import Body, Budget
from appaudit.dex.machine_values import Array, Value
from tests.dex.test_constants import RETURN, STRING, call, const_string, sink, traced
from tests.dex.writer import Class, Field, Method, Word, build

DECODE = f"Lcom/x/D;->decode({STRING}I){STRING}"

# char[] a = s.toCharArray(); for (int i = 0; i < a.length; i++) a[i] ^= key; return new String(a);
XOR: list[Word] = [
    *call(0x6E, f"{STRING}->toCharArray()[C", 14),
    *(0x000C, 0x0121, 0x0212),
    *(0x1235, 0x000C),  # if (v2 >= v1) goto end
    *(0x0349, 0x0200),  # v3 = v0[v2]
    *(0x0397, 0x0F03),  # v3 ^= v15
    *(0x338E, 0x0350, 0x0200),  # v0[v2] = (char) v3
    *(0x02D8, 0x0102),  # v2++
    0x28 | (-11 & 0xFF) << 8,
    *(0x0422, ("type", STRING)),
    *call(0x70, f"{STRING}-><init>([C)V", 4, 0),
    0x0411,
]


def hidden(text: str, key: int) -> str:
    return "".join(chr(ord(c) ^ key) for c in text)


def decoder(words: list[Word] | None = None, access: int = 0x9) -> Class:
    return Class("Lcom/x/D;", [Method("decode", f"({STRING}I){STRING}", words or XOR, access)])


def calling(text: str, key: int) -> list[Word]:
    return [*const_string(0, text), 0x0113, key, *call(0x71, DECODE, 0, 1), 0x000C, *sink()]


def test_a_decoder_is_run() -> None:
    assert traced(calling(hidden("android_id", 42), 42), decoder()) == ["android_id"]


def test_unknown_arguments_are_not_guessed() -> None:
    words = [*call(0x71, f"La;->f(){STRING}"), 0x000C, 0x0113, 42, *call(0x71, DECODE, 0, 1), 0x000C, *sink()]
    assert traced(words, decoder()) == [None]


def test_a_decoder_that_reads_the_device_is_not_run_to_its_end() -> None:
    words = [*call(0x71, "Ljava/lang/System;->nanoTime()J"), *XOR]
    assert traced(calling("x", 1), decoder(words)) == [None]


def test_a_decoder_without_end() -> None:
    assert traced(calling("x", 1), decoder([0x28 | (-1 & 0xFF) << 8, 0x0028])) == [None]


def test_a_method_that_may_be_overridden_is_not_run() -> None:
    assert traced(calling("x", 1), decoder(access=0x1)) == [None]


def test_a_decoder_of_bytes() -> None:
    """new String(bytes) of an array in the code, with a key in a static array."""
    data = struct.unpack("<5H", bytes(b ^ 7 for b in b"getDeviceId")[:10])
    payload: list[Word] = [0x0300, 1, 10, 0, *data]
    make = call(0x71, "Lcom/x/D;->open([B)[B", 0)
    words: list[Word] = [
        *(0x0113, 10, 0x1023, ("type", "[B"), 0x0026, ("pad", ""), 0),
        *make,
        *(0x000C, 0x0322, ("type", STRING)),
        *call(0x70, f"{STRING}-><init>([B)V", 3, 0),
        *sink(3),
        RETURN,
    ]
    at = words.index(("pad", ""))
    words[at] = len(words) + len(words) % 2 - (at - 1)
    words += [0] * (len(words) % 2) + payload
    key: list[Word] = [0x1012, 0x0023, ("type", "[B"), 0x7112, 0x0212, 0x014F, 0x0200]
    key += [0x0069, ("field", "Lcom/x/D;->KEY:[B"), RETURN]
    open_: list[Word] = [
        *(0x0062, ("field", "Lcom/x/D;->KEY:[B"), 0x0112, 0x0048, 0x0100),  # v0 = KEY[0]
        *(0xF221, 0x2135, 0x000C),
        *(0x0348, 0x010F, 0x0397, 0x0003, 0x338D, 0x034F, 0x010F),
        *(0x01D8, 0x0101, 0x28 | (-11 & 0xFF) << 8, 0x0F11),
    ]
    class_ = Class(
        "Lcom/x/D;",
        [Method("<clinit>", "()V", key, access=0x10008), Method("open", "([B)[B", open_)],
        [Field("KEY", "[B")],
    )
    assert traced(words, class_) == ["getDeviceI"]


def holder(*values: str, access: int = 0x12) -> Class:
    """A class whose constructors write these values to its field, one each."""
    methods = []
    for k, value in enumerate(values):
        words: list[Word] = [*const_string(0, value), 0xF05B, ("field", f"Lcom/x/H;->key:{STRING}"), RETURN]
        methods.append(Method("<init>", f"({'I' * k})V", words, access=0x10001))
    return Class("Lcom/x/H;", methods, [Field("key", STRING, access=access)])


READ: list[Word] = [0xF054, ("field", f"Lcom/x/H;->key:{STRING}"), *sink()]


def test_a_field_that_only_holds_one_constant() -> None:
    assert traced(READ, holder("imei")) == ["imei"]
    assert traced(READ, holder("imei", "imei")) == ["imei"]
    assert traced(READ, holder("imei", "imsi")) == [None]
    assert traced(READ, holder("imei", access=0x1)) == [None]


def test_what_a_parameter_is_passed_on_as() -> None:
    words = [*call(0x71, f"La;->f({STRING}JI)V", 14, 1, 2, 15), RETURN]
    dex = Dex(build([Class("Lcom/x/A;", [Method("m", f"({STRING}I)V", words)])]), "x")
    (trace,) = ConstantTracer([dex]).trace(call_sites([dex], [Target("La;", "f")]))
    assert trace.passed == (0, None, 1)


class _Nothing:
    """A program that holds nothing but its strings."""

    def string(self, index: int) -> str:
        return "text"

    def type(self, index: int) -> str:
        return "[B"

    def method(self, index: int) -> tuple[str, str, str]:
        return STRING, "length", "()I"

    def static_value(self, index: int) -> Value:
        return Array("[B", [1, 2, 3])

    def callee(self, index: int) -> None:
        return None


@given(st.lists(st.integers(0, 0xFFFF), max_size=40), st.text(max_size=5), st.integers(-9, 9))
@settings(max_examples=300, deadline=None)
def test_any_code_comes_to_an_end(words: list[int], text: str, number: int) -> None:
    budget = Budget(5_000)
    machine.call(_Nothing(), Body(words, 16), [text, number], f"({STRING}I)V", budget)
    assert budget.steps >= 0
