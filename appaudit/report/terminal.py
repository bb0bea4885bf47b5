"""The summary a terminal shows: verdict, findings with one line of evidence each, gaps, next steps.

Text is built from `rich.text.Text`, never from markup: names from an app or policy cannot style or move
the cursor. Colour and width belong to the console that the caller makes.
"""

from __future__ import annotations

import io

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from appaudit.records import Finding
from appaudit.report.blocks import FindingBlock, finding_block
from appaudit.report.cells import Cell, Grid
from appaudit.report.grid import Grids
from appaudit.report.model import OUTCOMES, AuditView, ordered, suppressed
from appaudit.report.places import Place
from appaudit.report.tables import Counts, counts
from appaudit.report.text import next_steps, since_before, verdict, verdict_detail
from appaudit.report.visible import visible
from appaudit.report.words import Words

FINDINGS = 30
BESIDE = 2
"""Statements shown of a finding that stands on documents alone: those that contradict each other, both."""
ROWS = 25

STYLE = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
    "violation": "bold red",
    "review": "bold yellow",
    "pass": "bold green",
    "not_examined": "dim",
}


def render(view: AuditView, width: int = 100, *, color: bool = False, verbose: bool = False) -> str:
    """The summary as text; with ANSI colours when asked for."""
    out = io.StringIO()
    show(
        view,
        Console(
            file=out,
            width=width,
            force_terminal=color,
            no_color=not color,
            color_system="standard" if color else None,
            highlight=False,
            emoji=False,
            markup=False,
            legacy_windows=False,
        ),
        verbose=verbose,
    )
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def show(view: AuditView, console: Console, *, verbose: bool = False) -> None:
    """Print the summary to ``console``. ``verbose``: passes, set-aside findings and every table too."""
    words = Words(view.lang)
    grids = Grids(view, words, rows=10_000 if verbose else ROWS)
    tally = counts(view.findings)
    _head(view, words, console)
    if view.kind == "audit":
        _findings(view, words, grids, console, tally, verbose=verbose)
    if view.kind == "scan" or verbose:
        for grid in (grids.data(), grids.permissions(), grids.sdks(), grids.hosts()):
            _table(grid, console, words)
    if view.kind == "policy" or verbose:
        for grid in (grids.documents(), grids.declarations(), grids.topics()):
            _table(grid, console, words)
    if view.kind == "policy":  # after what it says, which was asked for
        _findings(view, words, grids, console, tally, verbose=verbose)
    _gaps(grids, console, words)
    _verdict(view, words, console, tally)


def _head(view: AuditView, words: Words, console: Console) -> None:
    app = view.app
    line = Text()
    if app is not None:
        line.append(visible(app.label or app.package or app.file), "bold")
        details = [
            visible(app.package) if app.label else "",
            " ".join(x for x in (visible(app.version_name), f"({visible(app.version_code)})") if x != "()"),
            f"targetSdk {app.target_sdk}" if app.target_sdk is not None else "",
        ]
        line.append("".join(f"  {d}" for d in details if d), "dim")
    for document in view.documents:
        if line:
            line.append("\n")
        line.append(visible(document.name), "bold" if app is None else "")
        line.append(
            f"  {words.get('document_role', document.role)} · "
            f"{words.get('doc_language', document.language)} · {words('lines')} {document.lines}",
            "dim",
        )
    if line:
        console.print(line)
    if app is not None:
        console.print(Text(f"{visible(app.file)}  SHA-256 {visible(app.sha256)}", "dim"), soft_wrap=True)
    console.print()


def _findings(
    view: AuditView, words: Words, grids: Grids, console: Console, tally: Counts, *, verbose: bool
) -> None:
    active = [f for f in ordered(view.findings) if not suppressed(f)]
    shown = [f for f in active if verbose or f.outcome != "pass"]
    if verbose:
        shown += [f for f in ordered(view.findings) if suppressed(f)]
    limit = len(shown) if verbose else FINDINGS
    for finding in shown[:limit]:
        _finding(finding_block(view, finding, words, grids.places), words, console)
    if len(shown) > limit:
        console.print(Text(f"  … {words('more_rows', n=len(shown) - limit)}", "dim"))
        console.print()


def _finding(block: FindingBlock, words: Words, console: Console) -> None:
    finding = block.finding
    head = Text()
    head.append(_badge(finding, words), STYLE[_tone(finding)])
    head.append("  ")
    head.append(block.text.title, "bold")
    console.print(head)
    tags = [
        words.of("outcome", finding.outcome) if finding.outcome != "not_examined" else "",
        words.of("disclosure", finding.disclosure) if finding.disclosure else "",
        *block.phases,
        block.actor,
        block.status,
        finding.rule if finding.rule != block.text.title else "",
        block.aside,
    ]
    console.print(Padding(Text(" · ".join(visible(t) for t in tags if t), "dim"), (0, 0, 0, 4)))
    for facts, label in ((block.done, words("app_does")), (block.said, words("policy_says"))):
        shown = [f.places[0] for f in facts[: 1 if block.done else BESIDE] if f.places]
        total = sum(len(f.places) + f.more for f in facts) - len(shown)
        for place in shown:
            line = Text(f"{label}: ", "dim")
            line.append_text(_place(place))
            if total and place is shown[-1]:
                line.append(f"  (+{total})", "dim")
            console.print(Padding(line, (0, 0, 0, 4)))
    if not block.said and finding.outcome == "violation" and block.done:
        console.print(
            Padding(Text(f"{words('policy_says')}: {words('nothing_declared')}", "dim"), (0, 0, 0, 4))
        )
    for gap in finding.gaps[:1]:
        console.print(
            Padding(Text(f"{words.get('gap', gap.code)}: {visible(gap.scope)}", "dim"), (0, 0, 0, 4))
        )
    console.print()


def _tone(finding: Finding) -> str:
    return finding.severity if finding.outcome in ("violation", "review") else finding.outcome


def _badge(finding: Finding, words: Words) -> str:
    if finding.outcome in ("violation", "review"):
        return f"{words.of('severity', finding.severity)}"
    return words.of("outcome", finding.outcome)


def _place(place: Place) -> Text:
    line = Text()
    if place.kind == "policy_span":
        line.append("“" + place.before)
        line.append(place.text, "bold" if place.before or place.after else "")
        line.append(place.after + "”")
    elif place.calls:
        line.append(f"{place.text} → {place.calls}")
    else:
        line.append(place.text)
    if place.where:
        line.append(f"  {place.where}", "dim")
    return line


def _table(grid: Grid, console: Console, words: Words) -> None:
    if not grid.rows:
        return
    grid = grid.trimmed()
    table = Table(title=grid.title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.pad_edge = False
    for header in grid.headers:
        table.add_column(header, header_style="dim", overflow="fold")
    for row in grid.rows:
        table.add_row(*map(_cell, row))
    console.print(table)
    if grid.more:
        console.print(Text(f"… {words('more_rows', n=grid.more)}", "dim"))
    console.print()


def _cell(cell: Cell) -> Text:
    if cell.kind == "places":
        first = cell.places[0] if cell.places else None
        line = _place(first) if first else Text()
        rest = len(cell.places) - 1 + cell.more
        if rest > 0:
            line.append(f"  (+{rest})", "dim")
        return Text("\n").join([*map(Text, cell.lines), line])
    return Text("\n".join(cell.lines) if cell.kind != "inline" else cell.text)


def _gaps(grids: Grids, console: Console, words: Words) -> None:
    grid = grids.gaps()
    if not grid.rows:
        return
    console.print(Text(grid.title, "bold"))
    for source, kind, scope, reason in grid.rows:
        line = Text(f"{source.text} · {kind.text}", "yellow")
        line.append(f" · {scope.text}: {reason.text}", "dim")
        console.print(Padding(line, (0, 0, 0, 2)))
    if grid.more:
        console.print(Text(f"  … {words('more_rows', n=grid.more)}", "dim"))
    console.print()


def _verdict(view: AuditView, words: Words, console: Console, tally: Counts) -> None:
    tone = next((o for o in OUTCOMES if o != "not_examined" and tally.by_outcome[o]), "not_examined")
    console.print(Text(verdict(view, words, tally), STYLE[tone] if view.kind == "audit" else "bold"))
    detail = verdict_detail(view, words, tally)
    if detail:
        console.print(Text(detail))
    before = since_before(words, tally)
    if before:
        console.print(Text(before))
    if tally.suppressed:
        console.print(Text(words("suppressed_hint", n=tally.suppressed), "dim"))
    steps = next_steps(view, words, tally)
    if steps:
        console.print()
        console.print(Text(words("next_steps"), "bold"))
        for n, step in enumerate([*steps, words("step_html")], 1):
            console.print(Text(f"  {n}. " + step.rstrip("：:")))
