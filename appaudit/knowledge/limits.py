"""What the platform answers ordinary apps in place of the data, by API level (``limits.toml``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from appaudit.knowledge.apis import Api, full_permission
from appaudit.knowledge.load import toml

Answer = Literal["throws", "nothing", "constant", "own", "visible", "focus"]


@dataclass(frozen=True, slots=True)
class Step:
    """From API ``level`` on, of the device or (``by`` = target) of device and target SDK, the call gives
    ``answer``."""

    by: Literal["target", "device"]
    level: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Limit:
    """Steps, the first that applies counts; ``lifted_by``: a permission that undoes them."""

    steps: tuple[Step, ...]
    lifted_by: str = ""


@cache
def limits() -> Mapping[str, Limit]:
    """Every limit by the name that API rows use."""
    return {
        name: Limit(
            tuple(Step(s["by"], s["level"], s["answer"]) for s in row["steps"]),
            full_permission(row["lifted_by"]) if "lifted_by" in row else "",
        )
        for name, row in toml("limits.toml").items()
    }


def limit_of(api: Api, target_sdk: int, permissions: Collection[str]) -> Step | None:
    """What limits an API for an app that targets ``target_sdk`` and requests ``permissions``."""
    if not api.limit or limits()[api.limit].lifted_by in permissions:
        return None
    steps = limits()[api.limit].steps
    return next((s for s in steps if s.by == "device" or target_sdk >= s.level), None)
