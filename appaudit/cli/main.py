"""The `appaudit` program: global options, the table of commands, and how a run ends."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from appaudit import __version__
from appaudit.cli import audit, diff, doctor, policy, report, rules, scan, schema, sdk, traffic
from appaudit.cli import run as running
from appaudit.cli.ending import UNUSABLE, internal, sentence
from appaudit.cli.settings import Settings, hoist, resolve, warn

EPILOG = (
    "Exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage or unreadable input, "
    "3 incomplete under --strict, 130 interrupted. Results go to stdout, everything else to stderr."
)


class Program(TyperGroup):
    """Lets global options stand anywhere, and turns our errors into one sentence and exit code 2."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, hoist(args))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            warn("appaudit: interrupted")
            raise
        except BrokenPipeError:
            sys.stderr.close()  # the reader went away (`| head`): nothing left to say
            raise typer.Exit(0) from None
        except Exception as error:
            if isinstance(error, typer.Exit | typer.Abort) or hasattr(error, "exit_code"):
                raise
            verbose = isinstance(ctx.obj, Settings) and ctx.obj.verbose > 0
            warn(f"appaudit: {sentence(error) or internal(error, verbose)}")
            raise typer.Exit(UNUSABLE) from None


app = typer.Typer(
    cls=Program,
    name="appaudit",
    help="Does this Android app do what its privacy policy says?\n\n"
    "Start with: appaudit audit app.apk --policy policy.html",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"appaudit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only results and errors.")] = False,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="Say more.", show_default=False)
    ] = 0,
    color: Annotated[
        str | None, typer.Option(help="auto, always or never; auto respects NO_COLOR.", metavar="WHEN")
    ] = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="No progress line.")] = False,
    lang: Annotated[str | None, typer.Option(help="Language of reports: zh or en.", metavar="LANG")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration file (default: .appaudit.toml here or above).", metavar="FILE"),
    ] = None,
    no_config: Annotated[bool, typer.Option("--no-config", help="Read no configuration file.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Global options; they may stand before or after the command."""
    ctx.obj = resolve(quiet, verbose, color, no_progress, lang, config, no_config)


app.command("audit")(audit.audit)
app.command("scan")(scan.scan)
app.command("run")(running.run)
app.add_typer(policy.app, name="policy")
app.command("diff")(diff.diff)
app.add_typer(traffic.app, name="traffic")
app.command("report")(report.report)
app.command("rules")(rules.rules)
app.add_typer(sdk.app, name="sdk")
app.command("schema")(schema.schema)
app.command("doctor")(doctor.doctor)


def run() -> None:
    """Run the program; raises SystemExit."""
    try:
        app(prog_name="appaudit")
    finally:
        gc.freeze()  # the collections as Python ends would cost another tenth, and find nothing
