"""Whole policies in styles of their own (questions and answers, tables): every line against its labels."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import rtoml

from appaudit.policy import read
from appaudit.records import PolicySpan
from tests.policy.cases import expected
from tests.score import said_by

STYLES = Path(__file__).with_name("styles")


@pytest.mark.parametrize("name", ["faq.zh.txt", "tables.en.md"])
def test_style(name: str) -> None:
    labels = rtoml.loads((STYLES / name).with_suffix(".toml").read_text(encoding="utf-8"))
    result = read([STYLES / name])
    declared, topics = said_by(result.facts, {})
    lines: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for line, data, polarity in declared:
        lines[str(line)].add((polarity, data))
    assert lines == {line: expected(found) for line, found in labels["lines"].items()}
    assert {(line, kind) for line, kind, _ in topics} == {
        (int(line), kind) for line, kinds in labels["topics"].items() for kind in kinds
    }
    asked = {f.subject for f in result.facts if f.action == "requests" and f.stance == "declared"}
    assert asked == {f"permission:android.permission.{p}" for p in labels["permissions"]}
    lines_of = result.texts[name].split("\n")
    for fact in result.facts:
        for span in fact.evidence:
            if isinstance(span, PolicySpan):
                assert lines_of[span.line - 1][span.start : span.end] == span.quote
