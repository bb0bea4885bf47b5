"""The tables on the app itself: permissions, SDKs, hosts, calls, components, properties."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from appaudit.knowledge.sdks import CATEGORIES, sdks
from appaudit.knowledge.wording import limit
from appaudit.records import Fact
from appaudit.report.cells import Cell, Cells, Grid, number, text
from appaudit.report.places import java_member
from appaudit.report.tables import (
    PermissionRow,
    call_rows,
    facts_where,
    host_rows,
    observed,
    permission_rows,
    sdk_rows,
)
from appaudit.report.visible import visible


class AppGrids(Cells):
    """What was found in the app, table by table."""

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
                replace(self.evidence(r.found, 3), lines=tuple(dict.fromkeys(self._known_by(r.found)))),
                self._sites(r.reaches),
                self.subjects(r.alone),
                self.listing(self._start(f) for f in r.starts),
                self.subjects(r.hosts),
                self.said(r.disclosed),
            ),
        )

    def _known_by(self, facts: list[Fact]) -> Iterator[str]:
        """That renamed code was told by its fingerprint, and how sure; who calls the SDK."""
        for attributes in (fact.attribute for fact in facts):
            if attributes.get("basis") == "fingerprint":
                yield self.w("by_fingerprint", part=_percent(attributes.get("score", "")))
            callers = attributes.get("used_by", "")
            if callers == "none":
                yield self.w("never_called")
            elif callers:
                yield self.w("called_by", who=self.listing(map(self.w.actor, callers.split())).text)

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

    def components(self) -> Grid:
        """What starts itself, starts others, or is exposed."""
        return self.plain(
            "components",
            facts_where(self.view, lambda f: observed(f) and f.action in ("starts", "exposes")),
        )

    def properties(self) -> Grid:
        """Settings and tricks of the package."""
        return self.plain(
            "properties",
            facts_where(
                self.view, lambda f: observed(f) and f.subject.partition(":")[0] in ("trick", "setting")
            ),
        )


def _cleartext(fact: Fact) -> bool:
    return fact.attribute.get("cleartext") == "yes"


def _percent(share: str) -> str:
    """A share as a bundle has it, in whole percent that were reached; as it stands where it is no number."""
    try:
        return f"{int(100 * float(share))}%"
    except (ValueError, OverflowError):
        return share
