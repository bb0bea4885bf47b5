"""Audits of the fixture apps, each run once a session: ``<app>/<policy language>[/<category>]``."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from appaudit import audit
from appaudit.bundle import Bundle
from appaudit.dynamic.facts import interpret
from appaudit.dynamic.record import read

APPS = Path(__file__).resolve().parent.parent / "fixtures" / "apps"


@cache
def fixture_audit(name: str) -> Bundle:
    """The bundle of ``shop/zh``: fixtures/apps/shop/shop.apk against its policy.zh.*.

    ``shop/run`` adds what was seen in the run recorded in fixtures/apps/shop/run.jsonl.
    """
    if name.endswith("/run"):
        return _with_run(name.removesuffix("/run"))
    app, _, rest = name.partition("/")
    policy, _, category = rest.partition("/")
    folder = APPS / app
    policies = sorted(folder.glob(f"policy.{policy}.*")) if policy else []
    assert bool(policies) == bool(policy), f"fixture {name} has no policy"
    return audit.audit(audit.Inputs(folder / f"{app}.apk", policies, category=category))


def _with_run(app: str) -> Bundle:
    still = fixture_audit(f"{app}/zh")
    ran = replace(
        still, facts=list(still.facts), gaps=list(still.gaps), examined=list(still.examined), findings=[]
    )
    assert still.app is not None
    audit.add_run(ran, *interpret(read(APPS / app / "run.jsonl"), still.app.package))
    audit.judge(ran)
    return ran
