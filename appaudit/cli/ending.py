"""How a run ends: the exit code, the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from appaudit.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from appaudit.bundle import Bundle
    from appaudit.records import Finding

CLEAN, FOUND, UNUSABLE, INCOMPLETE = 0, 1, 2, 3


def counts(findings: Iterable[Finding], fail_on: str, profile: str = "all") -> int:
    """Violations and reviews of a profile at or above a severity, those set aside left out."""
    from appaudit.knowledge.regulations import concerns
    from appaudit.records import SEVERITIES

    least = SEVERITIES.index(fail_on)
    return sum(
        f.outcome in ("violation", "review")
        and SEVERITIES.index(f.severity) >= least
        and "suppressed" not in dict(f.attributes)
        and concerns(f.clauses, profile)
        for f in findings
    )


class Ending:
    """The exit code of results that come one by one: the worst that happened.

    An unreadable input, then findings at or above ``fail_on``, then gaps under ``strict``.
    """

    def __init__(self, fail_on: str, exit_zero: bool, strict: bool, profile: str = "all") -> None:
        self.fail_on = fail_on
        self.exit_zero = exit_zero
        self.strict = strict
        self.profile = profile
        self._seen: set[int] = {CLEAN}

    def add(self, bundle: Bundle) -> Ending:
        """One more result. Returns itself."""
        if not self.exit_zero and counts(bundle.findings, self.fail_on, self.profile):
            self._seen.add(FOUND)
        if self.strict and bundle.gaps:
            self._seen.add(INCOMPLETE)
        return self

    def fail(self) -> None:
        """One more input that gave no result."""
        self._seen.add(UNUSABLE)

    @property
    def code(self) -> int:
        """The exit code so far."""
        return next(code for code in (UNUSABLE, FOUND, INCOMPLETE, CLEAN) if code in self._seen)


def sentence(error: Exception) -> str | None:
    """What a user is told of an error that ends the work on an input; None for a mistake of ours."""
    if isinstance(error, InputError | MissingExtraError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'output'}: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, RecursionError):
        return "the input is nested too deeply to be read"
    return None


def internal(error: Exception, verbose: bool) -> str:
    """What a user is told of a mistake of ours; ``verbose`` shows where it was made."""
    if verbose:
        import traceback

        traceback.print_exception(error)
    return f"internal error ({type(error).__name__}: {error}); -v shows where, please report it"
