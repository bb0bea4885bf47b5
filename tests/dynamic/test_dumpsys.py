"""What a phone's system writes, of several versions of Android, read; garbage read as nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appaudit.dynamic import dumpsys
from appaudit.dynamic.dumpsys import accesses, history, jobs, logged, permissions, seconds, services, totals

APP = "com.example.shop"
NOW = 1_790_000_000.0

TEN = """
Current AppOps Service state:
  Settings:
    top_state_settle_time=+30s0ms
  Uid u0a117:
    state=cch
    COARSE_LOCATION: mode=foreground
    Package com.example.shop:
      COARSE_LOCATION (allow / switch COARSE_LOCATION=foreground):
          Access: [top-s] 2026-09-21 10:00:01.500 (-1m38s500ms)
      READ_CLIPBOARD (allow):
          Access: [fg-s] 2026-09-21 10:01:40.000 (-50ms)
          Reject: [bg-s]2026-09-21 10:01:00.000 (-40s50ms)
    Package com.example.shop.other:
      CAMERA (allow):
          Access: [top-s] 2026-09-21 10:00:01.500 (-1m38s500ms)
"""
"""Android 10: no list a tag."""

TWELVE = """
  Uid u0a117:
    state=top
    capability=LCMN
    startNonExistent: 0
      FINE_LOCATION: mode=foreground
    Package com.example.shop:
      FINE_LOCATION (allow / switch COARSE_LOCATION=allow):
        null=[
          Access: [top-s] 2026-09-21 10:01:00.000 (-40s0ms) duration=+1m30s0ms
        ]
        com.amap.location=[
          Access: [bg-s] 2026-09-21 10:01:10.000 (-30s0ms)
          Running start at: +5s0ms
        ]
      READ_CONTACTS (allow):
        null=[
          Access: [bg-tpd] 2026-09-21 09:01:40.000 (-1h0m0s0ms) proxy[uid=10070, pkg=com.android.contacts]
          Reject: [cch-s]2026-09-18 10:01:40.000 (-3d0h0m0s0ms)
        ]
      RECORD_AUDIO (default):
      WAKE_LOCK (allow):
        null=[
        ]
"""

SIXTEEN = """
  Uid u0a398:
    state=bfgs
    Package com.example.shop:
      CAMERA (allow):
        null=[
          Access: [top-s] 2026-09-21 10:01:40.000
        ]
"""

LATER = """
Discrete accesses:
Uid: 10117
  Package: com.example.other
    CAMERA
      Attribution: null
        Access [top-s] at 2026-09-21 10:00:00.000
  Package: com.example.shop
    FINE_LOCATION
      Attribution: null
        Access [top-s] at 2026-09-21 10:00:00.000 for 60000 milliseconds
        Access [bg-s] at 2026-09-21 10:01:00.000
      Attribution: com.amap.location
        Access [bg-s] at 2026-09-21 10:01:00.000
"""

SERVICES = """ACTIVITY MANAGER SERVICES (dumpsys activity services)
  User 0 active services:
  * ServiceRecord{ceb7f39 u0 com.example.shop/cn.jpush.android.service.PushService c:com.example.shop}
    intent={cmp=com.example.shop/cn.jpush.android.service.PushService}
    packageName=com.example.shop
    processName=com.example.shop:push
    baseDir=/data/app/x/base.apk
    app=ProcessRecord{31fa7b8 7714:com.example.shop:push/u0a231}
  * ServiceRecord{1a u0 com.example.shop/.Sync}
    processName=com.example.shop
    isForeground=true foregroundId=42 types=0x00000001 foregroundNoti=Notification
  * ServiceRecord{2b u0 com.example.other/.Sync}
    processName=com.example.other
    isForeground=true foregroundId=1

  Connection bindings to services:
"""

JOBS = """JOB SCHEDULER (dumpsys jobscheduler)
Registered 3 jobs:
  JOB #u0a117/7: 216a359 com.example.shop/androidx.work.impl.background.systemjob.SystemJobService
    u0a117 tag=*job*/com.example.shop/androidx.work.impl.background.systemjob.SystemJobService#7
    Source: uid=u0a117 user=0 pkg=com.example.shop
    JobInfo:
      Service: com.example.shop/androidx.work.impl.background.systemjob.SystemJobService
      PERIODIC: interval=+15m0s0ms flex=+5m0s0ms
      PERSISTED
  JOB #u0a118/8: 216a35a com.example.other/.Job
      PERIODIC: interval=+1m0s0ms flex=+1m0s0ms
  JOB #u0a117/9: 216a35b @androidx.work.systemjobscheduler@com.example.shop/.Once
"""

PACKAGE = """
Packages:
  Package [com.example.shop] (abc):
    appId=10117
    requested permissions:
      android.permission.CAMERA
      android.permission.INTERNET
    install permissions:
      android.permission.INTERNET: granted=true
    User 0: ceDataInode=1 installed=true
      gids=[3003]
      runtime permissions:
        android.permission.CAMERA: granted=true, flags=[ USER_SET|USER_SENSITIVE_WHEN_GRANTED]
        android.permission.READ_CONTACTS: granted=false, flags=[ USER_SET ]
      disabledComponents:
    User 150: ceDataInode=0 installed=true
      runtime permissions:
        android.permission.READ_CONTACTS: granted=true, flags=[ ]
  Package [com.example.other] (abd):
    install permissions:
      android.permission.NFC: granted=true
"""

LOG = """--------- beginning of main
1790000000.123  1765  1866 I am_proc_start: [0,4660,10117,com.example.shop:push,service,{x/.Push}]
1790000001.000 u0a117  4660  4661 D Tag : text: with a colon
1790000002.5001234  1000  4660  4661 E ClipboardService: Denying clipboard access to com.example.shop, it
no line of a log
"""


def test_ten() -> None:
    found = {(a.op, a.rejected, a.state): a for a in accesses(TEN, APP, NOW)}
    assert set(found) == {
        ("COARSE_LOCATION", False, "top"),
        ("READ_CLIPBOARD", False, "fg"),
        ("READ_CLIPBOARD", True, "bg"),
    }
    assert found["COARSE_LOCATION", False, "top"].time == NOW - 98.5
    assert found["READ_CLIPBOARD", True, "bg"].time == NOW - 40.05


def test_twelve_tells_tags_proxies_and_durations() -> None:
    found = {(a.op, a.tag, a.rejected): a for a in accesses(TWELVE, APP, NOW)}
    assert len(found) == 4
    assert found["FINE_LOCATION", "", False].duration == 90
    assert found["FINE_LOCATION", "com.amap.location", False].state == "bg"
    proxied = found["READ_CONTACTS", "", False]
    assert (proxied.flag, proxied.proxy, proxied.time) == (
        "tpd",
        "com.android.contacts",
        NOW - 3600,
    )
    assert found["READ_CONTACTS", "", True].time == NOW - 3 * 86400


def test_without_an_age_the_clock_counts() -> None:
    [utc] = accesses(SIXTEEN, APP, NOW)
    [east] = accesses(SIXTEEN, APP, NOW, zone=8 * 3600)
    assert utc.time - east.time == 8 * 3600
    assert utc.time == 1789984900


def test_a_dump_taken_later_tells_the_same_access() -> None:
    [first] = accesses(TEN.replace("(-50ms)", "(-1s)").split("Reject")[0], APP, NOW)[1:]
    [second] = accesses(TEN.replace("(-50ms)", "(-11s)").split("Reject")[0], APP, NOW + 10)[1:]
    assert first.key == second.key
    assert first.time == second.time


def test_history() -> None:
    found = history(LATER, APP, 0)
    assert {a.op for a in found} == {"FINE_LOCATION"}
    assert [(a.tag, a.state) for a in found] == [("", "top"), ("", "bg"), ("com.amap.location", "bg")]
    assert found[0].within == 60
    assert found[0].duration == 60


TOTALS = """Historical ops
  snapshot:
    begin = 2026-09-21 09:45:00.000  (-15m0s0ms)
    Uid u0a117:
      Package com.example.other:
        Attribution null:
          FINE_LOCATION:
            [top-s] = access=900
      Package com.example.shop:
        Attribution null:
          FINE_LOCATION:
            [top-s] = access=3, duration=+1s200ms
            [bg-s] = access=12, reject=2
          CAMERA:
            [cch-tp] = reject=4
  snapshot:
    Uid u0a117:
      Package com.example.shop:
        Attribution sdk:
          FINE_LOCATION:
            [bg-s] = access=1
"""


def test_what_the_system_counted() -> None:
    assert totals(TOTALS + LATER, APP) == {
        ("FINE_LOCATION", "s", False): 16,
        ("FINE_LOCATION", "s", True): 2,
        ("CAMERA", "tp", True): 4,
    }


def test_services_jobs_and_permissions() -> None:
    assert [(s.class_name, s.process, s.foreground) for s in services(SERVICES, APP)] == [
        ("cn.jpush.android.service.PushService", "com.example.shop:push", False),
        ("com.example.shop.Sync", "com.example.shop", True),
    ]
    found = {j.number: j for j in jobs(JOBS, APP)}
    assert set(found) == {"7", "9"}
    assert (found["7"].period, found["7"].persisted) == (900, True)
    assert (found["9"].class_name, found["9"].period) == ("com.example.shop.Once", 0)
    held = permissions(PACKAGE, APP)
    assert held == {
        "android.permission.INTERNET": True, "android.permission.CAMERA": True,
        "android.permission.READ_CONTACTS": False,
    }  # fmt: skip
    assert "android.permission.INTERNET" not in permissions(PACKAGE, APP, runtime=True)
    assert permissions(PACKAGE, APP, user=150)["android.permission.READ_CONTACTS"]


def test_log() -> None:
    found = list(logged(LOG))
    assert [(f.pid, f.tag) for f in found] == [
        (1765, "am_proc_start"),
        (4660, "Tag"),
        (4660, "ClipboardService"),
    ]
    assert dumpsys.fields(found[0].text)[3:5] == ["com.example.shop:push", "service"]
    assert found[1].text == "text: with a colon"


def test_spans() -> None:
    assert seconds("-3d23h4m58s891ms") == 3 * 86400 + 23 * 3600 + 4 * 60 + 58.891
    assert seconds("") == seconds("?") == 0


SAMPLES = (TEN, TWELVE, SIXTEEN, LATER, SERVICES, JOBS, PACKAGE, LOG)


@given(
    st.one_of(
        st.text(max_size=400),
        st.builds(
            lambda text, at, junk: text[:at] + junk + text[at:],
            st.sampled_from(SAMPLES),
            st.integers(0, 900),
            st.text(max_size=60),
        ),
        st.builds(
            "\n".join, st.lists(st.sampled_from([x for s in SAMPLES for x in s.split("\n")]), max_size=40)
        ),
    )
)
def test_anything_is_read_without_harm(text: str) -> None:
    totals(text, APP)
    for access in [*accesses(text, APP, NOW), *history(text, APP, 0)]:
        assert access.op
        assert isinstance(access.time, float)
    for service in services(text, APP):
        assert service.class_name
    assert all(job.class_name for job in jobs(text, APP))
    permissions(text, APP)
    for line in logged(text):
        assert line.time > 0
        dumpsys.fields(line.text)
