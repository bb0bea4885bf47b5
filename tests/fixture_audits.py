"""Audits of the fixture apps, each run once a session: ``<app>/<policy language>[/<category>]``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from appaudit import audit
from appaudit.bundle import Bundle

APPS = Path(__file__).resolve().parent.parent / "fixtures" / "apps"


@cache
def fixture_audit(name: str) -> Bundle:
    """The bundle of ``shop/zh``: fixtures/apps/shop/shop.apk against its policy.zh.*."""
    app, _, rest = name.partition("/")
    policy, _, category = rest.partition("/")
    folder = APPS / app
    policies = sorted(folder.glob(f"policy.{policy}.*")) if policy else []
    assert bool(policies) == bool(policy), f"fixture {name} has no policy"
    return audit.audit(folder / f"{app}.apk", policies, category=category)
