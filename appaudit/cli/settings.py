"""The global options, wherever they stand on the command line, and the configuration file behind them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import typer

from appaudit.errors import InputError

Language = Literal["zh", "en"]

CONFIG_NAME = ".appaudit.toml"

FLAGS = ("-q", "--quiet", "-v", "--verbose", "-vv", "--no-progress", "--no-config")
VALUES = ("--color", "--config", "--lang")
"""Global options without and with a value; `hoist` brings them before the command."""

CONFIG_KEYS: dict[str, type] = {
    "lang": str,
    "color": str,
    "fail-on": str,
    "format": list,
    "policy": list,
    "strict": bool,
    "exit-zero": bool,
    "profile": str,
    "category": str,
    "baseline": str,
    "ignore": list,
}
"""Keys of the configuration file and the type of each: defaults for the options of the same name."""


@dataclass(slots=True)
class Settings:
    """What the global options say, resolved. ``config``: the configuration file's values."""

    quiet: bool
    verbose: int
    color: str
    progress: bool
    lang: Language
    config: dict[str, Any]
    config_path: Path | None = None

    def say(self, text: str) -> None:
        """Chatter, on stderr; silent under --quiet."""
        if not self.quiet:
            warn(text)

    def use_color(self, stream: Any) -> bool:
        """--color, then FORCE_COLOR and NO_COLOR, then whether the stream is a terminal."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def warn(text: str) -> None:
    """One line on stderr. File names and messages come from outside: nothing in them acts on the terminal."""
    from appaudit.report.visible import visible

    typer.echo(visible(text, 4000), err=True)


def hoist(args: Sequence[str]) -> list[str]:
    """Global options first, so that they may stand anywhere before ``--``."""
    front: list[str] = []
    rest: list[str] = []
    items: Iterator[str] = iter(args)
    for item in items:
        if item == "--":
            rest += [item, *items]
        elif item in FLAGS or item.startswith(tuple(f"{v}=" for v in VALUES)):
            front.append(item)
        elif item in VALUES:
            front.append(item)
            front += [value for value in [next(items, None)] if value is not None]
        else:
            rest.append(item)
    return front + rest


def find_config(start: Path) -> Path | None:
    """The nearest configuration file in ``start`` or above."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return None


def read_config(path: Path) -> dict[str, Any]:
    """The file's values. Raises InputError on syntax, an unknown key or a value of the wrong type."""
    import rtoml

    try:
        data: dict[str, Any] = rtoml.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"configuration {path} cannot be read: {error}") from error
    for key, value in data.items():
        if key not in CONFIG_KEYS:
            known = ", ".join(sorted(CONFIG_KEYS))
            raise InputError(f"configuration {path}: unknown key '{key}' (known: {known})")
        if not isinstance(value, CONFIG_KEYS[key]):
            raise InputError(f"configuration {path}: '{key}' must be a {CONFIG_KEYS[key].__name__}")
        if isinstance(value, list) and key != "ignore" and not all(isinstance(item, str) for item in value):
            raise InputError(f"configuration {path}: '{key}' must be a list of texts")
    return data


def resolve(
    quiet: bool,
    verbose: int,
    color: str | None,
    no_progress: bool,
    lang: str | None,
    config: Path | None,
    no_config: bool,
) -> Settings:
    """Options over configuration over environment over defaults."""
    path = None if no_config else config or find_config(Path.cwd())
    values = read_config(path) if path else {}
    chosen_lang = lang or values.get("lang") or _environment_language()
    if chosen_lang not in ("zh", "en"):
        raise InputError(f"--lang must be zh or en, not '{chosen_lang}'")
    chosen = color or values.get("color") or "auto"
    if chosen not in ("auto", "always", "never"):
        raise InputError(f"--color must be auto, always or never, not '{chosen}'")
    # A dumb terminal cannot take a line back.
    progress = not no_progress and not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Settings(quiet, verbose, chosen, progress, cast(Language, chosen_lang), values, path)


def _environment_language() -> str:
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"
