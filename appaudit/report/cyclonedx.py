"""CycloneDX 1.6: the SDKs of an app as a bill of materials, and which of them sends what where.

The package is the ``application``; SDKs are ``library`` components (CycloneDX has no type for an SDK) with
the evidence of their identity; a host that an SDK or the app contacts is a service, with the data it gets.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from appaudit.knowledge.sdks import companies, sdks
from appaudit.records import (
    CallSite,
    ClassDefinition,
    Evidence,
    Fact,
    FileEntry,
    ManifestEntry,
    Stack,
    StringConstant,
)
from appaudit.report.model import AuditView
from appaudit.report.places import Places
from appaudit.report.tables import HostRow, SdkRow, host_rows, observed, sdk_rows, subject_id, subjects
from appaudit.report.visible import visible
from appaudit.report.words import Words

OCCURRENCES = 100

TECHNIQUE: dict[type, tuple[str, float]] = {
    ClassDefinition: ("binary-analysis", 0.9),
    FileEntry: ("filename", 0.7),
    ManifestEntry: ("manifest-analysis", 0.8),
    CallSite: ("binary-analysis", 0.6),
    StringConstant: ("binary-analysis", 0.3),
    Stack: ("instrumentation", 1.0),
}
"""CycloneDX's name for how each kind of evidence identifies an SDK, and how sure that is."""


def render(view: AuditView) -> str:
    """The bill of materials as JSON text."""
    return json.dumps(bom(view), ensure_ascii=False, indent=1) + "\n"


def bom(view: AuditView) -> dict[str, Any]:
    """The bill of materials as plain values."""
    words = Words(view.lang)
    places = Places(words, {})
    found = [r for r in sdk_rows(view) if r.found or r.reaches]
    hosts = host_rows(view)
    root = _application(view)
    components = [_library(row, words, places) for row in found]
    made: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_serial(view)}",
        "version": 1,
        "metadata": {
            **({"timestamp": view.date} if view.date.endswith("Z") else {}),
            "tools": {
                "components": [
                    {
                        "type": "application",
                        "name": "appaudit",
                        "version": visible(view.tool.get("version", "0")),
                    }
                ]
            },
            "component": root,
        },
        "components": components,
        "dependencies": [
            {"ref": root["bom-ref"], "dependsOn": [c["bom-ref"] for c in components]},
            *({"ref": c["bom-ref"], "dependsOn": []} for c in components),
        ],
    }
    if hosts:
        made["services"] = [_service(row, words) for row in hosts]
    return made


def _serial(view: AuditView) -> uuid.UUID:
    """The same sample under the same knowledge has the same serial number."""
    app = view.app.sha256 if view.app else ""
    return uuid.uuid5(uuid.NAMESPACE_OID, ascii(("appaudit", app, sorted(view.knowledge.items()))))


def _ref(kind: str, name: str) -> str:
    shown = visible(name, 100)
    if shown != name:  # two hostile names may look alike
        shown += "#" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{kind}:{shown}"


def _application(view: AuditView) -> dict[str, Any]:
    app = view.app
    if app is None:
        return {"type": "application", "bom-ref": "app", "name": "app"}
    hashes = [{"alg": "MD5", "content": app.md5}, {"alg": "SHA-256", "content": app.sha256}]
    return {
        "type": "application",
        "bom-ref": "app",
        "name": visible(app.package or app.file),
        **({"version": visible(app.version_name)} if app.version_name else {}),
        "hashes": [h for h in hashes if _hexadecimal(h["content"])],
        "properties": [
            {"name": "appaudit:file", "value": visible(app.file)},
            *(
                {"name": f"appaudit:{key}", "value": str(value)}
                for key, value in (("minSdk", app.min_sdk), ("targetSdk", app.target_sdk))
                if value is not None
            ),
        ],
    }


def _hexadecimal(text: str) -> bool:
    return len(text) in (32, 64) and all(c in "0123456789abcdef" for c in text)


def _library(row: SdkRow, words: Words, places: Places) -> dict[str, Any]:
    sdk = sdks().get(row.id)
    company = companies().get(sdk.company) if sdk else None
    versions = dict.fromkeys(f.attribute["version"] for f in row.found if "version" in f.attribute)
    evidence = [e for f in row.found for e in f.evidence]
    links = [("website", sdk.homepage), ("privacy-policy", sdk.policy)] if sdk else []
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": _ref("sdk", row.id),
        "name": words.sdk(row.id),
        **({"version": visible(next(iter(versions)))} if len(versions) == 1 else {}),
        **({"supplier": {"name": company.en or company.zh}} if company else {}),
        "properties": [
            {"name": "appaudit:sdk", "value": visible(row.id)},
            {"name": "appaudit:disclosed", "value": "yes" if row.disclosed else "no"},
            *({"name": "appaudit:reaches", "value": visible(s)} for s in subjects(row.reaches)),
        ],
    }
    references = [
        {"type": "website" if kind == "website" else "other", "url": url, "comment": kind}
        for kind, url in links
        if url.startswith("https://")
    ]
    if references:
        made["externalReferences"] = references
    if evidence:
        made["evidence"] = _evidence(evidence, places)
    return made


def _evidence(evidence: list[Evidence], places: Places) -> dict[str, Any]:
    methods: dict[str, tuple[float, str]] = {}
    for item in evidence:
        technique, confidence = TECHNIQUE.get(type(item), ("other", 0.5))
        place = places.of(item)
        if methods.get(technique, (0.0, ""))[0] < confidence:
            methods[technique] = (confidence, place.text)
    occurrences = []
    for item in list(dict.fromkeys(evidence))[:OCCURRENCES]:
        place = places.of(item)
        occurrence: dict[str, Any] = {"location": place.where or place.text, "symbol": place.text}
        if isinstance(item, CallSite):
            occurrence["offset"] = item.offset
        occurrences.append(occurrence)
    return {
        "identity": [
            {
                "field": "name",
                "confidence": max(confidence for confidence, _ in methods.values()),
                "methods": [
                    {"technique": technique, "confidence": confidence, "value": value}
                    for technique, (confidence, value) in methods.items()
                ],
            }
        ],
        "occurrences": occurrences,
    }


def _service(row: HostRow, words: Words) -> dict[str, Any]:
    encrypted = not any(f.attribute.get("cleartext") == "yes" for f in row.contacts + row.sends)
    made: dict[str, Any] = {
        "bom-ref": _ref("host", row.host),
        "name": visible(row.host),
        "x-trust-boundary": True,
        "properties": [
            *({"name": "appaudit:contacted-by", "value": visible(a)} for a in dict.fromkeys(_actors(row))),
            {"name": "appaudit:encrypted", "value": "yes" if encrypted else "no"},
        ],
    }
    sent = dict.fromkeys(subject_id(f) for f in row.sends if observed(f))
    if sent:
        made["data"] = [
            {"flow": "outbound", "classification": visible(s), "name": words.subject(f"data:{s}")}
            for s in sent
        ]
    return made


def _actors(row: HostRow) -> list[str]:
    facts: list[Fact] = row.contacts + row.sends
    return [f.actor for f in facts]
