"""The person at the phone: asked where nothing on the screen decides, free to say what was done by hand."""

from __future__ import annotations

from typing import Protocol

AGREED, REFUSED, NEXT, QUIT = "a", "r", "n", "q"
"""Keys: I tapped agree · I tapped refuse · next phase · end the run."""


class Tester(Protocol):
    """Somebody who can be asked."""

    def ask(self, question: str) -> bool | None:
        """Yes or no; None where nobody answered."""

    def pressed(self) -> str:
        """The keys pressed since the last call; never waits."""


class Nobody:
    """No tester: no answer, no key."""

    def ask(self, question: str) -> bool | None:
        """Never answered."""
        return None

    def pressed(self) -> str:
        """None pressed."""
        return ""


class NextError(Exception):
    """The tester wants the next phase."""


class QuitError(Exception):
    """The tester ends the run."""
