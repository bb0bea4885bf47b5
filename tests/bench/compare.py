"""Comparing 20,000 facts with 500 declarations, against ``json.loads`` of the same facts."""

from __future__ import annotations

import gc
import json
import random

from appaudit.compare.judge import compare
from appaudit.jsonform import canonical
from appaudit.knowledge.apis import catalogue
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.sdks import sdks
from appaudit.records import App, CallSite, Fact, Finding
from tests.bench.measure import cpu

FACTS, STATEMENTS = 20_000, 500
LIMIT = 0.5
"""Seconds that the comparison may take."""
ROUNDS = 3
PHASES = ("before_consent", "after_consent", "refused", "revoked", "background", "idle", "unknown")
CONDITIONS = (
    "optional",
    "after_consent",
    "background",
    "local_only",
    "deidentified",
    "until_version:3.0",
    "if:x",
)


def facts(observed: int = FACTS, statements: int = STATEMENTS) -> list[Fact]:
    """An audit's shape: static calls, a run's and traffic's, by 60 SDKs and the app, each with 25 calls it is
    wont to make; one statement in ten a denial, one in five under a condition."""
    draw = random.Random(7)
    parties = ["app", "unknown", *(f"sdk:{s}" for s in list(sdks())[:60])]
    kinds = list(data_types())
    apis = [a for a in catalogue() if a.data]
    found: list[Fact] = []
    habits = {party: draw.sample(apis, 25) for party in parties}
    for number in range(observed):
        party = draw.choice(parties)
        api = draw.choice(habits[party])
        source = draw.choices(("static", "dynamic", "traffic"), (8, 1, 1))[0]
        site = CallSite("a.apk!classes.dex", f"Lcom/a/b{number};->run()V", f"L{number % 90};->get()V", number)
        found.append(
            Fact(
                source,  # type: ignore[arg-type]
                "observed",
                party,
                "sends" if source == "traffic" else "accesses",
                f"data:{api.data[0]}",
                recipient=f"host:h{number % 50}.example" if source == "traffic" else None,
                phase=draw.choice(PHASES) if source != "static" else "unknown",  # type: ignore[arg-type]
                evidence=(site,),
                attributes=(("api", api.id), ("startup", "com.a.App.onCreate"), ("words", "x")),
            )
        )
    for _ in range(statements):
        found.append(
            Fact(
                "policy",
                "denied" if draw.random() < 0.1 else "declared",
                draw.choice(parties),
                "collects",
                f"data:{draw.choice(kinds)}",
                condition=(draw.choice(CONDITIONS),) if draw.random() < 0.2 else (),
            )
        )
    found += [Fact("static", "observed", "app", "embeds", p) for p in parties if p.startswith("sdk:")]
    return found


def judged(made: list[Fact]) -> list[Finding]:
    """All rules over the facts."""
    app = App("a.apk", "apk", 1, "0", "0", package="com.a", version_name="3.1", target_sdk=33)
    return compare(made, app=app, examined=("static", "dynamic", "traffic", "policy"), category="shopping")


def run() -> list[str]:
    """Seconds, ratio to reading the same facts from JSON, and how it grows with four times the facts."""
    gc.set_threshold(200_000, 20, 50)  # as the command sets it
    made = facts()
    lines = [canonical(f) for f in made]
    limit = cpu(lambda: [json.loads(line) for line in lines], ROUNDS)
    found = judged(made)
    cost = cpu(lambda: judged(made), ROUNDS)
    many = facts(4 * FACTS)
    more = cpu(lambda: judged(many), ROUNDS)
    return [
        f"{FACTS:,} facts, {STATEMENTS} statements, {len(found):,} findings: {cost:.2f} s CPU, "
        f"{cost / LIMIT:.2f} x its limit of {LIMIT} s, {cost / limit:.1f} x json.loads of the facts",
        f"four times the facts: {more / cost:.1f} x the time",
    ]
