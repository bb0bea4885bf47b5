"""The records every part of appaudit speaks in: Fact, Evidence, Gap, Finding.

Everything learnt about an app is a Fact; the policy's words are Facts too; an audit is a join.
This module imports nothing of ours. The JSON form of each record is what `jsonform.to_json` returns: field
names as here, absent optional values left out of evidence, always present in the other records.

Identifiers are strings with a prefix, everywhere:

- actor: ``app`` | ``sdk:<id>`` | ``party:<name>`` | ``unknown``
- subject: ``data:<id>`` | ``permission:<full name>`` | ``sdk:<id>`` | ``host:<name>`` |
  ``topic:<kind>`` | ``notice:<id>`` | ``component:<class>`` | ``package:<name>`` | ``trick:<id>`` |
  ``setting:<id>`` | ``consent:<id>``: how the app asks for consent, as a run saw it (``shows``
  ``consent:screen`` before anybody agreed, ``consent:after_refusal``; answers in the attributes)
- condition: ``permission:<full name>`` | ``until_version:<v>`` | ``local_only`` | ``background`` |
  ``optional`` | ``after_consent`` | ``if:<words of the policy>`` ...
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

SCHEMA_VERSION = "1.0"
"""Version of the JSON form. Same major version: fields are only ever added."""

Source = Literal["static", "dynamic", "traffic", "policy", "listing"]
Stance = Literal["observed", "declared", "denied"]
Phase = Literal["before_consent", "after_consent", "refused", "revoked", "background", "idle", "unknown"]
Outcome = Literal["violation", "review", "pass", "not_examined"]
Disclosure = Literal["clear", "vague", "omitted", "incorrect", "ambiguous"]
Severity = Literal["critical", "high", "medium", "low", "info"]
Confidence = Literal["high", "medium", "low"]

SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
"""From least to most severe."""

LEAVING: frozenset[str] = frozenset({"sends", "shares"})
"""Actions by which data leaves the device."""

IMPLIED = ("basis", "implied:denial")
"""Attribute of a statement that only a denial under a condition implies: "not unless you agree"."""


# ---------------------------------------------------------------------------------- evidence


@dataclass(frozen=True, slots=True)
class CallSite:
    """An instruction that calls (or, for a field, reads) a framework member.

    ``member`` is the file inside the container (``base.apk!classes2.dex``); ``caller`` and ``callee``
    are dex descriptors (``Lcom/x/Y;->m(I)V``, fields as ``Landroid/os/Build;->SERIAL:Ljava/lang/String;``);
    ``offset`` counts 16-bit code units from the start of the caller's instructions, as the dex format does.
    ``arguments`` holds the constants that reach the call, None where not constant.
    ``path`` is the call path from an entry point to ``caller``, where one was asked for.
    """

    kind: ClassVar[str] = "call_site"
    member: str
    caller: str
    callee: str
    offset: int
    arguments: tuple[str | int | None, ...] | None = None
    path: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ClassDefinition:
    """Classes defined in a dex under one descriptor prefix; ``count`` of them, ``example`` is one."""

    kind: ClassVar[str] = "class_definition"
    member: str
    prefix: str
    example: str
    count: int


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """An element of the binary manifest, with the attributes that matter for the fact."""

    kind: ClassVar[str] = "manifest_entry"
    member: str
    element: str
    name: str
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A member of the archive: a native library, an asset, a nested dex; or a file of the bundle: the views
    of a screen (``run/screens/001.xml``), its picture."""

    kind: ClassVar[str] = "file_entry"
    member: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class StringConstant:
    """A string that stands in a dex, resource table, native library or script."""

    kind: ClassVar[str] = "string"
    member: str
    value: str
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """One signer under one APK signature scheme (v1, v2, v3, v3.1); SHA-256 of its certificate."""

    kind: ClassVar[str] = "signature"
    member: str
    scheme: str
    certificate_sha256: str


@dataclass(frozen=True, slots=True)
class PolicySpan:
    """Exact words in a declared document.

    ``line`` is 1-based; ``start``/``end`` count characters (code points) within that line of the text
    as given (for HTML, PDF, DOCX: of the extracted text, which the bundle keeps); ``quote`` is
    exactly ``lines[line - 1][start:end]``. ``role`` tells what the words are to the fact
    (``statement``, ``condition``, ``purpose``, ``recipient``). ``via`` is the span of the definition
    through which the subject came in, when the statement names only a defined term.
    """

    kind: ClassVar[str] = "policy_span"
    document: str
    line: int
    start: int
    end: int
    quote: str
    role: str = "statement"
    via: PolicySpan | None = None


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A row of a declared list that is a table: Data safety CSV, SDK list."""

    kind: ClassVar[str] = "listing_row"
    document: str
    row: int
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A runtime event's stack, innermost frame first; ``time`` in seconds since the epoch."""

    kind: ClassVar[str] = "stack"
    api: str
    frames: tuple[str, ...]
    time: float
    process: str = ""
    thread: str = ""
    result: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FlowField:
    """A value found in traffic: flow id, ``where`` as a path (``request.body.json.device[0].imei``),
    byte ``offset`` in that part, the ``encoding`` chain, and a redacted ``excerpt``."""

    kind: ClassVar[str] = "flow_field"
    flow: str
    where: str
    excerpt: str
    offset: int | None = None
    encoding: str = "plain"
    host: str = ""
    time: float | None = None


Evidence: TypeAlias = (
    CallSite
    | ClassDefinition
    | ManifestEntry
    | FileEntry
    | StringConstant
    | Signature
    | PolicySpan
    | ListingRow
    | Stack
    | FlowField
)

EVIDENCE_TYPES: tuple[type[Any], ...] = (
    CallSite,
    ClassDefinition,
    ManifestEntry,
    FileEntry,
    StringConstant,
    Signature,
    PolicySpan,
    ListingRow,
    Stack,
    FlowField,
)


# ------------------------------------------------------------- what was examined: app, document


@dataclass(frozen=True, slots=True)
class App:
    """The sample under audit, as a report's head shows it.

    ``container``: apk · split_apks · aab · aar · jar · dex. ``members``: the archive members that
    were examined, each ``(name, size in bytes, sha256)``. Unknown strings are empty, unknown numbers None.
    """

    file: str
    container: str
    size: int
    md5: str
    sha256: str
    package: str = ""
    label: str = ""
    version_name: str = ""
    version_code: str = ""
    min_sdk: int | None = None
    target_sdk: int | None = None
    max_sdk: int | None = None
    signers: tuple[Signature, ...] = ()
    members: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A declared document as it was read. ``language``: zh · en · mixed · unknown.
    ``format``: text · markdown · html · pdf · docx · csv · xlsx. ``lines``: of the extracted text."""

    name: str
    format: str
    language: str
    encoding: str
    size: int
    sha256: str
    lines: int
    title: str = ""
    role: str = "policy"


# ------------------------------------------------------------------------ facts, gaps, findings


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing learnt: who does (or says, or denies) what with which subject, and where it stands.

    ``action``: observed: requests (a permission) · accesses (an API, provider, file) · sends ·
    embeds (an SDK) · starts · exposes · uses ...; declared: collects · shares · processes_locally,
    ``states`` for a topic.
    ``recipient``: for sharing and sending, ``sdk:<id>``, ``party:<words>`` or ``host:<name>``.
    ``condition``: every condition must hold for the statement to apply (see the module's text).
    ``count``: occurrences behind the fact; ``first``/``last``: seconds since the epoch, dynamic and
    traffic only. ``attributes``: details without a field of their own, sorted by key.
    """

    source: Source
    stance: Stance
    actor: str
    action: str
    subject: str
    purpose: str | None = None
    condition: tuple[str, ...] = ()
    recipient: str | None = None
    phase: Phase = "unknown"
    count: int = 1
    first: float | None = None
    last: float | None = None
    evidence: tuple[Evidence, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def attribute(self) -> Mapping[str, str]:
        """``attributes`` as a mapping."""
        return dict(self.attributes)


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be examined, and why. Silence is never a pass.

    ``code`` names the kind of gap (``packed_dex``, ``missing_document``), stable, translated by the
    report; ``scope`` names what it touches (an archive member, document, host, subject);
    ``reason`` is one English sentence.
    """

    source: Source
    code: str
    scope: str
    reason: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What a run ran under: ``name`` is stable (``fingerprint``, ``dns_blocker``, ``hooks_framework``) and
    worded by the report. ``time``: seconds since the epoch from which it held, in ``phase``; None for one
    that held from the beginning.
    """

    name: str
    value: str
    phase: Phase = "unknown"
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict of one rule on one (actor, action, subject).

    ``clauses``: ids in the regulations knowledge. ``advice``: what to change, in English; reports
    in other languages render it from the rule. ``fingerprint``: see `fingerprint`.
    """

    rule: str
    outcome: Outcome
    severity: Severity
    confidence: Confidence
    actor: str
    action: str
    subject: str
    disclosure: Disclosure | None = None
    title: str = ""
    message: str = ""
    facts: tuple[Fact, ...] = ()
    gaps: tuple[Gap, ...] = ()
    clauses: tuple[str, ...] = ()
    advice: str = ""
    fingerprint: str = ""
    attributes: tuple[tuple[str, str], ...] = field(default=())


def framework_apis(facts: Iterable[Fact]) -> tuple[str, ...]:
    """The framework members behind facts, sorted: call-site callees and hooked APIs."""
    apis: set[str] = set()
    for fact in facts:
        for item in fact.evidence:
            if isinstance(item, CallSite):
                apis.add(item.callee)
            elif isinstance(item, Stack):
                apis.add(item.api)
    return tuple(sorted(apis))


def fingerprint(rule: str, package: str, actor: str, action: str, subject: str, apis: Iterable[str]) -> str:
    """A finding's identity across builds, 32 hex digits.

    Hashes rule, package, actor, action, subject and framework API; never line numbers, dex index
    or the app's own class names, which an obfuscator changes with each build.
    """
    parts = [rule, package, actor, action, subject, *sorted(set(apis))]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
