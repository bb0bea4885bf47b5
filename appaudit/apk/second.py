"""Other readers' opinion of a binary manifest that looks made to mislead: apkInspector, androguard.

They are asked in a process of their own, with a time limit and a memory limit, because such files
are what readers hang on. `ask` is not called for a manifest without tricks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from appaudit.apk.xml import Element

SECONDS = 20
MAX_MANIFEST = 8 << 20

_PROCESS = Path(__file__).with_name("second_process.py")
_COMPONENTS = frozenset({"activity", "activity-alias", "service", "receiver", "provider"})
_PERMISSIONS = frozenset({"uses-permission", "uses-permission-sdk-23", "uses-permission-sdk-m"})


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one reader made of the manifest: its text form, or why it failed."""

    reader: str
    xml: str = ""
    error: str = ""


def ask(data: bytes) -> list[Opinion]:
    """What each other reader at hand makes of a binary manifest."""
    if len(data) > MAX_MANIFEST:
        return []
    command = [sys.executable, "-P", str(_PROCESS)]  # -P: the modules beside it are not its library
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
        rows = json.loads(done.stdout.decode(errors="replace") or "[]")
        return [Opinion(row["reader"], row["xml"], row["error"]) for row in rows]
    except subprocess.TimeoutExpired:
        return [Opinion("apkInspector", error="it did not come to an end")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [Opinion("apkInspector", error=str(error))]


def summary(root: Element) -> dict[str, frozenset[str]]:
    """What readers are compared by: package, requested permissions, classes of components."""
    package = root.plain.get("package")
    found: dict[str, set[str]] = {"package": {package.string if package else ""}}
    permissions = found.setdefault("permissions", set())
    components = found.setdefault("components", set())
    stack = [root]
    while stack:
        element = stack.pop()
        stack += element.children
        name = element.attributes.get("name")
        if name is not None and element.name in _PERMISSIONS:
            permissions.add(name.string)
        elif name is not None and element.name in _COMPONENTS:
            components.add(name.string)
    return {key: frozenset(values) for key, values in found.items()}


def differences(ours: Element, theirs: Element) -> list[str]:
    """What the two trees disagree about, each as a few words."""
    told = []
    mine, other = summary(ours), summary(theirs)
    for key, values in mine.items():
        if values != other[key]:
            only, missed = sorted(values - other[key])[:3], sorted(other[key] - values)[:3]
            told.append(f"{key}: not seen by it {only}, seen only by it {missed}")
    return told
