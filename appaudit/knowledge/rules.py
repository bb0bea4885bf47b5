"""The rules: one TOML file each, with its texts in Chinese and English; and how a finding is worded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import FOLDER, toml
from appaudit.knowledge.permissions import permission
from appaudit.records import (
    CallSite,
    Confidence,
    Evidence,
    Fact,
    Finding,
    FlowField,
    ManifestEntry,
    PolicySpan,
    Severity,
    Stack,
    framework_apis,
)

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """A rule's words in one language. ``title``, ``message``, ``advice`` and ``passed`` are templates
    (see `render`); ``name`` and ``why`` stand as they are."""

    name: str
    title: str
    message: str
    why: str
    advice: str
    passed: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One question an audit answers.

    ``sources``: each entry is one or more producers (``static|dynamic``) of which one must have
    examined the app, or the rule's outcome is ``not_examined``. ``clauses``: ids in the regulations
    knowledge. ``fires_on`` and ``quiet_on``: fixtures (``<app>/<policy>``) that prove the rule.
    """

    id: str
    since: str
    lifecycle: Literal["experimental", "stable", "deprecated"]
    sources: tuple[str, ...]
    severity: Severity
    confidence: Confidence
    clauses: tuple[str, ...]
    fires_on: str
    quiet_on: str
    texts: Mapping[Language, Text]


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(
        id=row["id"],
        since=row["since"],
        lifecycle=row["lifecycle"],
        sources=tuple(row["sources"]),
        severity=row["severity"],
        confidence=row["confidence"],
        clauses=tuple(row["clauses"]),
        fires_on=row["fires_on"],
        quiet_on=row["quiet_on"],
        texts={lang: Text(**row[lang]) for lang in LANGUAGES},
    )


@cache
def rules() -> dict[str, Rule]:
    """Every rule by id, sorted."""
    files = sorted((FOLDER / "rules").glob("*.toml"))
    found = [_rule(toml(f"rules/{file.name}")) for file in files]
    return {rule.id: rule for rule in found}


_ACTORS = {
    "app": {"en": "the app", "zh": "本应用"},
    "unknown": {"en": "unattributed code", "zh": "未归属的代码"},
}
_AND = {"en": ", ", "zh": "、"}


def actor_name(actor: str, lang: Language) -> str:
    """How a report names an actor."""
    if actor in _ACTORS:
        return _ACTORS[actor][lang]
    kind, _, name = actor.partition(":")
    return sdk_name(name, lang) if kind == "sdk" else name


def sdk_name(sdk_id: str, lang: Language) -> str:
    """An SDK's name in the language; its id where the knowledge has no such SDK."""
    from appaudit.knowledge import sdks  # late: 900 records that a run without SDKs never reads

    sdk = sdks.sdks().get(sdk_id)
    if sdk is None:
        return sdk_id
    return (sdk.zh or sdk.en) if lang == "zh" else (sdk.en or sdk.zh)


def subject_name(subject: str, lang: Language) -> str:
    """How a report names a subject (``data:imei`` → ``IMEI``)."""
    kind, _, name = subject.partition(":")
    if kind == "data" and name in data_types():
        return getattr(data_types()[name], lang)  # type: ignore[no-any-return]
    if kind == "sdk":
        return sdk_name(name, lang)
    if kind == "permission":
        words: str = getattr(permission(name), lang)
        short = name.rpartition(".")[2]
        return f"{words} ({short})" if words else short
    if kind == "consent":
        return str(toml("consent.toml")["names"].get(name, {}).get(lang, name))
    if kind == "notice":
        return _notices().get(name, {}).get(lang, name)
    return name or subject


@cache
def _notices() -> dict[str, dict[str, str]]:
    return {row["id"]: {"zh": row["zh"], "en": row["en"]} for row in toml("completeness.toml")["item"]}


@dataclass(frozen=True, slots=True)
class Wording:
    """A finding in words, one language."""

    title: str
    message: str
    why: str
    advice: str


_SEEN = {
    "en": {"code": "in code only", "live": "live only", "both": "in code and live"},
    "zh": {"code": "仅代码", "live": "仅实际运行", "both": "代码与实际运行"},
}
_NOT_EXAMINED = {"en": "Not examined: it needs {needs}.", "zh": "未检查：需要{needs}。"}


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


_FIRST = {"en": " First place: {place}.", "zh": "首处位置：{place}。"}


def _advice(words: str, observed: Sequence[Fact], lang: Language) -> str:
    """The advice with the first place in this app where it applies."""
    place = next((p for f in observed for e in f.evidence if (p := _place(e))), "")
    return words + _FIRST[lang].format(place=place) if place else words


def _place(evidence: Evidence) -> str:
    """Where somebody would open the editor: a caller, a frame, a manifest entry, a request's field."""
    if isinstance(evidence, CallSite):
        owner, _, member = evidence.caller.partition("->")
        name = f"{owner[1:-1].replace('/', '.')}.{member.partition('(')[0]}"
        return f"{name} ({evidence.member}, {evidence.offset})"
    if isinstance(evidence, Stack):
        return evidence.frames[0] if evidence.frames else ""
    if isinstance(evidence, ManifestEntry):
        return f"<{evidence.element}> {evidence.name}"
    return f"{evidence.flow} {evidence.where}" if isinstance(evidence, FlowField) else ""


@lru_cache(maxsize=4096)
def short_api(descriptor: str) -> str:
    """``Landroid/x/Y;->m(I)V`` as people write it: ``Y.m``."""
    owner, _, member = descriptor.partition("->")
    name = member.partition("(")[0].partition(":")[0]
    return f"{owner.rstrip(';').rpartition('/')[2]}.{name}" if name else descriptor


def render(finding: Finding, lang: Language, known_apis: tuple[str, ...] | None = None) -> Wording:
    """The finding's title, message and advice in ``lang``, from its rule's templates.

    Templates may use {actor} {subject} {apis} {count} {said} {quote} {place} and any of the finding's
    attributes; values are data and are never read as templates. ``known_apis``: the framework members behind
    the observed facts, where the caller has them already.
    """
    rule = rules().get(finding.rule)
    if rule is None:
        return Wording(finding.title or finding.rule, finding.message, "", finding.advice)
    text = rule.texts[lang]
    if finding.outcome == "not_examined" and not finding.subject:
        needs = dict(finding.attributes).get("needs", "")
        return Wording(text.name, _NOT_EXAMINED[lang].format(needs=needs), text.why, "")
    values = _Blank(finding.attributes)
    values["actor"] = actor_name(finding.actor, lang)
    values["subject"] = subject_name(finding.subject, lang)
    observed = [f for f in finding.facts if f.stance == "observed"]
    apis = [short_api(a) for a in (framework_apis(observed) if known_apis is None else known_apis)]
    values["apis"] = _AND[lang].join(dict.fromkeys(apis)) or "-"
    values["count"] = str(sum(f.count for f in observed))
    if said := values.get("said"):
        values["said"] = subject_name(said, lang)
    if seen := values.get("seen"):
        values["seen"] = _SEEN[lang].get(seen, seen)
    for key in ("absent", "data"):
        values[key] = _AND[lang].join(subject_name(f"data:{d}", lang) for d in values[key].split()) or "-"
    pairs = (item.partition(":") for item in values["observed"].split())
    named = (f"{subject_name(f'data:{d}', lang)} ({_SEEN[lang].get(how, how)})" for d, _, how in pairs)
    values["observed"] = _AND[lang].join(named) or "-"
    stated = [f for f in finding.facts if f.stance != "observed"]
    values["category"] = values.get(f"category_{lang}", "")
    spans = [e for f in stated for e in f.evidence if isinstance(e, PolicySpan)]
    if spans:
        values["quote"] = spans[0].quote
        values["place"] = f"{spans[0].document}:{spans[0].line}"
    template = text.passed if finding.outcome == "pass" else text.message
    message = template.format_map(values)
    if finding.outcome == "not_examined" and "{needs}" not in template:
        message = _NOT_EXAMINED[lang].format(needs=values["needs"] or "-")
    return Wording(
        text.title.format_map(values),
        message,
        text.why,
        "" if finding.outcome == "pass" else _advice(text.advice.format_map(values), observed, lang),
    )


_LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "severity": "severity",
        "sources": "needs",
        "why": "Why it matters",
        "advice": "What to change",
        "clauses": "Clauses",
    },
    "zh": {
        "severity": "严重程度",
        "sources": "所需来源",
        "why": "为什么重要",
        "advice": "如何整改",
        "clauses": "依据条款",
    },
}


def explain(rule: Rule, lang: Language) -> str:
    """A rule as a page of plain text."""
    text, label = rule.texts[lang], _LABELS[lang]
    anything = _Blank(actor="…", subject="…", said="…", apis="…", count="N", quote="…", place="…", degree="N")
    return "\n".join(
        [
            f"{rule.id}: {text.name}",
            f"{label['severity']}: {rule.severity} · {label['sources']}: {', '.join(rule.sources)} · "
            f"since {rule.since} · {rule.lifecycle}",
            "",
            text.message.format_map(anything),
            "",
            f"{label['why']}: {text.why}",
            f"{label['advice']}: {text.advice.format_map(anything)}",
            f"{label['clauses']}: {', '.join(rule.clauses)}",
        ]
    )
