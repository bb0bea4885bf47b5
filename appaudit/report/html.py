"""The HTML report: one file, no network, no script, readable on paper.

Every value is escaped by the template engine and made visible (`appaudit.report.visible`) before; the
page forbids everything but its own style sheet, by hash, in a Content-Security-Policy of its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from appaudit.assets import assets
from appaudit.records import SEVERITIES, Source
from appaudit.report.blocks import finding_block
from appaudit.report.cells import Grid
from appaudit.report.charts import reach_bars, run_timeline
from appaudit.report.grid import Grids
from appaudit.report.model import OUTCOMES, AuditView, ordered, suppressed
from appaudit.report.tables import counts
from appaudit.report.text import next_steps, since_before, verdict, verdict_detail
from appaudit.report.visible import visible
from appaudit.report.words import Words

FINDINGS = 1000
"""Findings opened on the page; the rest are counted and in the JSON output."""

PRODUCERS: dict[str, tuple[str, ...]] = {
    "scan": ("static", "dynamic", "traffic"),
    "policy": ("policy", "listing"),
    "audit": get_args(Source),
}
"""Producers that a document speaks of."""

_BREAKS = re.compile(r"(?<=[./$;,_>])(?=[^\s)])")


def render(view: AuditView) -> str:
    """The page in ``view.lang``."""
    words = Words(view.lang)
    grids = Grids(view, words)
    every = ordered(view.findings)
    active = [f for f in every if not suppressed(f)]
    open_ = [f for f in active if f.outcome != "pass"]
    groups = {
        "findings": open_[:FINDINGS],
        "passes": [f for f in active if f.outcome == "pass"][:FINDINGS],
        "suppressed": [f for f in every if suppressed(f)][:FINDINGS],
    }
    tally = counts(view.findings)
    css = (assets("reports") / "report.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("report.html")
        .render(
            view=view,
            w=words,
            css=Markup(css),  # noqa: S704 - our own file
            csp=_policy(css),
            title=words({"scan": "title_scan", "policy": "title_policy"}.get(view.kind, "title")),
            name=_name(view),
            counts=tally,
            outcomes=OUTCOMES,
            severities=SEVERITIES[::-1],
            verdict=verdict(view, words, tally),
            verdict_detail=verdict_detail(view, words, tally),
            since_before=since_before(words, tally),
            tone=_tone(view, tally.by_outcome),
            steps=next_steps(view, words, tally),
            groups={
                k: [finding_block(view, f, words, grids.places) for f in group] for k, group in groups.items()
            },
            findings_more=len(open_) - len(groups["findings"]),
            grids=_sections(view, grids),
            sample=grids.sample() if view.app else grids.documents(),
            environment=grids.environment(),
            coverage=_coverage(view, words),
            bars=reach_bars(view, words),
            timeline=run_timeline(view, words),
        )
    )


def _sections(view: AuditView, grids: Grids) -> dict[str, Grid]:
    out: dict[str, Grid] = {"gaps": grids.gaps()}
    if view.kind == "audit":
        out |= {"clauses": grids.clauses()}
    if view.kind != "policy":
        out |= {
            "data": grids.data(),
            "permissions": grids.permissions(),
            "sdks": grids.sdks(),
            "hosts": grids.hosts(),
            "components": grids.components(),
            "properties": grids.properties(),
            "calls": grids.calls(),
            "conditions": grids.conditions(),
        }
    if view.kind != "scan":
        out |= {
            **({"documents": grids.documents()} if view.kind == "audit" else {}),
            "declarations": grids.declarations(),
            "topics": grids.topics(),
        }
    if view.kind == "audit":
        out |= {"collected": grids.collected(), "shared": grids.shared()}
    if view.kind == "scan":
        out["data"] = out["data"].trimmed()
    for key in ("sdks", "hosts", "components", "properties", "calls", "declarations", "topics"):
        if key in out:
            out[key] = out[key].trimmed()
    return out


def _name(view: AuditView) -> str:
    if view.app is not None:
        return visible(view.app.label or view.app.package or view.app.file, 120)
    return visible(view.documents[0].title or view.documents[0].name, 120) if view.documents else ""


def _tone(view: AuditView, n: object) -> str:
    if view.kind != "audit":
        return "plain"
    assert hasattr(n, "__getitem__")
    return next((o for o in ("violation", "review", "pass") if n[o]), "not_examined")


def _coverage(view: AuditView, words: Words) -> list[tuple[str, bool, list[str], list[str]]]:
    """Per producer: its name, whether it ran, what it looked at, what it could not."""
    rows = []
    for source, what in view.coverage.items():
        if source not in PRODUCERS[view.kind]:
            continue
        names = [visible(x).removeprefix("host:") for x in what.get("what", ())]
        done = names[:12] + ([f"… +{len(names) - 12}"] if len(names) > 12 else [])
        if what.get("examined"):
            done.append(words("facts_found", n=f"{what.get('facts', 0):,}"))
        missing = [
            f"{words.get('gap', g.get('code', ''))} {visible(g.get('scope', ''))}"
            for g in what.get("not_examined", ())
        ]
        more = [f"… +{len(missing) - 5}"] if len(missing) > 5 else []
        rows.append((words.get("source", source), bool(what.get("examined")), done, missing[:5] + more))
    return rows


def _breakable(value: str) -> Markup:
    """Escaped, with places where a long name may wrap."""
    return Markup("<wbr>").join(escape(part) for part in _BREAKS.split(value))


def _policy(css: str) -> str:
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _finish(value: object) -> object:
    """The last gate: no string reaches the page with characters that do not print."""
    return visible(value, 10**6) if type(value) is str else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(assets("reports")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finish,
    )
    environment.filters["code"] = _breakable
    environment.filters["visible"] = visible
    return environment
