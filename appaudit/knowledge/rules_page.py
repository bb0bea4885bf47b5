"""The documentation page of the rules, made from their files."""

from __future__ import annotations

from appaudit.knowledge.regulations import clauses
from appaudit.knowledge.rules import LANGUAGES, Language, Rule, rules

_HEADS: dict[Language, tuple[str, str, str]] = {
    "en": ("Why it matters", "What to change", "needs"),
    "zh": ("为什么重要", "如何整改", "所需来源"),
}


def page() -> str:
    """Every rule in both languages, as Markdown."""
    parts = [
        "# Rules\n",
        "Made from `appaudit/knowledge/rules/` by `appaudit rules --page`; words in braces are filled in by "
        "each finding.\n",
        *(
            f"- [{rule.id}](#{rule.id}): {rule.texts['en'].name} · {rule.texts['zh'].name}"
            for rule in rules().values()
        ),
        "",
        *(_rule(rule) for rule in rules().values()),
    ]
    return "\n".join(parts)


def _rule(rule: Rule) -> str:
    lines = [f"## {rule.id}\n"]
    for lang in LANGUAGES:
        text, (why, advice, needs) = rule.texts[lang], _HEADS[lang]
        lines += [
            f"**{text.name}**: {text.message}\n",
            f"- {why}: {text.why}",
            f"- {advice}: {text.advice}",
            f"- {needs}: {', '.join(f'`{s}`' for s in rule.sources)}\n",
        ]
    lines.append(f"{rule.severity} · {rule.lifecycle} · since {rule.since}\n")
    for key in rule.clauses:
        clause = clauses()[key]
        lines.append(f"- `{key}` {clause.checked_en} · {clause.checked_zh}")
    return "\n".join(lines) + "\n"
