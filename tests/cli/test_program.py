"""The program's outside: help, global options, configuration, one-sentence errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from appaudit.cli.main import app
from appaudit.cli.settings import hoist
from appaudit.report import FORMATS
from appaudit.report.model import Kind
from tests.cli.run import PLAIN, ROOT, SHOP, appaudit

COMMANDS = ["audit", "scan", "policy", "report", "rules", "schema", "doctor", "sdk"]


def test_help_lists_the_commands() -> None:
    ran = appaudit("--help")
    assert ran.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in ran.out
    assert "...\n" not in ran.out.partition("Commands:")[2], "a summary is cut short"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    ran = appaudit(command, "--help")
    assert ran.code == 0
    assert "Usage: appaudit" in ran.out
    assert "...\n" not in ran.out.partition("Commands:")[2], "a summary is cut short"


@pytest.mark.parametrize(
    ("arguments", "kind"), [(["audit"], "audit"), (["scan"], "scan"), (["policy", "read"], "policy")]
)
def test_help_names_the_formats_there_are(arguments: list[str], kind: Kind) -> None:
    text = CliRunner().invoke(app, [*arguments, "--help"]).output
    _, _, told = re.sub(r"-\s+", "-", " ".join(text.split())).partition("may repeat: terminal (default), ")
    formats = set(told.partition(".")[0].split(", "))
    assert formats == {name for name, f in FORMATS.items() if kind in f.commands} - {"terminal"}


def test_help_and_import_load_nothing_heavy() -> None:
    code = (
        "import sys, appaudit\n"
        "from appaudit.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'frida', 'mitmproxy', 'androguard', 'lxml', 'rich'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_global_options_may_stand_anywhere() -> None:
    assert hoist(["scan", "a", "--lang", "zh", "-q"]) == ["--lang", "zh", "-q", "scan", "a"]
    assert hoist(["scan", "--lang=zh", "--", "-q"]) == ["--lang=zh", "scan", "--", "-q"]
    assert "收集" in appaudit("rules", "undeclared-data", "--lang", "zh").out
    assert "收集" in appaudit("--lang", "zh", "rules", "undeclared-data").out


def test_language_follows_the_locale() -> None:
    assert "收集" in appaudit("rules", LANG="zh_CN.UTF-8").out
    assert "收集" not in appaudit("rules", LANG="de_DE.UTF-8").out


def test_configuration_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / ".appaudit.toml").write_text('lang = "zh"\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert "收集" in appaudit("rules", cwd=below).out
    assert "收集" not in appaudit("rules", "--no-config", cwd=below).out


@pytest.mark.parametrize("text", ["lang = [", 'langue = "zh"', "lang = 3", 'lang = "fr"'])
def test_bad_configuration_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / ".appaudit.toml").write_text(text)
    ran = appaudit("rules", cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.startswith("appaudit: ")
    assert len(ran.err.splitlines()) <= 3


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(appaudit("schema").out))


def test_rules_are_listed_and_explained() -> None:
    listed = appaudit("rules")
    assert listed.code == 0
    for line in listed.out.splitlines():
        explained = appaudit("rules", line.split()[0])
        assert explained.code == 0
        break
    assert appaudit("rules", "no-such-rule").code == 2


def bad_inputs(folder: Path) -> dict[str, Path]:
    apk = SHOP / "shop.apk"
    data = apk.read_bytes()
    files = {
        "not a zip": b"hello\n",
        "empty": b"",
        "truncated": data[: len(data) // 2],
        "only the end": data[-200:],
    }
    found = {}
    for name, content in files.items():
        found[name] = folder / f"{name.replace(' ', '_')}.apk"
        found[name].write_bytes(content)
    found["no such file"] = folder / "missing.apk"
    found["empty folder"] = folder / "nothing"
    found["empty folder"].mkdir()
    return found


def test_bad_apps_are_one_sentence_each(tmp_path: Path) -> None:
    bad = bad_inputs(tmp_path)
    for name, path in bad.items():
        ran = appaudit("scan", path)
        assert ran.code == 2, (name, ran)
        (line,) = ran.err.splitlines()
        assert line.startswith("appaudit: "), name
    ran = appaudit("audit", *bad.values())
    assert ran.code == 2
    told = [line for line in ran.err.splitlines() if "no --policy" not in line]
    assert all(path.name in line for path, line in zip(bad.values(), told, strict=True))


def test_bad_policies_are_one_sentence_each(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "blank.txt").write_bytes(b" \n\t\n")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 40)
    calls: list[list[str | Path]]
    for name in ("empty.txt", "blank.txt", "binary.txt", "missing.txt"):
        calls = [["policy", tmp_path / name], ["audit", PLAIN / "plain.apk", "-p", tmp_path / name]]
        for arguments in calls:
            ran = appaudit(*arguments)
            assert ran.code == 2, (name, ran)
            assert len(ran.err.splitlines()) == 1, (name, ran.err)


def test_unwritable_output_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for output in (tmp_path / "none" / "x.json", tmp_path / "file" / "x.json", "/proc/x.json"):
        ran = appaudit("scan", PLAIN / "plain.apk", "-f", "json", "-o", output)
        assert ran.code == 2, ran
        assert len(ran.err.splitlines()) == 1, ran.err


def test_a_bad_file_never_costs_the_good_ones(tmp_path: Path) -> None:
    bad = tmp_path / "bad.apk"
    bad.write_bytes(b"no")
    out = tmp_path / "out"
    ran = appaudit("scan", SHOP / "shop.apk", bad, PLAIN / "plain.apk", "-f", "json", "-o", out)
    assert ran.code == 2
    assert sorted(p.name for p in out.iterdir()) == ["plain.json", "shop.json"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["scan"],
        ["scan", "--wrong", "x"],
        ["nonsense"],
        ["audit", "x.apk", "-f", "docx"],
        ["audit", "x.apk", "-f", "json", "-f", "html"],
        ["audit", "x.apk", "--fail-on", "terrible"],
        ["scan", "x.apk", "-f", "sarif"],
        ["rules", "--color", "purple"],
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    ran = appaudit(*arguments)
    assert ran.code == 2
    assert ran.err
    assert not ran.out


@pytest.mark.parametrize(
    "scan", ["interrupt()", "[str(type('Last', (), {'__del__': interrupt})()), time.sleep(90)]"]
)
def test_an_interrupt_is_no_finding_and_no_traceback(scan: str) -> None:
    """Also one that meets a destructor, which Python lets nothing out of, and then a wait."""
    interrupted = (
        "import signal, sys, time\n"
        "import appaudit.static, appaudit.__main__\n"
        "def interrupt(*_): signal.raise_signal(signal.SIGINT)\n"
        f"appaudit.static.scan = lambda *_: {scan}\n"
        f"sys.argv = ['appaudit', 'scan', {str(PLAIN)!r}]\n"
        "appaudit.__main__.main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", interrupted], capture_output=True, text=True, cwd=ROOT, check=False, timeout=60
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "appaudit: interrupted\n")


@pytest.mark.parametrize(("term", "escapes"), [("xterm", True), ("dumb", False)])
def test_progress_is_shown_where_a_line_can_be_taken_back(term: str, escapes: bool) -> None:
    leader, follower = os.openpty()
    ran = subprocess.run(
        [sys.executable, "-m", "appaudit", "scan", str(PLAIN), "-f", "json"],
        stdout=subprocess.PIPE, stderr=follower, cwd=ROOT, check=True, env={**os.environ, "TERM": term},
    )  # fmt: skip
    os.write(follower, b"end")
    shown = b""
    while not shown.endswith(b"end"):
        shown += os.read(leader, 100_000)
    assert (b"\x1b[2K" in shown) is escapes
    assert shown.endswith(b"\x1b[2Kend" if escapes else b"end")
    assert json.loads(ran.stdout)["app"]["package"]
