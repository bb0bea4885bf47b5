"""From sentences to declarations: runs the readers over a document and settles groups and references."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from appaudit.knowledge.data_types import data_types
from appaudit.policy import chinese, english
from appaudit.policy.cases import listed_cases
from appaudit.policy.definitions import Definition, Definitions
from appaudit.policy.document import LoadedDocument
from appaudit.policy.leads import Passing, own_names
from appaudit.policy.matching import Token
from appaudit.policy.reading import (
    GENERIC_ANAPHOR,
    NEGATED,
    Frame,
    Mention,
    Polarity,
    SentenceReading,
    inherit,
)
from appaudit.policy.sentences import Sentence
from appaudit.policy.structure import Structure, parse

GENERIC = "personal_info"
_RECENT = 200
"""Declarations that “this information” may point back to: keeps a paragraph without end linear."""
_AHEAD = re.compile(r"\bfollowing\b|以下|下列|如下", re.I)
_CHILDREN = re.compile(r"child|minor|under (?:the age of )?1\d|儿童|未成年", re.I)
"""What is not collected from these may be collected from others."""
_CONTENT = frozenset({"photo", "video", "voice", "media_files"})
_UMBRELLAS = frozenset(b for t in data_types().values() for b in t.broader) - {
    "location",
    "sensors",
    "album",
    "wifi_info",
    "bluetooth",
    "imei",
    "mac",
    "sim_info",
    "communication_records",
} | {"operation_records", "device_id_other"}
"""Group words: named together with their members, the members are what is declared."""


@dataclass(slots=True, eq=False)  # made by the thousand: a frozen one takes twice as long
class Declaration:
    """One data type under one verb. Offsets are of the paragraph; ``via``: the words that named the
    type when the statement itself only points to them ("the above information", a defined term)."""

    type: str
    polarity: Polarity
    paragraph: int
    sentence: int
    start: int
    end: int
    frame: Frame
    conditions: tuple[tuple[int, int], ...] = ()
    via: tuple[int, int, int] | None = None
    basis: str = "explicit"


@dataclass(slots=True)
class ReadDocument:
    """A document with everything read off it, before it becomes facts."""

    document: LoadedDocument
    structure: Structure
    definitions: Definitions
    declarations: list[Declaration] = field(default_factory=list)
    readings: dict[tuple[int, int], SentenceReading] = field(default_factory=dict)
    before: list[Mention] = field(default_factory=list)
    """Mentions of the sentence before the one being read."""
    unresolved: list[tuple[int, int, int]] = field(default_factory=list)


def read_document(document: LoadedDocument) -> ReadDocument:
    """Reads every sentence of ``document`` once, in order."""
    structure = parse(document)
    found = ReadDocument(document, structure, Definitions())
    names = own_names(document.text)
    leads: dict[int, Frame | None] = {}
    words_of: dict[str, list[Token]] = {}
    recent: list[Declaration] = []
    for index, paragraph in enumerate(structure.paragraphs):
        if paragraph.kind in ("contents", "heading"):
            if paragraph.kind == "heading":
                recent = []
                leads[index] = leads.get(paragraph.lead) if paragraph.lead >= 0 else None
            continue
        frame = inherit(leads.get(paragraph.lead)) if paragraph.lead >= 0 else None
        # "The ad network may collect: - Device information: the model, ...": what it collects, no definition
        led = frame is not None and frame.polarity in ("shared", "not_shared")
        definition = None if led else found.definitions.notice(index, paragraph)
        passing = Passing(paragraph, frame)
        term = definition is not None and definition.type == GENERIC
        for number, sentence in enumerate(paragraph.sentences):
            if term and (number or sentence.language == "en"):
                definition = None  # what "personal data" means is no list; the sentences after it say more
            reader = chinese if sentence.language == "zh" else english
            words = words_of.get(sentence.plain)
            if words is None:
                words = words_of[sentence.plain] = reader.tokens(sentence.plain)
            start_frame = passing.before(number, sentence) if definition is None else definition.frame
            skip = max(0, definition.body - sentence.start) if definition is not None else 0
            reading = reader.read(sentence.plain, words, start_frame, skip or passing.label, passing.read)
            if start_frame is None and (listed := passing.listed(reading, sentence)) is not None:
                reading = reader.read(sentence.plain, words, listed, skip)
            found.readings[index, number] = reading
            if reading.mentions:
                if names is not None:
                    inside = [m.span() for m in names.finditer(sentence.text)]
                    reading.mentions = [m for m in reading.mentions if not _within(m, inside)]
                if passing.silent(sentence):
                    reading.mentions = [m for m in reading.mentions if m.frame and m.frame.cls == "term"]
            new = _declare(found, index, number, sentence, reading, recent, definition)
            found.declarations += found.definitions.settled(new)
            found.before = reading.mentions
            exact = [d for d in new if d.type != GENERIC]
            if exact:
                recent = ([d for d in recent if d.paragraph == index] + exact)[-_RECENT:]
            passing.after(number, sentence, reading)
        leads[index] = passing.last if passing.last is not None else frame
    found.declarations += _explained(found)
    return found


def _explained(found: ReadDocument) -> list[Declaration]:
    """What the document says personal information is, where it collects some and nowhere denies it."""
    explained = found.definitions.explained
    if not explained:
        return []
    taken = {d.type for d in found.declarations if d.polarity == "collected"}
    denied = (d for d in found.declarations if d.polarity == "not_collected")
    taken -= {d.type for d in denied if not _of_children(found, d)}
    return [d for d in explained if d.basis.partition(":")[2] in taken]


def _of_children(found: ReadDocument, denial: Declaration) -> bool:
    sentence = found.structure.paragraphs[denial.paragraph].sentences[denial.sentence]
    return _CHILDREN.search(sentence.text) is not None


def _within(mention: Mention, spans: list[tuple[int, int]]) -> bool:
    return any(a <= mention.start and mention.end <= b for a, b in spans)


def _declare(
    found: ReadDocument,
    index: int,
    number: int,
    sentence: Sentence,
    reading: SentenceReading,
    recent: list[Declaration],
    definition: Definition | None,
) -> list[Declaration]:
    out: list[Declaration] = []
    said: set[tuple[str, Polarity]] = set()

    def add(mention: Mention, type_id: str, frame: Frame, via: tuple[int, int, int] | None = None) -> None:
        polarity = frame.polarity
        if polarity is None:
            return
        if mention.flipped:
            polarity = NEGATED[polarity]
        if (type_id, polarity) in said and via is None:
            return
        said.add((type_id, polarity))
        spans = tuple((a + sentence.start, b + sentence.start) for a, b in mention.conditions)
        basis = f"definition:{definition.type}" if definition is not None else "explicit"
        out.append(
            Declaration(
                type_id,
                polarity,
                index,
                number,
                mention.start + sentence.start,
                mention.end + sentence.start,
                frame,
                spans,
                via,
                basis,
            )
        )

    content_group = -1
    posted = any(m.type == "published_content" for m in reading.mentions)
    for position, mention in enumerate(reading.mentions):
        if mention.group and mention.type == "published_content":
            content_group = mention.depth
        elif content_group >= 0 and mention.depth > content_group and mention.type in _CONTENT:
            continue  # the pictures of a posted review are the review
        shown = mention.frame is not None and mention.frame.cls == "display"
        if shown and mention.type in _CONTENT and posted:
            continue
        said_of = (mention.frame, *mention.extra, mention.frame.also if mention.frame is not None else None)
        frames = [f for f in said_of if f is not None and f.polarity is not None]
        if not frames:
            continue
        if mention.type == GENERIC_ANAPHOR:
            _resolve(found, index, mention, frames, recent, out, add, sentence, reading)
            continue
        if mention.group and _has_members(mention, reading.mentions[position + 1 :]):
            continue
        labels = mention.group and sentence.text[mention.end : mention.end + 1] in (":", "：")
        if labels and frames[0].inherited and any(m.frame for m in reading.mentions[position + 1 :]):
            continue  # "Location information: IP address": a label, and what it stands for
        if (
            mention.type in _UMBRELLAS
            and mention.group
            and sentence.text.rstrip().endswith((":", "："))
            and listed_cases(sentence) is None
        ):
            continue
        for frame in frames:
            add(mention, mention.type, frame)
    if definition is not None:
        definition.members += [d for d in out if d.type != definition.type]
        out = [d for d in out if d.type != definition.type]
    return found.definitions.named(index, sentence, out)


def _has_members(group: Mention, after: list[Mention]) -> bool:
    """Whether the words after a group word name its members: then they are declared, not the group."""
    types = data_types()
    for member in after[:12]:
        if member.clause != group.clause and member.depth <= group.depth:
            break
        if member.flipped or member.type == GENERIC_ANAPHOR or member.type not in types:
            continue
        if group.type == GENERIC and member.type != GENERIC:
            return True
        if (
            group.type in _UMBRELLAS
            and (group.type in types[member.type].broader or member.depth > group.depth)
            and member.type != group.type
        ):
            return True
        if member.start - group.end > 60:
            break
    return False


def _resolve(found, index, mention, frames, recent, out, add, sentence, reading) -> None:  # type: ignore[no-untyped-def]
    """What "the above information" names: the declarations of the sentence before, or the group
    most of them belong to. The first is the statement; the others come in by it."""
    frame = frames[0]
    if _AHEAD.search(sentence.plain, mention.start, mention.end):
        return  # "the following information": named after it
    if frame.inherited and mention.start <= 3:
        return  # "This information may include ...": it lists, it does not point
    beside = any(
        m.frame is not None and m.frame.polarity and m.type not in (GENERIC_ANAPHOR, GENERIC)
        for m in reading.mentions
    )
    if frame.polarity not in ("shared", "not_shared", "local_only") and not beside and frame.cls != "collect":
        return
    if frame.cls == "collect":
        before = [m for m in reading.mentions if m.end <= mention.start] or found.before
        loose = [m for m in before if m.frame is None and m.type not in (GENERIC_ANAPHOR, GENERIC)]
        if loose:  # "The order will show X and Y. We collect this information to ...": stated here
            add(mention, loose[0].type, frame)
            return
        if not beside and frame.polarity == "collected":
            return
    here = [d for d in out if d.start < mention.start + sentence.start]
    named = [
        d
        for d in (here if frame.cls in ("share", "provide") and here else recent)
        if d.via is None and d.type != GENERIC and _near(found, index, d.paragraph)
    ]
    # "the model, but not the IMEI. The above information ...": what was denied is not among it
    named = [d for d in named if d.polarity not in ("not_collected", "not_shared")] or named
    if not named:
        found.unresolved.append((index, mention.start + sentence.start, mention.end + sentence.start))
        return
    group = _common_group([d.type for d in named])
    lead = group or named[0].type
    if any(d.type == lead and d.polarity == frame.polarity for d in out):
        return
    add(mention, lead, frame)
    for other in named:
        if other.type != lead:
            add(mention, other.type, frame, (other.paragraph, other.start, other.end))


def _near(found: ReadDocument, index: int, earlier: int) -> bool:
    """Whether "this information" in paragraph ``index`` may point to paragraph ``earlier``: no more than
    two others lie between, the items of one list counting as one."""
    if index - earlier > _RECENT:
        return False
    between = found.structure.paragraphs[earlier + 1 : index]
    return sum(p.kind != "item" for p in between) <= 2


def _common_group(types: list[str]) -> str:
    """The broader type that at least three of the types, and most of them, share; "" if none."""
    known = data_types()
    counts: dict[str, int] = {}
    for type_id in types:
        for broader in known[type_id].broader if type_id in known else ():
            counts[broader] = counts.get(broader, 0) + 1
    best = max(counts, key=lambda k: counts[k], default="")
    if best not in ("device_info", "service_log"):
        return ""
    return best if best and counts[best] >= 3 and counts[best] * 2 > len(types) else ""


def strip_repeats(found: ReadDocument) -> list[tuple[Declaration, list[Declaration]]]:
    """Each declaration once, with its later copies from text that stands in the document twice."""
    first: dict[tuple[int, str, str], int] = {}
    out: list[tuple[Declaration, list[Declaration]]] = []
    for declaration in found.declarations:
        paragraph = found.structure.paragraphs[declaration.paragraph]
        sentence = paragraph.sentences[declaration.sentence]
        line = paragraph.locate(declaration.start)[0]
        original = None
        if sentence.repeats:  # a copy that was cut may have lost its verb: any polarity will do
            key = (sentence.repeats, declaration.type)
            original = first.get((*key, declaration.polarity), first.get((*key, "")))
        if original is not None:
            out[original][1].append(declaration)
            continue
        for begins in {line, paragraph.locate(sentence.start)[0]}:
            first.setdefault((begins, declaration.type, declaration.polarity), len(out))
            first.setdefault((begins, declaration.type, ""), len(out))
        out.append((declaration, []))
    return out


__all__ = ["Declaration", "ReadDocument", "read_document", "strip_repeats"]
