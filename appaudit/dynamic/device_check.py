"""What a phone has and lacks for a run, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from appaudit.dynamic.adb import Choice
from appaudit.dynamic.target import LostError
from appaudit.dynamic.target_android import AndroidTarget
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
    """Device, root, clock, DNS, proxy, frida-server; what cannot be asked ends the list with a reason."""
    target = AndroidTarget(None, PACKAGE, choice)
    phone = target.phone
    found: list[Check] = []
    try:
        phone.connect()
        phone.describe()
        about = target.conditions()
        what = f"{phone.serial}, {about['model']}, Android {about['release']}, {about['abi']}"
        found.append(Check("device", bool(about["release"]), what))
        rooted = phone.root()
        advice = "rooted" if rooted else "no root: root it, or use an emulator image without Google Play"
        found.append(Check("root", rooted, f"{advice}{'' if rooted else '; --no-frida needs none'}"))
        found.append(Check("clock", None, f"{about['clock_skew']} against this computer"))
        found.append(
            Check("dns", None, f"blocker: {about['dns_blocker']} (private DNS {about['private_dns']})")
        )
        found.append(Check("proxy", None, about["http_proxy"] or "none set"))
        if choice.setup is not None:
            target.set_up(choice.setup)
        target.server()
        found.append(Check("frida-server", True, f"answers, for {phone.architecture}"))
    except MissingExtraError as error:
        found.append(Check("device", False, str(error)))
    except (InputError, LostError) as error:
        found.append(Check("frida-server" if found else "device", False, str(error)))
    return found
