"""`audit` from the outside: exit codes, bundles, baselines, entries that set findings aside."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from appaudit.cli.living import earlier_findings
from appaudit.errors import InputError
from tests.cli.run import NOTES, PLAIN, SHOP, Ran, appaudit

POLICY = SHOP / "policy.zh.html"
APP = SHOP / "shop.apk"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("bundle") / "evidence"
    assert appaudit("audit", APP, "-p", POLICY, "--bundle", folder, "-f", "json").code == 1
    return folder


def audit(*arguments: str | Path) -> tuple[Ran, dict[str, Any]]:
    ran = appaudit("audit", APP, "-p", POLICY, "-f", "json", *arguments)
    return ran, json.loads(ran.out)


def test_exit_codes(bundle: Path) -> None:
    """That findings are 1 says the bundle's making."""
    assert appaudit("audit", APP, "-p", POLICY, "--exit-zero").code == 0
    assert appaudit("report", bundle, "--exit-zero").code == 0
    assert appaudit("audit", NOTES / "notes.apk", "-p", NOTES / "policy.zh.txt").code == 0
    assert appaudit("audit", PLAIN / "plain.apk", "-p", PLAIN / "policy.zh.md", "--strict").code == 0


def test_documents_of_a_folder_are_held_against_each_other(tmp_path: Path) -> None:
    (tmp_path / "policy.txt").write_text(
        "Privacy policy\nWe collect your device information. SDKs are listed in the “Third-Party SDK List”.\n"
        "Device information: includes the IMEI and the device model.\n",
        encoding="utf-8",
    )
    (tmp_path / "children.txt").write_text(
        "Children's privacy\nWe do not collect the IMEI.\n", encoding="utf-8"
    )
    ran = appaudit("audit", PLAIN / "plain.apk", "-p", tmp_path, "--strict", "-f", "json")
    assert ran.code == 3, "the list is missing"
    (found,) = [f for f in json.loads(ran.out)["findings"] if f["rule"] == "contradictory-policy"]
    assert (found["outcome"], found["subject"]) == ("review", "data:imei")
    assert [f["evidence"][0]["document"] for f in found["facts"]] == ["children.txt", "policy.txt"]
    assert found["facts"][1]["attributes"]["basis"] == "definition:device_info"


def test_no_policy_is_not_a_pass() -> None:
    ran = appaudit("audit", APP, "-f", "json", "--exit-zero")
    findings = json.loads(ran.out)["findings"]
    undeclared = [f for f in findings if f["rule"] == "undeclared-data"]
    assert [f["outcome"] for f in undeclared] == ["not_examined"]


def test_a_bundle_is_rendered_again_without_the_app(bundle: Path, tmp_path: Path) -> None:
    first = appaudit("report", bundle, "-f", "json")
    assert first.code == 1
    again = appaudit("report", bundle, "-f", "json", "--again")
    assert json.loads(again.out)["findings"] == json.loads(first.out)["findings"]
    page = tmp_path / "r.html"
    assert appaudit("report", bundle, "-o", page, "--lang", "zh", "--exit-zero").code == 0
    assert 'lang="zh' in page.read_text(encoding="utf-8")


def test_a_profile_decides_what_is_reported_and_fails_and_the_json_stays_whole(bundle: Path) -> None:
    severe = ("report", bundle, "--category", "网上购物", "--fail-on", "medium")
    chinese = appaudit(*severe, "-f", "json", "--profile", "cn")
    data = json.loads(chinese.out)
    assert (data["profile"], data["category"]) == ("cn", "online_shopping")
    assert any(not any(c.startswith("CN") for c in f["clauses"]) for f in data["findings"])
    text = appaudit("report", bundle, "--profile", "us-ca", "--fail-on", "critical")
    assert "contradicted-data" not in text.out
    assert (text.code, appaudit("report", bundle, "--fail-on", "critical").code) == (0, 1)


def test_baseline_marks_and_sets_aside(bundle: Path, tmp_path: Path) -> None:
    ran, data = audit("--baseline", bundle, "--new-only")
    assert ran.code == 0, "everything was there before"
    open_ = [f for f in data["findings"] if f["outcome"] in ("violation", "review")]
    assert open_
    assert {f["attributes"]["status"] for f in open_} == {"open"}
    report = tmp_path / "old.json"
    report.write_text(appaudit("report", bundle, "-f", "json", "--exit-zero").out, encoding="utf-8")
    assert audit("--baseline", report, "--new-only")[0].code == 0
    assert appaudit("audit", APP, "-p", POLICY, "--new-only").code == 2
    assert appaudit("audit", APP, "-p", POLICY, "--baseline", POLICY).code == 2


def test_ignored_findings_are_counted_not_lost(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    entry = '[[ignore]]\nid = "x"\nrule = "*"\nreason = "for the test"\nexpires = "2999-01-01"\n'
    config.write_text(entry)
    ran, data = audit("--config", config)
    assert ran.code == 0
    assert any(f["attributes"].get("suppressed") == "ignored" for f in data["findings"])
    config.write_text(entry.replace("2999", "1999"))
    ran, _ = audit("--config", config)
    assert ran.code == 1
    assert "expired" in ran.err


def test_output_goes_where_it_is_sent(tmp_path: Path) -> None:
    ran = appaudit("audit", APP, "-p", POLICY, "-f", "html", "-f", "json", "-o", tmp_path / "out", "-q")
    assert (ran.out, ran.err) == ("", "")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["shop.html", "shop.json"]


def test_release_diff(tmp_path: Path) -> None:
    variant = SHOP.parents[1] / "variants" / "shop-next"
    ran = appaudit("diff", APP, variant / "shop-next.apk", "-p", POLICY)
    assert ran.code == 1
    assert "+ Getui" in ran.out
    assert ": collection" not in ran.out, "a rule's name says what it is about"
    renamed = SHOP.parents[1] / "variants" / "shop-r8" / "shop-r8.apk"
    assert appaudit("diff", APP, renamed, "-p", POLICY).code == 0, "a rename declares nothing anew"


FORM = Path(__file__).resolve().parent.parent / "compare" / "documents" / "form.csv"


def test_the_data_safety_form_is_filled_and_the_changes_told(tmp_path: Path) -> None:
    out = tmp_path / "out"
    formats = ("-f", "data-safety", "-f", "data-safety-diff", "-f", "json")
    flows = SHOP.parent.parent / "flows" / "shop.har"
    values = ("--traffic", flows, "--values", SHOP.parent.parent / "device.toml")
    ran = appaudit("audit", APP, "-p", POLICY, "--data-safety", FORM, *values, *formats, "-o", f"{out}/")
    assert ran.code == 1
    before = FORM.read_text(encoding="utf-8").splitlines()
    after = (out / "shop.data-safety.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:2] for line in after] == [line.split(",")[:2] for line in before]
    told = (out / "shop.data-safety-diff.csv").read_text(encoding="utf-8-sig")
    changes = list(csv.DictReader(io.StringIO(told)))
    changed = {int(c["row"]) for c in changes if c["before"] != c["after"]}
    assert changed == {n for n, (a, b) in enumerate(zip(after, before, strict=True), 1) if a != b}
    assert changed
    findings = json.loads((out / "shop.json").read_text(encoding="utf-8"))["findings"]
    assert any(f["rule"] == "form-omits-data" and f["outcome"] == "violation" for f in findings)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-f", "data-safety"), "--data-safety FILE"),
        (("--data-safety", "nowhere.csv"), "cannot be read"),
        (("--data-safety", POLICY), "not a Data safety form"),
    ],
)
def test_a_wrong_form_costs_nothing(arguments: tuple[str | Path, ...], told: str) -> None:
    ran = appaudit("audit", APP, *arguments)
    assert ran.code == 2
    assert told in ran.err


WRONG = [
    {"rule": 7},
    {"outcome": "maybe"},
    {"severity": ["high"]},
    {"fingerprint": None},
    {"facts": 3},
    {"facts": [{"source": "static"}]},
    {"attributes": ["a"]},
    {"clauses": "CN191-2.1"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_baseline_of_wrong_types_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    right = {
        "rule": "undeclared-data",
        "outcome": "violation",
        "severity": "high",
        "confidence": "high",
        "actor": "app",
        "action": "accesses",
        "subject": "data:imei",
        "fingerprint": "0" * 32,
    }
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps({"findings": [right]}), encoding="utf-8")
    assert [finding.rule for finding in earlier_findings(path)] == ["undeclared-data"]
    path.write_text(json.dumps({"findings": [right | wrong]}), encoding="utf-8")
    with pytest.raises(InputError, match="neither a bundle nor a JSON report"):
        earlier_findings(path)


def test_a_baseline_that_is_refused_is_exit_2(tmp_path: Path) -> None:
    path = tmp_path / "earlier.json"
    path.write_text('{"findings": []}', encoding="utf-8")
    assert appaudit("audit", PLAIN / "plain.apk", "--baseline", path, "--exit-zero").code == 0
    path.write_text('{"findings": [{"rule": 7}]}', encoding="utf-8")
    ran = appaudit("audit", PLAIN / "plain.apk", "--baseline", path)
    assert ran.code == 2
    assert "neither a bundle nor a JSON report" in ran.err


def test_a_wrong_option_of_a_run_costs_no_run(tmp_path: Path) -> None:
    (tmp_path / "ip.mmdb").write_bytes(b"no database")
    for option, value, said in (
        ("--ip-database", tmp_path / "ip.mmdb", "is no database"),
        ("--category", "spaceships", "is not in the list"),
        ("--data-safety", tmp_path / "none.csv", "cannot be read"),
    ):
        ran = appaudit("run", APP, "--target", "jvm", option, value, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, ""), option
        assert said in ran.err
    assert [p.name for p in tmp_path.iterdir()] == ["ip.mmdb"]


def test_a_saved_bundle_fills_the_form(bundle: Path) -> None:
    ran = appaudit("report", bundle, "--data-safety", FORM, "-f", "data-safety", "--exit-zero")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == len(FORM.read_text(encoding="utf-8").splitlines())
    assert appaudit("report", bundle, "-f", "data-safety").code == 2


def test_the_configuration_serves_every_command(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / ".appaudit.toml").write_text("exit-zero = true\n")
    assert appaudit("report", bundle, cwd=tmp_path).code == 0
