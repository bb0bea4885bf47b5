"""Every vocabulary of the records has a word in both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from appaudit import records
from appaudit.assets import assets
from appaudit.report.visible import visible
from appaudit.report.words import LANGS, Words, tables
from tests.fixture_audits import fixture_audit

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("group", "values"),
    [
        ("outcome", get_args(records.Outcome)),
        ("outcome_help", get_args(records.Outcome)),
        ("disclosure", get_args(records.Disclosure)),
        ("disclosure_help", get_args(records.Disclosure)),
        ("severity", get_args(records.Severity)),
        ("confidence", get_args(records.Confidence)),
        ("phase", get_args(records.Phase)),
        ("source", get_args(records.Source)),
        ("stance", get_args(records.Stance)),
    ],
)
def test_vocabularies_are_complete(group: str, values: tuple[str, ...]) -> None:
    assert set(values) <= set(tables()[group])


def test_every_entry_has_both_languages_and_no_other() -> None:
    for group, entries in tables().items():
        for key, entry in entries.items():
            # English reports show a gap's own sentence
            expected = {"zh"} if group == "gap_reason" else set(LANGS)
            assert set(entry) == expected, f"{group}.{key}"
            assert all(entry.values()), f"{group}.{key}"
            names = [set(re.findall(r"{(\w+)}", entry[lang])) for lang in entry]
            assert names[0] == names[-1], f"{group}.{key} has other values in zh than in en"


def test_labels_used_by_templates_and_code_exist() -> None:
    used = set()
    for path in sorted(assets("reports").glob("*.html")):
        used |= set(re.findall(r"\bw\('(\w+)'", path.read_text(encoding="utf-8")))
    for path in sorted((ROOT / "appaudit" / "report").glob("*.py")):
        used |= set(re.findall(r"\b(?:words|w|_w)\(\s*\"(\w+)\"", path.read_text(encoding="utf-8")))
    assert len(used) > 40
    assert used <= set(tables()["ui"])


def test_missing_word_is_an_error() -> None:
    with pytest.raises(KeyError):
        Words("en").of("outcome", "maybe")


def test_names() -> None:
    zh, en = Words("zh"), Words("en")
    assert zh.subject("data:clipboard") == "剪切板"
    assert en.subject("permission:android.permission.CAMERA") == "CAMERA"
    assert en.actor("app") == "the app"
    assert en.subject("host:a.example") == "a.example"
    assert en.condition("until_version:3.1") == "only until version 3.1"
    assert zh.condition("if:用户上传头像") == "当 用户上传头像"
    assert en.actor("party:\u202eevil") == "⟨U+202E⟩evil"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[31mb", "a⟨U+001B⟩[31mb"),
        ("x\u202ey\u2066z\u200b", "x⟨U+202E⟩y⟨U+2066⟩z⟨U+200B⟩"),
        ("a\nb\tc", "a b c"),
        ("全角\u3000空格", "全角\u3000空格"),
        ("\ud800\x00\x7f\u2028", "⟨U+D800⟩⟨U+0000⟩⟨U+007F⟩⟨U+2028⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)
def test_visible(raw: str, shown: str) -> None:
    assert visible(raw) == shown
    assert visible(visible(raw)) == shown


def test_visible_says_how_much_it_cut() -> None:
    assert visible("x" * 1000, 10) == "x" * 10 + "… (+990)"


NAMED = re.compile("^[a-z]+(_[a-z]+)+$")


def _gap_codes() -> set[str]:
    """Codes that stand as literals in a call of Gap, or of a method that makes one."""
    codes = set()
    for path in (ROOT / "appaudit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            if name == "Gap":
                given = [k.value for k in node.keywords if k.arg == "code"] or node.args[1:2]
            elif name.lstrip("_") in ("miss", "gap"):
                given = node.args[:1]
            else:
                continue
            codes |= {a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return {c for c in codes if NAMED.match(c)}


def test_every_gap_code_has_words_and_its_reason_in_chinese() -> None:
    assert _gap_codes() - set(tables()["gap"]) == set()
    assert set(tables()["gap_reason"]) == set(tables()["gap"])


HAN = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    "fixture", ["powers/+promises", "shop/zh/online_shopping/+run/+traffic", "pushy/run"]
)
def test_settings_topics_and_notices_are_named_in_chinese(fixture: str) -> None:
    bundle = fixture_audit(fixture)
    subjects = {f.subject for f in bundle.facts} | {f.subject for f in bundle.findings}
    named = {s: Words("zh").subject(s) for s in subjects if s.startswith(("setting:", "topic:", "notice:"))}
    assert len(named) > 5
    assert {s: name for s, name in named.items() if not HAN.search(name)} == {}
