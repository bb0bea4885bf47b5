"""A whole run on a phone with frida-server: the real adb, Frida's own protocol, a fixture app on a JVM."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.dynamic import run as runner
from appaudit.dynamic.adb import Choice
from appaudit.dynamic.record import read
from appaudit.dynamic.run import Options, run
from tests.dynamic.adbd import write
from tests.dynamic.conftest import Connected
from tests.dynamic.hooked_phone import HookedPhone, target
from tests.dynamic.phone import said
from tests.dynamic.runs import accesses, need_jvm
from tests.dynamic.test_target_android import elf
from tests.fixtures.apps import apk

pytest.importorskip("frida", reason="frida is not installed")


def test_a_run_by_adb_and_frida_goes_on_after_the_device_was_lost(
    connected: Connected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--setup through the su of AOSP's images; the proxy's way and Frida are found again."""
    need_jvm()
    import frida

    connected.phone.answers["su -c"] = said("su: invalid uid/gid '-c'\n", 1)
    connected.phone.answers["su 0"] = said("uid=0(root) gid=0(root)\n")
    connected.phone.answers["/data/local/tmp/frida-server"] = said(f"{frida.__version__}\n")
    server = write(tmp_path, "frida-server", elf(183))
    with HookedPhone(connected, "check", lose=True) as phone:
        monkeypatch.setattr(runner, "AndroidTarget", target(phone))
        choice = Choice(connected.serial, f"127.0.0.1:{phone.port}", server, connected.port)
        options = Options(
            "android", tmp_path / "run", 0.1, phone=choice, settle=0.01, revoke=(), proxy="127.0.0.1:9"
        )
        result = run(apk("check"), options)
    sent = [" ".join(words) for words in connected.phone.sent]
    assert "su 0 /data/local/tmp/frida-server -D" in sent
    assert connected.adbd.files["/data/local/tmp/frida-server"] == elf(183)
    assert connected.adbd.reversed.count("forward:tcp:9;tcp:9") == 2, "laid anew"
    early = accesses(result.facts, "before_consent")
    assert set(early) == {("app", "android_id")}
    later = accesses(result.facts, "after_consent")
    assert {f.attribute["permission_state"] for f in later["app", "location"]} == {"granted"}
    assert not accesses(result.facts, "background"), "in front again, it is not in the background"
    codes = {g.code for g in result.gaps}
    assert "started_again" in codes
    assert not codes & {"run_ended_early", "other_processes_not_seen", "events_lost", "messages_refused"}
    conditions = {c.name: c.value for c in result.conditions}
    assert conditions["frida_on"] == f"127.0.0.1:{phone.port}"
    assert conditions["proxy_reachable"].startswith("unknown"), "no nc on this device"
    lines = list(read(result.record))
    [question] = [line for line in lines if line["line"] == "consent"]
    assert (question["found"], question["policy_opens"]) == (True, "yes")
    phases = [line["phase"] for line in lines if line["line"] == "phase"]
    assert phases[-3:] == ["background", "after_consent", "idle"]
