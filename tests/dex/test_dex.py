"""Tables, strings, classes and containers of dex files written for the purpose."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.dex import Dex, DexError, mutf8, read_dexes, string_sites
from appaudit.dex.values import read_array
from tests.dex.writer import Class, Field, Method, Word, build, build_container

RETURN = 0x000E


def shop() -> list[Class]:
    load: list[Word] = [0x001A, ("string", "android_id"), RETURN]
    return [
        Class(
            "Lcom/shop/A;",
            [Method("load", "(IJLjava/lang/String;[I)V", load), Method("nothing", "()V")],
            [Field("HOST", "Ljava/lang/String;", "https://api.shop.example/v1"), Field("LEVEL", "I", -7)],
        ),
        Class("Lcom/shop/B;", [], [], "Lcom/shop/A;", ["Ljava/lang/Runnable;", "Ljava/io/Closeable;"]),
        Class("Lcom/umeng/analytics/C;"),
    ]


@pytest.mark.parametrize("version", [35, 36, 37, 38, 39, 40, 41])
def test_tables(version: int) -> None:
    (dex,) = read_dexes(build(shop(), version), "classes.dex")
    assert dex.class_names() == ["Lcom/shop/A;", "Lcom/shop/B;", "Lcom/umeng/analytics/C;"]
    assert dex.defines("Lcom/shop/B;")
    assert not dex.defines("Ljava/lang/Runnable;")
    methods = {dex.method_descriptor(m) for m in range(len(dex.methods.owner))}
    assert methods == {"Lcom/shop/A;->load(IJLjava/lang/String;[I)V", "Lcom/shop/A;->nothing()V"}
    types, first = dex.proto_types
    for p in range(len(dex.protos.return_type)):
        returned, *parameters = (dex.type_descriptor(t) for t in types[first[p] : first[p + 1]].tolist())
        assert dex.proto_descriptor(p) == f"({''.join(parameters)}){returned}"
    row = dex.class_row("Lcom/shop/B;")
    rows, types = dex.interfaces
    assert [(r, dex.type_descriptor(t)) for r, t in zip(rows.tolist(), types.tolist(), strict=True)] == [
        (row, "Ljava/lang/Runnable;"),
        (row, "Ljava/io/Closeable;"),
    ]
    assert dex.type_descriptor(int(dex.classes.superclass[row])) == "Lcom/shop/A;"
    assert dex.static_values("Lcom/shop/A;") == {"HOST": "https://api.shop.example/v1", "LEVEL": -7}
    assert len(dex.class_data.methods.method) == 2
    assert len(dex.code) == 2
    assert dex.problems == []


def test_prefixes_count_defined_classes_only() -> None:
    dex = Dex(build(shop()), "classes.dex")
    prefixes = ["Lcom/umeng/", "Lcom/shop/", "Ljava/lang/", "Lcom/s", "Lzzz/"]
    assert dex.count_prefixes(prefixes) == {
        "Lcom/umeng/": (1, "Lcom/umeng/analytics/C;"),
        "Lcom/shop/": (2, "Lcom/shop/A;"),
        "Lcom/s": (2, "Lcom/shop/A;"),
    }
    assert list(dex.classes_with_prefix("Lcom/shop/")) == ["Lcom/shop/A;", "Lcom/shop/B;"]


def test_strings_are_found_by_pattern() -> None:
    texts = ["https://a.example/x", "see http://b.example", "no host", "ftp://c.example", "", "h"]
    dex = Dex(build(shop(), extra_strings=texts), "classes.dex")
    found = dex.strings_matching(re.compile(rb"https?://[a-z.]+"))
    assert sorted(found) == ["https://a.example/x", "https://api.shop.example/v1", "see http://b.example"]
    with_prefix = dex.strings.texts(dex.strings.with_prefix("http"))
    assert with_prefix == ["https://a.example/x", "https://api.shop.example/v1"]


texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=40)


@settings(max_examples=60, deadline=None)
@given(texts)
def test_every_string_reads_back_and_is_found(values: list[str]) -> None:
    dex = Dex(build(shop(), extra_strings=values), "classes.dex")
    table = dex.strings.texts()
    assert [dex.strings.text(k) for k in range(len(table))] == table
    assert set(values) <= set(table)
    for k, text in enumerate(table):
        assert dex.strings.find(text) == k
    assert dex.strings.find("certainly not there") == -1
    assert dex.problems == []


@settings(max_examples=60, deadline=None)
@given(texts, st.sampled_from([b"a", b"[0-9]+", b"\xe4", b"o.*a", b"[^\\x00]{3}"]))
def test_search_equals_searching_each_string(values: list[str], pattern: bytes) -> None:
    dex = Dex(build(shop(), extra_strings=values), "classes.dex")
    compiled = re.compile(pattern)
    plain = [k for k in range(len(dex.strings)) if compiled.search(dex.strings.raw(k))]
    assert dex.strings.search(compiled).tolist() == plain


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_mutf8_round_trip(text: str) -> None:
    raw = mutf8.encode(text)
    assert b"\0" not in raw
    assert mutf8.decode(raw) == text


@given(st.binary())
def test_mutf8_takes_any_bytes_and_gives_text_that_can_be_encoded(raw: bytes) -> None:
    mutf8.decode(raw).encode()


def test_a_container_holds_several_dex_files() -> None:
    second = [Class("Lcom/shop/D;", [Method("m", "()V", [0x001A, ("string", "imei"), RETURN])])]
    dexes = read_dexes(build_container([shop(), second]), "classes.dex")
    assert [d.member for d in dexes] == ["classes.dex", "classes.dex#1"]
    assert dexes[1].class_names() == ["Lcom/shop/D;"]
    sites = string_sites(dexes, ["imei", "android_id"])
    assert [(sites.caller_descriptor(k), int(sites.offset[k])) for k in range(len(sites))] == [
        ("Lcom/shop/A;->load(IJLjava/lang/String;[I)V", 0),
        ("Lcom/shop/D;->m()V", 0),
    ]
    assert not any(d.problems for d in dexes)


def test_more_strings_than_a_short_index_reaches() -> None:
    jumbo: list[int | tuple[str, str]] = [0x001B, ("string-low", "~last"), ("string-high", "~last"), RETURN]
    classes = [Class("La;", [Method("m", "()V", jumbo)])]
    dex = Dex(build(classes, extra_strings=[f"s{k:06}" for k in range(66_000)]), "classes.dex")
    assert dex.strings.find("~last") > 0xFFFF
    sites = string_sites([dex], ["~last", "s000001"])
    assert [sites.callee_descriptor(k) for k in range(len(sites))] == ["~last"]


def test_what_is_no_dex_says_so() -> None:
    for data in (
        b"",
        b"dex\n",
        b"\x7fELF" + b"\0" * 200,
        b"cdex001\0" + b"\0" * 200,
        b"dex\n099\0" + b"\0" * 200,
    ):
        with pytest.raises(DexError):
            Dex(data, "x")


def test_corrupt_tables_are_left_out_and_told_of() -> None:
    data = bytearray(build(shop()))
    data[0x38:0x3C] = b"\xff\xff\xff\x7f"  # string_ids_size
    dex = Dex(bytes(data), "x")
    assert len(dex.strings) <= len(data) // 4
    assert any(p.startswith("string_ids") for p in dex.problems)
    with pytest.raises(DexError):
        read_array(dex, len(data))
