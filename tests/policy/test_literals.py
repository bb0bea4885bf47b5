"""Every text that a pattern matches holds one of the strings it is said to need."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.knowledge.load import toml
from appaudit.policy.lexicon import words_of
from appaudit.policy.literals import OneOf, needed, needed_by_any
from tests.policy.cases import CHINESE, ENGLISH


def patterns() -> list[str]:
    out: list[str] = []
    for language in ("en", "zh"):
        for row in words_of(f"topics.{language}")["rule"]:
            out += row.get("any", [])
        for row in toml("completeness.toml")["item"]:
            for kind in ("present", "vague", "when"):
                out += [part for p in row.get(kind, {}).get(language, ()) for part in p.split(" && ")]
    return out


@pytest.mark.parametrize(
    ("pattern", "strings"),
    [
        ("retain your data", {"retain your data"}),
        ("(?:keep|retain) (?:your )?logs", {"logs"}),
        ("(?:keep|retain) (?:your )?data", {"keep", "retain"}),
        (r"[\w.+-]+@[\w-]+", {"@"}),
        ("colou?rfully", {"rfully"}),
        ("a(?:bc|de)*f?", set()),
        (r"\bservers? (?:is|are) located", {" located"}),
        (r"[\w+-]@[\w-]{1,64}\.com", {".com"}),
        ("(?!no )consent", {"consent"}),
        ("(?P<x>minors|children)", {"minors", "children"}),
        ("保存期限|(存储|保留)时间", {"保存期限", "时间"}),
        (r"\d+|data", set()),
        ("ab{2,3}cde", {"bcde"}),
    ],
)
def test_needed(pattern: str, strings: set[str]) -> None:
    assert needed(pattern) == strings


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_matches_holds_what_is_needed(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(patterns()))
    text = data.draw(st.from_regex(re.compile(pattern)))
    strings = needed(pattern)
    assert not strings or any(s in text.lower() for s in strings)


def test_own_sentences_lose_no_match() -> None:
    texts = [t.lower() for t, _ in (*ENGLISH, *CHINESE)]
    for pattern in patterns():
        strings = needed(pattern)
        for text in texts:
            if strings and not any(s in text for s in strings):
                assert re.search(pattern, text) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_of_several_finds_what_the_alternation_finds(language: str) -> None:
    for row in words_of(f"topics.{language}")["rule"]:
        if any_of := row.get("any"):
            together, whole = OneOf(any_of), re.compile("|".join(f"(?:{p})" for p in any_of))
            for text, _ in (*ENGLISH, *CHINESE):
                found, wanted = together.search(text.lower()), whole.search(text.lower())
                assert (found and found.span()) == (wanted and wanted.span())


def test_a_pattern_with_capitals_is_tried_on_the_text_as_it_stands() -> None:
    either = OneOf(["co ltd", "GmbH"], [False, True])
    assert either.search("tally gmbh", "Tally GmbH") is not None
    assert either.search("tally gmbh", "tally gmbh") is None
    assert either.search("tally co ltd", "Tally CO LTD") is not None


def test_several_patterns_need_the_shortest_strings() -> None:
    assert needed_by_any(["retained data", "data"]) == ("data",)
    assert needed_by_any(["data", r"\d"]) == ()
