"""`appaudit run` as a tester sees it: live on a terminal, plain without one, keys, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.run import PLAIN, ROOT, SHOP
from tests.dynamic.runs import need_jvm

APK = {"shop": SHOP / "shop.apk", "plain": PLAIN / "plain.apk"}
TURN_OVER = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        scrubbed = ("NO_COLOR", "FORCE_COLOR", "CI", "LANG", "LC_ALL")
        env = {k: v for k, v in os.environ.items() if k not in scrubbed}
        env |= {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120", "LINES": "40", **environment}
        self.main, side = pty.openpty()
        command = [sys.executable, "-m", "appaudit", "run", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=side, stdout=side, stderr=side, env=env, start_new_session=True, close_fds=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(side)
        self.raw = ""

    @property
    def text(self) -> str:
        return TURN_OVER.sub("", self.raw)

    def until(self, true: Callable[[str], bool], seconds: float = 90) -> bool:
        """Reads on until something holds of what was shown."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if true(self.text):
                return True
            if select.select([self.main], [], [], 0.2)[0]:
                try:
                    part = os.read(self.main, 65536)
                except OSError:
                    break
                self.raw += part.decode("utf-8", "replace")
            elif self.process.poll() is not None:
                break
        return true(self.text)

    def type(self, keys: str) -> None:
        os.write(self.main, keys.encode())

    def end(self) -> int:
        self.until(lambda _: False, 90) if self.process.poll() is None else None
        code = self.process.wait(30)
        os.close(self.main)
        return code


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "run" / "run.jsonl").read_text("utf-8").splitlines()]


def test_the_live_view_and_the_keys(tmp_path: Path) -> None:
    need_jvm()
    terminal = Terminal(
        APK["shop"], "--target", "jvm", "--capture", "none", "--seconds", "60", "--bundle", tmp_path / "b",
        "-f", "json", "-o", tmp_path / "r.json",
    )  # fmt: skip
    called = ("TelephonyManager.getDeviceId", "DeviceProfile.rememberImei", "imei")
    parts = ("before_consent", "com.example.shop", "sdk:jpush", *called, "hooks", "I tapped agree")
    terminal.until(lambda text: all(part in text for part in parts))
    assert not [part for part in parts if part not in terminal.text]
    terminal.type("n")  # the minute before consent is cut short
    assert terminal.until(lambda text: "Does the whole policy show" in text), "a question stops the view"
    terminal.type("n\n")
    assert terminal.until(lambda text: "phase refused" in text.rpartition("whole policy")[2])
    terminal.type("q")
    code = terminal.end()
    assert "Traceback" not in terminal.text
    assert code == 1
    record = lines(tmp_path / "b")
    assert [r for r in record if r["line"] == "step" and r["what"] == "next"]
    assert [r["policy_opens"] for r in record if r["line"] == "consent"] == ["no"], "as the tester answered"
    assert any(r["line"] == "gap" and "tester ended" in str(r["reason"]) for r in record)
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["findings"]
    assert (tmp_path / "b" / "bundle.json").is_file()


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_terminals_that_want_less(tmp_path: Path, environment: dict[str, str]) -> None:
    need_jvm()
    terminal = Terminal(
        APK["plain"], "--target", "jvm", "--capture", "none", "--seconds", "0.3", "--bundle", tmp_path / "b",
        "-f", "json", "-o", tmp_path / "r.json", **environment,
    )  # fmt: skip
    assert terminal.until(lambda text: "Refuse on the device; did you?" in text), "no consent screen"
    terminal.type("n\n")
    assert terminal.until(lambda text: "Agree on the device; did you?" in text)
    terminal.type("n\n")
    assert terminal.until(lambda text: "taps of the main screen?" in text), "nor a way to the policy"
    terminal.type("n\n")
    assert terminal.end() == 0
    colors = re.findall(r"\x1b\[[0-9;]*3[0-7]m", terminal.raw)
    assert not colors
    if environment.get("TERM") == "dumb":
        assert "\x1b" not in terminal.raw
        assert re.search(r"\d\d:\d\d:\d\d phase before_consent", terminal.text)


def test_standard_input_may_be_closed(tmp_path: Path) -> None:
    """Then nobody is there to be asked; before, that was an error of ours."""
    app = tmp_path / "plain.apk"  # without its jar beside it: a run cannot begin
    app.write_bytes(APK["plain"].read_bytes())
    command = [sys.executable, "-m", "appaudit", "run", str(app), "--target", "jvm", "--capture", "none"]
    ran = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, cwd=tmp_path,
        timeout=60,
    )  # fmt: skip
    assert ran.returncode == 2
    assert "internal error" not in ran.stderr


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        ("evidence goes to", signal.SIGINT),
        ("phase before_consent", signal.SIGHUP),  # its terminal was closed
        ("phase refused", signal.SIGINT),
    ],
)
def test_interrupted_at_any_moment_everything_is_kept(
    tmp_path: Path, moment: str, sent: signal.Signals
) -> None:
    need_jvm()
    env = {k: v for k, v in os.environ.items() if k != "CI"} | {"PYTHONPATH": str(ROOT)}
    arguments = ["--target", "jvm", "--capture", "none", "--seconds", "1", "--bundle", str(tmp_path / "b")]
    command = [sys.executable, "-m", "appaudit", "run", str(APK["shop"]), *arguments]
    process = subprocess.Popen(
        [*command, "-f", "json", "-o", str(tmp_path / "r")],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=env,
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if moment in line:
            process.send_signal(sent)
            break
    said += process.stderr.read()
    # Where the signal comes while Python runs text as code, as dataclasses do, it ends by the signal itself:
    # shells have 130 for both.
    assert process.wait(60) in (130, -signal.SIGINT), said
    process.stderr.close()
    assert "Traceback" not in said
    record = tmp_path / "b" / "run" / "run.jsonl"
    if moment != "evidence goes to":
        kept = lines(tmp_path / "b")
        assert kept[-1]["line"] == "end"
        assert any(r["line"] == "gap" and r["code"] == "run_interrupted" for r in kept)
        assert (tmp_path / "b" / "bundle.json").is_file()
        assert json.loads((tmp_path / "r").read_text("utf-8"))["gaps"]
    else:
        assert not record.exists() or lines(tmp_path / "b")
