"""What start-up reaches, with the path to it."""

from __future__ import annotations

from functools import cache

import pytest

from appaudit.records import CallSite, Fact
from appaudit.static import scan
from tests.static.apps import APPS


@cache
def accesses(name: str) -> tuple[Fact, ...]:
    return tuple(f for f in scan(APPS / name / f"{name}.apk").facts if f.action == "accesses")


def starts(name: str, actor: str, data: str) -> set[str]:
    return {
        f.attribute.get("startup", "")
        for f in accesses(name)
        if (f.actor, f.subject) == (actor, f"data:{data}")
    }


def test_the_application_reads_the_imei() -> None:
    assert starts("shop", "app", "imei") == {"com.example.shop.ShopApplication.onCreate"}


def test_a_provider_starts_an_sdk_before_the_application() -> None:
    assert starts("shop", "sdk:jpush", "mac") == {"cn.jpush.android.service.InitProvider.onCreate"}


@pytest.mark.parametrize("data", ["contacts", "clipboard", "location"])
def test_what_screens_do_is_not_startup(data: str) -> None:
    assert starts("shop", "app", data) == {""}


def test_paths_lead_from_entry_to_caller() -> None:
    for fact in accesses("shop"):
        for site in fact.evidence:
            if isinstance(site, CallSite) and site.path:
                assert site.path[-1] == site.caller
                assert "onCreate" in site.path[0]
                assert "startup" in fact.attribute


def test_an_honest_app_waits() -> None:
    early = {(f.actor, f.subject) for f in accesses("notes") if "startup" in f.attribute}
    assert {actor for actor, _ in early} <= {"sdk:bugly"}
