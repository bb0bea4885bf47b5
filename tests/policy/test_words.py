"""The words are data: one place for each, no orphans, nothing that can never match."""

# ruff: noqa: E501  (a sentence stands on one line)

from __future__ import annotations

from collections import defaultdict

import pytest

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import permissions
from appaudit.policy.lexicon import expand, inflect, lexicon, words_of
from appaudit.policy.matching import Lexicon, english_words, fold
from appaudit.policy.topics import rules

LANGUAGES = ("en", "zh")


def key(phrase: str, language: str) -> str:
    return " ".join(word for word, _, _ in english_words(phrase)) if language == "en" else phrase.lower()


def data_words(language: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for type_id, table in words_of(f"data_types.{language}").items():
        for kind in ("terms", "weak"):
            for term in table.get(kind, ()):
                for phrase in expand(term):
                    found[key(phrase, language)].add(type_id)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_data_type_has_words_and_every_table_a_data_type(language: str) -> None:
    assert set(words_of(f"data_types.{language}")) == set(data_types())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_names_two_types(language: str) -> None:
    assert {w: t for w, t in data_words(language).items() if len(t) > 1} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_trap_is_a_data_word(language: str) -> None:
    traps = {key(p, language) for t in words_of(f"traps.{language}")["trap"]["words"] for p in expand(t)}
    assert traps & set(data_words(language)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_senses_name_known_types(language: str) -> None:
    for row in words_of(f"traps.{language}")["sense"]:
        assert {row["type"], row["means"]} <= set(data_types())
        assert row["when"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_permission_words_name_known_permissions(language: str) -> None:
    seen: dict[str, str] = {}
    for name, table in words_of(f"permissions.{language}").items():
        assert set(table["permissions"]) <= set(permissions())
        for word in table["words"]:
            assert seen.setdefault(word.lower(), name) == name, word


@pytest.mark.parametrize("language", LANGUAGES)
def test_topic_rules_are_lower_case_and_of_a_known_kind(language: str) -> None:
    kinds = {
        "policy_meta", "retention", "storage_location", "cross_border", "transport_security", "security",
        "self_start", "personalised_ads", "children", "user_rights", "contact", "permission", "sharing", "sdk",
    }  # fmt: skip
    assert {r.kind for r in rules(language).all} == kinds
    for rule in rules(language).all:
        assert rule.any is not None or rule.menu


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_phrase_matches_itself(language: str) -> None:
    book = lexicon()
    lost = []
    for phrase in list(data_words(language))[:: 7 if language == "en" else 5]:
        if "\\" in phrase or (language == "zh" and phrase.isascii()):
            continue  # a wildcard; a line without any Chinese is matched with the English words
        tokens = book.match(phrase)
        if not any(t.start == 0 and (t.get("data") or t.get("weak") or t.get("trap")) for t in tokens):
            lost.append(phrase)
    assert lost == []


def test_expand() -> None:
    assert list(expand("{a|b|} c")) == ["a c", "b c", "c"]


@pytest.mark.parametrize(
    ("word", "folded"),
    [("cookies", "cookie"), ("addresses", "address"), ("histories", "history"), ("consignee's", "consignee"),
     ("IP", "ip"), ("status", "status"), ("SMS", "sms"), ("devices", "device")],
)  # fmt: skip
def test_fold(word: str, folded: str) -> None:
    assert fold(word) == folded


def test_inflect_inflects_the_first_word() -> None:
    forms = dict(inflect("share with", {}))
    assert forms == {"share with": "base", "shared with": "past", "sharing with": "ing"}


def test_the_longer_phrase_wins_over_the_data_word_in_it() -> None:
    tokens = lexicon().match("We display the operating system permissions")
    assert [t.text for t in tokens if t.get("trap")] == ["operating system permissions"]
    assert not any(t.get("data") for t in tokens)


def test_a_latin_word_is_not_cut_out_of_a_longer_one() -> None:
    assert [t.text for t in lexicon().match("我们使用machine learning，不读取MAC地址") if t.get("data")] == [
        "MAC地址"
    ]


def test_menu_paths_hold_no_words() -> None:
    assert not [t for t in lexicon().match("[Account] - [Settings] - [Location]") if t.get("data")]


def test_an_empty_lexicon_finds_nothing() -> None:
    assert Lexicon().match("IMEI 与 IP") == []


def test_pairs_of_scripts_keep_every_place() -> None:
    data = toml("words/traditional.toml")
    pairs = "".join(data["characters"]["pairs"])
    traditional, simple = pairs[::2], pairs[1::2]
    assert len(pairs) % 2 == 0
    assert len(set(traditional)) == len(traditional)
    assert not set(traditional) & set(simple)
    assert all(len(a) == len(b) for a, b in data["words"]["pairs"])
