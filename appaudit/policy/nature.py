"""Tells what a loaded document is: a policy, a list that belongs to one, or no policy at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import islice

from appaudit.knowledge.load import toml
from appaudit.policy.document import LoadedDocument
from appaudit.policy.language import language, script
from appaudit.records import Gap

_SHORT = 3000
"""Characters: a longer page with the words of a policy is one, whatever surrounds it."""
_LONG_LINE = 160
LIST_ROLES = frozenset({"sdk_list", "permission_list", "data_list"})
"""Roles of documents that are lists."""


@cache
def roles() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Roles in the order they are tried, each with the pattern of its titles."""
    return tuple(
        (row["id"], re.compile("|".join(f"(?:{p})" for p in row["title"]), re.IGNORECASE))
        for row in toml("documents.toml")["role"]
    )


@lru_cache(maxsize=1024)
def role_of(title: str) -> str | None:
    """The role a title names, None when it names none."""
    for role, pattern in roles():
        if pattern.search(title):
            return role
    return None


def titled(document: LoadedDocument, candidates: Iterable[str] = ()) -> tuple[str, str]:
    """Title and role of a document.

    Looked for in ``candidates`` (what the format itself calls a title), the first headings, the first
    short lines and the file's name, in that order: the first that names a role. Else the first there is,
    with the role ``policy``.
    """
    first = [document.lines[n - 1] for n, _ in document.headings[:3]]
    for line in document.lines[:40]:
        if line.strip() and len(line) <= _LONG_LINE and "\t" not in line:
            first.append(line)
        if len(first) > 6:
            break
    found = [t.strip(" \t\xa0\u3000#*") for t in (document.title, *candidates, *first) if t.strip()]
    stem = document.name.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", " ").replace("-", " ")
    for title in (*found[:6], stem):
        role = role_of(title)
        if role:
            return (title if title != stem or not found else found[0]), role
    plain = next((line.strip() for line in document.lines if line.strip()), "")
    return (
        document.title or (plain if len(plain) <= _LONG_LINE else "") or (found[0] if found else "")
    ), "policy"


def _size(text: str) -> int:
    """Characters of a text that are no blanks, counted as far as it is short."""
    size = 0
    for at in range(0, 20 * _SHORT, _SHORT):
        size += sum(map(len, text[at : at + _SHORT].split()))
        if size >= _SHORT:
            break
    return size


def gaps(
    document: LoadedDocument,
    password: bool = False,
    script_size: int = 0,
    frames: int = 0,
    listed: bool = False,
) -> list[Gap]:
    """Why a document may not be what it was given as; empty for an ordinary policy or list.

    ``password``, ``script_size``, ``frames``: what a web page holds beside its text. ``listed``: its title
    is that of a list, which need not speak of privacy.
    """
    text = document.text
    size = _size(text)
    folded = text[: 20 * _SHORT].lower()
    known = toml("documents.toml")
    short = size < _SHORT and not document.tables
    said = (1 for word in known["policy_words"]["any"] if word in folded)
    policy = sum(said if short else islice(said, 2))
    if not size:
        reason = "it holds no text"
        if script_size:
            reason = (
                "it holds no text: the page draws it by script; save it from a browser and give that file"
            )
        elif frames:
            reason = "it holds no text of its own, only a frame; give the framed page"
        return [Gap("policy", "empty_document", document.name, reason)]
    kind = language(text)
    out = []
    if kind == "unknown" and size > 60:
        reason = f"it is written in {script(text)}; only Chinese and English are read"
        out.append(Gap("policy", "language_unknown", document.name, reason))
    if short:
        scores = {row["id"]: sum(w in folded for w in row["words"]) for row in known["not_policy"]}
        scores["login"] += 3 * password
        scores["script"] += script_size > 20 * size and size < 300
        reasons = {row["id"]: str(row["reason"]) for row in known["not_policy"]}
        best = max(scores, key=lambda k: scores[k])
        if (scores[best] > 1 and scores[best] >= policy) or (scores[best] and policy < 2):
            out.append(Gap("policy", "not_a_policy", document.name, reasons[best]))
        elif policy < 2 and kind != "unknown" and not listed:
            reason = "it says nothing of privacy or personal information"
            if frames:
                reason += "; the page shows another in a frame, which was not given"
            out.append(Gap("policy", "not_a_policy", document.name, reason))
    elif policy < 2 and kind != "unknown" and not document.tables:
        out.append(
            Gap("policy", "not_a_policy", document.name, "it says nothing of privacy or personal information")
        )
    return out
