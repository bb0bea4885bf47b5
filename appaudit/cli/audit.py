"""`appaudit audit`: an app against its policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    Seen,
    Strict,
    Traffic,
    Values,
    checked_category,
    data_safety_form,
    documents,
    ending,
    hosts,
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
    seen: Seen = None,
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

      appaudit audit app.apk -p new-policy.md --run evidence/

      appaudit audit app.apk -p policy.md --data-safety form.csv -f data-safety
    """
    settings: Settings = ctx.obj
    from appaudit import audit as work

    end = ending(settings, fail_on, exit_zero, strict, lens)
    declared = data_safety_form(form)
    given = documents(settings, policies, form)
    living = Living(settings, baseline, new_only)
    kind = checked_category(settings, category)
    delivery = Delivery(settings, "audit", formats, output, len(apps) > 1, bundle, end.profile, declared)

    about = hosts(own_hosts, ip_database)

    def judged(app: Path, step: Callable[[str], None]) -> Bundle:
        done = work.audit(work.Inputs(app, given, traffic or (), values, kind, about, seen), step)
        living.apply(done)
        return done

    each(settings, apps, judged, delivery, end, jobs)
    raise typer.Exit(end.code)
