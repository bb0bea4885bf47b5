"""Why each declaration of a line was read there: words, verb frame, scope, condition, definition."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.policy.conditions import condition_tokens
from appaudit.policy.declarations import Declaration, ReadDocument, read_document
from appaudit.policy.document import LoadedDocument
from appaudit.policy.grants import grants_of
from appaudit.policy.lexicon import lexicon
from appaudit.policy.matching import Token
from appaudit.policy.reading import GENERIC_ANAPHOR, Frame, Mention
from appaudit.policy.recipients import recipients_of
from appaudit.policy.topics import topics_of

_ACTOR = {
    "we": "the app",
    "": "the app (no subject said)",
    "you": "the user",
    "partner": "a partner",
    "sdk": "an SDK",
}
_SHOWN = (
    "verb",
    "we",
    "you",
    "partner",
    "sdk",
    "negation",
    "exclusion",
    "condition",
    "purpose",
    "relative",
    "anaphor",
    "trap",
    "local",
    "take",
    "public",
)


def explain(document: LoadedDocument, line: int) -> list[str]:
    """Lines of text that tell how the 1-based ``line`` of ``document`` was read."""
    if not 1 <= line <= len(document.lines):
        return [f"{document.name} has lines 1 to {len(document.lines)}"]
    found = read_document(document)
    out = [f"{document.name}:{line}"]
    for index, paragraph in enumerate(found.structure.paragraphs):
        if line not in {number for _, number, _ in paragraph.pieces}:
            continue
        if paragraph.path:
            out.append("section: " + " > ".join(paragraph.path))
        if paragraph.kind in ("heading", "contents"):
            out.append(
                f"a {'contents page entry' if paragraph.kind == 'contents' else 'heading'}: declares nothing"
            )
            continue
        if paragraph.lead >= 0:
            lead = found.structure.paragraphs[paragraph.lead]
            out.append(f"list item led in by line {lead.line}: {_short(lead.text)}")
        for number, sentence in enumerate(paragraph.sentences):
            lines = {
                paragraph.locate(sentence.start)[0],
                paragraph.locate(sentence.start + len(sentence.text) - 1)[0],
            }
            if min(lines) <= line <= max(lines):
                out += _sentence(found, index, number)
    return out


def _sentence(found: ReadDocument, index: int, number: int) -> Iterator[str]:
    paragraph = found.structure.paragraphs[index]
    sentence = paragraph.sentences[number]
    reading = found.readings.get((index, number))
    yield f"sentence ({sentence.language}): {_short(sentence.text, 200)}"
    if sentence.repeats:
        yield f"  stands already on line {sentence.repeats}: the same declarations"
    if reading is None:
        return
    told = [w for t in lexicon().match(sentence.plain) if (w := _word(t))]
    if told:
        yield "  words: " + "; ".join(told)
    declared = [d for d in found.declarations if (d.paragraph, d.sentence) == (index, number)]
    for declaration in declared:
        yield from _declaration(found, declaration)
    taken = {d.start - sentence.start for d in declared}
    for mention in reading.mentions:
        if mention.start not in taken:
            words = sentence.text[mention.start : mention.end]
            yield f"  not declared: “{words}” ({mention.type}): {_why_not(mention)}"
    for topic, _ in topics_of(found):
        if topic.paragraph == index and sentence.start <= topic.start < sentence.start + len(sentence.text):
            yield f"  states {topic.kind}: “{paragraph.text[topic.start : topic.end]}”"
    for grant in grants_of(sentence):
        verb = "denies" if grant.denied else "names"
        named = sentence.text[grant.start : grant.end]
        yield f"  {verb} permission: “{named}” is {', '.join(grant.permissions)}"


def _declaration(found: ReadDocument, declaration: Declaration) -> Iterator[str]:
    paragraph = found.structure.paragraphs[declaration.paragraph]
    sentence = paragraph.sentences[declaration.sentence]
    words = paragraph.text[declaration.start : declaration.end]
    yield f"  {declaration.polarity}: {declaration.type} “{words}”"
    yield "    " + _frame(declaration.frame)
    conditions = condition_tokens(declaration, sentence)
    if conditions:
        yield "    condition: " + "; ".join(conditions)
    recipients, _ = recipients_of(declaration, sentence)
    recipient = ", ".join(r for r in recipients if r)
    if recipient:
        yield f"    recipient: {recipient}"
    if declaration.basis != "explicit":
        yield f"    basis: {declaration.basis}"
    if declaration.via is not None:
        block, start, end = declaration.via
        named = found.structure.paragraphs[block]
        yield f"    named on line {named.locate(start)[0]}: “{named.text[start:end]}”"
    for definition in found.definitions.by_type.get(declaration.type, ()):
        if declaration.basis == "explicit":
            where = found.structure.paragraphs[definition.paragraph].line
            count = len(definition.members)
            yield f"    defined on line {where} (“{definition.term}”): {count} members follow by it"


def _frame(frame: Frame) -> str:
    said = "label or definition" if frame.verb == "definition" else f"verb “{frame.verb}”"
    parts = [f"{said} ({frame.cls})", f"by {_ACTOR.get(frame.actor, frame.actor)}"]
    if frame.negated:
        parts.append("denied")
    if frame.inherited:
        parts.append("taken over from what leads in")
    if frame.kind == "relative":
        parts.append("in a relative clause")
    return ", ".join(parts)


def _why_not(mention: Mention) -> str:
    if mention.type == GENERIC_ANAPHOR:
        return "points back to what is declared where it stands"
    if mention.group and mention.frame is not None:
        return "a group word; its members are declared"
    if mention.frame is None:
        return "inside a purpose or condition" if mention.clause < 0 else "no verb takes it"
    if mention.frame.polarity is None:
        return f"“{mention.frame.verb}” declares nothing here"
    return "said already in this sentence"


def _word(token: Token) -> str:
    data = token.get("data") or token.get("weak")
    kinds = [f"verb:{e.value}" if k == "verb" else k for k, e in token.readings.items() if k in _SHOWN]
    if data is not None:
        kinds.insert(0, data.value)
    return f"“{token.text}” {'/'.join(kinds)}" if kinds else ""


def _short(text: str, size: int = 80) -> str:
    text = " ".join(text.split())
    return text if len(text) <= size else text[: size - 1] + "…"
