"""The terminal summary."""

from __future__ import annotations

import dataclasses

import pytest

from appaudit.report.model import Lang
from appaudit.report.terminal import render
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
