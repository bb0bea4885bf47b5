"""Every text that a pattern matches holds one of the strings it is said to need."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.knowledge.load import toml
from appaudit.policy.lexicon import words_of
from appaudit.policy.literals import Index, needed
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
        ("retain your data", [{"retain your data"}]),
        ("(?:keep|retain) (?:your )?logs", [{"keep", "retain"}, {"logs"}]),
        (r"[\w.+-]+@[\w-]+", [{"@"}]),
        ("colou?rfully", [{"colo"}, {"rfully"}]),
        ("a(?:bc|de)*f?", []),
        (r"\bservers? (?:is|are) located", [{"server"}, {"is", "are"}, {" located"}]),
        (r"[\w+-]@[\w-]{1,64}\.com", [{"@"}, {".com"}]),
        ("(?!no )consent", [{"consent"}]),
        ("(?P<x>minors|children)", [{"minors", "children"}]),
        ("保存期限|(存储|保留)时间", [{"保存期限", "时间"}]),
        (r"\d+|data", []),
        ("ab{2,3}cde", [{"ab"}, {"bcde"}]),
        ("inform you .*(?:data breach|leak)", [{"inform you "}, {"data breach", "leak"}]),
    ],
)
def test_needed(pattern: str, strings: list[set[str]]) -> None:
    assert {frozenset(some) for some in needed(pattern)} == set(map(frozenset, strings))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_matches_holds_what_is_needed(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(patterns()))
    text = data.draw(st.from_regex(re.compile(pattern)))
    assert all(any(s in text.lower() for s in some) for some in needed(pattern))


def test_own_sentences_lose_no_match() -> None:
    texts = [t.lower() for t, _ in (*ENGLISH, *CHINESE)]
    for pattern in patterns():
        strings = needed(pattern)
        for text in texts:
            if not all(any(s in text for s in some) for some in strings):
                assert re.search(pattern, text) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_of_several_finds_what_the_alternation_finds(language: str) -> None:
    for row in words_of(f"topics.{language}")["rule"]:
        if any_of := row.get("any"):
            index = Index[str]()
            together, whole = index.one_of(any_of), re.compile("|".join(f"(?:{p})" for p in any_of))
            for text, _ in (*ENGLISH, *CHINESE):
                low = text.lower()
                found, wanted = together.search(low, index.held(low)), whole.search(low)
                assert (found and found.span()) == (wanted and wanted.span())


def test_a_pattern_with_capitals_is_tried_on_the_text_as_it_stands() -> None:
    index = Index[str]()
    either = index.one_of(["co ltd", "GmbH"], [False, True])
    for text, found in (("Tally GmbH", True), ("tally gmbh", False), ("Tally CO LTD", True)):
        folded = text.lower()
        assert (either.search(folded, index.held(folded), text) is not None) is found


def test_a_word_too_long_to_look_into_may_hold_anything() -> None:
    index = Index[str]()
    minors = index.one_of(["minors"])
    for text in ("x" * 60 + "minors" + "x" * 60, "of minors", "未成年人 minors"):
        assert minors.search(text, index.held(text)) is not None
    assert minors.search("major", index.held("major")) is None


def test_names_of_what_may_match() -> None:
    index = Index[str]()
    index.one_of(["minors?", "未成年人"], name="young")
    index.one_of([r"\d+"], name="number")
    index.one_of(["delete .* account"], name="close")
    index.one_of(["children"])
    for text, names in (
        ("no minors.", ["young", "number"]),
        ("若您是未成年人", ["young", "number"]),
        ("(minors) account", ["young", "number", "close"]),
        ("children", ["number"]),
        ("", ["number"]),
    ):
        assert list(index.named(index.held(text))) == names
