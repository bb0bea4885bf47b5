"""How reports name actors and subjects, in Chinese and English."""

from __future__ import annotations

from functools import cache

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import permission
from appaudit.knowledge.rules import Language

SYSTEM_PACKAGES = ("android", "com.android.", "com.google.android.")
"""How the names of the system's own packages begin."""

_ACTORS = {
    "app": {"en": "the app", "zh": "本应用"},
    "unknown": {"en": "unattributed code", "zh": "未归属的代码"},
}


def actor_name(actor: str, lang: Language) -> str:
    """How a report names an actor."""
    if actor in _ACTORS:
        return _ACTORS[actor][lang]
    kind, _, name = actor.partition(":")
    return sdk_name(name, lang) if kind == "sdk" else name


def sdk_name(sdk_id: str, lang: Language) -> str:
    """An SDK's name in the language; its id where the knowledge has no such SDK."""
    from appaudit.knowledge import sdks  # late: 900 records that a run without SDKs never reads

    sdk = sdks.sdks().get(sdk_id)
    if sdk is None:
        return sdk_id
    return (sdk.zh or sdk.en) if lang == "zh" else (sdk.en or sdk.zh)


def subject_name(subject: str, lang: Language) -> str:
    """How a report names a subject (``data:imei`` → ``IMEI``)."""
    kind, _, name = subject.partition(":")
    if kind == "data" and name in data_types():
        return getattr(data_types()[name], lang)  # type: ignore[no-any-return]
    if kind == "sdk":
        return sdk_name(name, lang)
    if kind == "permission":
        words: str = getattr(permission(name), lang)
        short = name.rpartition(".")[2]
        return f"{words} ({short})" if words else short
    if kind == "consent":
        return str(toml("consent.toml")["names"].get(name, {}).get(lang, name))
    if kind == "setting":
        entry = toml("wording.toml")["setting"].get(name)
        return str(entry[lang]) if entry else name
    if kind == "notice":
        return _notices().get(name, {}).get(lang, name)
    return name or subject


@cache
def _notices() -> dict[str, dict[str, str]]:
    return {row["id"]: {"zh": row["zh"], "en": row["en"]} for row in toml("completeness.toml")["item"]}
