"""One piece of evidence as a reader sees it: what it says, where it stands, and its surroundings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from appaudit.records import (
    CallSite,
    ClassDefinition,
    Evidence,
    Fact,
    FileEntry,
    FlowField,
    ListingRow,
    ManifestEntry,
    PolicySpan,
    Signature,
    Stack,
    StringConstant,
)
from appaudit.report.visible import visible
from appaudit.report.words import Words

CONTEXT = 60
"""Characters of a policy line shown on each side of a quote."""

PLACES = 6
"""Pieces of evidence a report lists for one fact; the JSON output lists all."""

FRAMES = 12


@dataclass(frozen=True, slots=True)
class Place:
    """``text``: the evidence itself (a method, a quote); ``calls``: what it calls; ``where``: file and
    position; ``before``/``after``: the words around a quote; ``frames``: a stack or call path, outermost
    first for a path; ``note``: a definition the quote came through, an argument, a result."""

    kind: str
    text: str
    where: str
    calls: str = ""
    before: str = ""
    after: str = ""
    frames: tuple[str, ...] = ()
    note: str = ""


_PRIMITIVES = {
    "V": "void",
    "Z": "boolean",
    "B": "byte",
    "S": "short",
    "C": "char",
    "I": "int",
    "J": "long",
    "F": "float",
    "D": "double",
}


def java_type(descriptor: str) -> str:
    """``[Lcom/x/Y;`` as ``com.x.Y[]``; what is not a descriptor comes back as it is."""
    arrays = len(descriptor) - len(descriptor.lstrip("["))
    inner = descriptor[arrays:]
    if inner in _PRIMITIVES:
        name = _PRIMITIVES[inner]
    elif len(inner) > 2 and inner[0] == "L" and inner[-1] == ";":
        name = inner[1:-1].replace("/", ".")
    else:
        return descriptor
    return name + "[]" * arrays


def java_member(descriptor: str) -> str:
    """``Lcom/x/Y;->m(ILjava/lang/String;)V`` as ``com.x.Y.m(int, String)``: parameters by simple name."""
    owner, arrow, rest = descriptor.partition(";->")
    if not arrow:
        return java_type(descriptor)
    owner = java_type(owner + ";")
    name, paren, signature = rest.partition("(")
    if not paren:
        return f"{owner}.{rest.partition(':')[0]}"
    parameters = ", ".join(java_type(p).rpartition(".")[2] for p in _split(signature.partition(")")[0]))
    return f"{owner}.{name}({parameters})"


def _split(parameters: str) -> list[str]:
    out, start, i = [], 0, 0
    while i < len(parameters):
        if parameters[i] == "[":
            i += 1
            continue
        end = parameters.find(";", i) if parameters[i] == "L" else i
        if end < 0:
            end = len(parameters) - 1
        out.append(parameters[start : end + 1])
        start = i = end + 1
    return out


def moment(seconds: float) -> str:
    """Seconds since the epoch as UTC, to the millisecond; the number itself where it is no time."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
    except (OverflowError, OSError, ValueError):
        return str(seconds)


class Places:
    """Renders evidence in one language; quotes get their surroundings from ``texts``."""

    def __init__(self, words: Words, texts: Mapping[str, str]) -> None:
        self._w = words
        self._lines = {name: text.split("\n") for name, text in texts.items()}

    def of_facts(self, facts: Iterable[Fact], limit: int = PLACES) -> tuple[list[Place], int]:
        """The first ``limit`` over several facts, each shown once, and how many more there are."""
        several = list(facts)
        if len(several) == 1:  # one fact lists nothing twice, and hashing much evidence takes long
            evidence = several[0].evidence
            return [self.of(e) for e in evidence[:limit]], max(0, len(evidence) - limit)
        seen: dict[Evidence, None] = {}
        for fact in several:
            seen.update(dict.fromkeys(fact.evidence))
        return [self.of(e) for e in islice(seen, limit)], max(0, len(seen) - limit)

    def of(self, e: Evidence) -> Place:
        """One piece of evidence, hostile characters made visible."""
        v, w = visible, self._w
        if isinstance(e, CallSite):
            arguments = ", ".join("?" if a is None else repr(a) for a in e.arguments or ())
            frames = tuple(v(java_member(p)) for p in _cap(e.path or ()))
            where = f"{v(e.member)} · {w('offset', n=e.offset)}"
            known = arguments if e.arguments and any(a is not None for a in e.arguments) else ""
            return Place(
                e.kind,
                v(java_member(e.caller)),
                where,
                calls=v(java_member(e.callee)),
                frames=frames,
                note=v(f"({known})") if known else "",
            )
        if isinstance(e, PolicySpan):
            before, after = self._around(e)
            note = (
                f"{w('via')} {v(e.via.document)} {w('line', n=e.via.line)}: “{v(e.via.quote)}”"
                if e.via
                else ""
            )
            return Place(
                e.kind,
                v(e.quote),
                f"{v(e.document)} · {w('line', n=e.line)}",
                before=before,
                after=after,
                note=note,
            )
        if isinstance(e, Stack):
            details = [f"{k}={x}" for k, x in e.attributes] + ([f"→ {e.result}"] if e.result else [])
            where = " · ".join(v(x) for x in (moment(e.time), e.process, e.thread) if x)
            return Place(
                e.kind,
                v(java_member(e.api)),
                where,
                frames=tuple(map(v, _cap(e.frames))),
                note=v(" ".join(details)),
            )
        if isinstance(e, FlowField):
            when = moment(e.time) if e.time is not None else ""
            where = " · ".join(v(x) for x in (e.host, e.where, e.flow, when) if x)
            return Place(e.kind, v(e.excerpt), where, note="" if e.encoding == "plain" else v(e.encoding))
        if isinstance(e, ManifestEntry):
            attributes = " ".join(f'{k}="{x}"' for k, x in e.attributes)
            return Place(e.kind, v(f"<{e.element}> {e.name}"), v(e.member), note=v(attributes))
        if isinstance(e, ClassDefinition):
            return Place(
                e.kind, v(java_type(e.example)), v(e.member), note=f"{v(e.prefix)}* · {w('times', n=e.count)}"
            )
        if isinstance(e, StringConstant):
            at = "" if e.offset is None else f" · {w('offset', n=e.offset)}"
            return Place(e.kind, v(f"“{e.value}”"), v(e.member) + at)
        if isinstance(e, FileEntry):
            return Place(e.kind, v(e.member), "", note=v(e.detail or ""))
        if isinstance(e, Signature):
            return Place(e.kind, v(e.certificate_sha256), v(e.member), note=v(e.scheme))
        assert isinstance(e, ListingRow)
        return Place(e.kind, v(e.value), f"{v(e.document)} · {w('row', n=e.row)} · {v(e.column)}")

    def _around(self, span: PolicySpan) -> tuple[str, str]:
        lines = self._lines.get(span.document, [])
        if not 0 < span.line <= len(lines):
            return "", ""
        line = lines[span.line - 1]
        if line[span.start : span.end] != span.quote:
            return "", ""
        before, after = line[: span.start], line[span.end :]
        return (
            ("…" if len(before.lstrip()) > CONTEXT else "") + visible(before.lstrip()[-CONTEXT:]),
            visible(after[:CONTEXT]) + ("…" if len(after) > CONTEXT else ""),
        )


def _cap(frames: Sequence[str]) -> list[str]:
    kept = list(frames[:FRAMES])
    if len(frames) > FRAMES:
        kept.append(f"… (+{len(frames) - FRAMES})")
    return kept
