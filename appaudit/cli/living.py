"""Findings people live with: the baseline and the ignore entries, applied to a bundle."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appaudit.cli.settings import Settings
from appaudit.errors import InputError

if TYPE_CHECKING:
    from appaudit.bundle import Bundle
    from appaudit.records import Finding


def earlier_findings(path: Path) -> list[Finding]:
    """The findings of a bundle folder or of a JSON report. Raises InputError."""
    from appaudit import bundle
    from appaudit.jsonform import from_json
    from appaudit.records import Finding

    if path.is_dir():
        return bundle.read(path).findings
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["findings"]
        return [from_json(Finding, row) for row in rows]
    except OSError as error:
        raise InputError(f"--baseline {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"--baseline {path} is neither a bundle nor a JSON report of an audit") from error


class Living:
    """Read before the work starts, so that a wrong baseline or entry costs nothing."""

    def __init__(self, settings: Settings, baseline: Path | None, new_only: bool) -> None:
        from appaudit.compare import ignore

        chosen = baseline or (Path(settings.config["baseline"]) if settings.config.get("baseline") else None)
        if new_only and chosen is None:
            raise InputError("--new-only needs a --baseline")
        self.settings = settings
        self.new_only = new_only
        self.earlier = earlier_findings(chosen) if chosen else None
        self.entries = ignore.entries(settings.config.get("ignore", []), str(settings.config_path))

    def apply(self, bundle: Bundle) -> None:
        """Mark the bundle's findings; say which entries have expired."""
        from appaudit.compare import ignore
        from appaudit.compare.baseline import against

        if self.earlier is not None:
            bundle.findings = against(
                bundle.findings, self.earlier, bundle.examined, bundle.gaps, self.new_only
            )
        package = bundle.app.package if bundle.app else ""
        today = datetime.now(UTC).date()
        bundle.findings, expired = ignore.apply(bundle.findings, self.entries, package, today)
        for entry in expired:
            self.settings.say(f"appaudit: ignore entry '{entry.id}' expired on {entry.expires}")
