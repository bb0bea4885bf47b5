"""The `appaudit` program: global options and the table of commands."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="appaudit",
    help="Does this Android app do what its privacy policy says?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options() -> None:
    pass


def run() -> None:
    """Entry point of the console script."""
    app()
