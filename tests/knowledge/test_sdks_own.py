"""A user's own SDK records, and those in other projects' formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appaudit.errors import InputError
from appaudit.knowledge import sdks as knowledge
from appaudit.knowledge.sdks.own import from_exodus, from_libchecker, lay_over, read, slug, to_toml


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
    (sdk,) = from_libchecker(tmp_path)
    assert sdk.zh == "某SDK"
    assert sdk.libs == ("libsome.so",)
    assert sdk.components == ("com.some.Service",)
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
