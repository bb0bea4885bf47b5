"""Hostile input through the program: one sentence or a gap, soon, and nothing acts on the terminal."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import pytest

from appaudit.policy import document, read
from tests.cli.run import NOTES, PLAIN, ROOT, appaudit

DEVICE = ROOT / "fixtures" / "device.toml"
RECORDING = ROOT / "fixtures" / "flows" / "notes.har"


def har(*requests: object) -> str:
    return json.dumps({"log": {"entries": list(requests)}})


def request(**changes: object) -> dict[str, object]:
    return {"request": {"method": "POST", "url": "http://a.example/", "headers": [], **changes}}


@pytest.mark.parametrize(
    "text",
    [
        "ignore = [1]",
        'ignore = ["x"]',
        "ignore = [[]]",
        "policy = [1]",
        "format = [[]]",
        'baseline = "\\u0000"',
        'lang = "\\u001b[31m"',
        '"\\u001b[31m\\n" = 1',
    ],
)
def test_odd_configuration_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.toml").write_text(text)
    ran = appaudit("audit", PLAIN / "plain.apk", "-q", "--config", tmp_path / "odd.toml")
    assert ran.code == 2
    assert ran.err.startswith("appaudit: ")
    assert "internal error" not in ran.err
    assert not set("\0\x1b") & set(ran.err)


def test_an_ignore_entry_may_expire_at_a_time_of_day(tmp_path: Path) -> None:
    entry = '[[ignore]]\nid = "a"\nrule = "x"\nreason = "y"\nexpires = 2099-01-01T00:00:00Z\n'
    (tmp_path / "c.toml").write_text(entry)
    ran = appaudit("audit", PLAIN / "plain.apk", "-q", "--exit-zero", "--config", tmp_path / "c.toml")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("text", ["imei = {a = 1}", "imei = [[1]]", "imei = true", "imei = 2020-01-01"])
def test_odd_device_values_are_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "v.toml").write_text(text)
    ran = appaudit("traffic", RECORDING, "--values", tmp_path / "v.toml")
    assert ran.code == 2
    assert "'imei' must be" in ran.err


def test_odd_recordings_become_gaps(tmp_path: Path) -> None:
    odd = [None, 1, request(url=5), request(url="http://[::1"), request(postData=5)]
    odd.append({**request(), "response": {"status": float("inf")}})
    odd.append({**request(), "startedDateTime": "0001-01-01"})
    (tmp_path / "odd.har").write_text(har(*odd))
    for name, data in {"a": b"5:hello,", "b": b"0:~", "c": b"99999999999:x", "d": b"1:0#" * 9}.items():
        (tmp_path / f"{name}.mitm").write_bytes(data)
    for path in sorted(tmp_path.iterdir()):
        ran = appaudit("traffic", path, "-f", "json")
        assert ran.code == 0, (path.name, ran.err)
        assert json.loads(ran.out)["gaps"], path.name


def test_a_bomb_in_a_body_ends_soon(tmp_path: Path) -> None:
    body = base64.b64encode(gzip.compress(b"a" * (64 << 20))).decode()
    (tmp_path / "bomb.har").write_text(har(request(postData={"text": body, "encoding": "base64"})))
    assert appaudit("traffic", tmp_path / "bomb.har", "--values", DEVICE).code == 0


def test_a_policy_without_end_is_cut_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_CHARACTERS", 3000)
    text = "我们会收集您的位置信息。" + "字" * 3000 + "我们会收集您的通讯录。"
    (tmp_path / "line.txt").write_text(text, encoding="utf-8")
    found = read([tmp_path / "line.txt"])
    subjects = {f.subject for f in found.facts}
    assert "data:location" in subjects
    assert "data:contacts" not in subjects
    assert "document_cut" in {g.code for g in found.gaps}


def test_a_file_name_never_acts_on_the_terminal(tmp_path: Path) -> None:
    good = tmp_path / "a\x1b[31m<script>\n=1.apk"
    good.write_bytes((NOTES / "notes.apk").read_bytes())
    bad = tmp_path / "b\x1b[31m\n.apk"
    bad.write_bytes(b"no")
    ran = appaudit("scan", good, bad, "-o", tmp_path / "out", "-f", "json", FORCE_COLOR="1")
    assert ran.code == 2
    assert "\x1b" not in ran.out + ran.err
    assert len(ran.err.splitlines()) == 2
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a_x1b_31m_script_n_1.json"]
