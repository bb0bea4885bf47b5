"""The terminal summary."""

from __future__ import annotations

import dataclasses

import pytest

from appaudit.records import Finding
from appaudit.report.model import Lang
from appaudit.report.tables import counts
from appaudit.report.terminal import render
from appaudit.report.text import verdict, verdict_detail
from appaudit.report.words import Words
from tests.report import golden
from tests.report.sample import audit, hostile


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_golden(lang: Lang) -> None:
    golden.check(f"audit.{lang}.txt", render(audit(lang), 100))


@pytest.mark.parametrize("kind", ["scan", "policy"])
def test_golden_alone(kind: str) -> None:
    view = dataclasses.replace(audit("en"), kind=kind, findings=())  # type: ignore[arg-type]
    golden.check(f"{kind}.en.txt", render(view, 100))


def test_colour_only_when_asked() -> None:
    assert "\x1b[" not in render(audit("en"))
    assert "\x1b[" in render(audit("en"), color=True)


def test_most_severe_first_and_passes_only_when_verbose() -> None:
    text = render(audit("en"))
    assert text.index("Critical") < text.index("High") < text.index("Medium")
    assert "Precise location (GPS): declared" not in text
    assert "Precise location (GPS): declared" in render(audit("en"), verbose=True)
    assert "agreed with legal" in render(audit("en"), 200, verbose=True)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_hostile_strings_cannot_move_the_cursor(width: int) -> None:
    for verbose in (False, True):
        text = render(hostile(), width, verbose=verbose)
        assert all(c.isprintable() or c == "\n" for c in text)


def test_minor_violations_stay_out_of_the_headline() -> None:

    high = Finding("vague-data", "violation", "high", "medium", "app", "accesses", "data:imei")
    low = dataclasses.replace(high, severity="low")
    words = Words("en")
    both = counts([high, low, low])
    assert verdict(audit("en"), words, both).startswith("1 behaviour")
    assert verdict_detail(audit("en"), words, both).startswith("2 minor violations besides")
    assert verdict(audit("en"), words, counts([low])) == "No serious violation; 1 minor one"
