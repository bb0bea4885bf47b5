"""`appaudit schema`: the JSON Schema of the output."""

from __future__ import annotations

import typer

from appaudit.assets import assets


def schema() -> None:
    """Print the JSON Schema of -f json.

    Draft 2020-12; fields are only ever added within one major version.

    Example: appaudit schema > appaudit-1.schema.json
    """
    typer.echo((assets("reports") / "appaudit-1.schema.json").read_text(encoding="utf-8"), nl=False)
