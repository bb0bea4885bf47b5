"""A method as basic blocks, and its invokes as registers and parameters."""

from __future__ import annotations

import struct
from bisect import bisect_right
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from appaudit.dex import opcodes


class Method(NamedTuple):
    """One method's code: ``words`` its code units, ``starts`` the offset of each instruction."""

    words: list[int]
    starts: list[int]
    handlers: list[int]


def signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def literal(words: list[int], at: int, op: int) -> int:
    """The number that the ``const`` instruction at ``at`` writes (opcodes 0x12 to 0x19).

    Raises IndexError or struct.error where the code ends within it.
    """
    if op == 0x12:
        return signed(words[at] >> 12, 4)
    if op in (0x13, 0x16):
        return signed(words[at + 1], 16)
    if op in (0x14, 0x17):
        return signed(words[at + 1] | words[at + 2] << 16, 32)
    if op == 0x15:
        return signed(words[at + 1] << 16, 32)
    if op == 0x18:
        wide: int = struct.unpack("<q", struct.pack("<4H", *words[at + 1 : at + 5]))[0]
        return wide
    return signed(words[at + 1] << 48, 64)


def invoked(words: list[int], at: int) -> list[int]:
    """The argument registers of the invoke at ``at`` (wide arguments: both registers)."""
    word, op = words[at], words[at] & 0xFF
    if op in opcodes.INVOKE_RANGE or op in (0xFB, 0xFD, 0x25):
        return list(range(words[at + 2], words[at + 2] + (word >> 8)))
    rest = words[at + 2]
    five = [rest & 15, rest >> 4 & 15, rest >> 8 & 15, rest >> 12, word >> 8 & 15]
    return five[: word >> 12]


@lru_cache(4096)
def parameter_types(signature: str) -> tuple[str, ...]:
    """The parameters of ``(ILjava/lang/String;[J)V``, each as a descriptor."""
    found, at, end = [], 1, signature.find(")")
    while at < end:
        start = at
        while at < end and signature[at] == "[":
            at += 1
        at = signature.find(";", at) + 1 if signature[at : at + 1] == "L" else at + 1
        if at <= start:
            break
        found.append(signature[start:at])
    return tuple(found)


@lru_cache(4096)
def parameter_places(signature: str) -> tuple[tuple[int, ...], int]:
    """Where each parameter of a signature begins among the registers of all (a long or double takes two), and
    how many there are."""
    places, at = [], 0
    for kind in parameter_types(signature):
        places.append(at)
        at += 2 if kind in ("J", "D") else 1
    return tuple(places), at


def by_parameter(registers: list[int], signature: str, static: bool) -> tuple[int | None, list[int]]:
    """The receiver's register (None for a static call) and the first register of each parameter."""
    receiver = None if static or not registers else registers[0]
    rest = registers if static else registers[1:]
    return receiver, [rest[at] for at in parameter_places(signature)[0] if at < len(rest)]


def leading_to(watched: frozenset[int], leaders: list[int], successors: dict[int, list[int]]) -> set[int]:
    """The blocks from which control can reach a watched instruction."""
    before: dict[int, list[int]] = {}
    for leader, following in successors.items():
        for one in following:
            before.setdefault(one, []).append(leader)
    found: set[int] = set()
    queue = [leaders[at] for w in watched if (at := bisect_right(leaders, w) - 1) >= 0]
    while queue:
        leader = queue.pop()
        if leader not in found:
            found.add(leader)
            queue += before.get(leader, ())
    return found


def basic_blocks(method: Method) -> tuple[dict[int, tuple[int, int]], dict[int, list[int]], list[int]]:
    """Leaders with the places of the first instruction and of the one behind the last, in their order;
    their successors, and the handlers among them."""
    words, starts, branches = method.words, method.starts, opcodes.IS_BRANCH
    if not starts:
        return {}, {}, []
    place = dict(zip(starts, range(len(starts)), strict=True))
    successors: dict[int, list[int]] = {}
    leaders = {0}
    ends: dict[int, list[int]] = {}
    for k in [k for k, at in enumerate(starts) if branches[words[at] & 0xFF]]:
        at = starts[k]
        op = words[at] & 0xFF
        found: list[int] = []
        if op in opcodes.IF:
            found = [at + signed(words[at + 1], 16)]
        elif op == 0x28:
            found = [at + signed(words[at] >> 8, 8)]
        elif op == 0x29:
            found = [at + signed(words[at + 1], 16)]
        elif op == 0x2A:
            found = [at + signed(words[at + 1] | words[at + 2] << 16, 32)]
        elif op in (opcodes.PACKED_SWITCH, opcodes.SPARSE_SWITCH):
            found = switch_targets(words, at)
        found = [t for t in found if t in place]
        leaders.update([place[t] for t in found])
        if k + 1 < len(starts):
            leaders.add(k + 1)
            if op in opcodes.IF or op in (opcodes.PACKED_SWITCH, opcodes.SPARSE_SWITCH):
                found.append(starts[k + 1])
        ends[k] = found
    lost = sorted({h for h in method.handlers if h in place})
    leaders.update([place[h] for h in lost])
    edges = [*sorted(leaders), len(starts)]
    blocks: dict[int, tuple[int, int]] = {}
    for first, end in pairwise(edges):
        blocks[starts[first]] = first, end
        if end - 1 in ends:
            successors[starts[first]] = ends[end - 1]
        else:
            successors[starts[first]] = [starts[end]] if end < len(starts) else []
    return blocks, successors, lost


def switch_targets(words: list[int], at: int) -> list[int]:
    """Where the switch at ``at`` leads, as its payload says."""
    payload = at + signed(words[at + 1] | words[at + 2] << 16, 32)
    if not 0 <= payload < len(words) - 1:
        return []
    size = words[payload + 1]
    first = payload + (4 if words[payload] == 0x0100 else 2 + 2 * size)
    if words[payload] not in (0x0100, 0x0200) or first + 2 * size > len(words):
        return []
    return [at + signed(words[first + 2 * k] | words[first + 2 * k + 1] << 16, 32) for k in range(size)]
