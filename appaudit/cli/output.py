"""Where results go: which formats, to which files, or to stdout."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from appaudit.cli.options import configured
from appaudit.cli.settings import Settings
from appaudit.errors import InputError

if TYPE_CHECKING:
    from appaudit.bundle import Bundle
    from appaudit.report import Format
    from appaudit.report.model import Kind

_UNSAFE = re.compile(r"[^\w.+-]+")


class Delivery:
    """Decided before the work starts, so that a wrong -f or -o costs nothing.

    One format without -o goes to stdout; ``terminal`` always does. -o names a file for one other
    format, a folder for several formats or several apps (``<app>.<suffix>`` in it).
    """

    def __init__(
        self,
        settings: Settings,
        command: Kind,
        formats: Sequence[str] | None,
        output: str | None,
        several: bool = False,
        bundle: Path | None = None,
        profile: str = "all",
        form: str = "",
    ) -> None:
        from appaudit.report import FORMATS

        self.settings = settings
        self.command = command
        self.several = several
        self.bundle = bundle
        self.lens = {"profile": profile, "form": form}
        names = list(dict.fromkeys(configured(settings, "format", formats, _guess(output))))
        for name in names:
            if name not in FORMATS:
                raise InputError(f"unknown format '{name}' (known: {', '.join(FORMATS)})")
            if command not in FORMATS[name].commands:
                known = ", ".join(n for n, form in FORMATS.items() if command in form.commands)
                raise InputError(f"format '{name}' is not for '{command}' (which has {known})")
        if not form and any(name.startswith("data-safety") for name in names):
            raise InputError("-f data-safety needs the exported form: --data-safety FILE")
        self.formats: list[Format] = [FORMATS[name] for name in names]
        self.files = [f for f in self.formats if f.name != "terminal"]
        self.folder: Path | None = None
        self.file: Path | None = None
        self._stems: set[str] = set()
        self._place(output)

    def _place(self, output: str | None) -> None:
        if output in (None, "-"):
            if sys.stdout is None:
                raise InputError("standard output is closed: give -o a file")
            if len(self.files) > 1:
                raise InputError("several formats cannot share stdout: give -o a folder")
            if self.files and self.files[0].binary and sys.stdout.isatty():
                raise InputError(f"'{self.files[0].name}' is binary: give -o a file")
            return
        path = Path(output or "")
        if not self.files:  # the terminal's text, into a file
            self.files = self.formats
        if len(self.files) > 1 or self.several or path.is_dir() or str(output).endswith("/"):
            if path.exists() and not path.is_dir():
                raise InputError(f"-o {output} is a file; several results need a folder")
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"-o {output} cannot be written: {error.strerror}") from error
            self.folder = path
        else:
            if not path.parent.is_dir():
                raise InputError(f"-o {output}: the folder {path.parent} does not exist")
            self.file = path

    def deliver(self, bundle: Bundle) -> None:
        """Write one result in every format. Raises OSError where a file cannot be written."""
        stem = self._unused(_stem(bundle))
        if self.bundle is not None:
            from appaudit import bundle as bundles

            bundles.write(bundle, self.bundle / stem if self.several else self.bundle)
        for format in self.formats:
            target = self._target(format, stem)
            if target is None:
                self._print(format, bundle)
                continue
            data = self._write(format, bundle, 100, False)
            target.write_bytes(data)
            self.settings.say(f"wrote {target}")

    def _write(self, format: Format, bundle: Bundle, width: int, color: bool) -> bytes:
        verbose = self.settings.verbose > 0
        return format.write(
            bundle, self.settings.lang, self.command, width, color, verbose=verbose, **self.lens
        )

    def _target(self, format: Format, stem: str) -> Path | None:
        if format not in self.files:
            return None
        if self.folder is not None:
            return self.folder / f"{stem}.{format.suffix}"
        return self.file

    def _unused(self, stem: str) -> str:
        """``stem``, or with a number where another input of this run had it: no result replaces another."""
        name, number = stem, 1
        while name.casefold() in self._stems:
            number += 1
            name = f"{stem}-{number}"
        self._stems.add(name.casefold())
        return name

    def _print(self, format: Format, bundle: Bundle) -> None:
        color = format.name == "terminal" and self.settings.use_color(sys.stdout)
        width = min(shutil.get_terminal_size((100, 40)).columns, 120)
        data = self._write(format, bundle, width, color)
        if not format.binary and sys.stdout.isatty():
            typer.echo(data.decode("utf-8", "replace"), nl=False)
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


def _guess(output: str | None) -> list[str]:
    """The format a file's name asks for; the terminal's otherwise."""
    suffix = Path(output or "").suffix.lstrip(".")
    return [suffix] if suffix in ("json", "html", "sarif", "csv", "xlsx") else ["terminal"]


def _stem(bundle: Bundle) -> str:
    """A file name for a result, from the input's name: never a path, never empty, never long."""
    name = bundle.app.file if bundle.app else bundle.documents[0].name if bundle.documents else "policy"
    return _UNSAFE.sub("_", Path(name).stem).strip("._")[:100] or "app"
