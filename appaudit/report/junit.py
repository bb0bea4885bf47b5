"""JUnit XML for CI: one case per rule.

A rule with a violation fails; a rule that found only what a person must judge, or could not examine what
it needs, is skipped with the reason; the rest pass. Gaps are a suite of their own, every case skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from appaudit.knowledge.rules import Rule
from appaudit.records import Finding
from appaudit.report.blocks import finding_block
from appaudit.report.csv import place_text
from appaudit.report.model import AuditView, ordered, suppressed
from appaudit.report.places import Places
from appaudit.report.text import finding_text
from appaudit.report.visible import visible
from appaudit.report.words import Words

LISTED = 50
"""Findings written out under one rule."""


def render(view: AuditView) -> str:
    """The document as XML text."""
    words = Words(view.lang)
    places = Places(words, view.texts)
    found: dict[str, list[Finding]] = {ident: [] for ident in view.rules}
    for finding in ordered(view.findings):
        if not suppressed(finding):
            found.setdefault(finding.rule, []).append(finding)
    name = visible(view.app.package or view.app.file) if view.app else "policy"
    root = Element("testsuites", name="appaudit")
    rules = SubElement(root, "testsuite", name=name)
    for ident, findings in found.items():
        case = SubElement(rules, "testcase", classname=name, name=visible(ident))
        _judge(case, view, view.rules.get(ident), findings, words, places)
    _count(rules)
    gaps = SubElement(root, "testsuite", name=words("gaps"))
    for gap in dict.fromkeys(view.gaps):
        case = SubElement(
            gaps,
            "testcase",
            classname=words("gaps"),
            name=f"{words.get('gap', gap.code)}: {visible(gap.scope)}",
        )
        SubElement(case, "skipped", message=words.reason(gap))
    _count(gaps)
    for key in ("tests", "failures", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _judge(
    case: Element, view: AuditView, rule: Rule | None, findings: list[Finding], words: Words, places: Places
) -> None:
    wrong = [f for f in findings if f.outcome == "violation"]
    if wrong:
        first = finding_text(view, wrong[0], words)
        failure = SubElement(case, "failure", type=wrong[0].severity, message=first.title)
        failure.text = "\n\n".join(_lines(view, wrong, words, places))
        return
    open_ = [f for f in findings if f.outcome in ("review", "not_examined")]
    if open_:
        outcome = open_[0].outcome
        message = f"{words.of('outcome', outcome)}: {finding_text(view, open_[0], words).title}"
        skipped = SubElement(case, "skipped", message=message)
        skipped.text = "\n\n".join(_lines(view, open_, words, places))
    elif not findings and rule is not None and not _examined(view, rule):
        SubElement(case, "skipped", message=words.of("outcome", "not_examined"))


def _examined(view: AuditView, rule: Rule) -> bool:
    ran = {source for source, what in view.coverage.items() if what.get("examined")}
    return all(ran & set(needed.split("|")) for needed in rule.sources)


def _lines(view: AuditView, findings: list[Finding], words: Words, places: Places) -> Iterable[str]:
    for finding in findings[:LISTED]:
        block = finding_block(view, finding, words, places)
        lines = [f"[{words.of('severity', finding.severity)}] {block.text.title}", block.text.message]
        for facts, label in ((block.done, words("app_does")), (block.said, words("policy_says"))):
            lines += [f"  {label}: {place_text(p)}" for f in facts for p in f.places]
        if block.text.advice:
            lines.append(f"  {words('advice')}: {block.text.advice}")
        yield "\n".join(lines)
    if len(findings) > LISTED:
        yield words("more_rows", n=len(findings) - LISTED)


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
