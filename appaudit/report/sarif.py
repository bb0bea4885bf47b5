"""SARIF 2.1.0 for code scanning: violations and reviews as results, gaps as notifications.

A result always has a physical location (a file and a line), because readers reject a file whose locations
are only logical: for a package it is the package, line 1, with the method as logical location and the
member as an artifact inside it; for a policy it is the quote's own line. ``partialFingerprints`` carry the
finding's fingerprint. What passed and what was not examined is no result: passes are counted in the run's
properties, the unexamined are notifications.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from appaudit.knowledge.regulations import clauses, in_profile, instruments
from appaudit.knowledge.rules import Rule
from appaudit.records import CallSite, Confidence, Evidence, Finding, PolicySpan, Severity, Stack
from appaudit.report.model import AuditView, ordered
from appaudit.report.places import Places, java_member
from appaudit.report.tables import counts
from appaudit.report.text import finding_text
from appaudit.report.visible import visible
from appaudit.report.words import Words

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

RESULTS = 25_000
RELATED = 50
STEPS = 100
"""Within the limits of GitHub code scanning: 25,000 results, 100 locations shown, 1,000 steps shown."""

LEVEL: dict[Severity, str] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "info": "note",
}
SECURITY: dict[Severity, str] = {
    "critical": "9.5",
    "high": "8.0",
    "medium": "5.5",
    "low": "3.0",
    "info": "0.5",
}
"""GitHub's bands: critical over 9.0, high from 7.0, medium from 4.0, low above 0."""

PRECISION: dict[Confidence, str] = {"high": "high", "medium": "medium", "low": "low"}
KIND = {"violation": "fail", "review": "review"}
STATE = {"new": "new", "open": "unchanged"}


def render(view: AuditView) -> str:
    """The log as JSON text."""
    return json.dumps(log(view), ensure_ascii=False, indent=1) + "\n"


def log(view: AuditView) -> dict[str, Any]:
    """The log as plain values."""
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [_Run(view).made()]}


class _Run:
    def __init__(self, view: AuditView) -> None:
        self.view = view
        self.w = Words(view.lang)
        self.places = Places(self.w, view.texts)
        self.artifacts: list[dict[str, Any]] = []
        self._artifact: dict[str, int] = {}
        self._package()
        self.rules: dict[str, int] = {}
        self.descriptors: list[dict[str, Any]] = []

    def made(self) -> dict[str, Any]:
        view = self.view
        for rule in view.rules.values():
            self._rule(rule)
        told = [f for f in ordered(view.findings) if f.outcome in KIND]
        results = [self._result(f) for f in told[:RESULTS]]
        n = counts(view.findings).by_outcome
        cited = self._cited(view.findings)
        driver = {
            "name": "appaudit",
            "version": visible(view.tool.get("version", "0")),
            "rules": self.descriptors,
            "notifications": self._codes(),
            "supportedTaxonomies": [{"name": law} for law in cited],
        }
        return {
            "tool": {"driver": driver},
            "automationDetails": {"id": f"appaudit/{_slug(view.app.package if view.app else 'policy')}/"},
            "language": "zh-CN" if view.lang == "zh" else "en-US",
            "columnKind": "unicodeCodePoints",
            "artifacts": self.artifacts,
            "results": results,
            "taxonomies": [self._taxonomy(law, ids) for law, ids in cited.items()],
            "invocations": [
                {"executionSuccessful": True, "toolExecutionNotifications": list(self._notifications())}
            ],
            "properties": {
                "outcomes": {o: n[o] for o in ("violation", "review", "not_examined", "pass")},
                "omittedResults": max(0, len(told) - RESULTS),
                "profile": view.profile,
            },
        }

    # -------------------------------------------------------------------------------- artifacts

    def _package(self) -> None:
        app = self.view.app
        if app is not None:
            self._add(app.file, None, {"length": app.size, "hashes": {"sha-256": app.sha256}})
            for name, size, digest in app.members:
                self._add(name, 0, {"length": size, "hashes": {"sha-256": digest}})
        for document in self.view.documents:
            self._add(document.name, None, {"length": document.size, "encoding": "UTF-8"})
        if not self.artifacts:
            self._add("app", None, {})

    def _add(self, name: str, parent: int | None, more: dict[str, Any]) -> int:
        if name not in self._artifact:
            self._artifact[name] = len(self.artifacts)
            inner = name.rpartition("!")[2] if parent is not None else name
            entry: dict[str, Any] = {"location": {"uri": uri(inner)}, **more}
            if parent is not None:
                entry["parentIndex"] = parent
            self.artifacts.append(entry)
        return self._artifact[name]

    # ------------------------------------------------------------------------------------ rules

    def _rule(self, rule: Rule) -> int:
        if rule.id not in self.rules:
            self.rules[rule.id] = len(self.descriptors)
            text = rule.texts[self.view.lang]
            named = [c for c in rule.clauses if c in clauses()]
            self.descriptors.append(
                {
                    "id": rule.id,
                    "name": "".join(part.capitalize() for part in rule.id.split("-")),
                    "shortDescription": {"text": text.name},
                    "fullDescription": {"text": text.why},
                    "help": {
                        "text": f"{text.why}\n\n{self.w('advice')}: {_blank(text.advice)}",
                        "markdown": f"{text.why}\n\n**{self.w('advice')}** {_blank(text.advice)}",
                    },
                    "defaultConfiguration": {"level": LEVEL[rule.severity]},
                    "relationships": [_related(c) for c in in_profile(named, self.view.profile)],
                    "properties": {
                        "precision": PRECISION[rule.confidence],
                        "security-severity": SECURITY[rule.severity],
                        "tags": ["privacy", *sorted({clauses()[c].jurisdiction for c in named})],
                    },
                }
            )
        return self.rules[rule.id]

    def _bare_rule(self, ident: str) -> int:
        if ident not in self.rules:
            self.rules[ident] = len(self.descriptors)
            self.descriptors.append({"id": visible(ident)})
        return self.rules[ident]

    # ---------------------------------------------------------------------------------- results

    def _result(self, finding: Finding) -> dict[str, Any]:
        rule = self.view.rules.get(finding.rule)
        index = self._rule(rule) if rule else self._bare_rule(finding.rule)
        words = finding_text(self.view, finding, self.w)
        attributes = dict(finding.attributes)
        done = [e for f in finding.facts if f.stance == "observed" for e in f.evidence]
        said = [e for f in finding.facts if f.stance != "observed" for e in f.evidence]
        every = list(dict.fromkeys([*done, *said]))
        result: dict[str, Any] = {
            "ruleId": visible(finding.rule),
            "ruleIndex": index,
            "kind": KIND[finding.outcome],
            "level": LEVEL[finding.severity] if finding.outcome == "violation" else "none",
            "message": _message(words.message or words.title),
            "locations": [self._location(every[0]) if every else self._whole()],
            "partialFingerprints": {"appaudit/v1": visible(finding.fingerprint)},
            "taxa": [_taxon(c) for c in in_profile(finding.clauses, self.view.profile)],
            "properties": {
                "actor": visible(finding.actor),
                "subject": visible(finding.subject),
                "confidence": finding.confidence,
                "severity": finding.severity,
                **({"disclosure": finding.disclosure} if finding.disclosure else {}),
            },
        }
        if len(every) > 1:
            result["relatedLocations"] = [
                {"id": i, **self._location(e)} for i, e in enumerate(every[1 : RELATED + 1], 1)
            ]
        flows = [self._flow(e) for e in done if isinstance(e, CallSite) and e.path]
        if flows:
            result["codeFlows"] = flows[:10]
        stacks = [self._stack(e) for e in done if isinstance(e, Stack) and e.frames]
        if stacks:
            result["stacks"] = stacks[:10]
        if attributes.get("status") in STATE:
            result["baselineState"] = STATE[attributes["status"]]
        if "suppressed" in attributes:
            why = attributes.get("suppressed_reason") or self.w.get("suppression", attributes["suppressed"])
            result["suppressions"] = [
                {"kind": "external", "status": "accepted", "justification": visible(why)}
            ]
        return result

    def _whole(self) -> dict[str, Any]:
        return {
            "physicalLocation": {
                "artifactLocation": {"uri": self.artifacts[0]["location"]["uri"], "index": 0},
                "region": {"startLine": 1},
            }
        }

    def _location(self, evidence: Evidence) -> dict[str, Any]:
        place = self.places.of(evidence)
        text = place.text + (f" → {place.calls}" if place.calls else "")
        if isinstance(evidence, PolicySpan):
            index = self._add(evidence.document, None, {})
            location: dict[str, Any] = {
                "physicalLocation": {
                    "artifactLocation": {"uri": self.artifacts[index]["location"]["uri"], "index": index},
                    "region": {
                        "startLine": max(1, evidence.line),
                        "startColumn": evidence.start + 1,
                        "endColumn": max(evidence.end, evidence.start) + 1,
                        "snippet": {"text": visible(evidence.quote)},
                    },
                }
            }
        else:
            location = self._whole()
        named = evidence.caller if isinstance(evidence, CallSite) else ""
        if named:
            location["logicalLocations"] = [
                {
                    "fullyQualifiedName": visible(java_member(named)),
                    "decoratedName": visible(named),
                    "kind": "function",
                }
            ]
        location["message"] = _message(f"{text} ({place.where})" if place.where else text)
        return location

    def _flow(self, site: CallSite) -> dict[str, Any]:
        return {
            "threadFlows": [
                {
                    "locations": [
                        {"location": {**self._whole(), "message": _message(visible(java_member(step)))}}
                        for step in (site.path or ())[:STEPS]
                    ]
                }
            ]
        }

    def _stack(self, stack: Stack) -> dict[str, Any]:
        frames = [
            {"location": {**self._whole(), "logicalLocations": [{"fullyQualifiedName": visible(f)}]}}
            for f in stack.frames[:STEPS]
        ]
        return {"message": _message(visible(java_member(stack.api))), "frames": frames}

    # ---------------------------------------------------------------------- taxonomies and gaps

    def _cited(self, findings: Iterable[Finding]) -> dict[str, list[str]]:
        named = [c for f in findings for c in f.clauses]
        named += [c for r in self.view.rules.values() for c in r.clauses]
        cited: dict[str, list[str]] = {}
        for key in in_profile(dict.fromkeys(named), self.view.profile):
            cited.setdefault(clauses()[key].instrument, []).append(key)
        return cited

    def _taxonomy(self, law: str, ids: list[str]) -> dict[str, Any]:
        instrument = instruments()[law]
        name = instrument.zh if self.view.lang == "zh" else instrument.en
        return {
            "name": law,
            "fullName": f"{name} {instrument.number}".strip(),
            **({"releaseDateUtc": instrument.date} if len(instrument.date) == 10 else {}),
            "taxa": [
                {"id": c, "shortDescription": {"text": clauses()[c].checked(self.view.lang)}} for c in ids
            ],
        }

    def _codes(self) -> list[dict[str, Any]]:
        codes = dict.fromkeys(visible(g.code) for g in self.view.gaps)
        return [{"id": c, "shortDescription": {"text": self.w.get("gap", c)}} for c in codes]

    def _notifications(self) -> Iterator[dict[str, Any]]:
        index = {c["id"]: i for i, c in enumerate(self._codes())}
        for gap in dict.fromkeys(self.view.gaps):
            code = visible(gap.code)
            yield {
                "level": "warning",
                "descriptor": {"id": code, "index": index[code]},
                "message": _message(
                    f"{self.w.get('gap', gap.code)}: {visible(gap.scope)}. {self.w.reason(gap)}"
                ),
            }


def _message(text: str) -> dict[str, str]:
    """A plain-text message. Viewers make links of ``[text](target)`` there: words of an app or a policy may
    make none."""
    return {"text": text.replace("](", "] (")}


def _taxon(clause: str) -> dict[str, Any]:
    return {"id": clause, "toolComponent": {"name": clauses()[clause].instrument}}


def _related(clause: str) -> dict[str, Any]:
    return {"target": _taxon(clause), "kinds": ["relevant"]}


def _blank(template: str) -> str:
    """A template read without a case: names in braces become an ellipsis."""
    out, depth = [], 0
    for char in template:
        depth += char == "{"
        if not depth:
            out.append(char)
        elif char == "}":
            depth -= 1
            out.append("…")
    return "".join(out)


def uri(name: str) -> str:
    """A file name as a relative URI reference."""
    path = name.replace("\\", "/").lstrip("/") or "app"
    return quote(path.encode("utf-8", "replace"), safe="/!~()'")


def _slug(name: str) -> str:
    return quote(name.encode("utf-8", "replace"), safe="") or "app"
