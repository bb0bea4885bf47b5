"""A phone without root: app ops, services, jobs and log of a stand-in, through the real adb, to facts."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from appaudit.dynamic import dumpsys
from appaudit.dynamic.dumpsys import Service
from appaudit.dynamic.facts import interpret
from appaudit.dynamic.polling import Polling
from appaudit.dynamic.record import Record, read
from appaudit.dynamic.run import Options, RunResult, run
from appaudit.dynamic.target import LostError
from appaudit.dynamic.target_rootless import RootlessTarget
from appaudit.following import followed
from appaudit.records import Fact, FileEntry, FlowField
from tests.cli.run import appaudit
from tests.dynamic.conftest import Connected
from tests.dynamic.phone import Answer, said, views
from tests.fixtures.apps import apk

APP = "com.example.shop"
LOCATION = "android.permission.ACCESS_FINE_LOCATION"
QUESTION = views(
    APP, ("请阅读《隐私政策》后使用", False), ("《隐私政策》", True), ("不同意", True), ("同意并继续", True)
)
POLICY = views(APP, ("隐私政策。我们收集、使用和共享个人信息，联系我们。" * 20, False), ("返回", True))
MAIN = views(APP, ("今日特价", True), ("我的", True))
MINE = views(APP, ("关于我们", True), ("返回", True))
ABOUT = views(APP, ("隐私政策", True), ("返回", True))


class Shop:
    """An app on the stand-in: what its screens show, what it reaches, as the phone's system tells it."""

    def __init__(self, connected: Connected) -> None:
        self.phone = connected.phone
        self.uses: dict[tuple[str, str, str], tuple[float, str]] = {}
        self.log: list[str] = []
        self.counted = 1000
        self.asked = False
        self.on = ""
        self.show("question")
        self.held = {LOCATION: False}
        for words, answer in {
            "input tap": self.tap, "input keyevent": self.key, "monkey": self.start,
            "dumpsys appops": self.appops, "logcat": self.logcat, "dumpsys package": self.package,
            "dumpsys activity services": self.services, "pm revoke": self.revoke, "pm clear": self.clear,
            "am force-stop": self.stop, "am broadcast": self.broadcast, "rm": said(""),
        }.items():  # fmt: skip
            self.phone.answers[words] = answer

    def use(self, op: str, state: str = "top", kind: str = "Access", tag: str = "null") -> None:
        self.uses[op, state, kind] = (time.time(), tag)

    def show(self, screen: str) -> None:
        self.on = screen
        known = {"question": QUESTION, "policy": POLICY, "main": MAIN, "mine": MINE, "about": ABOUT}
        self.phone.screen = known.get(screen, views("com.android.launcher", ("Phone", True)))

    def start(self, _: list[str]) -> Answer:
        if APP not in self.phone.running:
            self.phone.running.add(APP)
            self.event("am_proc_start", f"[0,4711,10117,{APP},pre-top-activity,{{{APP}/.MainActivity}}]")
            self.use("READ_DEVICE_IDENTIFIERS", kind="Reject")
            if self.asked:
                self.use("READ_CLIPBOARD")
        self.show("main" if self.asked else "question")
        return 0, b""

    def stop(self, _: list[str]) -> Answer:
        self.phone.running.discard(APP)
        return 0, b""

    def clear(self, _: list[str]) -> Answer:
        self.asked = False
        self.held[LOCATION] = False
        return 0, b""

    def tap(self, words: list[str]) -> Answer:
        row = int(words[3]) // 100
        way = {
            ("question", 1): "policy", ("policy", 1): "question", ("question", 2): "main",
            ("question", 3): "main", ("main", 1): "mine", ("mine", 0): "about", ("mine", 1): "main",
            ("about", 1): "mine", ("about", 0): "policy",
        }  # fmt: skip
        if (self.on, row) == ("policy", 1) and self.asked:
            self.show("about")
            return 0, b""
        if self.on == "question" and row == 3:
            self.asked = True
            self.held[LOCATION] = True
            self.use("FINE_LOCATION", tag="com.amap.api.location")
        self.show(way.get((self.on, row), self.on))
        return 0, b""

    def key(self, words: list[str]) -> Answer:
        if words[2] == "3":
            self.show("home")
            self.use("FINE_LOCATION", "bg")
            self.event("ClipboardService", f"Denying clipboard access to {APP}, application is not in focus")
        return 0, b""

    def broadcast(self, _: list[str]) -> Answer:
        return 0, b"Broadcast completed: result=0\n"

    def revoke(self, words: list[str]) -> Answer:
        self.held[words[3]] = False
        return self.stop(words)

    def event(self, tag: str, text: str) -> None:
        self.log.append(f"{time.time() + self.phone.ahead:.3f}  1000  1000 I {tag}: {text}")

    def appops(self, words: list[str]) -> Answer:
        if "--history" in words:
            self.counted += 41 if self.uses else 7
            said = ["snapshot:", "Uid u0a117:", f"Package {APP}:", "Attribution null:", "FINE_LOCATION:"]
            return 0, "\n".join([*said, f"[bg-s] = access={self.counted}, reject=2"]).encode()
        lines = ["  Uid u0a117:", f"    Package {APP}:"]
        for (op, state, kind), (at, tag) in self.uses.items():
            age = int((time.time() - at) * 1000)
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + self.phone.ahead))
            use = f"{kind}: [{state}-s] {stamp}.{int(at * 1000) % 1000:03} (-{age // 1000}s{age % 1000}ms)"
            lines += [f"      {op} (allow):", f"        {tag}=[", f"          {use}", "        ]"]
        return 0, "\n".join(lines).encode()

    def logcat(self, _: list[str]) -> Answer:
        return 0, "\n".join(self.log).encode()

    def package(self, _: list[str]) -> Answer:
        held = "".join(f"        {n}: granted={str(g).lower()}, flags=[ ]\n" for n, g in self.held.items())
        return 0, f"  Package [{APP}] (a):\n    User 0:\n      runtime permissions:\n{held}".encode()

    def services(self, _: list[str]) -> Answer:
        name = f"{APP}/cn.jpush.android.service.PushService"
        return 0, f"  * ServiceRecord{{1a u0 {name}}}\n    processName={APP}:push\n".encode()


def watched(connected: Connected, folder: Path) -> RunResult:
    Shop(connected)
    options = Options(
        "android",
        folder,
        0.6,
        explore=False,
        revoke=(LOCATION,),
        phone=connected.choice(),
        frida=False,
        settle=0.05,
    )
    return run(apk("shop"), options)


def test_a_run_without_root(connected: Connected, tmp_path: Path) -> None:
    result = watched(connected, tmp_path / "run")
    reached = {(f.subject, f.phase): f for f in result.facts if f.action == "accesses"}
    early = reached["data:device_id_other", "before_consent"]
    assert early.attribute["result"] == "null"
    assert early.attribute["seen_by"] == "appops"
    assert early.actor == "unknown"
    agreed = reached["data:location", "after_consent"]
    assert agreed.attribute["permission_state"] == "granted"
    assert agreed.attribute["foreground"] == "1 of 1"
    assert agreed.attribute["attribution_tag"] == "com.amap.api.location"
    assert agreed.actor.startswith("sdk:")
    behind = reached["data:location", "background"]
    assert behind.attribute["foreground"] == "0 of 1"
    assert int(behind.attribute["counted_in_all"]) in range(41, 300, 41), (
        "what the phone counted before is not"
    )
    [log] = [f for f in result.facts if f.attribute.get("seen_by") == "log" and f.action == "accesses"]
    assert (log.subject, log.phase, log.attribute["result"]) == ("data:clipboard", "background", "null")
    assert ("data:location", "before_consent") not in reached, "the access of the first install is over"
    runs = [f for f in result.facts if f.action == "runs"]
    assert {f.actor for f in runs} == {"sdk:jpush"}
    assert not [f for f in result.facts if f.action == "starts"]
    kept = [e for f in result.facts for e in f.evidence if isinstance(e, FileEntry)]
    assert all((tmp_path / e.member).is_file() for e in kept)
    codes = {g.code for g in result.gaps}
    assert {"calls_not_seen", "callers_not_seen", "counts_at_least"} <= codes
    assert not codes & {"fields_not_seen", "hooks_not_set", "run_ended_early"}

    lines = list(read(result.record))
    [question] = [line for line in lines if line["line"] == "consent"]
    assert (question["policy_opens"], question["policy_language"]) == ("yes", "zh")
    assert question["device_language"] == "zh"
    [way] = [line for line in lines if line["line"] == "policy_way"]
    assert (way["found"], way["taps"], way["opens"]) == (True, 3, "yes")
    assert (result.record.parent / way["file"]).is_file(), "the way to the policy is walked"
    assert (result.record.parent / way["file"]).with_suffix(".png").is_file()


def test_a_process_started_by_something_else(connected: Connected, tmp_path: Path) -> None:
    shop = Shop(connected)
    target = RootlessTarget(None, APP, connected.choice())
    target.prepare()
    with Record(tmp_path / "run.jsonl") as record:
        record.write("phase", epoch=1, phase="background")
        watch = Polling(target, record, every=0.05)
        watch.open(fresh=False, epoch=1)
        time.sleep(0.3)
        shop.event("am_proc_died", f"[0,4711,{APP},900,19]")
        shop.event("am_proc_start", f"[0,4712,10117,{APP},broadcast,{{{APP}/cn.jpush.android.service.Boot}}]")
        shop.event("am_proc_start", "[0,4713,10118,com.example.other,broadcast,{x/.Boot}]")
        time.sleep(0.4)
        watch.close()
    [start] = [f for f in interpret(read(record.path), APP)[0] if f.action == "starts"]
    assert (start.actor, start.subject) == ("sdk:jpush", "component:cn.jpush.android.service.Boot")
    assert (start.phase, start.attribute["by"]) == ("background", "broadcast")
    assert start.first is not None
    assert abs(start.first - time.time()) < 5, "on our clock, although the phone's is ahead"


def test_a_look_that_fails_is_told_and_the_next_one_taken(
    connected: Connected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(connected)
    broken: list[str] = []

    def services(text: str, package: str) -> list[Service]:
        if not broken:
            broken.append(package)
            raise IndexError("a line of a vendor's own")
        return []

    monkeypatch.setattr(dumpsys, "services", services)
    target = RootlessTarget(None, APP, connected.choice())
    target.prepare()
    with Record(tmp_path / "run.jsonl") as record:
        watch = Polling(target, record, every=0.05)
        watch.open(fresh=False, epoch=1)
        time.sleep(0.4)
        shop.use("FINE_LOCATION", "bg")
        time.sleep(0.4)
        assert not watch.detached
        watch.close()
    facts, gaps = interpret(read(record.path), APP)
    assert "IndexError" in next(g.reason for g in gaps if g.code == "look_failed")
    assert [f for f in facts if f.subject == "data:location"], "seen by a later look"


def test_a_lost_phone_ends_the_run_with_everything_kept(connected: Connected, tmp_path: Path) -> None:
    shop = Shop(connected)
    lost = shop.key

    def key(words: list[str]) -> Answer:
        connected.adbd.lost = True
        return lost(words)

    connected.phone.answers["input keyevent"] = key
    import appaudit.dynamic.handset as handset

    away, handset.AWAY = handset.AWAY, 0.3
    try:
        options = Options(
            "android",
            tmp_path / "run",
            0.1,
            explore=False,
            phone=connected.choice(),
            frida=False,
            settle=0.05,
        )
        result = run(apk("shop"), options)
    finally:
        handset.AWAY = away
    [gap] = [g for g in result.gaps if g.code == "run_ended_early"]
    assert "does not answer" in gap.reason
    assert {f.phase for f in result.facts if f.subject == "data:location"} == {"after_consent"}
    assert next(line for line in read(result.record) if line["line"] == "end")


def test_a_phone_that_comes_back_goes_on(connected: Connected, tmp_path: Path) -> None:
    shop = Shop(connected)

    def key(words: list[str]) -> Answer:
        if words[2] == "3" and not shop.log[-1].startswith("gone"):
            shop.log.append("gone")
            connected.phone.running.discard(APP)
            raise EOFError
        return shop.key(words)

    connected.phone.answers["input keyevent"] = key
    options = Options(
        "android", tmp_path / "run", 0.3, explore=False, phone=connected.choice(), frida=False, settle=0.05
    )
    result = run(apk("shop"), options)
    codes = {g.code for g in result.gaps}
    assert "started_again" in codes
    assert "run_ended_early" not in codes
    assert "idle" in {line["phase"] for line in read(result.record) if line["line"] == "phase"}


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (2.0, "t.example 2.0 s later, 1 of 2"),
        (11.5, "t.example 1.5 s later, 1 of 2"),
        (30.0, None),
        (-1.0, None),
    ],
)
def test_a_contact_after_an_access_is_told(contact: float, expected: str | None) -> None:
    access = Fact(
        "dynamic", "observed", "unknown", "accesses", "data:location",
        first=100.0, last=110.0, attributes=(("times", "100.0 110.0"),),
    )  # fmt: skip
    flow = FlowField("1", "request", "", host="t.example", time=100.0 + contact)
    traffic = Fact("traffic", "observed", "sdk:tracker", "contacts", "host:t.example", evidence=(flow,))
    own = Fact("traffic", "observed", "app", "contacts", "host:own.example", first=100.5)
    assert followed([access, traffic, own])[0].attribute.get("followed_by") == expected
    assert followed([access, own])[0] == access


def test_a_phone_that_refuses_to_tell_is_no_traceback(connected: Connected, tmp_path: Path) -> None:
    for words in ("dumpsys", "logcat", "date", "settings", "getprop"):
        connected.phone.answers[words] = said("Permission Denial: can't dump from pid=1\n", 1)
    target = RootlessTarget(None, APP, connected.choice())
    target.prepare()
    assert target.conditions()["clock_skew"] == "unknown"
    with Record(tmp_path / "run.jsonl") as record:
        watch = Polling(target, record, every=0.05)
        watch.open(fresh=True, epoch=1)
        watch.epoch(2)
        watch.close()
        assert not watch.detached
        connected.adbd.lost = True
        with pytest.raises(LostError):
            watch.epoch(3)


def test_an_installed_package_from_the_command_line(connected: Connected, tmp_path: Path) -> None:
    Shop(connected).asked = True  # no question, so that it does not take long
    connected.phone.answers["pm clear"] = said("Success\n")
    connected.phone.screen = MINE
    there = connected.phone.packages[APP][0]
    connected.adbd.files[there] = apk("shop").read_bytes()
    ran = appaudit(
        "run", APP, "-D", connected.serial, "--no-frida", "--no-explore", "--seconds", "0.2",
        "--capture", "none",
        "--bundle", tmp_path / "b", "-f", "json", "-o", tmp_path / "r.json", "--revoke", LOCATION,
        ANDROID_ADB_SERVER_PORT=str(connected.port),
    )  # fmt: skip
    assert ran.code == 1, ran.err
    assert (tmp_path / "b" / "app" / "base.apk").read_bytes() == apk("shop").read_bytes()
    assert not [w for w in connected.phone.sent if w[:2] == ["pm", "install-create"]], "it stays as it is"
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert report["app"]["package"] == APP
    assert "static" in {f["source"] for f in report["facts"]}
    assert [f for f in report["facts"] if f["attributes"].get("seen_by") == "appops"]
    first = next(read(tmp_path / "b" / "run" / "run.jsonl"))
    told = {"fingerprint", "clock_skew", "dns_blocker", "private_dns", "http_proxy", "appaudit", "python"}
    assert told <= set(first["conditions"])
    assert told <= {c["name"] for c in report["conditions"]}, "in the report as in the evidence"
    assert {"hooks_system"} == {c["name"] for c in report["conditions"] if c["name"].startswith("hooks")}
    html = appaudit("report", tmp_path / "b", "-f", "html", "--lang", "zh", "-o", tmp_path / "r.html")
    assert html.code == 1, html.err
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "未使用 Frida，看不到调用" in page
    assert "运行条件" in page
    assert "设备与本机的时钟差" in page, "also when it is made anew from the evidence"
    again = appaudit(
        "run", APP, "-D", connected.serial, "--no-frida", "--bundle", tmp_path / "b",
        ANDROID_ADB_SERVER_PORT=str(connected.port),
    )  # fmt: skip
    assert again.code == 2
    assert "holds files already" in again.err
    nowhere = appaudit("run", "com.example.none", "-D", connected.serial, "--no-frida", cwd=tmp_path,
                       ANDROID_ADB_SERVER_PORT=str(connected.port))  # fmt: skip
    assert nowhere.code == 2
    assert "is not installed on" in nowhere.err


def test_the_doctor_looks_at_the_device_it_is_given(connected: Connected) -> None:
    port = str(connected.port)
    ran = appaudit("doctor", "-D", connected.serial, ANDROID_ADB_SERVER_PORT=port)
    assert ran.code == 2
    assert "device  ok: 127.0.0.1" in ran.out
    assert "root  missing: no root" in ran.out
    assert "dns  is: blocker: no" in ran.out
    assert "frida-server  missing: frida-server does not answer" in ran.out
    assert appaudit("doctor", "-D", "x", "-U", ANDROID_ADB_SERVER_PORT=port).code == 2
