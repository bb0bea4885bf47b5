"""Audits of the fixture apps, each run once a session.

``<app>[/<policy language>[/<category>]]``, then any of: ``/+traffic`` (what fixtures/flows recorded of it),
``/+consent`` (tests/compare/documents/<app>.har, with the phases of `PHASES`),
``/+run`` (the run recorded beside it), ``/+<name>`` (tests/compare/documents/<name>.*, with the policy; or
tests/compare/runs/<name>.jsonl, lines that follow in the record of the run).
``<app>/run`` is short for ``<app>/zh/+run``. An app without a folder is one of tests/compare/made.py.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from appaudit import audit
from appaudit.bundle import Bundle
from appaudit.dynamic.facts import interpret
from appaudit.dynamic.record import read
from appaudit.records import Phase
from appaudit.traffic.scene import Scene
from tests.compare.made import made

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
PHASES: list[tuple[float, Phase]] = [
    (1000.0, "before_consent"),
    (2000.0, "refused"),
    (3000.0, "after_consent"),
]
"""When the phases of ``+consent`` recordings began."""
APPS = FIXTURES / "apps"
RUNS = Path(__file__).resolve().parent / "compare" / "runs"
DOCUMENTS = Path(__file__).resolve().parent / "compare" / "documents"


@cache
def fixture_audit(name: str) -> Bundle:
    """The bundle of ``shop/zh``: fixtures/apps/shop/shop.apk against its policy.zh.*."""
    parts = name.split("/")
    extras = [p[1:] for p in parts if p.startswith("+")]
    app, *rest = [p for p in parts if not p.startswith("+")]
    if rest == ["run"]:
        rest, extras = ["zh"], ["run"]
    folder = APPS / app
    apk = folder / f"{app}.apk" if folder.is_dir() else made(app)
    documents = sorted(folder.glob(f"policy.{rest[0]}.*")) if rest else []
    assert documents or not rest or app == "stress", f"fixture {name} has no policy"
    for extra in extras:
        documents += sorted(DOCUMENTS.glob(f"{extra}.*"))
    flows = [FIXTURES / "flows" / f"{app}.har"] if "traffic" in extras else []
    category = rest[1] if len(rest) > 1 else ""
    values = FIXTURES / "device.toml" if flows else None
    bundle = audit.audit(audit.Inputs(apk, documents, flows, values, category))
    if "consent" in extras:
        audit.listen(bundle, DOCUMENTS / f"{app}.har", audit.Inputs(), scene=Scene(phases=PHASES))
        audit.judge(bundle, category)
    if "sent" in extras:
        audit.listen(bundle, DOCUMENTS / f"{app}.har", audit.Inputs(values=FIXTURES / "device.toml"))
        audit.judge(bundle, category)
    if "run" in extras:
        more = (RUNS / f"{e}.jsonl" for e in extras)
        runs = [folder / "run.jsonl", *(path for path in more if path.exists())]
        assert bundle.app is not None
        lines = [line for path in runs for line in read(path)]
        audit.add_run(bundle, *interpret(lines, bundle.app.package))
        audit.judge(bundle, category)
    return bundle
