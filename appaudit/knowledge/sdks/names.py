"""SDK names as policies write them: `find_mentions` in running text, `match_name` for a table's cell."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from itertools import chain
from typing import Any

from appaudit.knowledge.load import toml
from appaudit.knowledge.sdks.index import Index, index
from appaudit.knowledge.sdks.model import companies

CERTAIN = 0.8
"""From this score on `match_name` names one SDK; below it, a person has to look."""

_DROPPED = " \t\u00a0\u3000\u200b-_·・•\u2010\u2011\u2013"
_DROP = dict.fromkeys(map(ord, _DROPPED))
# One character becomes one character, so that offsets stay.
_WIDE = {c: ord(chr(c - 0xFEE0).lower()) for c in range(0xFF01, 0xFF5F)}
_WIDE_IN = re.compile("[\uff01-\uff5e]")

_CONTEXT = re.compile(r"sdk|开发工具包|软件开发包|开放平台|接入了|集成了", re.IGNORECASE)
_SENTENCE = re.compile(r"[。;;!?!?]|\.\s")
_CAPITAL = re.compile(r"[A-Z](?<![A-Za-z0-9].)(?=[A-Za-z0-9])")
_LONGEST = 80
_HEAD = 4
"""Letters by which names are looked up, shorter ones by all they have, and most words told from any."""
_HEADS = range(_HEAD, 1, -1)
_WINDOW = 40
_CELL = re.compile(r"[|\t,,、;;。::()()【】\[\]/]")
_DOTTED = re.compile(r"(?<![\w.@/:-])(?:[a-z][\w]*\.){2,}[a-z][\w]*", re.IGNORECASE)
_LINK = re.compile(r"https?://([\w.-]+)(/[^\s,,、;;。)\])】]*)?", re.IGNORECASE)
_SUFFIX = re.compile(
    r"股份有限公司|有限责任公司|有限公司|网络科技|网络技术|信息技术|信息科技|软件技术|科技|集团|公司|inc\.?|ltd\.?|llc|corp\.?|gmbh"
)


@cache
def _words() -> dict[str, Any]:
    return toml("sdks/words.toml")


@cache
def _weak() -> frozenset[str]:
    return frozenset(_words()["weak"])


def fold(text: str) -> str:
    """``text`` in lower case, full-width signs as ASCII: as long as it was."""
    low = text.lower()
    if len(low) != len(text):  # İ becomes two
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return low.translate(_WIDE) if _WIDE_IN.search(low) else low


def normalise(name: str) -> str:
    """Case, width, spaces and hyphens levelled: ``JPush SDK`` and ``jpush-SDK`` are both ``jpushsdk``."""
    return fold(name).translate(_DROP)


def names(zh: str, en: str, aliases: Iterable[str] = ()) -> tuple[str, ...]:
    """Every name of a record, normalised, also without a bracketed part or a closing ``SDK``.

    A Latin name keeps its ``SDK``: without it, ShareSDK and SMSSDK are words of every policy.
    """
    found: dict[str, None] = {}
    for name in (zh, en, *aliases):
        short = name.replace("（", "(").partition("(")[0]
        for part in (name, short) if len(short) < len(name) else (name,):
            text = normalise(part)
            if len(text) > 1:
                found[text] = None
                if text.endswith("sdk") and len(text) > 5:
                    latin = text.isascii() or text[:-3] in _words()["never"]
                    if not latin:
                        found[text[:-3]] = None
    return tuple(found)


class _Names:
    """Tables over the names of an index's records."""

    def __init__(self, over: Index) -> None:
        self._over = over
        self.of: dict[str, dict[str, None]] = {}
        self.lower: set[str] = set()
        own: dict[str, list[str]] = {}
        for sdk_id, zh, en, aliases in over.names():
            for name in names(zh, en, aliases):
                self.of.setdefault(name, {})[sdk_id] = None
            self.lower |= {normalise(n) for n in (zh, en, *aliases) if n.islower()}
            for name in {normalise(zh), normalise(en)}:
                own.setdefault(name, []).append(sdk_id)
        # A name that several records carry means the one whose own name (not alias) it is, else all.
        for name, ids in self.of.items():
            if len(ids) > 1:
                named = [i for i in own.get(name, ()) if i in ids]
                if len(named) == 1:
                    self.of[name] = {named[0]: None}
        starts: dict[str, list[str]] = defaultdict(list)
        for name in self.of:
            starts[name[:_HEAD]].append(name)
        self.starts = {k: sorted(v, key=len, reverse=True) for k, v in starts.items()}
        self.pairs = {name[:2] for name in self.of}
        self.short = {name[:2] for name in self.of if len(name) < _HEAD}
        firsts = {name[0] for name in self.of}
        latin = {c for c in firsts if _is_word(c)}
        self.first = re.compile(f"(?<![a-z0-9]){_class(latin)}|{_class(firsts - latin)}")

    @cached_property
    def grams(self) -> Mapping[str, list[str]]:
        """Letter pair → the names that have it."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in self.of:
            for gram in _bigrams(name):
                found[gram].append(name)
        return found

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """How many letter pairs each name has."""
        return {name: len(_bigrams(name)) for name in self.of}

    @cached_property
    def of_company(self) -> Mapping[str, list[str]]:
        """Company → SDK ids."""
        found: dict[str, list[str]] = defaultdict(list)
        for sdk in self._over.sdks.values():
            if sdk.company:
                found[sdk.company].append(sdk.id)
        return found

    @cached_property
    def of_link(self) -> Mapping[str, list[str]]:
        """Link of a homepage or a policy, and host of such links after ``//`` → SDK ids."""
        found: dict[str, list[str]] = defaultdict(list)
        for sdk in self._over.sdks.values():
            for link in {sdk.policy, sdk.homepage} - {""}:
                found[_trim(link)].append(sdk.id)
                found["//" + link.split("/")[2].lower()].append(sdk.id)
        return found

    @cached_property
    def company_names(self) -> Mapping[str, str]:
        """Name of a company, as it is and without its form → its id."""
        found: dict[str, str] = {}
        for company in companies().values():
            for name in (company.zh, company.en, *company.aliases):
                text = normalise(name)
                for form in {text, _SUFFIX.sub("", text)}:
                    if len(form) > 1:
                        found.setdefault(form, company.id)
        return found


_BUILT: list[tuple[Index, _Names]] = []


def _names() -> _Names:
    active = index()
    if not _BUILT or _BUILT[0][0] is not active:
        _BUILT[:] = [(active, _Names(active))]
    return _BUILT[0][1]


def _bigrams(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _trim(link: str) -> str:
    return link.lower().partition("://")[2].removeprefix("www.").rstrip("/#")


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _class(chars: set[str]) -> str:
    return "[" + "".join(map(re.escape, sorted(chars))) + "]"


def find_mentions(text: str, capital: bool = False) -> list[tuple[int, int, str]]:
    """SDKs named in running text: ``(start, end, SDK id)`` by position, the longest name first.

    ``text[start:end]`` is the name as written. Latin names are whole words. A name that is also a
    word, a company or an app (words.toml) counts only where the words around it speak of SDKs, or
    where it fills a cell or a line by itself. A name of several SDKs gives one entry for each.
    ``capital``: only names that begin with a capital Latin letter, which is far quicker.
    """
    tables, folded = _names(), fold(text)
    found: list[tuple[int, int, str]] = []
    free = 0
    for match in _CAPITAL.finditer(text) if capital else tables.first.finditer(folded):
        at = match.start()
        if at < free:
            continue
        second = folded[at + 1 : at + 2]
        if second not in _DROPPED and folded[at : at + 2] not in tables.pairs:
            continue
        head = folded[at : at + _HEAD]
        if head.isalnum() and head not in tables.starts and head[:2] not in tables.short:
            continue
        ahead = folded[at : at + _LONGEST].translate(_DROP)
        for name in chain.from_iterable(tables.starts.get(ahead[:n], ()) for n in _HEADS):
            if not ahead.startswith(name):
                continue
            end = _end(folded, at, len(name))
            if not _bounded(folded, end) or (name in _weak() and not _speaks_of_sdk(text, at, end)):
                continue
            if text[at:end].isalpha() and text[at:end].islower() and name not in tables.lower:
                continue  # a word of the language ("tap", "stream"), not the name
            found.extend((at, end, sdk) for sdk in tables.of[name])
            free = end
            break
    return found


def _end(folded: str, at: int, length: int) -> int:
    """Where ``length`` characters end that `normalise` would keep, counted from ``at``."""
    while length:
        length -= folded[at] not in _DROPPED
        at += 1
    return at


def _bounded(folded: str, end: int) -> bool:
    if _is_word(folded[end - 1]) and _is_word(folded[end : end + 1]):
        return folded.startswith("sdk", end)
    return True


def _speaks_of_sdk(text: str, start: int, end: int) -> bool:
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    before, after = text[line_start:start], text[end:line_end]
    # One character more than the window, so that no stop is cut.
    last, first = _SENTENCE.split(before[-_WINDOW - 1 :])[-1], _SENTENCE.split(after[: _WINDOW + 1], 1)[0]
    near = last[-_WINDOW:] + " " + first[:_WINDOW]
    if _CONTEXT.search(near):
        return True
    if (not before or before.isspace()) and (not after or after.isspace()):
        return True
    if not any(sign in side for sign in "|\t" for side in (before, after)):
        return False
    left = before[max(before.rfind("|"), before.rfind("\t")) + 1 :]
    right = after.partition("|")[0].partition("\t")[0]
    return not left.strip() and not right.strip()


def match_name(text: str, least: float = 0.0) -> list[tuple[str, float]]:
    """SDKs that a declared name (a table's cell or row, with company, package and link if there) may
    mean: ``(SDK id, score)``, best first.

    Score 1.0: its name or package; from `CERTAIN` on: named inside the text, or by its own privacy
    link; below: alike in spelling, or only of the company named. Never a single silent guess: what
    fits equally well comes back with equal scores. ``least``: what scores lower is left out, and from
    `CERTAIN` on not even looked for.
    """
    tables, over = _names(), index()
    scores: dict[str, float] = {}

    def add(sdk: str, score: float) -> None:
        scores[sdk] = max(score, scores.get(sdk, 0.0))

    for match in _DOTTED.finditer(text):
        owner = over.owner(match.group() + ".X")
        if owner is not None:
            add(owner, 1.0)
    for match in _LINK.finditer(text):
        _link(tables, match, add)
    words = _LINK.sub(" ", text)
    for cell in {words, *_CELL.split(words)}:
        for form in _forms(cell):
            for sdk in tables.of.get(form, ()):
                add(sdk, 1.0)
    if not any(score == 1.0 for score in scores.values()):
        mentions = find_mentions(words)
        for _, _, sdk in mentions:
            add(sdk, 0.9 if len({m[2] for m in mentions}) == 1 else 0.8)
    if max(scores.values(), default=0.0) < CERTAIN and least < CERTAIN:
        _company(tables, over, words, add)
    if max(scores.values(), default=0.0) < CERTAIN and least < CERTAIN:
        _alike(tables, words, add)
    kept = ((s, round(v, 3)) for s, v in scores.items() if v >= least)
    return sorted(kept, key=lambda x: (-x[1], x[0]))


def _forms(cell: str) -> list[str]:
    """A cell's text normalised, then with noise words cut off one after another."""
    text = normalise(cell.strip(" 《》“”\"'."))
    forms = [text]
    while True:
        for word in _words()["noise"]:
            cut = text.removesuffix(word)
            if cut == text:
                cut = text.removeprefix(word)
            if cut != text and len(cut) > 1:
                text = cut
                forms.append(text)
                break
        else:
            return forms


def _link(tables: _Names, match: re.Match[str], add: Any) -> None:
    exact = tables.of_link.get(_trim(match.group()), ())
    for sdk in exact:
        add(sdk, 0.9 if len(exact) == 1 else 0.5)
    host = match.group(1).lower()
    same_host = tables.of_link.get("//" + host, ())
    for sdk in same_host:
        add(sdk, 0.6 if len(same_host) == 1 else 0.35)
    owner = index().host(host)
    if owner is not None:
        add(owner, 0.5)


def _company(tables: _Names, over: Index, words: str, add: Any) -> None:
    whole = normalise(words)
    tokens = re.findall(r"[a-z0-9]+", fold(words))
    phrases = {
        "".join(tokens[i:k]) for i in range(len(tokens)) for k in range(i + 1, min(i + 5, len(tokens) + 1))
    }
    named = {
        company
        for form, company in tables.company_names.items()
        if (form in phrases if form.isascii() else form in whole)
    }
    if not named:
        return
    spoken = {c for c, words in _words()["categories"].items() if any(w in whole for w in words)}
    for company in named:
        ids = tables.of_company[company]
        fitting = [i for i in ids if over.sdks[i].category in spoken]
        for sdk in ids:
            if len(ids) == 1:
                add(sdk, 0.6)
            elif sdk in fitting:
                add(sdk, 0.7 if len(fitting) == 1 else 0.5)
            else:
                add(sdk, 0.3)


def _alike(tables: _Names, words: str, add: Any) -> None:
    """Names that share most letter pairs with a cell: Dice's coefficient, scaled below `CERTAIN`."""
    for cell in _CELL.split(words):
        forms = {f for f in _forms(cell) if 3 <= len(f) <= 40}
        for form in forms:
            grams = _bigrams(form)
            shared: dict[str, int] = defaultdict(int)
            for gram in grams:
                for name in tables.grams.get(gram, ()):
                    shared[name] += 1
            for name, count in shared.items():
                dice = 2 * count / (len(grams) + tables.sizes[name])
                if dice >= 0.6 and len(name) >= 3:
                    for sdk in tables.of[name]:
                        add(sdk, dice * 0.75)
