"""Rules of what counts as an access, on small dex files written for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.records import CallSite, Fact
from appaudit.static import scan
from tests.dex.writer import Class, Method, Word, build
from tests.static.apps import app_with

PM = "Landroid/content/pm/PackageManager;"
LIST = f"{PM}->queryIntentActivities(Landroid/content/Intent;I)Ljava/util/List;"
INFO = f"{PM}->getPackageInfo(Ljava/lang/String;I)Landroid/content/pm/PackageInfo;"
SECURE = "Landroid/provider/Settings$Secure;"
GET = f"{SECURE}->getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;"
EXEC = "Ljava/lang/Runtime;->exec(Ljava/lang/String;)Ljava/lang/Process;"
IMEI = "Landroid/telephony/TelephonyManager;->getImei()Ljava/lang/String;"
PROPERTY = "Landroid/os/SystemProperties;->get(Ljava/lang/String;)Ljava/lang/String;"
LAUNCHER = "android.intent.category.LAUNCHER"
RETURN: list[Word] = [0x0E]


def text(register: int, value: str) -> list[Word]:
    return [0x1A | register << 8, ("string", value)]


def call(op: int, method: str, *registers: int) -> list[Word]:
    packed = sum(r << 4 * k for k, r in enumerate(registers))
    return [op | len(registers) << 12, ("method", method), packed]


def static(method: str, *registers: int) -> list[Word]:
    return call(0x71, method, *registers)


def virtual(method: str, *registers: int) -> list[Word]:
    return call(0x6E, method, *registers)


def method(*words: list[Word], name: str = "m", signature: str = "()V") -> Method:
    return Method(name, signature, [w for part in words for w in part] + RETURN)


def found(folder: Path, *classes: Class) -> list[Fact]:
    path = folder / "x.dex"
    path.write_bytes(build(list(classes)))
    return [f for f in scan(path).facts if f.action == "accesses"]


def data(facts: list[Fact]) -> set[str]:
    return {f.subject.removeprefix("data:") for f in facts}


@pytest.mark.parametrize("near", [True, False])
def test_a_launcher_query_is_the_list_of_apps(tmp_path: Path, near: bool) -> None:
    category = text(3, LAUNCHER) if near else []
    facts = found(tmp_path, Class("Lcom/x/A;", [method(category, virtual(LIST, 0, 1, 2))]))
    assert data(facts) == ({"installed_apps"} if near else set())


@pytest.mark.parametrize(
    ("package", "probe"),
    [
        ("com.tencent.mm", True),
        ("com.google.android.gms", False),
        ("android", False),
        ("not a package", False),
    ],
)
def test_asking_for_another_app(tmp_path: Path, package: str, probe: bool) -> None:
    facts = found(tmp_path, Class("Lcom/x/A;", [method(text(1, package), virtual(INFO, 0, 1, 2))]))
    assert data(facts) == ({"installed_apps"} if probe else set())
    if probe:
        assert facts[0].attribute["words"] == package
        assert facts[0].attribute["role"] == "metadata"


@pytest.mark.parametrize(("key", "reached"), [("android_id", {"android_id"}), ("my_own_key", set())])
def test_the_key_decides(tmp_path: Path, key: str, reached: set[str]) -> None:
    facts = found(tmp_path, Class("Lcom/x/A;", [method(text(1, key), static(GET, 0, 1))]))
    assert data(facts) == reached


def test_an_unknown_key_near_a_telling_string(tmp_path: Path) -> None:
    """The key is a parameter; the method also holds a key of the table."""
    body = method(text(2, "ro.serialno"), static(PROPERTY, 9), signature="(Ljava/lang/String;)V")
    (fact,) = found(tmp_path, Class("Lcom/x/A;", [body]))
    assert fact.subject == "data:serial"
    assert fact.attribute["basis"] == "same_method"


def test_an_explained_string_is_not_blamed_on_another_call(tmp_path: Path) -> None:
    words = [text(1, "ro.serialno"), static(PROPERTY, 1), static(PROPERTY, 15)]
    (fact,) = found(tmp_path, Class("Lcom/x/A;", [method(*words, signature="(Ljava/lang/String;)V")]))
    assert (fact.count, fact.attribute.get("basis")) == (1, None)


@pytest.mark.parametrize(
    ("command", "reached"),
    [("getprop ro.serialno", "serial"), ("pm list packages", "installed_apps"), ("ip addr show", "mac")],
)
def test_commands(tmp_path: Path, command: str, reached: str) -> None:
    facts = found(tmp_path, Class("Lcom/x/A;", [method(text(1, command), virtual(EXEC, 0, 1))]))
    assert data(facts) == {reached}
    site = facts[0].evidence[0]
    assert isinstance(site, CallSite)
    assert site.arguments == (command,)


def test_a_telling_string_alone(tmp_path: Path) -> None:
    (fact,) = found(tmp_path, Class("Lcom/x/A;", [method(text(1, "/sys/class/net/wlan0/address"))]))
    assert (fact.subject, fact.attribute["basis"]) == ("data:mac", "string")
    assert fact.attribute["callers"] == "Lcom/x/A;->m()V"


def library(*methods: Method) -> Class:
    return Class("Landroidx/core/telephony/TelephonyManagerCompat;", list(methods))


def test_a_library_nobody_calls_reaches_nothing(tmp_path: Path) -> None:
    assert not found(
        tmp_path, library(method(virtual(IMEI, 0), name="getImei")), Class("Lcom/x/A;", [method()])
    )


def test_a_library_acts_for_its_caller(tmp_path: Path) -> None:
    inner = method(virtual(IMEI, 0), name="inner")
    outer = method(static("Landroidx/core/telephony/TelephonyManagerCompat;->inner()V"), name="outer")
    use = static("Landroidx/core/telephony/TelephonyManagerCompat;->outer()V")
    (fact,) = found(tmp_path, library(inner, outer), Class("Lcn/jpush/android/A;", [method(use)]))
    assert (fact.actor, fact.subject) == ("sdk:jpush", "data:imei")
    assert fact.attribute["via"]


def test_another_method_of_the_library_does_not_count(tmp_path: Path) -> None:
    imei = method(virtual(IMEI, 0), name="getImei")
    other = method(name="other")
    use = static("Landroidx/core/telephony/TelephonyManagerCompat;->other()V")
    assert not found(tmp_path, library(imei, other), Class("Lcom/x/A;", [method(use)]))


def test_constructors_are_not_inherited(tmp_path: Path) -> None:
    own = Class("Lcom/x/Mine;", [], superclass="Landroid/media/AudioRecord;")
    make = call(0x70, "Lcom/x/Mine;-><init>(IIIII)V", 0)
    assert not found(tmp_path, own, Class("Lcom/x/A;", [method(make)]))


def test_calls_through_a_subclass_count(tmp_path: Path) -> None:
    own = Class("Lcom/x/Clip;", [], superclass="Landroid/content/ClipboardManager;")
    get = virtual("Lcom/x/Clip;->getPrimaryClip()Landroid/content/ClipData;", 0)
    assert data(found(tmp_path, own, Class("Lcom/x/A;", [method(get)]))) == {"clipboard"}


def test_evidence_is_bounded_and_the_count_exact(tmp_path: Path) -> None:
    many = [method(virtual(IMEI, 0), name=f"m{k}") for k in range(250)]
    (fact,) = found(tmp_path, Class("Lcom/x/A;", many))
    assert (fact.count, len(fact.evidence)) == (250, 200)
    assert fact.attribute["evidence"] == "first 200 of 250"


def test_an_overridden_callback(tmp_path: Path) -> None:
    event = "(Landroid/view/accessibility/AccessibilityEvent;)V"
    own = Class(
        "Lcom/x/Watch;",
        [Method("onAccessibilityEvent", event, RETURN, access=0x1, virtual=True)],
        superclass="Landroid/accessibilityservice/AccessibilityService;",
    )
    (fact,) = found(tmp_path, own)
    assert (fact.subject, fact.attribute["role"]) == ("data:screen_content", "callback")


def test_levels_of_the_app_tell_which_calls_answer(tmp_path: Path) -> None:
    code = build([Class("Lcom/x/A;", [method(virtual(IMEI, 0), virtual(LIST, 0, 1, 2), text(3, LAUNCHER))])])
    path = app_with(tmp_path, {"classes.dex": code})  # min SDK 24, target 29
    facts = {f.attribute["api"]: f.attribute for f in scan(path).facts if f.action == "accesses"}
    imei = facts["android.telephony.TelephonyManager.getImei"]
    assert (imei["limit"], imei["since"]) == ("throws:29", "26")
    assert "limit" not in facts["android.content.pm.PackageManager.queryIntentActivities"]
    assert not any(
        {"limit", "since"} & set(f.attribute)
        for f in found(tmp_path, Class("Lcom/x/A;", [method(virtual(IMEI, 0))]))
    )


DONE = "Landroid/view/PixelCopy$OnPixelCopyFinishedListener;"
TAKEN = f"Landroid/view/Window;Landroid/graphics/Bitmap;{DONE}Landroid/os/Handler;"
COPY = f"Landroid/view/PixelCopy;->request({TAKEN})V"
READER = "Ljava/io/FileReader;-><init>(Ljava/lang/String;)V"


def test_pictures_of_the_screen_are_taken(tmp_path: Path) -> None:
    assert data(found(tmp_path, Class("Lcom/x/A;", [method(static(COPY, 0, 1, 2, 3))]))) == {"screen_content"}


@pytest.mark.parametrize("path", ["/proc/self/maps", "/proc/mounts", "/system/xbin/su"])
def test_looking_for_a_changed_system(tmp_path: Path, path: str) -> None:
    (fact,) = found(tmp_path, Class("Lcom/x/A;", [method(text(1, path), call(0x70, READER, 0, 1))]))
    assert (fact.subject, fact.attribute["words"]) == ("data:device_env", path)
    assert fact.attribute["api"] == "java.io.FileReader.<init>"


FOR_NAME = "Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;"
GET_METHOD = "Ljava/lang/Class;->getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;"


@pytest.mark.parametrize(
    ("owner", "member", "word", "reached"),
    [
        ("android.os.SystemProperties", "get", "ro.serialno", "serial"),
        ("android.os.ServiceManager", "getService", "iphonesubinfo", "imei"),
    ],
)
def test_hidden_members_are_looked_up_by_name(
    tmp_path: Path, owner: str, member: str, word: str, reached: str
) -> None:
    """The word stands where the member is looked up, or with who calls the method that does so."""
    looks_up: list[list[Word]] = [
        text(1, owner),
        static(FOR_NAME, 1),
        [0x010C],
        text(2, member),
        virtual(GET_METHOD, 1, 2, 3),
    ]
    assert data(found(tmp_path, Class("Lcom/x/A;", [method(*looks_up, text(4, word))]))) == {reached}
    helper = method(*looks_up, name="read", signature="(Ljava/lang/String;)V")
    calls = method(text(0, word), static("Lcom/x/A;->read(Ljava/lang/String;)V", 0))
    (fact,) = found(tmp_path, Class("Lcom/x/A;", [helper, calls]))
    assert (fact.subject, fact.attribute["api"]) == (f"data:{reached}", f"{owner}.{member}")
    other: list[list[Word]] = [text(1, "com.x.Other"), *looks_up[1:]]
    assert not found(tmp_path, Class("Lcom/x/A;", [method(*other, text(4, word))]))
