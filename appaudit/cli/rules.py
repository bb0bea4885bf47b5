"""`appaudit rules`: list the rules, explain one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from appaudit.cli.settings import Settings
from appaudit.errors import InputError

if TYPE_CHECKING:
    from appaudit.cli.settings import Language
    from appaudit.knowledge.rules import Rule


def rules(
    ctx: typer.Context,
    rule_id: Annotated[str | None, typer.Argument(help="Explain this rule.", metavar="[ID]")] = None,
    clause: Annotated[
        str | None, typer.Option(help="What a change of this clause of law would touch.", metavar="ID")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="All rules as a Markdown page.")] = False,
) -> None:
    """List the rules, or explain one.

    What it asks, why it matters, what to change, which clauses of law it touches.

    Example: appaudit rules undeclared-data
    """
    settings: Settings = ctx.obj
    from appaudit.knowledge import rules as knowledge

    if page:
        from appaudit.knowledge.rules_page import page as written

        typer.echo(written(), nl=False)
        return
    known = knowledge.rules()
    lang = settings.lang
    if clause is not None:
        _clause(clause, known, lang)
        return
    if rule_id is None:
        width = max(map(len, known))
        for rule in known.values():
            typer.echo(f"{rule.id:<{width}}  {rule.severity:<8}  {rule.texts[lang].name}")
        return
    rule_or_none = known.get(rule_id)
    if rule_or_none is None:
        raise InputError(f"no rule '{rule_id}'; 'appaudit rules' lists them")
    from appaudit.knowledge.rules_page import explain

    typer.echo(explain(rule_or_none, lang))


def _clause(clause_id: str, known: dict[str, Rule], lang: Language) -> None:
    from appaudit.knowledge.regulations import clauses

    clause = clauses().get(clause_id)
    if clause is None:
        near = [c for c in clauses() if c.lower().startswith(clause_id.lower())][:8]
        raise InputError(f"no clause '{clause_id}'" + (f"; did you mean {', '.join(near)}?" if near else ""))
    typer.echo(f"{clause.id}  {clause.instrument} {clause.clause}")
    typer.echo(clause.checked_zh if lang == "zh" else clause.checked_en)
    typer.echo(f"{clause.date}  {clause.hash}")
    for rule in known.values():
        if clause.id in rule.clauses:
            typer.echo(f"  {rule.id}  {rule.texts[lang].name}")
