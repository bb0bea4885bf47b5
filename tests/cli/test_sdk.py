"""`appaudit sdk`, and the options that bring a user's own SDK knowledge."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.run import SHOP, appaudit

OWN = '[[sdk]]\nid = "shop-core"\nen = "Shop core"\ncategory = "library"\npackages = ["com.tencent.bugly"]\n'


def test_list_and_show() -> None:
    listed = appaudit("sdk", "list", "--category", "push", "--country", "cn")
    assert listed.code == 0
    assert any(line.startswith("jpush ") for line in listed.out.splitlines())
    assert "onesignal" not in listed.out
    shown = json.loads(appaudit("sdk", "show", "极光推送", "--json").out)
    assert shown["id"] == "jpush"
    assert appaudit("sdk", "show", "com.igexin.sdk").out.startswith("id          getui-push")


def test_a_name_of_several_is_listed_with_scores() -> None:
    ran = appaudit("sdk", "show", "深圳市和讯华谷信息技术有限公司")
    assert ran.code == 0
    assert "jpush" in ran.out
    assert ran.out.startswith("0.")


@pytest.mark.parametrize(
    "arguments", [("show", "no such thing at all"), ("list", "--category", "x"), ("check", "missing.toml")]
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...]) -> None:
    ran = appaudit("sdk", *arguments)
    assert ran.code == 2
    assert ran.err.startswith("appaudit: ")


def test_check_tells_overlaps_and_mistakes(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    ran = appaudit("sdk", "check", own)
    assert ran.code == 0
    assert "com.tencent.bugly" in ran.out
    own.write_text(OWN + 'collects = ["no_such_data"]\n', encoding="utf-8")
    ran = appaudit("sdk", "check", own, own)
    assert ran.code == 1
    assert len({line for line in ran.out.splitlines() if line.endswith("wrong")}) == 1


def test_check_tells_which_components_stay_with_ours(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    name = "cn.jpush.android.service.InitProvider"
    own.write_text(f'[[sdk]]\nid = "ghost"\ncategory = "other"\ncomponents = ["{name}"]\n', encoding="utf-8")
    ran = appaudit("sdk", "check", own)
    assert f"own.toml: ghost: component '{name}' stays with jpush" in ran.out.splitlines()
    assert "yours wins" not in ran.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no [[sdk]] record"),
        ("# nothing yet\n", "no [[sdk]] record"),
        ('[[sdk]]\nid = "ghost"\ncategory = "push"\nmaven = ["a:b"]\n', "ghost: nothing to find it by"),
    ],
)
def test_check_tells_what_finds_nothing(tmp_path: Path, text: str, told: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8")
    ran = appaudit("sdk", "check", own)
    assert ran.code == 1
    assert ran.out.startswith(f"own.toml: {told}")
    own.write_text('[[sdk]]\nid = "jpush"\nen = "Our JPush"\n', encoding="utf-8")
    assert appaudit("sdk", "check", own).code == 0, "what ours is found by is kept"


def test_what_is_checked_never_acts_on_the_terminal(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[sdk]]\nid = "a"\ncategory = "push"\ncollects = ["\\u001b[31m"]\n', encoding="utf-8")
    ran = appaudit("sdk", "check", own)
    assert ran.code == 1
    assert "⟨U+001B⟩" in ran.out
    for name in ("a b", "sdk:x", "<b>"):
        own.write_text(f'[[sdk]]\nid = "{name}"\ncategory = "push"\n', encoding="utf-8")
        assert appaudit("sdk", "check", own).code == 2


def test_import_writes_records_that_scan_takes(tmp_path: Path) -> None:
    trackers, own = tmp_path / "trackers.json", tmp_path / "own.toml"
    row = {"name": "Bug Watch", "code_signature": "com.tencent.bugly.", "categories": ["Crash reporting"]}
    trackers.write_text(json.dumps({"trackers": {"7": row}}), encoding="utf-8")
    assert appaudit("sdk", "import", trackers, "-o", own).code == 0
    ran = appaudit("scan", SHOP / "shop.apk", "--sdks", own, "-f", "json", "--exit-zero")
    assert "sdk:bug-watch" in ran.out
    assert "sdk:bugly" not in ran.out


def test_import_tells_how_many_rules_it_left_out_and_why(tmp_path: Path) -> None:
    rules, own = tmp_path / "rules", tmp_path / "own.toml"
    (rules / "native-libs").mkdir(parents=True)
    for name, text in (
        ("liba.so", '{"label": "A SDK"}'),
        ("libb.so", "{"),
        ("lib[cd].txt", '{"label": "C"}'),
    ):
        (rules / "native-libs" / f"{name}.json").write_text(text, encoding="utf-8")
    ran = appaudit("sdk", "import", rules, "-o", own)
    assert ran.code == 0
    told = "2 rules left out: 1 not named as a library, class or package, 1 unreadable"
    assert ran.err.splitlines() == [f"{rules}: {told}", f"{own}: 1 of 1 records"]
    (rules / "native-libs" / "liba.so.json").unlink()
    ran = appaudit("sdk", "import", rules, "-o", tmp_path / "none.toml")
    assert ran.code == 2
    assert ran.err == f"appaudit: rules holds no LibChecker rules that can be taken over; {told}.\n"
    assert not (tmp_path / "none.toml").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"[" * 200_000, b'{"trackers": 3}', b"SQLite format 3\0" + b"\xff" * 5000],
)
def test_what_cannot_be_imported_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "given"
    source.write_bytes(content)
    ran = appaudit("sdk", "import", source, "-o", tmp_path / "own.toml")
    assert ran.code == 2
    assert ran.err.startswith("appaudit: ")
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "own.toml").exists()


def test_fingerprint_makes_a_database_that_scan_takes(tmp_path: Path) -> None:
    database = tmp_path / "prints.npz"
    made = appaudit(
        "sdk", "fingerprint", SHOP.parents[1] / "framework" / "framework.jar",
        "--id", "framework", "--version", "1", "-d", database,
    )  # fmt: skip
    assert made.code == 0, made.err
    assert appaudit("scan", SHOP / "shop.apk", "--fingerprints", database, "--exit-zero").code == 0
    database.write_bytes(b"no database")
    assert appaudit("scan", SHOP / "shop.apk", "--fingerprints", database).code == 2
    database.unlink()
    ran = appaudit("scan", SHOP / "shop.apk", "--fingerprints", database)
    assert (ran.code, ran.err) == (2, f"appaudit: {database}: No such file or directory\n")


@pytest.mark.parametrize(
    ("name", "version"), [("two words", "1"), ("a:b", "1"), ("", "1"), ("a", ""), ("a", "1 2")]
)
def test_fingerprint_takes_no_id_that_no_record_can_have(tmp_path: Path, name: str, version: str) -> None:
    database = tmp_path / "prints.npz"
    jar = SHOP.parents[1] / "framework" / "framework.jar"
    made = appaudit("sdk", "fingerprint", jar, "--id", name, "--version", version, "-d", database)
    assert made.code == 2
    assert not database.exists()


def test_what_a_user_brings_is_told_in_every_result(tmp_path: Path) -> None:
    own, database = tmp_path / "own.toml", tmp_path / "prints.npz"
    own.write_text(OWN, encoding="utf-8")
    jar = SHOP.parents[1] / "framework" / "framework.jar"
    appaudit("sdk", "fingerprint", jar, "--id", "framework", "--version", "1", "-d", database)
    given = ("--sdks", own, "--fingerprints", database)
    files = [
        {"kind": k[2:], "name": p.name, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
        for k, p in zip(given[::2], (own, database), strict=True)
    ]
    plain = json.loads(appaudit("scan", SHOP / "shop.apk", "-f", "json", "--exit-zero").out)["knowledge"]
    told = json.loads(appaudit("scan", SHOP / "shop.apk", *given, "-f", "json", "--exit-zero").out)
    assert plain.keys() == {"version", "sha256"}
    assert told["knowledge"] == {**plain, "own": files}
    schema = json.loads(appaudit("schema").out)
    jsonschema.validate(told, {"$ref": "#/$defs/scan", "$defs": schema["$defs"]})
    kept = tmp_path / "kept"
    html = tmp_path / "a.html"
    ran = appaudit(
        "audit", SHOP / "shop.apk", *given, "--bundle", kept, "-f", "html", "-o", html, "--exit-zero"
    )
    assert ran.code == 0, ran.err
    manifest = json.loads((kept / "bundle.json").read_text(encoding="utf-8"))
    assert manifest["knowledge"]["own"] == files
    again = json.loads(appaudit("report", kept, "-f", "json").out)
    assert again["knowledge"]["own"] == files
    assert all(f["sha256"] in html.read_text(encoding="utf-8") for f in files)
    manifest["knowledge"]["own"] = [{"kind": "sdks", "name": 3}]
    (kept / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert appaudit("report", kept, "-f", "html", "-o", tmp_path / "b.html").code == 2


def test_records_of_several_files_are_all_taken_and_the_later_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text(OWN, encoding="utf-8")
    second.write_text('[[sdk]]\nid = "shop-core"\nen = "Later"\ncategory = "crash"\n', encoding="utf-8")
    ran = appaudit("scan", SHOP / "shop.apk", "--sdks", first, "--sdks", second, "-f", "json", "--exit-zero")
    told = json.loads(ran.out)
    assert [file["name"] for file in told["knowledge"]["own"]] == ["a.toml", "b.toml"]
    (fact,) = (f for f in told["facts"] if f["subject"] == "sdk:shop-core")
    assert fact["attributes"]["category"] == "crash", "of the second file"
    assert fact["attributes"]["classes"], "by the package in the first"
