"""`appaudit audit`: an app against its policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from appaudit.cli.ending import Ending
from appaudit.cli.living import Living
from appaudit.cli.options import (
    Baseline,
    BundleFolder,
    Category,
    DataSafety,
    ExitZero,
    FailOn,
    Fingerprints,
    Formats,
    IpDatabase,
    Jobs,
    NewOnly,
    Output,
    OwnHosts,
    OwnSdks,
    Policies,
    Profile,
    Strict,
    Traffic,
    Values,
    checked_category,
    configured,
    data_safety_form,
    profile,
    severity,
)
from appaudit.cli.output import Delivery
from appaudit.cli.settings import Settings
from appaudit.cli.several import each

if TYPE_CHECKING:
    from appaudit.bundle import Bundle


def audit(
    ctx: typer.Context,
    apps: Annotated[list[Path], typer.Argument(help="APK, split APKs or AAB.", metavar="APP...")],
    policies: Policies = None,
    traffic: Traffic = None,
    values: Values = None,
    own_hosts: OwnHosts = None,
    ip_database: IpDatabase = None,
    form: DataSafety = None,
    formats: Formats = None,
    output: Output = None,
    bundle: BundleFolder = None,
    lens: Profile = None,
    category: Category = None,
    baseline: Baseline = None,
    new_only: NewOnly = False,
    fail_on: FailOn = None,
    exit_zero: ExitZero = False,
    sdks: OwnSdks = None,
    fingerprints: Fingerprints = None,
    strict: Strict = False,
    jobs: Jobs = 0,
) -> None:
    """Compare what an app can do with what its policy says.

    Every undeclared, contradicted or vague disclosure is a finding with its evidence: the method and
    offset, the policy's words, the clause of law. What was not examined is said, never passed.

    Examples:

      appaudit audit app.apk --policy policy.html

      appaudit audit app.apk -p policy.md -p sdks.csv -f html -f json -o out/

      appaudit audit app.apk -p policies/ -f sarif -o app.sarif --fail-on medium

      appaudit audit app.apk -p policy.md --data-safety export.csv -f data-safety -o filled.csv
    """
    settings: Settings = ctx.obj
    from appaudit import audit as work

    least = severity(settings, fail_on)
    documents = [Path(p) for p in configured(settings, "policy", policies, [])]
    declared = data_safety_form(form)
    if form is not None and form not in documents:
        documents.append(form)
    if not documents:
        settings.say("appaudit: no --policy given: only what needs no policy is examined")
    living = Living(settings, baseline, new_only)
    law, kind = profile(settings, lens), checked_category(settings, category)
    delivery = Delivery(settings, "audit", formats, output, len(apps) > 1, bundle, law, kind, declared)

    hosts = work.Hosts(own_hosts or (), ip_database)

    def judged(app: Path, step: Callable[[str], None]) -> Bundle:
        done = work.audit(work.Inputs(app, documents, traffic or (), values, kind, about=hosts), step)
        living.apply(done)
        return done

    zero = exit_zero or bool(settings.config.get("exit-zero"))
    ending = Ending(least, zero, strict or bool(settings.config.get("strict")))
    each(settings, apps, judged, delivery, ending, jobs)
    raise typer.Exit(ending.code)
