"""`appaudit sdk`: the SDKs we know; a user's own records; fingerprints of renamed code."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from appaudit.cli.settings import Settings
from appaudit.errors import InputError

if TYPE_CHECKING:
    from appaudit.knowledge.sdks import Sdk

app = typer.Typer(
    no_args_is_help=True,
    help="Look up SDKs; bring your own records; fingerprint libraries.",
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Database = Annotated[Path, typer.Option("-d", "--database", help="The fingerprint database.", metavar="FILE")]


class Source(StrEnum):
    """Formats that `import` reads."""

    EXODUS = "exodus"
    LIBCHECKER = "libchecker"


@app.command("list")
def list_(
    category: Annotated[str | None, typer.Option(help="Only this category.", metavar="ID")] = None,
    country: Annotated[
        str | None, typer.Option(help="Only companies of this country (CN, US ...).", metavar="CODE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the SDKs that are known.

    Example: appaudit sdk list --category push --country CN
    """
    from appaudit.knowledge import sdks as knowledge

    if category is not None and category not in knowledge.CATEGORIES:
        raise InputError(f"no category '{category}' (known: {', '.join(knowledge.CATEGORIES)})")
    chosen = [
        sdk
        for sdk in knowledge.index().sdks.values()
        if category in (None, sdk.category) and (country is None or sdk.country == country.upper())
    ]
    if as_json:
        typer.echo(json.dumps([_plain(sdk) for sdk in chosen], ensure_ascii=False, indent=2))
        return
    width = max((len(sdk.id) for sdk in chosen), default=0)
    for sdk in chosen:
        names = " / ".join(dict.fromkeys(n for n in (sdk.zh, sdk.en) if n))
        typer.echo(f"{sdk.id:<{width}}  {sdk.category:<22}  {sdk.country or '--'}  {names}")


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Id, name, package or link.", metavar="NAME")],
    as_json: AsJson = False,
) -> None:
    """Show what is known of one SDK.

    A name that fits several lists them with scores.

    Example: appaudit sdk show 极光推送
    """
    settings: Settings = ctx.obj
    from appaudit.knowledge import sdks as knowledge

    known = knowledge.index().sdks
    found = [(name, 1.0)] if name in known else knowledge.match_name(name)
    certain = [i for i, score in found if score >= knowledge.CERTAIN]
    if not found:
        raise InputError(f"no SDK is known by '{name}'")
    if len(certain) != 1:
        for candidate, score in found[:20]:
            typer.echo(f"{score:.2f}  {candidate}  {known[candidate].name}")
        return
    sdk = known[certain[0]]
    if as_json:
        typer.echo(json.dumps(_plain(sdk), ensure_ascii=False, indent=2))
        return
    for key, value in _plain(sdk).items():
        shown = ", ".join(value) if isinstance(value, list) else value
        if key == "company" and value in knowledge.companies():
            company = knowledge.companies()[value]
            shown = company.zh if settings.lang == "zh" and company.zh else company.en or company.zh
        typer.echo(f"{key:<12}{shown}")


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Your own records (TOML).", metavar="FILE...")],
) -> None:
    """Check a file of SDK records.

    Schema, data types, something to find each SDK by, values that other records hold too.

    Example: appaudit sdk check own.toml
    """
    from appaudit.knowledge import sdks as knowledge
    from appaudit.knowledge.data_types import data_types
    from appaudit.knowledge.sdks.index import Index, overlaps
    from appaudit.knowledge.sdks.model import EVIDENCE
    from appaudit.knowledge.sdks.own import read
    from appaudit.report.visible import visible

    right = True
    for path in files:
        own, wrong = read(path), 0
        if not own:
            typer.echo(visible(f"{path.name}: no [[sdk]] record"))
            right = False
        for sdk in own.values():
            if not sdk.findable:
                typer.echo(visible(f"{path.name}: {sdk.id}: nothing to find it by ({', '.join(EVIDENCE)})"))
                wrong += 1
            for data in sorted({*sdk.collects, *sdk.likely} - set(data_types())):
                typer.echo(visible(f"{path.name}: {sdk.id}: no data type '{data}'"))
                wrong += 1
        laid = Index({**knowledge.sdks(), **own})
        for sdk in own.values():
            for name in sdk.components:
                if (holder := laid.component(name)) != sdk.id:
                    typer.echo(visible(f"{path.name}: {sdk.id}: component '{name}' stays with {holder}"))
        for field, value, ids in overlaps(laid.sdks.values()):
            if set(ids) & set(own) and (field != "components" or laid.component(value) in own):
                typer.echo(visible(f"{path.name}: {field} '{value}' is held by {', '.join(ids)}; yours wins"))
        typer.echo(visible(f"{path.name}: {len(own)} records, {wrong} wrong"))
        right = right and not wrong
    if not right:
        raise typer.Exit(1)


@app.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(help="Trackers JSON, rules.db, or folder of rules.", metavar="PATH")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The TOML file to write.", metavar="FILE")],
    kind: Annotated[Source | None, typer.Option("--as", help="What it is (default: by its kind).")] = None,
) -> None:
    """Turn others' rules that you have into records for --sdks.

    Trackers of exodus as JSON, rules of LibChecker as database or folder.

    Example: appaudit sdk import trackers.json -o trackers.toml
    """
    from appaudit.knowledge.sdks.imports import SQLITE, from_exodus, from_libchecker, left_out_of, to_toml
    from appaudit.knowledge.sdks.own import MAX_SIZE

    if not source.is_dir():
        if source.exists() and not source.is_file():  # a pipe may never end
            raise InputError(f"{source.name} is neither a file nor a folder.")
        if source.stat().st_size > MAX_SIZE:
            raise InputError(f"{source.name} is too large for a list of SDKs.")
    left_out: Counter[str] = Counter()
    if kind is None:
        kind = Source.LIBCHECKER if source.is_dir() or _begins(source, SQLITE) else Source.EXODUS
    if kind is Source.EXODUS:
        try:
            records = from_exodus(source.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            raise InputError(f"{source.name} is no text in UTF-8.") from error
    else:
        records = from_libchecker(source, left_out)
    if left_out:
        typer.echo(f"{source}: {left_out_of(left_out)}", err=True)
    text = to_toml(records)
    output.write_text(text, encoding="utf-8")
    typer.echo(f"{output}: {text.count('[[sdk]]')} of {len(records)} records", err=True)


@app.command()
def fingerprint(
    library: Annotated[Path, typer.Argument(help="The library: aar, jar or dex.", metavar="LIB")],
    sdk_id: Annotated[str, typer.Option("--id", help="Id of its SDK.", metavar="ID")],
    version: Annotated[str, typer.Option("--version", help="Its version.", metavar="V")],
    database: Database,
) -> None:
    """Add a library to a database of fingerprints.

    `scan` and `audit` with --fingerprints name renamed code by it.

    Example: appaudit sdk fingerprint lib.aar --id jpush --version 4.8 -d db.npz
    """
    from appaudit.knowledge.sdks.model import ID
    from appaudit.static import fingerprints_db as store
    from appaudit.static.fingerprints import Library

    if not ID.fullmatch(sdk_id):
        raise InputError(f"id {sdk_id!r} holds more than letters, digits and . _ + -")
    if not version or any(c.isspace() or c == ":" for c in version):
        raise InputError(f"version {version!r} is empty or holds blanks or colons")
    before = store.load(database) if database.exists() else None
    features = store.library_features(library)
    after = store.add(before, Library(sdk_id, version), features)
    store.save(after, database)
    typer.echo(
        f"{database}: {sdk_id} {version}, {len(features.names)} classes; {len(after.libraries)} libraries",
        err=True,
    )


def _begins(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _plain(sdk: Sdk) -> dict[str, Any]:
    """A record without its empty fields."""
    row = {f.name: getattr(sdk, f.name) for f in dataclasses.fields(sdk)}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items() if v}
