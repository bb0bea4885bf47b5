"""A finding quotes the sentence that the declared words stand in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appaudit.compare.sentences import LONGEST, Sentences
from appaudit.records import PolicySpan
from tests.fixture_audits import fixture_audit


def around(text: str, words: str, line: int = 1) -> str:
    start = text.split("\n")[line - 1].index(words)
    return Sentences({"p": text}).around(PolicySpan("p", line, start, start + len(words), words))


@pytest.mark.parametrize(
    ("text", "words", "sentence"),
    [
        ("我们收集位置。我们不收集IMEI。其他。", "IMEI", "我们不收集IMEI。"),
        (
            "We collect X. We never read the IMEI of v. 3.1 phones! End.",
            "IMEI",
            "We never read the IMEI of v.",
        ),
        ("no end in sight IMEI", "IMEI", "no end in sight IMEI"),
        ("Ads. Write to ads.example now.", "example", "Write to ads.example now."),
    ],
)
def test_the_sentence_around_the_words(text: str, words: str, sentence: str) -> None:
    assert around(text, words) == sentence


def test_words_that_do_not_stand_there_give_nothing() -> None:
    assert Sentences({"p": "abc"}).around(PolicySpan("p", 1, 0, 2, "xx")) == ""
    assert Sentences({}).around(PolicySpan("p", 1, 0, 2, "ab")) == ""
    assert Sentences({"p": "abc"}).around(PolicySpan("p", 9, 0, 2, "ab")) == ""


@given(st.text("ab 。.;\n", max_size=400), st.data())
def test_bounded_and_never_without_the_words(text: str, data: st.DataObject) -> None:
    line = text.split("\n")[0]
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    found = Sentences({"p": text}).around(PolicySpan("p", 1, start, end, line[start:end]))
    words = " ".join(line[start:end].split())
    assert words in found or (not line[start:end] and found == "")
    assert len(found) <= max(LONGEST, end - start) + 4


def test_findings_quote_sentences() -> None:
    findings = fixture_audit("shop/zh").findings
    (denied,) = (f for f in findings if f.rule == "contradicted-data")
    sentence = dict(denied.attributes)["sentence"]
    assert sentence.endswith("。")
    assert len(sentence) > 8
    assert sentence in denied.message


def test_what_only_code_shows_could_happen() -> None:
    findings = fixture_audit("shop/zh").findings
    static = [f for f in findings if f.rule == "undeclared-data" and f.outcome == "violation"]
    assert static
    for finding in static:
        assert "can read it" in finding.title
        assert "contains code that reads" in finding.message
    seen = [f for f in fixture_audit("shop/run").findings if f.rule == "undeclared-data"]
    assert any("reads it" in f.title for f in seen)
    sent = [f for f in fixture_audit("shop/zh/+traffic").findings if f.rule == "undeclared-data"]
    assert any("sends it" in f.title for f in sent)
