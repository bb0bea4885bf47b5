"""What the user opens an account with: "sign in with Twitter", "registration is possible by e-mail"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from appaudit.policy.lexicon import words_of
from appaudit.policy.literals import may_match
from appaudit.policy.reading import Frame, Mention

_PROVIDERS = "|".join(map(re.escape, words_of("grammar.en")["identity_provider"]["words"]))
_SIGN = r"(?:sign|log|register|connect)(?:s|ed|ing|ged|ging)?(?:[ -](?:in|up|on))?"
_WITH = rf"\b(?<!not )(?<!never ){_SIGN} (?:with|via|through|using|by)\b"
_BY_NAME = re.compile(
    rf"{_WITH} (?:your |an? )?(?P<name>{_PROVIDERS})\b(?! (?:accounts?|analytics|play|maps)\b)", re.I
)
_POSSIBLE = re.compile(
    rf"\b(?:registration|{_SIGN}) (?:is|are) (?:also )?(?:possible|available|offered|done)"
    r" (?:with|via|through|using|by)\b",
    re.I,
)
_SIGN_INS = frozenset({"email", "phone_number", "third_party_account", "username", "password"})


def signed_in_with(text: str, low: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions of a sentence, also in lower case, with those that the user signs in with under a frame,
    and the services that are signed in with by name alone."""
    out = list(mentions)
    if may_match(_POSSIBLE, low) and (found := _POSSIBLE.search(text)) is not None:
        frame = Frame(found.group().lower(), "provide", "you", "collected", *found.span())
        for mention in out:
            if mention.frame is None and mention.start >= found.end() and mention.type in _SIGN_INS:
                mention.frame = frame
    if not may_match(_BY_NAME, low) or any(m.type == "third_party_account" for m in out):
        return out
    if (found := _BY_NAME.search(text)) is not None:
        frame = Frame(found.group().lower(), "provide", "you", "collected", *found.span())
        out.append(Mention("third_party_account", *found.span("name"), frame=frame))
        out.sort(key=lambda m: m.start)
    return out
