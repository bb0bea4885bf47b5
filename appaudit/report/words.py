"""The report's own words, in Chinese and English, from reports/words.toml.

Fixed vocabularies (outcomes, actions, gap codes …) must all be there: `Words.of` raises KeyError for a
missing one, and a test walks the vocabularies. Open ones (SDKs, hosts, parties) fall back to their id.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import rtoml

from appaudit.assets import assets
from appaudit.knowledge.naming import sdk_name, subject_name
from appaudit.knowledge.regulations import clauses, instruments
from appaudit.records import Gap
from appaudit.report.model import Lang
from appaudit.report.visible import visible

LANGS: tuple[Lang, ...] = ("zh", "en")


@cache
def tables() -> dict[str, dict[str, dict[str, str]]]:
    """words.toml: group → key → language → words."""
    data: dict[str, dict[str, dict[str, str]]] = rtoml.loads(
        (assets("reports") / "words.toml").read_text(encoding="utf-8")
    )
    return data


class Words:
    """The words of one language; calling it looks up a label: ``w("findings", n=3)``."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang

    def __call__(self, key: str, **values: object) -> str:
        text = self.of("ui", key)
        return text.format_map({k: visible(v) for k, v in values.items()}) if values else text

    def of(self, group: str, key: str) -> str:
        """The word for ``key`` of a fixed vocabulary. Raises KeyError when it is missing."""
        return tables()[group][key][self.lang]

    def get(self, group: str, key: str) -> str:
        """The word for ``key`` of an open vocabulary; the key itself, made readable, when unknown."""
        entry = tables().get(group, {}).get(key)
        return entry[self.lang] if entry else visible(key.replace("_", " "))

    def reason(self, gap: Gap) -> str:
        """Why something could not be examined: the gap's own English sentence, or what such a gap means."""
        entry = tables()["gap_reason"].get(gap.code) if self.lang == "zh" else None
        return visible(entry["zh"] if entry else gap.reason)

    def status(self, attributes: Mapping[str, str]) -> str:
        """How a finding stands against an earlier audit; empty without one. Rules may use the attribute's
        name for other things."""
        entry = tables()["status"].get(attributes.get("status", ""))
        return entry[self.lang] if entry else ""

    def value(self, value: str) -> str:
        """An attribute's value: a word for yes, no and the like, else itself."""
        entry = tables()["value"].get(value)
        return entry[self.lang] if entry else value

    def actor(self, actor: str) -> str:
        """``app``, ``sdk:<id>``, ``party:<words>`` … as a name."""
        if actor in tables()["actor"]:
            return self.of("actor", actor)
        prefix, _, rest = actor.partition(":")
        return self.sdk(rest) if prefix == "sdk" else visible(rest or actor)

    def sdk(self, ident: str) -> str:
        """The SDK's name in this language, or its id."""
        return visible(sdk_name(ident, self.lang))

    def subject(self, subject: str) -> str:
        """``data:imei``, ``permission:…``, ``sdk:…``, ``topic:…`` as a name."""
        prefix, _, rest = subject.partition(":")
        if prefix == "permission":
            return visible(rest.removeprefix("android.permission."))
        if prefix in ("topic", "trick", "setting") and rest in tables()[prefix]:
            return self.of(prefix, rest)
        return visible(subject_name(subject, self.lang))

    def clause(self, ident: str) -> str:
        """A known clause by the short name of its instrument and its number."""
        clause = clauses()[ident]
        law = instruments()[clause.instrument]
        short = tables()["instrument"].get(law.id)
        name = short[self.lang] if short else law.number or (law.zh if self.lang == "zh" else law.en)
        return f"{name} {clause.clause}".strip()

    def condition(self, condition: str) -> str:
        """One condition of a statement, such as ``permission:…`` or ``local_only``."""
        prefix, _, rest = condition.partition(":")
        entry = tables()["condition"].get(prefix)
        if entry is None:
            return visible(condition)
        shown = self.subject(condition) if prefix == "permission" else visible(rest)
        return entry[self.lang].format(value=shown)
