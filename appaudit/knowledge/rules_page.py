"""Rules explained: one in a terminal, all as the documentation page. Made from their files."""

from __future__ import annotations

from appaudit.knowledge.regulations import clauses
from appaudit.knowledge.rules import LANGUAGES, Language, Rule, rules
from appaudit.knowledge.wording import in_general

_LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "severity": "severity",
        "sources": "needs",
        "why": "Why it matters",
        "advice": "What to change",
        "clauses": "Clauses",
    },
    "zh": {
        "severity": "严重程度",
        "sources": "所需来源",
        "why": "为什么重要",
        "advice": "如何整改",
        "clauses": "依据条款",
    },
}


def explain(rule: Rule, lang: Language) -> str:
    """A rule as a page of plain text."""
    text, label = rule.texts[lang], _LABELS[lang]
    return "\n".join(
        [
            f"{rule.id}: {text.name}",
            f"{label['severity']}: {rule.severity} · {label['sources']}: {', '.join(rule.sources)} · "
            f"since {rule.since} · {rule.lifecycle}",
            "",
            in_general(text.message, lang),
            "",
            f"{label['why']}: {text.why}",
            f"{label['advice']}: {in_general(text.advice, lang)}",
            f"{label['clauses']}:",
            *(f"  {key}  {_asked(key, lang)}" for key in rule.clauses),
        ]
    )


def page() -> str:
    """Every rule in both languages, as Markdown."""
    parts = [
        "# Rules\n",
        "Made from `appaudit/knowledge/rules/` by `appaudit rules --page`.\n",
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
        text, label = rule.texts[lang], _LABELS[lang]
        lines += [
            f"**{text.name}**: {in_general(text.message, lang)}\n",
            f"- {label['why']}: {text.why}",
            f"- {label['advice']}: {in_general(text.advice, lang)}",
            f"- {label['sources']}: {', '.join(f'`{s}`' for s in rule.sources)}\n",
        ]
    lines.append(f"{rule.severity} · {rule.lifecycle} · since {rule.since}\n")
    lines += [f"- `{key}` {_asked(key, 'en')} · {_asked(key, 'zh')}" for key in rule.clauses]
    return "\n".join(lines) + "\n"


def _asked(key: str, lang: Language) -> str:
    clause = clauses()[key]
    return clause.checked_zh if lang == "zh" else clause.checked_en
