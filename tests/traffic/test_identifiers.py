"""Values among words: found in every spelling, wherever separators and letter cases fall."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from appaudit.traffic.identifiers import Values

MAC = "24:0a:64:9e:51:c7"
VALUES = Values({"mac": [MAC], "installed_apps": ["com.shop.app", "cn.bank_1.Pay"]})
RUN = re.compile(rb"[0-9a-z]+(?:[:._-][0-9a-z]+)*")
PIECES = [
    b"240a649e51c7",
    b"24",
    b"0A",
    b"64",
    b"9e",
    b"51",
    b"c7",
    b":",
    b"-",
    b"..",
    b" ",
    b"x",
    b"\xff",
    b"=",
]
NAMES = [b"com.shop.app", b"cn.bank_1.Pay", b"com.shop", b".", b"_", b"x", b" ", b",", b"\xe4"]


def plainly(data: bytes) -> bool:
    """Whether a run of words is the address, or a word of one is."""
    runs = RUN.findall(data.lower())
    told = {re.sub(rb"[:._-]", b"", run) for run in runs} | {
        w for run in runs for w in re.split(rb"[:._-]", run)
    }
    return b"240a649e51c7" in told or MAC.encode() in data or b"240a649e51c7" in data


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
@example(b"mac=24-0A-64-9E-51-C7;")
@example(b"::24:0A:64:9E:51:C7::")
@example(b"24..0a:64:9e:51:c7")
def test_an_address_in_any_spelling(data: bytes) -> None:
    found = [h for h in VALUES.find(data) if h.data == "mac" and h.form == "plain"]
    assert bool(found) == plainly(data), data
    for hit in found:
        assert re.sub(rb"[:._-]", b"", data[hit.offset : hit.offset + hit.length].lower()) == b"240a649e51c7"


@given(st.lists(st.sampled_from(NAMES), max_size=10).map(b"".join))
@example(b"com.shop.app cn.bank_1.Pay")
@example(b"xcom.shop.app cn.bank_1.Pay")
def test_packages_are_whole_names(data: bytes) -> None:
    whole = re.compile(rb"(?<![A-Za-z0-9_.])[a-z][a-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+")
    named = set(whole.findall(data)) & {b"com.shop.app", b"cn.bank_1.Pay"}
    assert bool([h for h in VALUES.find(data) if h.data == "installed_apps"]) == (len(named) == 2), data
