"""The two lists that regulators ask for, as tables."""

from __future__ import annotations

from collections.abc import Iterable

from appaudit.records import Fact
from appaudit.report.cells import Cell, Cells, Grid, text
from appaudit.report.lists import SharedRow, collected_rows, shared_rows
from appaudit.report.places import java_member
from appaudit.report.visible import visible


class ListGrids(Cells):
    """Data collected, and third parties it is shared with."""

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
