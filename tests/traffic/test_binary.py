"""MessagePack, CBOR and gRPC are read without a schema; any bytes are survived."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.traffic import binary
from tests.traffic.encodings import cbor

PLAIN = st.recursive(
    st.integers(-(2**63), 2**63) | st.text(max_size=40) | st.binary(max_size=40) | st.booleans(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=8), PLAIN, min_size=1, max_size=5))
def test_cbor_reads_what_was_written(value: dict[str, Any]) -> None:
    found, end = binary._cbor(cbor(value), 0, 0, [10_000])
    assert end == len(cbor(value))
    assert found == value


def test_cbor_floats_tags_and_open_ends() -> None:
    assert binary._cbor(b"\xfb" + struct.pack(">d", 30.246026), 0, 0, [9])[0] == 30.246026
    assert binary.structure(b"\xd9\xd9\xf7\xbf\x61a\x7f\x62bc\x61d\xff\xff") == ("cbor", {"a": "bcd"})


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    binary.grpc(data)
    binary.protobuf(data)
    binary.structure(data)


@pytest.mark.parametrize(
    "data", [b"\x81" * 100_000, b"\x9b" + b"\xff" * 8, b"\xbf" * 5000, b"\xdd\xff\xff\xff\xff"]
)
def test_hostile_structures_end(data: bytes) -> None:
    assert binary.structure(data) is None
