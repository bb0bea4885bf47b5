"""Rendering an audit of 20,000 facts, against ``json.dumps`` of the same records as plain values."""

from __future__ import annotations

import dataclasses
import json

from appaudit.jsonform import to_json
from appaudit.records import CallSite, Fact
from appaudit.report import FORMATS
from appaudit.report.model import AuditView
from tests.bench.measure import cpu
from tests.report.sample import DEX, audit

FACTS = 20_000
ROUNDS = 2


def view() -> AuditView:
    """A real audit's shape: two call sites a fact, 300 SDKs, 70 types of data."""
    facts = tuple(
        Fact(
            "static",
            "observed",
            f"sdk:s{i % 300}",
            "accesses",
            f"data:d{i % 70}",
            count=2,
            evidence=tuple(
                CallSite(DEX, f"Lcom/example/shop/a{i};->run()V", f"Landroid/x/Y;->z{i % 90}()V", n)
                for n in range(2)
            ),
            attributes=(("api", f"android.x.Y.z{i % 90}"),),
        )
        for i in range(FACTS)
    )
    return dataclasses.replace(audit("zh"), facts=facts)


def run() -> list[str]:
    """One line for each format that writes the facts themselves."""
    made = view()
    plain = [to_json(f) for f in made.facts]
    limit = cpu(lambda: json.dumps(plain, ensure_ascii=False), ROUNDS)
    lines = []
    for name in ("json", "html", "xlsx", "collected-list"):
        size = len(FORMATS[name].render(made)) / 1e6
        cost = cpu(lambda name=name: FORMATS[name].render(made), ROUNDS)  # type: ignore[misc]
        lines.append(
            f"report: {FACTS:,} facts as {name}: {cost / limit:.1f} x json.dumps of them, {size:.1f} MB"
        )
    return lines
