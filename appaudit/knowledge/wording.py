"""How a finding is worded: its rule's templates, filled with the finding's own values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from appaudit.knowledge.load import toml
from appaudit.knowledge.naming import actor_name, sdk_name, subject_name
from appaudit.knowledge.rules import Language, rules
from appaudit.records import (
    LEAVING,
    CallSite,
    Evidence,
    Finding,
    FlowField,
    ManifestEntry,
    PolicySpan,
    Stack,
    framework_apis,
)

APIS = 5
"""Framework members that a sentence names; the others are counted."""

COLLECTING = "run_collecting"
"""What would decide promises on data that nobody was seen to collect: `needed` names the data."""

_AND = {"en": ", ", "zh": "、"}
_THEN = {"en": "; ", "zh": "；"}


@dataclass(frozen=True, slots=True)
class Wording:
    """A finding in words, one language."""

    title: str
    message: str
    why: str
    advice: str


def worded(findings: Iterable[Finding]) -> list[Finding]:
    """The findings with their English title, message and advice, as JSON and bundles carry them."""
    result = []
    for finding in findings:
        words = render(finding, "en")
        result.append(replace(finding, title=words.title, message=words.message, advice=words.advice))
    return result


def render(finding: Finding, lang: Language) -> Wording:
    """The finding's title, message and advice in ``lang``, from its rule's templates.

    Templates may use the names of `MADE` and any of the finding's attributes; values are data and are never
    read as templates.
    """
    rule = rules().get(finding.rule)
    if rule is None:
        return Wording(finding.title or finding.rule, finding.message, "", finding.advice)
    text = rule.texts[lang]
    values = _Values(finding, lang)
    if finding.outcome == "not_examined" and not finding.subject:
        return Wording(text.name, _word("not_examined", "sentence", lang).format_map(values), text.why, "")
    if finding.outcome == "pass":  # a rule's title names what is wrong
        passed = text.passed.format_map(values)
        return Wording(passed.rstrip(".。"), passed, text.why, "")
    template = text.message
    title = text.title
    general = "{needs}" not in template or values.given.get("needs", "").startswith(COLLECTING)
    if finding.outcome == "not_examined" and general:  # a title that claims nothing
        named = "name" if finding.subject.startswith("topic:") else "title"
        title = _word("not_examined", named, lang).replace("{name}", text.name)
        template = _word("not_examined", "sentence", lang)
    limited = _limited(values) if finding.outcome in ("violation", "review") else ""
    return Wording(
        title.format_map(values),
        template.format_map(values) + limited,
        text.why,
        _advice(text.advice.format_map(values), values),
    )


class _Values(dict[str, str]):
    """A finding's values by the names that templates use, each made when it is asked for."""

    def __init__(self, finding: Finding, lang: Language) -> None:
        super().__init__()
        self.finding = finding
        self.lang = lang
        self.given = dict(finding.attributes)
        self.observed = [f for f in finding.facts if f.stance == "observed"]

    def __missing__(self, name: str) -> str:
        make = MADE.get(name)
        value = self[name] = make(self) if make else self.given.get(name, "")
        return value

    def span(self) -> PolicySpan | None:
        """The first words of the declared side."""
        stated = (f for f in self.finding.facts if f.stance != "observed")
        return next((e for f in stated for e in f.evidence if isinstance(e, PolicySpan)), None)

    def count(self) -> int:
        return sum(f.count for f in self.observed)


def _apis(values: _Values) -> str:
    names = list(dict.fromkeys(map(short_api, framework_apis(values.observed))))
    shown = _AND[values.lang].join(names[:APIS]) or "-"
    rest = len(names) - APIS
    return shown + _word("more", "apis", values.lang).format(n=rest) if rest > 0 else shown


def _quote(values: _Values) -> str:
    """The sentence where it is known, else the words themselves."""
    span = values.span()
    return values.given.get("sentence") or (span.quote if span else values.given.get("quote", ""))


def _limited(values: _Values) -> str:
    """What the platform gives this app instead of data that only code was seen to read."""
    lang = values.lang
    by_limit: dict[str, list[str]] = {}
    for fact in values.observed:
        if fact.source != "static":
            return ""
        if value := fact.attribute.get("limit"):
            by_limit.setdefault(value, []).extend(map(short_api, framework_apis([fact])))
    told = [limit(value, _AND[lang].join(dict.fromkeys(a)), lang) for value, a in by_limit.items()]
    return _word("limited", "sentence", lang).format(limits=_THEN[lang].join(told)) if told else ""


def limit(value: str, apis: str, lang: Language) -> str:
    """``<answer>:<API level>`` of an access in words; ``apis``: the calls by name, may be empty."""
    answer, _, level = value.partition(":")
    return _word("limit", answer, lang).replace("{apis}", apis).replace("{level}", level).strip()


def _where(values: _Values) -> str:
    span = values.span()
    return f"{span.document}:{span.line}" if span else values.given.get("place", "")


def _types(name: str) -> Callable[[_Values], str]:
    return lambda values: _data_names(values.given.get(name, "").split(), values.lang)


def _data_names(ids: Sequence[str], lang: Language) -> str:
    return _AND[lang].join(subject_name(f"data:{d}", lang) for d in ids) or "-"


def _listed(name: str) -> Callable[[_Values], str]:
    """Codes of a table, one or several, as words."""

    def made(values: _Values) -> str:
        codes = values.given.get(name, "").split()
        return _AND[values.lang].join(_word(name, c, values.lang) for c in codes)

    return made


def _number(name: str, of: Callable[[_Values], int]) -> Callable[[_Values], str]:
    def made(values: _Values) -> str:
        n = of(values)
        return _word(name, "one" if n == 1 else "many", values.lang).format(n=n)

    return made


def _deed(values: _Values) -> str:
    """``sent``, ``read`` or ``code``: the most that was seen of the subject."""
    if any(f.action in LEAVING for f in values.observed):
        return "sent"
    return "read" if any(f.source in ("dynamic", "traffic") for f in values.observed) else "code"


def _ways(values: _Values) -> str:
    """Settings and recipients of the observed facts."""
    settings = (f.subject for f in values.observed if f.subject.startswith("setting:"))
    hosts = (f.recipient for f in values.observed if f.recipient)
    names = dict.fromkeys(subject_name(s, values.lang) for s in (*settings, *hosts))
    return _AND[values.lang].join(names) or "-"


def _told(values: _Values) -> str:
    """What the policy says of a permission or power; where nothing, it may still deny what that opens."""
    said = values.finding.disclosure or "omitted"
    return _word("told", "opened" if said == "omitted" and values.span() else said, values.lang)


def _against(values: _Values) -> str:
    """The first words that say the opposite of the first statement."""
    stated = [f for f in values.finding.facts if f.stance != "observed"]
    other = (f for f in stated if f.stance != stated[0].stance)
    spans = (e for f in other for e in f.evidence if isinstance(e, PolicySpan))
    span = next(spans, None)
    if span is None:
        return ""
    return _word("against", "sentence", values.lang).format(
        quote=span.quote, place=f"{span.document}:{span.line}"
    )


def _abroad(values: _Values) -> str:
    """Recipients and their countries, from ``sdk:<id>=US host:<name>=US,SG``."""
    pairs = (item.rpartition("=") for item in values.given.get("abroad", "").split())
    return _AND[values.lang].join(f"{subject_name(p, values.lang)} ({where})" for p, _, where in pairs) or "-"


def _observed(values: _Values) -> str:
    pairs = (item.partition(":") for item in values.given.get("observed", "").split())
    lang = values.lang
    named = (f"{subject_name(f'data:{d}', lang)} ({_word('seen', how, lang)})" for d, _, how in pairs)
    return _AND[lang].join(named) or "-"


MADE: Mapping[str, Callable[[_Values], str]] = {
    "actor": lambda v: actor_name(v.finding.actor, v.lang),
    "subject": lambda v: subject_name(v.finding.subject, v.lang),
    "apis": _apis,
    "count": lambda v: str(v.count()),
    "places": _number("places", _Values.count),
    "times": _number("times", _Values.count),
    "entries": _number("entries", _Values.count),
    "types": _number("types", lambda v: int(v.given.get("number") or 0)),
    "steps": _number("steps", lambda v: int(v.given.get("degree") or 0)),
    "verb": lambda v: _word("verb", _deed(v), v.lang),
    "deed": lambda v: _word("deed", _deed(v), v.lang),
    "said": lambda v: subject_name(v.given["said"], v.lang) if "said" in v.given else "",
    "fate": lambda v: _word("fate", "code" if "where" in v.given else "sent", v.lang),
    "sending": lambda v: _word("sending", v.given.get("where", "sent"), v.lang).format_map(v),
    "against": _against,
    "told": _told,
    "named": lambda v: _word("named", "perhaps" if v.span() else "nothing", v.lang).format_map(v),
    "covered": lambda v: _word("covered", "lapsed" if v.span() else "nothing", v.lang).format_map(v),
    "ways": _ways,
    "abroad": _abroad,
    "sdks": lambda v: _AND[v.lang].join(sdk_name(s, v.lang) for s in v.given.get("sdks", "").split()) or "-",
    "promised": lambda v: _word("promised", "sentence", v.lang).format_map(v) if v.span() else "",
    "compared": lambda v: _word("compared", "no" if v["checked"] == "no" else "day", v.lang).format_map(v),
    "button": lambda v: _word("button", "sentence", v.lang).format_map(v) if v["detail"] else "",
    "quote": _quote,
    "place": _where,
    "absent": _types("absent"),
    "data": _types("data"),
    "observed": _observed,
    "seen": _listed("seen"),
    "notice": _listed("notice"),
    "level": _listed("level"),
    "unit": _listed("unit"),
    "evidence": _listed("evidence"),
    "category": lambda v: v.given.get(f"category_{v.lang}", ""),
    "function": lambda v: v.given.get(f"function_{v.lang}", ""),
    "needs": lambda v: needed(v.given.get("needs", ""), v.lang) or "-",
}
"""Values that are made; the others are the finding's attributes as they are."""


def needed(code: str, lang: Language) -> str:
    """What would decide an open question, in words: ``traffic``, ``run_otherwise:<words>``,
    ``sources:static|dynamic policy``."""
    name, _, value = code.partition(":")
    if name == "sources":
        value = _AND[lang].join(_alternatives(group, lang) for group in value.split())
    if name == COLLECTING:
        value = _data_names(value.split(), lang)
    return _word("needs", name, lang).replace("{value}", value)


def _alternatives(group: str, lang: Language) -> str:
    return {"en": " or ", "zh": "或"}[lang].join(_word("source", s, lang) for s in group.split("|"))


def _word(table: str, code: str, lang: Language) -> str:
    """The word of a table; the code itself where the table does not have it."""
    tables: Mapping[str, Mapping[str, Mapping[Language, str]]] = toml("wording.toml")
    entry = tables[table].get(code)
    return entry[lang] if entry else code.replace("_", " ")


class _Anything(dict[str, str]):
    """For each name a template may use, the words that stand for any value of it."""

    def __init__(self, lang: Language) -> None:
        super().__init__()
        self.lang = lang

    def __missing__(self, name: str) -> str:
        return _word("anything", name, self.lang)


def in_general(template: str, lang: Language) -> str:
    """A template as a sentence about no finding in particular."""
    words = template.format_map(_Anything(lang))
    return words[:1].upper() + words[1:]


def _advice(words: str, values: _Values) -> str:
    """The advice with the first place in this app where it applies."""
    place = next((p for f in values.observed for e in f.evidence if (p := _place(e))), "")
    return words + _word("first", "sentence", values.lang).format(place=place) if place else words


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
