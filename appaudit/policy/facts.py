"""Declarations and statements as Facts, with the exact words they stand on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from appaudit.policy.cases import cases_of
from appaudit.policy.conditions import condition_tokens
from appaudit.policy.declarations import Declaration, ReadDocument, strip_repeats
from appaudit.policy.document import MAX_CHARACTERS
from appaudit.policy.grants import grants_of, named_in
from appaudit.policy.leads import LABEL
from appaudit.policy.parties import SdkMention, mentions_of, rows_of
from appaudit.policy.purposes import purpose_of, purposes_of
from appaudit.policy.reading import GENERIC_ANAPHOR
from appaudit.policy.recipients import excepted_of, recipients_of
from appaudit.policy.sentences import Sentence
from appaudit.policy.structure import Paragraph
from appaudit.policy.topics import topics_of
from appaudit.records import Evidence, Fact, Gap, PolicySpan

_ENTRY = 6
"""Lines above a form-like line ("Data collected: ...") in which the SDK it belongs to is named."""
_SPEAKS = ("sdk", "开发工具包", "开发包", "插件")
_HEAD_NAME = re.compile(r"\W{0,4}(?:SDK\W{0,3}名称\W{0,3})?[^，。：:]{1,40}?(?:SDK|[：:“”\"，])", re.I)
"""An entry of a list begins with the SDK's name."""
_UNLESS = re.compile(
    r"if:\W*(?:unless|without|except |other than|除|[^:：]{0,12}除外|未经|未获|未征得|没有您)", re.I
)
_DENIABLE = ("self_start",)
"""Topics of what an app may be said not to do."""
_NOT = re.compile(
    r"(?:不会|不|未|没有|无)(?:主动|被|进行|存在|涉及|支持|使用|自行)*(?:自启|自动启|关联启|开机启|唤醒)|\b(?:not|never|no)\b|n['’]t\b",
    re.I,
)
_NAME_LINE = 40
"""Characters of the longest line that is the name of an SDK."""
_ACTION = {
    "collected": ("declared", "collects"),
    "not_collected": ("denied", "collects"),
    "local_only": ("declared", "processes_locally"),
    "shared": ("declared", "shares"),
    "not_shared": ("denied", "shares"),
}


def span(
    found: ReadDocument,
    paragraph: int,
    start: int,
    end: int,
    role: str = "statement",
    via: PolicySpan | None = None,
) -> PolicySpan:
    """The words at ``start``..``end`` of a paragraph as evidence, cut at the end of their line."""
    block = found.structure.paragraphs[paragraph]
    line, column = block.locate(start)
    text = found.document.lines[line - 1]
    stop = min(column + max(end - start, 1), len(text))
    if len(block.pieces) > 1 and block.locate(max(start, end - 1))[0] != line:
        stop = len(text.rstrip())
    return PolicySpan(found.document.name, line, column, stop, text[column:stop], role, via)


def facts_of(found: ReadDocument) -> list[Fact]:
    """One Fact for each declaration, its copies as further evidence (role ``repeat``)."""
    once = strip_repeats(found)
    sdks = mentions_of(found.document)
    named = {m.line: m.id for m in reversed(sdks)}
    facts: list[Fact] = []
    for declaration, copies in once:
        for fact in _facts(found, declaration, copies, named):
            facts.append(fact)
            facts += _implied(fact)
    facts += _expansions(found, once)
    facts += _topics(found)
    facts += _permissions(found)
    return facts + _sdks(found, sdks)


def _topics(found: ReadDocument) -> list[Fact]:
    out = []
    for topic, copies in topics_of(found):
        evidence: list[Evidence] = [span(found, topic.paragraph, topic.start, topic.end)]
        evidence += [span(found, t.paragraph, t.start, t.end, "repeat") for t in copies]
        attributes = (("kind", topic.kind),)
        quote = found.structure.paragraphs[topic.paragraph].text[topic.start : topic.end]
        denied = topic.kind in _DENIABLE and _NOT.search(quote) is not None
        out.append(
            Fact(
                "policy",
                "denied" if denied else "declared",
                "app",
                "states",
                f"topic:{topic.kind}",
                count=len(evidence),
                evidence=tuple(evidence),
                attributes=attributes,
            )
        )
    return out


def _permissions(found: ReadDocument) -> list[Fact]:
    """One Fact for each permission and stance, every place it is named as evidence."""
    places: dict[tuple[str, str], list[Evidence]] = {}
    for index, paragraph in enumerate(found.structure.paragraphs):
        if paragraph.kind == "contents":
            continue
        if paragraph.kind == "heading":  # a permission's own name as the head of what it is for
            for grant in named_in(paragraph.text):
                place = span(found, index, grant.start, grant.end)
                places.setdefault((grant.permissions[0], "declared"), []).append(place)
            continue
        for sentence in paragraph.sentences:
            for grant in grants_of(sentence):
                place = span(found, index, sentence.start + grant.start, sentence.start + grant.end)
                for name in grant.permissions:
                    places.setdefault((name, "denied" if grant.denied else "declared"), []).append(place)
    return [
        Fact(
            "policy",
            stance,  # type: ignore[arg-type]
            "app",
            "requests",
            f"permission:{name}",
            count=len(evidence),
            evidence=tuple(evidence),
            attributes=(("kind", "permission"),),
        )
        for (name, stance), evidence in places.items()
    ]


def _sdks(found: ReadDocument, mentions: list[SdkMention]) -> list[Fact]:
    """One ``embeds`` Fact for each SDK named, and what SDK lists say each collects."""
    document = found.document
    embeds: dict[str, list[Evidence]] = {}
    collects: dict[tuple[str, str], list[Evidence]] = {}
    for item in (*mentions, *rows_of(document)):
        quote = document.lines[item.line - 1][item.start : item.end]
        place = PolicySpan(document.name, item.line, item.start, item.start + len(quote), quote)
        if isinstance(item, SdkMention):
            embeds.setdefault(item.id, []).append(place)
        else:
            collects.setdefault((item.id, item.type), []).append(place)
    attributes = (("kind", "sdk"),)
    out = [
        Fact(
            "policy", "declared", "app", "embeds", sdk, count=len(e), evidence=tuple(e), attributes=attributes
        )
        for sdk, e in embeds.items()
    ]
    out += [
        Fact(
            "policy",
            "declared",
            sdk,
            "collects",
            f"data:{data}",
            count=len(e),
            evidence=tuple(e),
            attributes=attributes,
        )
        for (sdk, data), e in collects.items()
    ]
    return out


def _facts(
    found: ReadDocument, declaration: Declaration, copies: list[Declaration], sdks: Mapping[int, str]
) -> list[Fact]:
    """A declaration as Facts: one for each recipient it names."""
    stance, action = _ACTION[declaration.polarity]
    via = None
    if declaration.via is not None:
        via = span(found, *declaration.via)
    statement = span(found, declaration.paragraph, declaration.start, declaration.end, via=via)
    paragraph = found.structure.paragraphs[declaration.paragraph]
    sentence = paragraph.sentences[declaration.sentence]
    evidence: list[Evidence] = [statement]
    for start, end in declaration.conditions:
        evidence.append(span(found, declaration.paragraph, start, end, "condition"))
    purpose = _purpose(found, declaration, sentence)
    if purpose is not None:
        where = (sentence.start + purpose[0], sentence.start + purpose[1])
        evidence.append(span(found, declaration.paragraph, *where, "purpose"))
    evidence += [span(found, d.paragraph, d.start, d.end, "repeat") for d in copies]
    recipients, actor = recipients_of(declaration, sentence)
    conditions = condition_tokens(declaration, sentence)
    cases, places = cases_of(found.structure.paragraphs, declaration.paragraph, sentence)
    if cases:
        phrase = cases.split(":")[1]
        conditions = (*(c for c in conditions if phrase not in c), cases)
        evidence += [span(found, *place, "condition") for place in places]
    kind = _kind(declaration)
    if declaration.frame.actor == "sdk" or LABEL.match(paragraph.text, paragraph.body):
        # The SDK that the line, or the head of the entry it belongs to, names.
        near = range(statement.line, max(statement.line - _ENTRY, 0), -1)
        actor = next((sdks[n] for n in near if n in sdks), actor)
    elif declaration.polarity == "collected" and declaration.frame.actor == "":
        actor = _entry(found, paragraph, sdks) or actor
    fact = Fact(
        source="policy",
        stance=stance,  # type: ignore[arg-type]
        actor=actor,
        action=action,
        subject=f"data:{declaration.type}",
        purpose=None if purpose is None else " ".join(sentence.text[slice(*purpose)].split()),
        condition=conditions,
        recipient=recipients[0],
        phase="background" if "background" in conditions else "unknown",
        count=1 + len(copies),
        evidence=tuple(evidence),
        attributes=(("basis", declaration.basis), ("kind", kind), ("verb", declaration.frame.verb)),
    )
    facts = [fact, *(replace(fact, recipient=name) for name in recipients[1:])]
    if (given := excepted_of(declaration, sentence)) is not None:
        if fact.recipient == given:
            facts[0] = replace(fact, recipient=None)  # "nobody but the rider": denied of all the others
        implied = tuple(sorted((dict(fact.attributes) | {"basis": "implied:denial"}).items()))
        facts.append(replace(fact, stance="declared", recipient=given, attributes=implied))
    return facts


def _purpose(found: ReadDocument, declaration: Declaration, sentence: Sentence) -> tuple[int, int] | None:
    """Where in its sentence a declaration says what for."""
    opened, after = purposes_of(sentence.plain, sentence.low, sentence.language)
    if opened is not None or not after:
        return opened
    reading = found.readings[declaration.paragraph, declaration.sentence]
    verb = (declaration.frame.start, declaration.frame.actor)
    start = declaration.start - sentence.start
    depth = next((m.depth for m in reading.mentions if m.start == start), 0)
    others = [
        (m.start, m.frame is not None and (m.frame.start, m.frame.actor) == verb)
        for m in reading.mentions
        if m.depth <= depth and m.type != GENERIC_ANAPHOR
    ]
    return purpose_of(sentence.plain, after, start, others)


def _entry(found: ReadDocument, paragraph: Paragraph, sdks: Mapping[int, str]) -> str:
    """The SDK at whose entry ("3) Tally: this SDK is provided by ...") a paragraph stands, "" if at none."""
    above = found.structure.paragraphs[paragraph.lead] if paragraph.lead >= 0 else paragraph
    lines = found.document.lines
    if any(map(_speaks, paragraph.path)):
        near = range(paragraph.line - 1, max(paragraph.line - _ENTRY, 0), -1)
        for number in near:
            if number == above.line:
                break
            if number in sdks and len(lines[number - 1].strip()) <= _NAME_LINE:
                return sdks[number]
    head = above.text[above.body :]
    if above.line in sdks and _HEAD_NAME.match(head) and _speaks(head):
        return sdks[above.line]
    return ""


def _speaks(text: str) -> bool:
    """Whether a text speaks of SDKs."""
    return any(map(text.lower().__contains__, _SPEAKS))


def _implied(fact: Fact) -> list[Fact]:
    """What a denial under a condition declares: "not unless you agree" is "once you agree"."""
    if fact.stance != "denied":
        return []
    kept = []
    for name in fact.condition:
        if name == "before_consent":
            kept.append("after_consent")
        elif name == "after_consent" or name.startswith("permission:") or _UNLESS.match(name):
            kept.append(name)
    first = fact.evidence[0]
    if not kept or not isinstance(first, PolicySpan):
        return []
    kept += ["background"] if "background" in fact.condition else []
    via = next((e for e in fact.evidence if isinstance(e, PolicySpan) and e.role == "condition"), first)
    attributes = dict(fact.attributes) | {"basis": "implied:denial"}
    return [
        replace(
            fact,
            stance="declared",
            condition=tuple(dict.fromkeys(kept)),
            evidence=(replace(first, via=replace(via, via=None)), *fact.evidence[1:]),
            attributes=tuple(sorted(attributes.items())),
        )
    ]


def _kind(declaration: Declaration) -> str:
    if declaration.frame.kind:
        return declaration.frame.kind
    return "sharing" if declaration.polarity in ("shared", "not_shared") else "collection"


def _expansions(found: ReadDocument, once: list[tuple[Declaration, list[Declaration]]]) -> list[Fact]:
    """Facts for the members of a defined term, where the term is used; each carries ``via``."""
    out: list[Fact] = []
    for declaration, _ in once:
        definitions = found.definitions.by_type.get(declaration.type, ())
        if not definitions or declaration.via is not None or declaration.basis != "explicit":
            continue
        stance, action = _ACTION[declaration.polarity]
        sentence = found.structure.paragraphs[declaration.paragraph].sentences[declaration.sentence]
        recipients, actor = recipients_of(declaration, sentence)
        conditions = condition_tokens(declaration, sentence)
        attributes = (
            ("basis", f"definition:{declaration.type}"),
            ("kind", _kind(declaration)),
            ("verb", declaration.frame.verb),
        )
        for member in (m for definition in definitions for m in definition.members):
            if member.polarity != "collected":
                continue
            named = found.structure.paragraphs[member.paragraph].sentences[member.sentence]
            via = span(found, member.paragraph, member.start, member.end)
            out.append(
                Fact(
                    source="policy",
                    stance=stance,  # type: ignore[arg-type]
                    actor=actor,
                    action=action,
                    subject=f"data:{member.type}",
                    condition=tuple(dict.fromkeys((*conditions, *condition_tokens(member, named)))),
                    recipient=recipients[0],
                    evidence=(
                        span(found, declaration.paragraph, declaration.start, declaration.end, via=via),
                    ),
                    attributes=attributes,
                )
            )
    return out


def gaps_of(found: ReadDocument) -> list[Gap]:
    """What could not be read for certain: definitions without content, references to nothing."""
    gaps: list[Gap] = []
    if found.structure.cut:
        reason = f"only the first {MAX_CHARACTERS:,} characters were read, up to line {found.structure.cut}"
        gaps.append(Gap("policy", "document_cut", found.document.name, reason))
    for type_id, definitions in found.definitions.by_type.items():
        if all(d.empty for d in definitions):
            line = found.structure.paragraphs[definitions[0].paragraph].line
            gaps.append(
                Gap(
                    "policy",
                    "empty_definition",
                    f"data:{type_id}",
                    f"{found.document.name} line {line} defines “{definitions[0].term}” as nothing",
                )
            )
    for index, start, end in found.unresolved:
        where = span(found, index, start, end)
        gaps.append(
            Gap(
                "policy",
                "unresolved_reference",
                found.document.name,
                f"{found.document.name} line {where.line}: “{where.quote}” points to nothing named before",
            )
        )
    return gaps
