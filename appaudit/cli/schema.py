"""`appaudit schema`: the JSON Schema of the output, or of the configuration file."""

from __future__ import annotations

from typing import Annotated

import typer

from appaudit.assets import assets
from appaudit.errors import InputError

FILES = {"output": "appaudit-1.schema.json", "config": "config-1.schema.json"}


def schema(
    what: Annotated[str, typer.Argument(help="output (-f json) or config (.appaudit.toml).")] = "output",
) -> None:
    """Print the JSON Schema of -f json, or of the configuration file.

    Draft 2020-12; fields are only ever added within one major version.

    Examples:

      appaudit schema > appaudit-1.schema.json

      appaudit schema config
    """
    if what not in FILES:
        raise InputError(f"no schema '{what}'; there are {', '.join(FILES)}")
    typer.echo((assets("reports") / FILES[what]).read_text(encoding="utf-8"), nl=False)
