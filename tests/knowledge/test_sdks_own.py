"""A user's own SDK records, and those in other projects' formats."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from appaudit.errors import InputError
from appaudit.knowledge import sdks as knowledge
from appaudit.knowledge.patterns import Patterns
from appaudit.knowledge.sdks import imports
from appaudit.knowledge.sdks.imports import from_exodus, from_libchecker, slug, to_toml
from appaudit.knowledge.sdks.own import lay_over, read


@pytest.fixture(autouse=True)
def _ours_again() -> Iterator[None]:
    yield
    knowledge.use(None)


def test_own_records_add_and_override(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[[sdk]]\nid = "house-log"\nzh = "自研日志"\ncategory = "analytics"\npackages = ["com.house.log"]\n'
        '[[sdk]]\nid = "jpush"\nen = "Our JPush"\n',
        encoding="utf-8",
    )
    lay_over(path)
    assert knowledge.owner("Lcom/house/log/A;") == "house-log"
    assert knowledge.match_name("自研日志")[0] == ("house-log", 1.0)
    assert knowledge.index().sdks["jpush"].en == "Our JPush"
    assert knowledge.owner("Lcn/jpush/android/A;") == "jpush", "what was not given is kept"
    knowledge.use(None)
    assert knowledge.owner("Lcom/house/log/A;") is None


@pytest.mark.parametrize(
    "text", ["not = = toml", 'sdk = "x"', '[[sdk]]\nen = "no id"\n', "[[sdk]]\nid = 3\n"]
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.toml"):
        read(path)


def test_an_overriding_record_wins_what_a_later_one_of_ours_holds(tmp_path: Path) -> None:
    early, *_, late = (sdk for sdk in knowledge.sdks().values() if sdk.hosts)
    path = tmp_path / "own.toml"
    path.write_text(f'[[sdk]]\nid = "{early.id}"\nhosts = ["{late.hosts[0]}"]\n', encoding="utf-8")
    assert knowledge.index().table("hosts")[late.hosts[0]] == late.id
    lay_over(path)
    assert knowledge.index().table("hosts")[late.hosts[0]] == early.id


def test_a_record_that_only_lists_a_component_takes_it_from_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    within, listed = "cn.jpush.android.service.InitProvider", "cn.jpush.android.service.JCommonService"
    ghost = (
        f'[[sdk]]\nid = "ghost"\ncategory = "other"\ncomponents = ["{within}", "{listed}", "com.house.S"]\n'
    )
    ours = [knowledge.sdk_of_component(name) for name in (within, listed)]
    assert ours == ["jpush", "jcore"]
    path.write_text(ghost, encoding="utf-8")
    lay_over(path)
    assert [knowledge.sdk_of_component(name) for name in (within, listed)] == ours
    assert knowledge.sdk_of_component("com.house.S") == "ghost"
    path.write_text(ghost + f'packages = ["{within}", "{listed}"]\n', encoding="utf-8")
    lay_over(path)
    assert knowledge.sdk_of_component(within) == knowledge.sdk_of_component(listed) == "ghost"


def test_components_of_ours_belong_to_whom_they_did(tmp_path: Path) -> None:
    names = [name for sdk in knowledge.sdks().values() for name in sdk.components]
    ours = [knowledge.sdk_of_component(name) for name in names]
    path = tmp_path / "own.toml"
    rows = "".join(f'"{name}", ' for name in names)
    path.write_text(f'[[sdk]]\nid = "ghost"\ncategory = "other"\ncomponents = [{rows}]\n', encoding="utf-8")
    lay_over(path)
    assert [knowledge.sdk_of_component(name) for name in names] == ours


def test_exodus_trackers_become_records() -> None:
    tracker = {
        "name": "Some Tracker",
        "code_signature": "com.some.tracker.|org\\.other|com.a(b|c)",
        "network_signature": "some\\.example|.*odd",
        "website": "https://some.example",
        "categories": ["Analytics"],
    }
    (sdk,) = from_exodus(json.dumps({"trackers": {"1": tracker}}))
    assert sdk.id == "some-tracker"
    assert sdk.category == "analytics"
    assert sdk.packages == ("com.some.tracker", "org.other")
    assert sdk.hosts == ("some.example",)


def test_a_part_of_a_trackers_group_is_no_name() -> None:
    tracker = {
        "name": "Some Tracker",
        "code_signature": "com.some.(one|shop.two|three)|com.some.base",
        "network_signature": r"(track|cdn.other|x)\.some\.example|a\.some\.example",
    }
    (sdk,) = from_exodus(json.dumps([tracker]))
    assert sdk.packages == ("com.some.base",)
    assert sdk.hosts == ("a.some.example",)


def test_which_of_too_many_rules_are_read_is_not_up_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MAX_FILES", 2)
    (tmp_path / "native-libs").mkdir()
    for name in "dbca":
        path = tmp_path / "native-libs" / f"lib{name}.so.json"
        path.write_text(f'{{"label": "{name} SDK"}}', encoding="utf-8")
    monkeypatch.setattr(Path, "rglob", lambda folder, _: sorted(folder.iterdir(), reverse=True))
    left_out: Counter[str] = Counter()
    assert [sdk.libs for sdk in from_libchecker(tmp_path, left_out)] == [("liba.so",), ("libb.so",)]
    assert left_out == {imports.TOO_MANY: 2}


@pytest.mark.parametrize("text", ["", "[1]", '{"trackers": 3}', '{"x": {"y": 1}}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        from_exodus(text)


def test_libchecker_rules_become_records(tmp_path: Path) -> None:
    for kind, name in (("native-libs", "libsome.so"), ("services-libs", "com.some.Service")):
        (tmp_path / kind).mkdir()
        rule = {"label": "某SDK", "team": "某公司", "relativeUrl": "https://some.example"}
        (tmp_path / kind / f"{name}.json").write_text(json.dumps(rule), encoding="utf-8")
    (tmp_path / "native-libs" / "broken.so.json").write_text("{", encoding="utf-8")
    (tmp_path / "native-libs" / "none.so.json").write_text('{"data": [3, {"data": {}}]}', encoding="utf-8")
    words = [
        {"locale": locale, "data": {"label": label, "source_link": "https://some.example"}}
        for locale, label in (("en", "Some SDK"), ("zh-rCN", "某SDK"))
    ]
    newer = tmp_path / "receivers-libs" / "com" / "some" / "push" / "Receiver.json"
    newer.parent.mkdir(parents=True)
    newer.write_text(json.dumps({"uuid": "9D42", "data": words}), encoding="utf-8")
    left_out: Counter[str] = Counter()
    (sdk,) = from_libchecker(tmp_path, left_out)
    assert left_out == {"unreadable": 1, "without a label": 1}
    assert sdk.zh == "某SDK"
    assert sdk.libs == ("libsome.so",)
    assert sdk.components == ("com.some.Service", "com.some.push.Receiver")
    with pytest.raises(InputError):
        from_libchecker(tmp_path / "native-libs")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    records = [s for s in knowledge.sdks().values() if s.category == "push"]
    path.write_text(to_toml(records), encoding="utf-8")
    assert set(read(path)) == {s.id for s in records}
    assert read(path)["jpush"] == knowledge.sdks()["jpush"]


def test_every_name_gives_an_id() -> None:
    assert slug("Some SDK (v2)") == "some-sdk-v2"
    assert slug("极光")
    assert slug("极光") != slug("友盟")


def test_what_a_user_adds_is_known_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[[sdk]]\nid = "own-one"\nen = "Own"\ncategory = "push"\npackages = ["own.one"]\n')
    lay_over(path)
    try:
        assert knowledge.sdks()["own-one"].category == "push"
        assert knowledge.sdks()["jpush"].packages
    finally:
        knowledge.use()
    assert "own-one" not in knowledge.sdks()


@given(
    st.lists(st.text("ab*", min_size=1, max_size=6), min_size=1, max_size=6, unique=True),
    st.text("ab", max_size=8),
)
def test_patterns_are_those_of_a_shell_the_longest_first(patterns: list[str], name: str) -> None:
    found = Patterns({p: p for p in patterns}).find(name)
    fitting = [p for p in patterns if fnmatchcase(name, p)]
    assert (found in fitting) if fitting else found is None
    if found and "*" in found:
        assert name not in patterns
        assert len(found) == max(map(len, fitting))


def database(path: Path, rows: list[tuple[object, ...]], extra: str = "") -> Path:
    columns = (
        "_id INTEGER PRIMARY KEY, name TEXT, label TEXT, type INTEGER, iconIndex INTEGER, isRegexRule INTEGER"
    )
    with closing(sqlite3.connect(path)) as made, made:
        made.execute(f"CREATE TABLE rules_table({columns}, regexName TEXT)")
        made.executemany("INSERT INTO rules_table VALUES (NULL, ?, ?, ?, 0, ?, NULL)", rows)
        if extra:
            made.executescript(extra)
    return path


def test_a_database_of_rules_is_read(tmp_path: Path) -> None:
    path = database(
        tmp_path / "rules.db",
        [
            ("libhouse.so", "房屋日志", 0, 0),
            ("libhouse_v(.*)\\.so", "房屋日志", 0, 1),
            ("lib[ab]c.so", "房屋日志", 0, 1),
            ("com.house.log.LogService", "房屋日志", 1, 0),
            ("com.house", "房屋日志", 5, 0),
            ("../../etc/x", "Bad", 5, 0),
            ("com.other", "Other kind", 99, 0),
            (None, None, None, None),
        ],
    )
    left_out: Counter[str] = Counter()
    (sdk,) = from_libchecker(path, left_out)
    assert left_out == {
        "by a regular expression": 1,
        "not named as a library, class or package": 1,
        "of another kind": 2,
    }
    assert sdk.zh == "房屋日志"
    assert sdk.libs == ("libhouse.so", "libhouse_v*.so")
    assert sdk.components == ("com.house.log.LogService",)
    assert sdk.packages == ("com.house",)
    own = tmp_path / "own.toml"
    own.write_text(to_toml([sdk]), encoding="utf-8")
    lay_over(own)
    assert knowledge.sdk_of_library("libhouse_v12.so") == sdk.id


def test_an_endless_view_is_no_table_of_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute(
            "CREATE VIEW rules_table AS WITH RECURSIVE n(type, label, name, isRegexRule) AS "
            "(SELECT 0, 'a', 'b', 0 UNION ALL SELECT * FROM n) SELECT * FROM n"
        )
    with pytest.raises(InputError, match="no table"):
        from_libchecker(path)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, 4000), st.booleans())
@example(b"\xff" * 8, 3926, True)
def test_a_damaged_database_is_refused(tmp_path: Path, noise: bytes, at: int, headed: bool) -> None:
    path = tmp_path / "rules.db"
    path.unlink(missing_ok=True)
    if headed:
        data = database(path, [("liba.so", "A", 0, 0)]).read_bytes()
        path.write_bytes(data[:at] + noise + data[at + len(noise) :])
    else:
        path.write_bytes(noise)
    with suppress(InputError):
        assert from_libchecker(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"trackers": []}',
        '{"trackers": 3}',
        '[{"no": "name"}]',
        "[1, 2]",
    ],
)
def test_what_is_no_list_of_trackers_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        from_exodus(text)


def test_odd_values_of_trackers_do_no_harm(tmp_path: Path) -> None:
    rows = [
        {"name": ["x"], "categories": [{}], "code_signature": 7, "website": "javascript:alert(1)"},
        {"name": "Twice", "code_signature": "com.twice.a"},
        {"name": "twice!", "code_signature": "com.twice.b"},
        {"name": "y" * 10_000, "code_signature": "(" * 10_000, "network_signature": {"a": 1}},
    ]
    found = from_exodus(json.dumps(rows))
    assert [s.id for s in found[1:3]] == ["twice", "twice-2"]
    assert found[0].homepage == ""
    own = tmp_path / "own.toml"
    own.write_text(to_toml(found), encoding="utf-8")
    assert set(read(own)) == {"twice", "twice-2"}
