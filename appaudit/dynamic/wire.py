"""What a run tells about traffic: connections, handshakes, ciphers, keyed digests, and who caused each.

They are lines of the record (``run.jsonl``), ``line`` = ``note``; `events` adds what only the hooks of the
same run know: the actor, its chain, the phase. Each event is a mapping with

- ``kind``: connect · tls · cipher · hmac; ``time``: seconds since the epoch, the host's clock;
  ``phase``, ``process`` (package), ``thread`` (number), ``foreground``, ``screen``;
- ``stack``: frames, innermost first, original names where a mapping tells; ``actor`` (``app``,
  ``sdk:<id>``, ``unknown``) and ``chain`` (all actors, from the call outwards);
- connect: ``ip``, ``port``, ``host`` (the name this process last looked the address up by, a hint where
  several names share it), ``local_port`` (0 unknown; the proxy sees it as the client's port),
  ``protocol`` (tcp, udp), ``error`` (errno, 0 where it went on), ``module`` (library that called);
- tls: ``host`` (the name asked for, also through a proxy), ``ip``, ``port``, ``local_port``, ``error``
  (class of the exception, empty where the handshake was done);
- cipher: ``algorithm``, ``direction`` (encrypt, decrypt, wrap, unwrap, unknown), ``length`` (bytes in),
  ``sample`` (base64 of at most 64 KiB of what went in; None where none was kept), ``size`` (bytes out),
  ``sha256`` (of all that came out; empty above 4 MiB), ``head``, ``tail`` (hex: first and last 16 bytes);
- hmac: ``algorithm``, ``key`` (base64, at most 4 KiB; None where the key cannot be read), ``length``,
  ``sample`` as above, ``output`` (hex of the tag).

At most 200 of a kind a second are kept, the rest counted (gap ``notes_left_out``). Samples and keys are
secrets of the app under test: they stay in the record and must never enter a Fact or a report.
A line that was altered is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from appaudit.dynamic.frames import Owners, frames

KINDS = frozenset({"connect", "tls", "cipher", "hmac"})


def events(
    lines: Iterable[Mapping[str, Any]],
    package: str,
    mapping: Mapping[str, str] | None = None,
    known: Mapping[str, str] | None = None,
) -> Iterator[dict[str, Any]]:
    """The events of a record's lines, in their order. ``mapping``, ``known``: as in `Owners`."""
    owners = Owners(package, mapping, known)
    phases: dict[int, str] = {}
    for line in lines:
        kind = line.get("line")
        if kind == "phase" and isinstance(line.get("epoch"), int):
            phases[line["epoch"]] = str(line.get("phase"))
        elif kind == "note" and line.get("kind") in KINDS:
            try:
                yield _event(line, package, owners, phases)
            except (KeyError, TypeError, ValueError, AttributeError):
                continue


def _event(
    line: Mapping[str, Any], package: str, owners: Owners, phases: Mapping[int, str]
) -> dict[str, Any]:
    detail = line["detail"]
    stack = frames(detail["stack"])
    caller = owners.caller(stack)
    return {
        **detail,
        "kind": str(line["kind"]),
        "time": float(line["time"]),
        "phase": phases.get(line["epoch"], "unknown"),
        "process": str(line.get("process") or package),
        "foreground": bool(line["foreground"]),
        "screen": str(line["screen"]),
        "stack": tuple(str(owners.named(f)) for f in stack),
        "actor": caller.actor if caller else "unknown",
        "chain": caller.chain if caller else (),
    }
