"""How an app asks for consent, from the record of a run to facts.

Facts: ``shows consent:screen`` before anybody agreed, with attributes ``agree``, ``refuse`` (words of
the buttons; no ``refuse``: there is none), ``refuse_size`` (its area in percent of the other's),
``pre_ticked``, ``policy_link`` (yes, no), ``policy_opens`` (what a tap on it led to: yes, elsewhere, no,
unclear), ``purposes`` (that one box covers together), ``language``, ``policy_language``, ``device_language``;
``shows consent:policy_way``, how the policy is reached from the main screen, with ``found``, ``taps``, ``by``
(screen, tester); ``shows consent:after_refusal``, with ``left`` (whether the app was gone then: yes, no)
and ``asked_again`` (times); and ``shows consent:withdrawal``, where consent was taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from appaudit.dynamic.record import FOLDER
from appaudit.knowledge.permissions import group_of
from appaudit.records import Fact, FileEntry, Phase

LISTS = ("purposes", "permissions_before")


def _whole(line: Mapping[str, Any]) -> bool:
    """Whether a line is as the runner writes it."""
    numbers = (line.get("times", 0), line.get("asked_after_refusal", 0))
    if not isinstance(line.get("at"), int | float) or not all(isinstance(n, int) for n in numbers):
        return False
    lists = [line.get(name, []) for name in LISTS]
    return all(isinstance(given, list) and all(isinstance(v, str) for v in given) for given in lists)


def _yes(value: object) -> str:
    return "yes" if value is True else "no" if value is False else ""


class Asking:
    """Collects the lines on screens, answers and the question itself."""

    def __init__(self) -> None:
        self._pictures: dict[str, str] = {}
        self._question: Mapping[str, Any] | None = None
        self._refused: Mapping[str, Any] | None = None
        self._again: Mapping[str, Any] | None = None
        self._way: Mapping[str, Any] | None = None
        self._withdrawn: Mapping[str, Any] | None = None

    def add(self, line: Mapping[str, Any]) -> None:
        """A line of kind ``screen``, ``consent`` or ``step``; one not as the runner writes it is left out."""
        if not _whole(line):
            return
        if line["line"] == "screen" and line.get("picture"):
            self._pictures[str(line["file"])] = str(line["picture"])
        elif line["line"] == "consent" and self._question is None:
            self._question = line
        elif line["line"] == "policy_way":
            self._way = line
        elif line.get("what") == "withdrawn":
            self._withdrawn = line
        elif line.get("what") == "refused":
            self._refused = line
        elif line.get("what") in ("asked_again", "not_asked_again"):
            self._again = line

    @property
    def again(self) -> dict[str, str]:
        """The attribute of requests before consent: how often their prompts came back, each denied."""
        number = self._question.get("asked_after_refusal", 0) if self._question is not None else 0
        return {"asked_again": str(int(number))} if number else {}

    def facts(self, hooked: Set[str]) -> list[Fact]:
        """``hooked``: subjects of permissions that a hook saw asked for before consent; a prompt for one of
        another group was seen on the screen alone."""
        found: list[Fact] = [] if self._way is None else [self._reach(self._way)]
        if self._withdrawn is not None:
            found.append(self._fact(self._withdrawn, "app", "shows", "consent:withdrawal", "after_consent"))
        question = self._question
        if question is None:
            return found
        known = {group_of(subject.removeprefix("permission:")) for subject in hooked}
        for name in question.get("permissions_before") or ():
            if name and group_of(name) not in known:
                subject = f"permission:{name}"
                found.append(self._fact(question, "unknown", "asks", subject, "before_consent", self.again))
        if question.get("found") is True:
            found.append(self._screen(question))
        last = self._refused or self._again
        if last is not None:
            found.append(self._after(last))
        return found

    def _screen(self, line: Mapping[str, Any]) -> Fact:
        agree, refuse = line.get("agree_area"), line.get("refuse_area")
        size = ""
        if isinstance(agree, int) and isinstance(refuse, int) and agree > 0:
            size = str(100 * refuse // agree)
        attributes = {
            "agree": str(line.get("agree") or ""),
            "refuse": str(line.get("refuse") or ""),
            "refuse_size": size,
            "pre_ticked": _yes(line.get("pre_ticked")),
            "policy_link": _yes(line.get("policy_link")),
            "purposes": ", ".join(str(p) for p in line.get("purposes") or ()),
            "language": str(line.get("language") or ""),
            "policy_opens": str(line.get("policy_opens") or ""),
            "policy_language": str(line.get("policy_language") or ""),
            "device_language": str(line.get("device_language") or ""),
        }
        return self._fact(line, "app", "shows", "consent:screen", "before_consent", attributes)

    def _reach(self, line: Mapping[str, Any]) -> Fact:
        taps = line.get("taps")
        attributes = {
            "found": _yes(line.get("found")),
            "taps": str(taps) if isinstance(taps, int) else "",
            "by": str(line.get("by") or ""),
            "policy_opens": str(line.get("opens") or ""),
            "policy_language": str(line.get("language") or ""),
        }
        return self._fact(line, "app", "shows", "consent:policy_way", "after_consent", attributes)

    def _after(self, line: Mapping[str, Any]) -> Fact:
        again = self._again
        times = ""
        if again is not None:
            times = str(int(again.get("times", again.get("what") == "asked_again")))
        attributes = {"left": _yes(line.get("left")), "asked_again": times}
        return self._fact(line, "app", "shows", "consent:after_refusal", "refused", attributes)

    def _fact(
        self,
        line: Mapping[str, Any],
        actor: str,
        action: str,
        subject: str,
        phase: Phase,
        attributes: Mapping[str, str] | None = None,
    ) -> Fact:
        time = float(line["at"])
        file = str(line.get("file") or "")
        files = (file, str(line.get("policy_file") or ""))
        names = [n for f in files if f for n in (f, self._pictures.get(f, "")) if n]
        return Fact(
            "dynamic", "observed", actor, action, subject,
            phase=phase,
            first=time,
            last=time,
            evidence=tuple(FileEntry(f"{FOLDER}/{n}") for n in names),
            attributes=tuple(sorted((k, v) for k, v in (attributes or {}).items() if v)),
        )  # fmt: skip
