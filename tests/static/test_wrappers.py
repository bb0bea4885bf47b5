"""Methods that hand their own parameter on to an API: the constants stand with their callers."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.records import CallSite
from tests.dex.writer import Class, Method, Word
from tests.static.test_identifiers import GET, IMEI, data, found, method, static, text, virtual

READ = "Lcom/x/Keys;->read(Ljava/lang/String;)V"
DEEP = "Lcom/x/Keys;->deep(ILjava/lang/String;)V"


def keys() -> Class:
    """``read(key)`` reads a secure setting; ``deep(n, key)`` calls ``read(key)``."""
    return Class(
        "Lcom/x/Keys;",
        [
            method(static(GET, 0, 15), name="read", signature="(Ljava/lang/String;)V"),
            method(static(READ, 15), name="deep", signature="(ILjava/lang/String;)V"),
        ],
    )


def caller(*words: list[Word], name: str = "Lcom/y/A;") -> Class:
    return Class(name, [method(*words)])


def test_the_callers_constant_decides(tmp_path: Path) -> None:
    facts = found(tmp_path, keys(), caller(text(1, "android_id"), static(READ, 1)))
    (fact,) = facts
    (site,) = fact.evidence
    assert isinstance(site, CallSite)
    assert (fact.subject, fact.attribute.get("basis")) == ("data:android_id", None)
    assert site.callee == GET
    assert site.arguments == (None, "android_id")
    assert site.path == ("Lcom/y/A;->m()V", READ)


@pytest.mark.parametrize(("key", "reached"), [("android_id", {"android_id"}), ("font", set())])
def test_through_two_methods(tmp_path: Path, key: str, reached: set[str]) -> None:
    assert data(found(tmp_path, keys(), caller(text(2, key), static(DEEP, 1, 2)))) == reached


def test_who_passes_the_constant_acts_where_the_wrapper_is_nobodys(tmp_path: Path) -> None:
    push = caller(text(1, "android_id"), static(READ, 1), name="Lcn/jpush/android/A;")
    other = caller(text(1, "font_scale"), static(READ, 1), name="Lcom/umeng/analytics/B;")
    actors = {(f.actor, f.subject) for f in found(tmp_path, keys(), push, other)}
    assert actors == {("sdk:jpush", "data:android_id"), ("sdk:umeng-analytics", "data:device_settings")}


def test_without_a_caller_nothing_is_known(tmp_path: Path) -> None:
    assert not found(tmp_path, keys())


def test_methods_that_call_one_another_come_to_an_end(tmp_path: Path) -> None:
    again = method(static(READ, 15), static(DEEP, 1, 15), name="read", signature="(Ljava/lang/String;)V")
    again = Method("read", again.signature, [*static(GET, 0, 15), *(again.words or ())])
    deep = method(static(READ, 15), name="deep", signature="(ILjava/lang/String;)V")
    loop = Class("Lcom/x/Keys;", [again, deep])
    assert data(found(tmp_path, loop, caller(text(2, "android_id"), static(DEEP, 1, 2)))) == {"android_id"}
    assert data(found(tmp_path, loop, caller(virtual(IMEI, 0)))) == {"imei"}


def test_two_calls_on_with_one_parameter_count_once(tmp_path: Path) -> None:
    twice = Class(
        "Lcom/x/Twice;",
        [method(static(READ, 15), static(READ, 15), name="twice", signature="(Ljava/lang/String;)V")],
    )
    call = static("Lcom/x/Twice;->twice(Ljava/lang/String;)V", 1)
    (fact,) = found(tmp_path, keys(), twice, caller(text(1, "android_id"), call))
    assert fact.count == 1


def chain(length: int) -> list[Class]:
    """Methods that hand a key on to one another, the last one to ``read``, beside a telling text."""
    signature = "(Ljava/lang/String;)V"
    names = ["Lcom/x/Near;->read" + signature, *(f"Lcom/x/Chain;->m{k}{signature}" for k in range(length))]
    near = Class(
        "Lcom/x/Near;", [method(text(1, "android_id"), static(GET, 0, 15), name="read", signature=signature)]
    )
    methods = [method(static(names[k], 15), name=f"m{k}", signature=signature) for k in range(length)]
    font = [text(1, "font"), static(names[0], 1)]
    return [near, Class("Lcom/x/Chain;", methods), caller(*font, text(1, "font"), static(names[-1], 1))]


@pytest.mark.parametrize(("length", "reached"), [(2, set()), (3, {"android_id"})])
def test_what_is_not_followed_to_its_end_is_told_by_what_stands_near(
    tmp_path: Path, length: int, reached: set[str]
) -> None:
    assert data(found(tmp_path, *chain(length))) == reached
