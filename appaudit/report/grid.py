"""Tables in words, built once for every writer."""

from __future__ import annotations

from appaudit.knowledge.regulations import in_profile, notice_label
from appaudit.records import Finding
from appaudit.report.cells import Cell, Grid, number, text
from appaudit.report.clauses import ClauseRow, clause_rows
from appaudit.report.grid_app import AppGrids
from appaudit.report.grid_lists import ListGrids
from appaudit.report.model import ordered
from appaudit.report.places import moment
from appaudit.report.tables import (
    data_rows,
    facts_where,
    observed,
)
from appaudit.report.text import finding_text
from appaudit.report.visible import visible


class Grids(AppGrids, ListGrids):
    """Builds every table of one view in one language."""

    def data(self) -> Grid:
        """Data types: said and done."""
        headers = (
            "data_type", "declared", "declared_shared", "denied", "in_code", "in_run", "in_traffic",
        )  # fmt: skip
        return self.make(
            "data_table",
            headers,
            data_rows(self.view),
            lambda r: (
                text(self.w.subject(r.subject), "name"),
                self.said(r.collected) if r.collected or not r.broader else self._vaguely(r.broader),
                self.said(r.shared),
                self.said(r.denied),
                self.seen(r.static, "static"),
                self.seen(r.dynamic, "dynamic"),
                self.seen(r.traffic, "traffic"),
            ),
            self.w("data_intro"),
        )

    def declarations(self) -> Grid:
        """What the documents say about data, permissions and SDKs."""
        return self.worded(
            "declarations",
            facts_where(self.view, lambda f: not observed(f) and not f.subject.startswith("topic:")),
        )

    def topics(self) -> Grid:
        """What the documents say beside data: rights, retention, contacts."""
        return self.worded(
            "topics", facts_where(self.view, lambda f: not observed(f) and f.subject.startswith("topic:"))
        )

    def gaps(self) -> Grid:
        """What could not be examined."""
        gaps = sorted(set(self.view.gaps), key=lambda g: (g.source, g.code, g.scope, g.reason))
        return self.make(
            "gaps",
            ("source", "kind", "scope", "reason"),
            gaps,
            lambda g: (
                text(self.w.of("source", g.source)),
                text(self.w.get("gap", g.code)),
                text(g.scope, "code"),
                text(self.w.reason(g)),
            ),
            self.w("gaps_intro"),
        )

    def conditions(self) -> Grid:
        """What a run ran under, in the order in which it was found out."""
        return self.make(
            "run_conditions",
            ("name", "stated", "phase", "moment"),
            self.view.conditions,
            lambda c: (
                text(self.w.get("run_condition", c.name), "name"),
                text(c.value, "code"),
                text(self.w.of("phase", c.phase) if c.phase != "unknown" else ""),
                text(moment(c.time) if c.time is not None else ""),
            ),
            self.w("run_conditions_intro"),
        ).trimmed()

    def documents(self) -> Grid:
        """The declared documents."""
        return self.make(
            "documents",
            ("file", "role", "format", "language", "lines", "size"),
            self.view.documents,
            lambda d: (
                Cell(tuple(x for x in (visible(d.title), visible(d.name), visible(d.sha256)) if x), "code"),
                text(self.w.get("document_role", d.role)),
                text(d.format),
                text(self.w.get("doc_language", d.language)),
                number(d.lines),
                text(size(d.size)),
            ),
        )

    def clauses(self) -> Grid:
        """Each clause of the profile with its result."""

        def grounds(row: ClauseRow) -> Cell:
            cited: tuple[tuple[str, str], ...] = ()
            if row.findings:
                active = [f for f in row.findings if f.outcome == row.outcome] or row.findings
                titles = [
                    (self._title(f), f"f-{f.fingerprint}" if f.fingerprint else "")
                    for f in active[: self._items]
                ]
                more = [(f"… +{len(active) - self._items}", "")] if len(active) > self._items else []
                cited = tuple(titles + more)
            needs = [self.w.of("needs", n) for n in row.missing or row.clause.evidence]
            what = row.clause.decide.get(self.w.lang) or self.w("comma").join(needs)
            person = row.clause.judge == "person"
            open_ = what and (person or row.outcome == "not_examined")
            decide = (self.w("person_decides" if person else "would_decide", what=what),) if open_ else ()
            return Cell(decide, "links", links=cited)

        return self.make(
            "clauses",
            ("clause", "checked", "judged_by", "result", "evidence"),
            clause_rows(self.view),
            lambda r: (
                Cell((self.w.clause(r.clause.id),), "name"),
                Cell(
                    tuple(
                        x for x in (r.clause.label.get(self.w.lang, ""), r.clause.checked(self.w.lang)) if x
                    )
                ),
                Cell((self.w.of("judge", r.clause.judge),)),
                Cell((self.w.of("outcome", r.outcome),), r.outcome),
                grounds(r),
            ),
            self.w("clauses_intro"),
        )

    def _title(self, finding: Finding) -> str:
        """A finding's title. One not examined says so first: its title names what to look for."""
        title = finding_text(self.view, finding, self.w).title
        if finding.outcome != "not_examined":
            return title
        return self.w.of("outcome", "not_examined") + self.w("colon") + title

    def findings(self) -> Grid:
        """Every finding on a line: what CSV and XLSX list."""
        keys = (
            "outcome", "severity", "rule", "finding", "message", "disclosure", "actor", "action",
            "subject", "phase", "confidence", "label", "basis", "advice", "status", "suppressed",
            "evidence", "quote", "fingerprint",
        )  # fmt: skip
        return self.make("findings", keys, ordered(self.view.findings), self._finding)

    def _finding(self, f: Finding) -> tuple[Cell, ...]:
        words = finding_text(self.view, f, self.w)
        attributes = dict(f.attributes)
        done = [x for x in f.facts if observed(x)]
        said = [x for x in f.facts if not observed(x)]
        named = in_profile(f.clauses, self.view.profile) or list(f.clauses)
        return (
            Cell((self.w.of("outcome", f.outcome),), f.outcome),
            text(self.w.of("severity", f.severity)),
            text(f.rule, "code"),
            Cell((words.title,)),
            Cell((words.message,)),
            text(self.w.of("disclosure", f.disclosure) if f.disclosure else ""),
            text(self.w.actor(f.actor)),
            text(self.w.get("action", f.action)),
            text(self.w.subject(f.subject)),
            self.listing(self.w.of("phase", x.phase) for x in done if x.phase != "unknown"),
            text(self.w.of("confidence", f.confidence)),
            text(notice_label(f.clauses, self.w.lang)),
            self.listing((visible(c) for c in named), "inline"),
            Cell((words.advice,)),
            text(self.w.status(attributes)),
            text(self.w.get("suppression", attributes["suppressed"]) if "suppressed" in attributes else ""),
            self.evidence(done, 3),
            self.evidence(said, 3),
            text(f.fingerprint, "code"),
        )

    def sample(self) -> Grid:
        """The sample, as pairs."""
        app = self.view.app
        pairs: list[tuple[str, Cell]] = []
        if app is not None:
            sdk = [
                f"{self.w(k)} {v}"
                for k, v in (("min_sdk", app.min_sdk), ("target_sdk", app.target_sdk))
                if v is not None
            ]
            version = visible(app.version_name) + (
                f" ({visible(app.version_code)})" if app.version_code else ""
            )
            schemes: dict[str, list[str]] = {}
            for s in app.signers:
                schemes.setdefault(s.certificate_sha256, []).append(s.scheme)
            signers = [
                f"{visible(', '.join(dict.fromkeys(names)))}  {visible(digest)}"
                for digest, names in schemes.items()
            ]
            pairs = [
                ("name", text(app.label)),
                ("package", text(app.package, "code")),
                ("version", text(version)),
                ("sdk_levels", Cell((" · ".join(sdk),) if sdk else ())),
                ("file", text(app.file, "code")),
                ("container", text(self.w.get("container", app.container))),
                ("size", text(f"{size(app.size)} ({app.size:,} B)")),
                ("MD5", text(app.md5, "code")),
                ("SHA-256", text(app.sha256, "code")),
                ("signer", Cell(tuple(signers) or (self.w("none"),), "code")),
            ]
        if self.view.date:
            pairs.append(("done_at", text(self.view.date)))
        label = {"MD5": "MD5", "SHA-256": "SHA-256"}
        rows: list[tuple[Cell, ...]] = [
            (text(label.get(k) or self.w(k), "name"), c) for k, c in pairs if c.lines
        ]
        return Grid("sample", self.w("sample"), (self.w("name"), self.w("attributes")), rows)

    def environment(self) -> Grid:
        """Tool and knowledge versions, and the files of knowledge that the user brought."""
        known = self.view.knowledge
        items = [*self.view.tool.items(), *((k, v) for k, v in known.items() if k != "own")]
        items += [(f"--{file['kind']} {file['name']}", file["sha256"]) for file in known.get("own", ())]
        rows: list[tuple[Cell, ...]] = [(text(k, "name"), text(v, "code")) for k, v in items]
        return Grid("environment", self.w("environment"), (self.w("name"), self.w("version")), rows)


def size(n: int) -> str:
    """Bytes for people: ``12.3 MB``, decimal."""
    value = float(n)
    for unit in ("B", "kB", "MB"):
        if value < 1000 or unit == "MB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{n} B"
