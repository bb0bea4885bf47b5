"""Options that several commands share, worded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from appaudit.cli.ending import Ending
from appaudit.cli.settings import Settings
from appaudit.errors import InputError
from appaudit.report import FORMATS

if TYPE_CHECKING:
    from appaudit.audit import Hosts
    from appaudit.report.model import Kind

MAX_FORM = 4_000_000
"""Bytes of a Data safety form; real ones have some 100,000."""

PROFILES = ("cn", "eu", "us-ca", "play", "all")


def _formats(command: Kind) -> Any:
    known = ", ".join(name for name, f in FORMATS.items() if command in f.commands)
    told = known.replace("terminal", "terminal (default)", 1)
    return typer.Option("-f", "--format", help=f"Output format, may repeat: {told}.", metavar="FORMAT")


def _fail_on(least: str) -> Any:
    return typer.Option(
        help=f"Exit 1 on findings of this severity or worse (default: {least}).", metavar="SEVERITY"
    )


Formats = Annotated[list[str] | None, _formats("audit")]
FormatsOfScan = Annotated[list[str] | None, _formats("scan")]
FormatsOfPolicy = Annotated[list[str] | None, _formats("policy")]
Output = Annotated[
    str | None,
    typer.Option("-o", "--output", help="File, or folder for several formats; - is stdout.", metavar="PATH"),
]
FailOn = Annotated[str | None, _fail_on("high")]
FailOnNew = Annotated[str | None, _fail_on("low")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit 0 whatever was found.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 3 when something could not be examined.")]
Jobs = Annotated[
    int,
    typer.Option(
        "-j", "--jobs", min=0, help="Apps examined at the same time (0, the default: as cores).", metavar="N"
    ),
]
Policies = Annotated[
    list[Path] | None,
    typer.Option(
        "-p",
        "--policy",
        help="Privacy policy, SDK list or other declared document (txt, md, html, pdf, docx, csv, "
        "xlsx) or a folder of them; may repeat.",
        metavar="PATH",
    ),
]
Traffic = Annotated[
    list[Path] | None,
    typer.Option(
        "--traffic",
        help="A recording of the app's traffic (HAR, mitmproxy, packet capture); may repeat.",
        metavar="FILE",
    ),
]
Seen = Annotated[
    Path | None,
    typer.Option(
        "--run",
        help="What an earlier `appaudit run` of the app saw: its evidence folder.",
        metavar="BUNDLE",
    ),
]
Values = Annotated[
    Path | None,
    typer.Option(
        "--values", help="TOML file of the test device's own values, to find in traffic.", metavar="FILE"
    ),
]
Listen = Annotated[
    str | None,
    typer.Option(
        help="Where the proxy listens (default: this machine alone, 127.0.0.1).", metavar="ADDRESS:PORT"
    ),
]
OwnHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--own-host", help="A host of the app's own company, with its subdomains; may repeat.", metavar="HOST"
    ),
]
IpDatabase = Annotated[
    Path | None,
    typer.Option(help="Database of addresses (.mmdb): the countries of hosts.", metavar="FILE"),
]
Usb = Annotated[bool, typer.Option("-U", "--usb", help="The device on USB (default).")]
Remote = Annotated[bool, typer.Option("-R", "--remote", help="frida-server on 127.0.0.1:27042.")]
ServerHost = Annotated[
    str | None, typer.Option("-H", "--host", help="frida-server at this address.", metavar="HOST:PORT")
]
Setup = Annotated[
    Path | None, typer.Option(help="A frida-server to push to the device and start.", metavar="FILE")
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="Law to report and fail on: cn, eu, us-ca, play or all (default); JSON stays whole.",
        metavar="PROFILE",
    ),
]
Category = Annotated[
    str | None,
    typer.Option(
        help="Kind of app in the official list, e.g. 网上购物 or 6: what it may require.", metavar="KIND"
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(help="An earlier bundle or JSON report: marks findings new, open, fixed.", metavar="PATH"),
]
NewOnly = Annotated[bool, typer.Option("--new-only", help="Set aside what the baseline already has.")]
BundleFolder = Annotated[
    Path | None, typer.Option("--bundle", help="Keep the evidence in this folder.", metavar="FOLDER")
]


def _own_sdks(paths: list[Path] | None) -> list[Path] | None:
    if paths:
        from appaudit.knowledge.sdks.own import lay_over

        lay_over(*paths)
    return paths


def _fingerprints(path: Path | None) -> Path | None:
    if path is not None:
        from appaudit.static import fingerprints_db

        fingerprints_db.use(path)
    return path


OwnSdks = Annotated[
    list[Path] | None,
    typer.Option(
        "--sdks",
        help="Your own SDK records (TOML), added to ours; may repeat, the later file wins.",
        metavar="FILE",
        callback=_own_sdks,
    ),
]
Fingerprints = Annotated[
    Path | None,
    typer.Option(
        help="Database of `sdk fingerprint`: names renamed SDKs.", metavar="FILE", callback=_fingerprints
    ),
]


DataSafety = Annotated[
    Path | None,
    typer.Option(
        "--data-safety",
        help="Your exported Play Data safety form (CSV): compared, and filled by -f data-safety.",
        metavar="FILE",
    ),
]


def data_safety_form(path: Path | None) -> str:
    """--data-safety as text, empty without it. Raises InputError where it cannot be read."""
    if path is None:
        return ""
    from appaudit.report.data_safety import check

    try:
        with path.open("rb") as file:
            data = file.read(MAX_FORM + 1)
    except OSError as error:
        raise InputError(f"--data-safety {path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_FORM:
        raise InputError(f"--data-safety {path} is larger than {MAX_FORM:,} bytes")
    try:
        text = data.decode("utf-8")
        check(text)
    except (UnicodeDecodeError, InputError) as error:
        raise InputError(f"--data-safety {path}: {error}") from error
    return text


def hosts(own: Sequence[str] | None, database: Path | None) -> Hosts:
    """--own-host and --ip-database, which is opened now. Raises InputError, MissingExtraError."""
    from appaudit.audit import Hosts

    if database is None:
        return Hosts(own or ())
    from appaudit.traffic.countries import countries

    return Hosts(own or (), countries(database))


def documents(settings: Settings, policies: Sequence[Path] | None, form: Path | None) -> list[Path]:
    """--policy and --data-safety; says so where there is neither."""
    found = [Path(p) for p in configured(settings, "policy", policies, [])]
    if form is not None and form not in found:
        found.append(form)
    if not found:
        settings.say("appaudit: no --policy given: only what needs no policy is examined")
    return found


def ending(
    settings: Settings,
    fail_on: str | None,
    exit_zero: bool,
    strict: bool | None,
    lens: str | None = None,
    least: str = "high",
) -> Ending:
    """--fail-on (``least`` where nobody says), --exit-zero, --strict, which is None where a command has none,
    and --profile. Raises InputError."""
    zero = exit_zero or bool(settings.config.get("exit-zero"))
    whole = strict is not None and (strict or bool(settings.config.get("strict")))
    return Ending(severity(settings, fail_on, least), zero, whole, profile(settings, lens))


def configured(settings: Settings, key: str, given: Any, default: Any = None) -> Any:
    """The option as given, else the configuration's, else the default."""
    return given or settings.config.get(key) or default


def profile(settings: Settings, given: str | None) -> str:
    """--profile, checked. Raises InputError."""
    chosen = str(configured(settings, "profile", given, "all"))
    if chosen not in PROFILES:
        raise InputError(f"--profile must be one of {', '.join(PROFILES)}, not '{chosen}'")
    return chosen


def checked_category(settings: Settings, given: str | None) -> str:
    """--category as an id of the official list, or empty. Raises InputError."""
    chosen = str(configured(settings, "category", given, ""))
    if not chosen:
        return ""
    from appaudit.compare.rules.necessity import category_of
    from appaudit.knowledge.regulations import categories

    category = category_of(chosen)
    if category is None:
        known = ", ".join(f"{c.number} {c.zh}" for c in categories().values())
        raise InputError(f"--category '{chosen}' is not in the list: {known}")
    return category.id


def severity(settings: Settings, given: str | None, least: str = "high") -> str:
    """--fail-on, checked. Raises InputError."""
    from appaudit.records import SEVERITIES

    chosen = str(configured(settings, "fail-on", given, least))
    if chosen not in SEVERITIES:
        raise InputError(f"--fail-on must be one of {', '.join(SEVERITIES)}, not '{chosen}'")
    return chosen
