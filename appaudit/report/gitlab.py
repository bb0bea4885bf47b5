"""GitLab Code Quality: violations and reviews as issues, each with a unique fingerprint."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from appaudit.records import Finding, PolicySpan, Severity
from appaudit.report.model import AuditView, ordered, suppressed
from appaudit.report.sarif import uri
from appaudit.report.text import finding_text
from appaudit.report.visible import visible
from appaudit.report.words import Words

SEVERITY: dict[Severity, str] = {
    "critical": "blocker",
    "high": "critical",
    "medium": "major",
    "low": "minor",
    "info": "info",
}


def render(view: AuditView) -> str:
    """The report as JSON text. What is set aside is left out: GitLab has no word for it."""
    return json.dumps(issues(view), ensure_ascii=False, indent=1) + "\n"


def issues(view: AuditView) -> list[dict[str, Any]]:
    """The issues as plain values."""
    words = Words(view.lang)
    made: list[dict[str, Any]] = []
    seen: set[str] = set()
    for finding in ordered(view.findings):
        if finding.outcome not in ("violation", "review") or suppressed(finding):
            continue
        text = finding_text(view, finding, words)
        path, line = _place(view, finding)
        made.append(
            {
                # GitLab hides check_name, so the rule stands in the description too.
                "description": f"{visible(finding.rule)}: {text.message}",
                "check_name": visible(finding.rule),
                "fingerprint": _unique(visible(finding.fingerprint), seen),
                "severity": SEVERITY[finding.severity] if finding.outcome == "violation" else "info",
                "location": {"path": path, "lines": {"begin": line}},
            }
        )
    return made


def _place(view: AuditView, finding: Finding) -> tuple[str, int]:
    """The policy's line when only words are wrong; else the package."""
    if all(f.stance != "observed" for f in finding.facts):
        for fact in finding.facts:
            for evidence in fact.evidence:
                if isinstance(evidence, PolicySpan):
                    return uri(evidence.document), max(1, evidence.line)
    if view.app is not None:
        return uri(view.app.file), 1
    return (uri(view.documents[0].name), 1) if view.documents else ("app", 1)


def _unique(fingerprint: str, seen: set[str]) -> str:
    while fingerprint in seen:
        fingerprint = hashlib.sha256(fingerprint.encode()).hexdigest()[:32]
    seen.add(fingerprint)
    return fingerprint
