"""What a phone has and lacks for a run, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from appaudit.dynamic.target import LostError
from appaudit.dynamic.target_android import AndroidTarget, Choice
from appaudit.errors import InputError, MissingExtraError

PACKAGE = "com.android.shell"
"""Any package: none is started."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``ok`` None: a condition that is neither good nor bad."""

    name: str
    ok: bool | None
    text: str


def check(choice: Choice) -> list[Check]:
    """Device, root, frida-server, proxy, clock; what cannot be asked ends the list with a reason."""
    target = AndroidTarget(None, PACKAGE, choice)
    found: list[Check] = []
    try:
        target.connect()
        target.describe()
        about = target.conditions()
        found.append(
            Check(
                "device",
                True,
                f"{target.serial}, {about['model']}, Android {about['release']}, {about['abi']}",
            )
        )
        rooted = target.root()
        advice = "rooted" if rooted else "no root: root it, or use an emulator image without Google Play"
        found.append(Check("root", rooted, advice))
        found.append(Check("clock", None, f"{about['clock_skew']} against this computer"))
        found.append(Check("proxy", None, about["http_proxy"].replace("null", "none set")))
        target.server()
        found.append(Check("frida-server", True, f"answers, for {target.architecture}"))
    except MissingExtraError as error:
        found.append(Check("device", False, str(error)))
    except (InputError, LostError) as error:
        found.append(Check("frida-server" if found else "device", False, str(error)))
    return found
