"""Findings for people and machines: pure functions from records to text or bytes.

`FORMATS` is the table of what ``-f`` knows. A writer is loaded when it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appaudit.bundle import Bundle
    from appaudit.report.model import AuditView, Kind, Lang


@dataclass(frozen=True, slots=True)
class Format:
    """One output format. ``module``: its writer here, with ``render(view)`` giving text or bytes.

    ``commands``: which documents it can show. ``binary``: not for a terminal. ``function``: the writer's
    name in its module. ``whole``: a record of the audit, which holds every finding whatever the profile, and
    so can be the baseline of a later one.
    """

    name: str
    suffix: str
    module: str
    commands: tuple[Kind, ...] = ("scan", "policy", "audit")
    binary: bool = False
    function: str = "render"
    whole: bool = False

    def write(
        self,
        bundle: Bundle,
        lang: Lang,
        command: Kind,
        width: int = 100,
        color: bool = False,
        *,
        verbose: bool = False,
        profile: str = "all",
        form: str = "",
    ) -> bytes:
        """The bundle in this format. ``width``, ``color`` and ``verbose`` are the terminal's."""
        from appaudit.report.model import view_of

        view = view_of(bundle, command, lang, profile, form, self.whole)
        if self.name == "terminal":
            from appaudit.report import terminal

            return terminal.render(view, width, color=color, verbose=verbose).encode()
        return self.render(view)

    def render(self, view: AuditView) -> bytes:
        """A view in this format."""
        render: Callable[[AuditView], str | bytes] = getattr(
            import_module(f"appaudit.report.{self.module}"), self.function
        )
        made = render(view)
        return made if isinstance(made, bytes) else made.encode()


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("terminal", "txt", "terminal"),
        Format("json", "json", "json", whole=True),
        Format("html", "html", "html"),
        Format("csv", "csv", "csv", ("audit",)),
        Format("collected-list", "collected.csv", "csv", ("audit", "scan"), function="collected"),
        Format("shared-list", "shared.csv", "csv", ("audit", "scan"), function="shared"),
        Format("data-safety", "data-safety.csv", "data_safety", ("audit",)),
        Format(
            "data-safety-diff",
            "data-safety-diff.csv",
            "data_safety",
            ("audit",),
            function="changes",
        ),
        Format("xlsx", "xlsx", "xlsx", binary=True),
        Format("sarif", "sarif", "sarif", ("audit",)),
        Format("junit", "junit.xml", "junit", ("audit",)),
        Format("gitlab", "gitlab.json", "gitlab", ("audit",)),
        Format("cyclonedx", "cdx.json", "cyclonedx", ("audit", "scan")),
    )
}
"""Every output format by the name that ``-f`` takes."""
