"""Tables in words: what HTML, CSV, XLSX and the terminal all show, built once.

A `Grid` is a titled table of `Cell`; a cell holds lines of finished text in the report's language, and
may hold places (evidence). Writers decide only how it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from appaudit.knowledge.regulations import in_profile, notice_label
from appaudit.knowledge.sdks import CATEGORIES, sdks
from appaudit.knowledge.wording import limit
from appaudit.records import Fact, Finding
from appaudit.report.clauses import ClauseRow, clause_rows
from appaudit.report.lists import SharedRow, collected_rows, shared_rows
from appaudit.report.model import AuditView, ordered
from appaudit.report.places import Place, Places, java_member, moment
from appaudit.report.tables import (
    PermissionRow,
    actors,
    call_rows,
    data_rows,
    facts_where,
    host_rows,
    observed,
    permission_rows,
    sdk_rows,
    subjects,
)
from appaudit.report.text import extras, fact_sentence, finding_text
from appaudit.report.visible import visible
from appaudit.report.words import Words

ROWS = 1000
"""Rows a page shows of one table; CSV and JSON hold all."""

ITEMS = 6
"""Items a cell lists."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``kind``: text · code · number · yes · name · inline · seen · said · places · links · blank, or an
    outcome. ``more``: places left out. ``links``: (text, anchor in the page)."""

    lines: tuple[str, ...] = ()
    kind: str = "text"
    places: tuple[Place, ...] = ()
    more: int = 0
    links: tuple[tuple[str, str], ...] = ()

    @property
    def filled(self) -> bool:
        """Whether it holds anything."""
        return bool(self.lines or self.places or self.links)

    @property
    def text(self) -> str:
        """The cell on one line."""
        return ", ".join([*self.lines, *(label for label, _ in self.links)])


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. ``more``: rows left out of ``rows``."""

    id: str
    title: str
    headers: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    intro: str = ""
    more: int = 0

    def trimmed(self) -> Grid:
        """Without the columns that are empty in every row."""
        kept = [i for i in range(len(self.headers)) if any(row[i].filled for row in self.rows)]
        return replace(
            self,
            headers=tuple(self.headers[i] for i in kept),
            rows=[tuple(row[i] for i in kept) for row in self.rows],
        )


def text(value: object, kind: str = "text") -> Cell:
    """A cell of one line, hostile characters made visible; empty when there is nothing."""
    shown = visible(value) if value not in (None, "") else ""
    return Cell((shown,) if shown else (), kind)


def number(value: int) -> Cell:
    """A count, thousands grouped."""
    return Cell((f"{value:,}",), "number")


class Grids:
    """Builds every table of one view in one language.

    ``rows``: the most rows of a table. ``items``: the most items of a cell.
    """

    def __init__(self, view: AuditView, words: Words, rows: int = ROWS, items: int = ITEMS) -> None:
        self.view = view
        self.w = words
        self.places = Places(words, view.texts)
        self._rows = rows
        self._items = items
        self._index: dict[int, int] | None = None

    def make(
        self,
        ident: str,
        headers: Sequence[str],
        items: Sequence[Any],
        row: Callable[[Any], tuple[Cell, ...]],
        intro: str = "",
    ) -> Grid:
        """A grid whose title and headers are label keys; ``row`` runs only for rows that are kept."""
        kept = items[: self._rows]
        return Grid(
            ident,
            self.w(ident),
            tuple(self.w(h) for h in headers),
            [row(i) for i in kept],
            intro,
            len(items) - len(kept),
        )

    # ------------------------------------------------------------------ cells

    def listing(self, values: Iterable[str], kind: str = "text") -> Cell:
        """Several values, the rest counted."""
        every = list(dict.fromkeys(values))
        shown = every[: self._items]
        if len(every) > self._items:
            shown.append(f"… +{len(every) - self._items}")
        return Cell(tuple(shown), kind)

    def subjects(self, facts: Iterable[Fact]) -> Cell:
        """Names of the facts' subjects."""
        return self.listing((self.w.subject(s) for s in subjects(facts)), "inline")

    def actors(self, facts: Iterable[Fact]) -> Cell:
        """Names of the facts' actors, the app first."""
        return self.listing(self.w.actor(a) for a in actors(facts))

    def seen(self, facts: Sequence[Fact], source: str = "") -> Cell:
        """Who was seen doing it and how often; that ``source`` was not examined, where it was not."""
        if not facts:
            ran = not source or self.view.coverage.get(source, {}).get("examined")
            return Cell((), "blank") if ran else Cell((self.w.of("outcome", "not_examined"),), "unexamined")
        by: dict[str, int] = {}
        for fact in facts:
            by[fact.actor] = by.get(fact.actor, 0) + fact.count
        order = sorted(by, key=lambda a: (a != "app", a))
        lines = [f"{self.w.actor(a)} {self.w('times', n=by[a])}" for a in order[: self._items]]
        if len(order) > self._items:
            lines.append(f"… +{len(order) - self._items}")
        return Cell(tuple(lines), "seen")

    def said(self, facts: Sequence[Fact]) -> Cell:
        """Where the documents say it: lines, by document only when there are several."""
        if not facts:
            return Cell((), "blank")
        places, more = self.places.of_facts(facts, 3)
        return Cell((self.w("yes"),), "said", tuple(places), more)

    def _vaguely(self, facts: Sequence[Fact]) -> Cell:
        names = self.w("comma").join(self.w.subject(s) for s in subjects(facts))
        said = self.said(facts)
        return Cell((self.w("broadly", what=names),), "said", said.places, said.more)

    def evidence(self, facts: Iterable[Fact], limit: int = 4) -> Cell:
        """Places of several facts."""
        places, more = self.places.of_facts(facts, limit)
        return Cell((), "places", tuple(places), more)

    # ------------------------------------------------------------------ tables

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

    def permissions(self) -> Grid:
        """Permissions, four ways."""

        def manifest(facts: list[Fact]) -> Cell:
            if not facts:
                return Cell((), "blank")
            notes = [self.detail(k, v) for f in facts for k, v in f.attributes if k in ("max_sdk", "min_sdk")]
            return Cell((self.w("yes"), *dict.fromkeys(notes)), "yes")

        return self.make(
            "permissions",
            ("permission", "unlocks", "declared_manifest", "used_in_code", "asked_at_run", "in_policy"),
            permission_rows(self.view),
            lambda r: (
                Cell(self._permission(r), "code"),
                self.listing((self.w.subject(f"data:{d}") for d in r.unlocks), "inline"),
                manifest(r.manifest),
                self.seen(r.used),
                self.seen(r.asked, "dynamic"),
                self.said(r.policy),
            ),
        )

    def _permission(self, row: PermissionRow) -> tuple[str, ...]:
        name = row.names[self.w.lang == "en"]
        level = self.w.get("level", row.level)
        return (
            visible(row.name.removeprefix("android.permission.")),
            " · ".join(x for x in (visible(name), level) if x),
        )

    def detail(self, key: str, value: str) -> str:
        """An attribute in words."""
        return f"{self.w.get('attribute', key)}{self.w('colon')}{visible(self.w.value(value), 120)}"

    def sdks(self) -> Grid:
        """Third-party SDKs."""
        return self.make(
            "sdks",
            ("sdk", "category", "version", "found_by", "reaches", "alone", "self_start", "host", "listed"),
            sdk_rows(self.view),
            lambda r: (
                Cell(tuple(dict.fromkeys((self.w.sdk(r.id), visible(r.id)))), "name"),
                text(self._category(r.id)),
                self.listing(visible(f.attribute["version"]) for f in r.found if "version" in f.attribute),
                self.evidence(r.found, 3),
                self._sites(r.reaches),
                self.subjects(r.alone),
                self.listing(self._start(f) for f in r.starts),
                self.subjects(r.hosts),
                self.said(r.disclosed),
            ),
        )

    def _sites(self, facts: list[Fact]) -> Cell:
        """Types of data with the number of places in the code that read each."""
        counts: dict[str, int] = {}
        for fact in facts:
            counts[fact.subject] = counts.get(fact.subject, 0) + (
                fact.count if fact.source == "static" else 0
            )
        return self.listing(
            f"{self.w.subject(s)} ×{n}" if n else self.w.subject(s) for s, n in counts.items()
        )

    def _start(self, fact: Fact) -> str:
        """What runs by itself: a component and what starts it, or the app's start."""
        if fact.action == "starts":
            triggers = [visible(t.rpartition(".")[2]) for t in fact.attribute.get("triggers", "").split()]
            return " · ".join((visible(fact.subject.partition(":")[2]), *triggers))
        return visible(fact.attribute["startup"])

    def _category(self, ident: str) -> str:
        sdk = sdks().get(ident)
        if sdk is None:
            return ""
        return CATEGORIES[sdk.category] if self.w.lang == "zh" else sdk.category.replace("_", " ")

    def hosts(self) -> Grid:
        """Hosts in code and traffic."""
        return self.make(
            "hosts",
            ("host", "by", "seen_in", "transport", "data_sent", "evidence"),
            host_rows(self.view),
            lambda r: (
                text(r.host, "code"),
                self.actors(r.contacts + r.sends),
                self.listing(self.w.of("source", f.source) for f in r.contacts + r.sends),
                text(self.w("cleartext") if any(_cleartext(f) for f in r.contacts + r.sends) else ""),
                self.subjects(r.sends),
                self.evidence(r.sends or r.contacts, 2),
            ),
        )

    def calls(self) -> Grid:
        """Where each party reaches each type of data."""
        return self.make(
            "calls",
            ("actor", "subject", "api", "source", "phase", "count", "where"),
            call_rows(self.view),
            lambda r: (
                text(self.w.actor(r.actor)),
                text(self.w.subject(r.subject)),
                Cell((visible(java_member(r.api)), *self._levels(r.facts)), "code"),
                text(self.w.of("source", r.source)),
                text("" if r.phase == "unknown" else self.w.of("phase", r.phase)),
                number(r.count),
                self.evidence(r.facts, 3),
            ),
            self.w("calls_intro"),
        )

    def _levels(self, facts: Iterable[Fact]) -> tuple[str, ...]:
        """Since and until which API level a call is there, and what the platform limits it to."""
        told = []
        for attributes in (fact.attribute for fact in facts):
            told += [self.detail(key, attributes[key]) for key in ("since", "until") if key in attributes]
            if "limit" in attributes:
                told.append(visible(limit(attributes["limit"], "", self.w.lang)))
        return tuple(dict.fromkeys(told))

    def _plain(self, ident: str, facts: list[Fact]) -> Grid:
        return self.make(
            ident,
            ("action", "subject", "actor", "attributes", "evidence"),
            facts,
            lambda f: (
                text(self.w.get("action", f.action)),
                text(self.w.subject(f.subject), "code"),
                text(self.w.actor(f.actor)),
                self.listing(self.detail(k, v) for k, v in f.attributes),
                self.evidence([f], 2),
            ),
        )

    def components(self) -> Grid:
        """What starts itself, starts others, or is exposed."""
        return self._plain(
            "components",
            facts_where(self.view, lambda f: observed(f) and f.action in ("starts", "exposes")),
        )

    def properties(self) -> Grid:
        """Settings and tricks of the package."""
        return self._plain(
            "properties",
            facts_where(
                self.view, lambda f: observed(f) and f.subject.partition(":")[0] in ("trick", "setting")
            ),
        )

    def _words(self, ident: str, facts: list[Fact]) -> Grid:
        return self.make(
            ident,
            ("subject", "attributes", "quote"),
            facts,
            lambda f: (
                text(fact_sentence(f, self.w)),
                Cell(tuple(f"{label}: {value}" for label, value in extras(f, self.w))),
                self.evidence([f], 2),
            ),
        )

    def declarations(self) -> Grid:
        """What the documents say about data, permissions and SDKs."""
        return self._words(
            "declarations",
            facts_where(self.view, lambda f: not observed(f) and not f.subject.startswith("topic:")),
        )

    def topics(self) -> Grid:
        """What the documents say beside data: rights, retention, contacts."""
        return self._words(
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
                    (finding_text(self.view, f, self.w).title, f"f-{f.fingerprint}" if f.fingerprint else "")
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

    def collected(self) -> Grid:
        """已收集个人信息清单: type, purpose, scene, way, who; each row with its facts."""
        return self.make(
            "collected_list",
            ("data_type", "collector", "purpose", "scene", "way_collected", "in_policy", "facts", "evidence"),
            collected_rows(self.view),
            lambda r: (
                text(self.w.subject(r.subject), "name"),
                text(self.w.actor(r.actor)),
                self._filled(visible(f.purpose) for f in r.said if f.purpose),
                self._scenes(r.seen, r.said),
                self._ways(r.seen),
                self.said(r.said),
                self.pointers(r.seen + r.said),
                self.evidence(r.seen, 2),
            ),
            self.w("list_draft"),
        )

    def shared(self) -> Grid:
        """与第三方共享个人信息清单: who, company, types, purpose, scene, way of sharing, link."""
        return self.make(
            "shared_list",
            ("recipient", "company", "collected_types", "vendor_says", "purpose", "scene", "way", "link",
             "in_policy", "facts", "evidence"),
            shared_rows(self.view, self.w.lang),
            lambda r: (
                text(self.w.actor(r.party), "name"),
                text(r.company),
                self.subjects([f for f in r.seen + r.said if f.subject.startswith("data:")]),
                self.listing((self.w.subject(f"data:{d}") for d in r.vendor), "inline"),
                self._filled(visible(f.purpose) for f in r.said if f.purpose),
                self._scenes(r.seen, r.said),
                self._sharing(r),
                text(r.link, "code"),
                self.said(r.said),
                self.pointers(r.proof + r.seen + r.said),
                self.evidence(r.seen + r.proof, 2),
            ),
            self.w("list_draft"),
        )  # fmt: skip

    def pointers(self, facts: Iterable[Fact]) -> Cell:
        """Where facts stand in the JSON output, as JSON pointers."""
        if self._index is None:
            self._index = {id(f): i for i, f in enumerate(self.view.facts)}
        found = dict.fromkeys(self._index[id(f)] for f in facts if id(f) in self._index)
        return self.listing((f"/facts/{i}" for i in found), "pointer")

    def _filled(self, values: Iterable[str]) -> Cell:
        cell = self.listing(values)
        return cell if cell.lines else Cell((self.w("to_fill"),), "todo")

    def _scenes(self, seen: list[Fact], said: list[Fact]) -> Cell:
        phases = (self.w.of("phase", f.phase) for f in seen if f.phase != "unknown")
        conditions = (self.w.condition(c) for f in said for c in f.condition)
        return self._filled([*phases, *conditions])

    def _ways(self, seen: list[Fact]) -> Cell:
        ways = [
            self.w.subject(f"permission:{p}") for f in seen for p in f.attribute.get("permission", "").split()
        ]
        apis = [visible(java_member(f.attribute["api"])) for f in seen if "api" in f.attribute]
        return self.listing([*ways, *apis], "code")

    def _sharing(self, row: SharedRow) -> Cell:
        ways = []
        if row.party.startswith("sdk:") and (row.proof or row.seen):
            ways.append(self.w("way_sdk"))
        if any(f.action == "sends" for f in row.seen):
            ways.append(self.w("way_client"))
        return self._filled(ways)

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
        """Tool and knowledge versions."""
        items = [*self.view.tool.items(), *self.view.knowledge.items()]
        rows: list[tuple[Cell, ...]] = [(text(k, "name"), text(v, "code")) for k, v in items]
        return Grid("environment", self.w("environment"), (self.w("name"), self.w("version")), rows)


def _cleartext(fact: Fact) -> bool:
    return fact.attribute.get("cleartext") == "yes"


def size(n: int) -> str:
    """Bytes for people: ``12.3 MB``, decimal."""
    value = float(n)
    for unit in ("B", "kB", "MB"):
        if value < 1000 or unit == "MB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{n} B"
