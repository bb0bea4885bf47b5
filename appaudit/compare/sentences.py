"""The sentence that quoted words stand in, so that a finding shows what was promised and not a bare word."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping

from appaudit.records import PolicySpan

LONGEST = 160
"""Characters of a sentence that a finding quotes; the words themselves are always among them."""

_END = re.compile(r"[。！？!?；;]|\.(?=\s|$)|\n")


class Sentences:
    """Looks sentences up in the documents' texts. ``texts``: document name → text, lines as evidence counts
    them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._lines: dict[str, list[str]] = {}
        self._ends: dict[tuple[str, int], list[int]] = {}
        self._known: dict[tuple[str, int, int, int], str] = {}

    def around(self, span: PolicySpan) -> str:
        """The sentence with the span's words, cut to `LONGEST`; empty where the text is not known or does not
        hold the words where the span says."""
        key = (span.document, span.line, span.start, span.end)
        if key not in self._known:
            self._known[key] = self._around(span)
        return self._known[key]

    def whole(self, span: PolicySpan) -> str:
        """The whole sentence with the span's words; empty as in `around`."""
        found = self._bounds(span)
        return found[0][found[1] : found[2]] if found else ""

    def all(self) -> list[PolicySpan]:
        """Every sentence, whole; headings and bits of tables (no stop at the end) left out."""
        found = []
        for document, text in self._texts.items():
            for number, line in enumerate(text.split("\n"), 1):
                start = 0
                for end in _END.finditer(line):
                    words = line[start : end.end()]
                    left = start + len(words) - len(words.lstrip())
                    if words.strip():
                        found.append(PolicySpan(document, number, left, end.end(), line[left : end.end()]))
                    start = end.end()
        return found

    def _bounds(self, span: PolicySpan) -> tuple[str, int, int] | None:
        """The line that the span's words stand in, and where their sentence begins and ends there."""
        if span.document not in self._lines:
            self._lines[span.document] = self._texts.get(span.document, "").split("\n")
        lines = self._lines[span.document]
        line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
        if not span.quote or line[span.start : span.end] != span.quote:
            return None
        key = (span.document, span.line)
        ends = self._ends.get(key)
        if ends is None:  # a text without line breaks is one line, of as many sentences as it has
            ends = self._ends[key] = [m.end() for m in _END.finditer(line)]
        before = bisect_right(ends, span.start)
        after = bisect_right(ends, max(span.start, span.end - 1))
        return line, ends[before - 1] if before else 0, ends[after] if after < len(ends) else len(line)

    def _around(self, span: PolicySpan) -> str:
        found = self._bounds(span)
        if found is None:
            return ""
        line, start, end = found
        room = max(0, LONGEST - (span.end - span.start))
        left = max(start, span.start - room // 2)
        right = min(end, max(span.end, left + LONGEST))
        text = " ".join(line[left:right].split())
        return ("… " if left > start else "") + text + (" …" if right < end else "")
