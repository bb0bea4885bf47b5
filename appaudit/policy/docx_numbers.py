"""Automatic list numbers of a Word document, which its text does not hold."""

from __future__ import annotations

import re
from typing import Any

from appaudit.policy.numbering import integer, list_number

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_KINDS = {
    "lowerLetter": "a",
    "upperLetter": "A",
    "lowerRoman": "i",
    "upperRoman": "I",
    "chineseCounting": "一",
    "chineseCountingThousand": "一",
    "japaneseCounting": "一",
    "taiwaneseCountingThousand": "一",
    "ideographDigital": "一",
}
_MAX_LEVEL = 9


class Numbers:
    """Counts the lists of a document as its paragraphs go by."""

    def __init__(self, package: Any) -> None:
        self.levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self.counts: dict[str, dict[int, int]] = {}
        self.by_style: dict[str, tuple[str, int]] = {}
        root = _numbering(package)
        if root is None:
            return
        abstract = {a.get(_W + "abstractNumId"): _levels(a) for a in root.iter(_W + "abstractNum")}
        for num in root.iter(_W + "num"):
            base = num.find(_W + "abstractNumId")
            found = dict(abstract.get(None if base is None else base.get(_W + "val"), {}))
            for override in num.iter(_W + "lvlOverride"):
                level = integer(override.get(_W + "ilvl"), 0)
                start = override.find(_W + "startOverride")
                if start is not None and level in found:
                    kind, text, _ = found[level]
                    found[level] = (kind, text, integer(start.get(_W + "val"), 1))
            self.levels[num.get(_W + "numId") or ""] = found
        for style in package.styles.element.iter(_W + "style"):
            if here := _reference(style):
                self.by_style[style.get(_W + "styleId") or ""] = here

    def marker(self, paragraph: Any, style: str | None) -> str:
        """The number or bullet drawn before ``paragraph``, with a space after it; empty when none is."""
        reference = _reference(paragraph) or self.by_style.get(style or "")
        if reference is None:
            return ""
        number, level = reference
        levels = self.levels.get(number, {})
        if level not in levels:
            return ""
        counts = self.counts.setdefault(number, {})
        kind, text, start = levels[level]
        counts[level] = counts.get(level, start - 1) + 1
        for deeper in [k for k in counts if k > level]:
            del counts[deeper]
        if kind == "bullet":
            return "• "
        if kind == "none":
            return ""

        def drawn(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            shape, _, first = levels.get(at, ("decimal", "", 1))
            return list_number(counts.get(at, first), _KINDS.get(shape, "1"))

        out = re.sub(r"%([1-9])", drawn, text[:40]).strip()
        return f"{out} " if out else ""


def _numbering(package: Any) -> Any:
    for relation in package.part.rels.values():
        if relation.reltype.endswith("/numbering") and not relation.is_external:
            return getattr(relation.target_part, "element", None)
    return None


def _levels(abstract: Any) -> dict[int, tuple[str, str, int]]:
    out: dict[int, tuple[str, str, int]] = {}
    for level in abstract.iter(_W + "lvl"):
        values = {
            child.tag.removeprefix(_W): child.get(_W + "val") for child in level if isinstance(child.tag, str)
        }
        out[integer(level.get(_W + "ilvl"), 0)] = (
            values.get("numFmt") or "decimal",
            values.get("lvlText") or "",
            integer(values.get("start"), 1),
        )
    return out


def _reference(element: Any) -> tuple[str, int] | None:
    """The list and level a paragraph or style names."""
    found = element.find(f"{_W}pPr/{_W}numPr")
    if found is None:
        return None
    number, level = found.find(_W + "numId"), found.find(_W + "ilvl")
    if number is None:
        return None
    return number.get(_W + "val") or "", integer(None if level is None else level.get(_W + "val"), 0)
