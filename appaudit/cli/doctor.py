"""`appaudit doctor`: what is installed, what is missing, what each missing part costs."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from appaudit import __version__
from appaudit.cli.options import Remote, ServerHost, Setup, Usb
from appaudit.cli.settings import Settings

if TYPE_CHECKING:
    from appaudit.dynamic.adb import Choice


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a run may need. ``cost``: what cannot be done without it. ``mend``: how to get it."""

    name: str
    find: Callable[[], str | None]
    cost: str
    mend: str
    needed: bool = False


def _package(name: str) -> Callable[[], str | None]:
    def find() -> str | None:
        from importlib import metadata

        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    return find


def _program(name: str, *arguments: str) -> Callable[[], str | None]:
    def find() -> str | None:
        path = shutil.which(name)
        if path is None:
            return None
        import subprocess

        try:
            done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            return f"{path} (does not run: {error})"
        lines = (done.stdout or done.stderr).strip().splitlines()
        return lines[0] if lines else path

    return find


DEVICE = "pip install 'appaudit[device]'"

PARTS = (
    Part("numpy", _package("numpy"), "nothing can be scanned", "pip install numpy", True),
    Part("lxml", _package("lxml"), "no HTML policy can be read", "pip install lxml", True),
    Part("pypdfium2", _package("pypdfium2"), "no PDF policy can be read", "pip install pypdfium2", True),
    Part(
        "python-docx", _package("python-docx"), "no DOCX policy can be read", "pip install python-docx", True
    ),
    Part(
        "apkInspector",
        _package("apkInspector"),
        "a manifest our reader doubts gets no second opinion",
        "pip install apkInspector",
        True,
    ),
    Part(
        "androguard",
        _package("androguard"),
        "a manifest both readers doubt gets no third opinion",
        "pip install 'appaudit[androguard]'",
    ),
    Part("frida", _package("frida"), "no app can be watched while it runs", DEVICE),
    Part("frida-tools", _package("frida-tools"), "no Java method can be hooked", DEVICE),
    Part("mitmproxy", _package("mitmproxy"), "no traffic can be captured or flow files read", DEVICE),
    Part("adbutils", _package("adbutils"), "no phone or emulator can be driven", DEVICE),
    Part(
        "adb",
        _program("adb", "version"),
        "no phone or emulator can be reached",
        "install Android platform-tools",
    ),
)


def doctor(
    ctx: typer.Context,
    device: Annotated[bool, typer.Option("--device", help="Check the connected device too.")] = False,
    traffic: Annotated[
        bool, typer.Option("--traffic", help="Prove a capture: a local HTTPS request through the proxy.")
    ] = False,
    serial: Annotated[
        str | None, typer.Option("-D", "--serial", help="Serial of the device to check.", metavar="SERIAL")
    ] = None,
    usb: Usb = False,
    remote: Remote = False,
    host: ServerHost = None,
    setup: Setup = None,
) -> None:
    """Show what is installed, missing, and what it costs.

    Exit 0 when everything the light installation needs is there, 2 otherwise.
    """
    settings: Settings = ctx.obj
    color = settings.use_color(sys.stdout)
    typer.echo(f"appaudit {__version__}, Python {platform.python_version()}, {platform.platform()}")
    whole = True
    width = max(len(p.name) for p in PARTS)
    for part in PARTS:
        version = part.find()
        if version is None:
            whole = whole and not part.needed
            sign = typer.style("missing", fg="red" if part.needed else "yellow") if color else "missing"
            typer.echo(f"  {part.name:<{width}}  {sign}: {part.cost}. {part.mend}")
        else:
            sign = typer.style("ok", fg="green") if color else "ok"
            typer.echo(f"  {part.name:<{width}}  {sign}  {version}")
    if traffic:
        from appaudit.traffic.check import prove

        good, text = prove()
        typer.echo(f"  capture  {'ok' if good else 'fails'}: {text}")
        whole = whole and good
    if device or serial or usb or remote or host or setup:
        from appaudit.dynamic.adb import choose

        whole = _device(choose(serial, usb, remote, host, setup)) and whole
    raise typer.Exit(0 if whole else 2)


def _device(choice: Choice) -> bool:
    """Prints what the device check finds; whether a run is possible."""
    from appaudit.dynamic.device_check import check
    from appaudit.report.visible import visible

    found = check(choice)
    for item in found:
        sign = {True: "ok", False: "missing", None: "is"}[item.ok]
        typer.echo(f"  {item.name}  {sign}: {visible(item.text)}")
    return all(item.ok is not False for item in found)
