"""`run --capture`: how an app's traffic is recorded while it runs."""

from __future__ import annotations

import secrets
import tempfile
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from appaudit.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from appaudit.traffic.capture import Options

NAME = "traffic.mitm"


def listening(mode: str, proxy: str | None, folder: Path, target: str, values: Path | None) -> Options | None:
    """The capture that ``--capture`` asks for; None where there shall be none.

    Without the option it is mitmproxy's regular mode where mitmproxy is installed and no proxy was given.
    Raises InputError, MissingExtraError.
    """
    if proxy is not None and mode not in ("", "none"):
        raise InputError("--proxy leads the app elsewhere: give --capture or --proxy, not both")
    there = util.find_spec("mitmproxy") is not None
    if mode == "none" or proxy is not None or (not mode and not there):
        return None
    if not there:
        raise MissingExtraError("capturing traffic", "device")
    if target == "jvm" and mode not in ("", "regular"):
        raise InputError("--target jvm knows one mode of --capture: regular")
    from appaudit.traffic.capture import Options

    # The certificate authority is no evidence: it stays out of the evidence folder.
    ca = Path(tempfile.gettempdir()) / f"appaudit-ca-{secrets.token_hex(8)}"
    return Options(folder / NAME, mode=mode or "regular", values=values, ca=ca, settings=SETTINGS)


SETTINGS = ("connection_strategy=lazy",)
"""The proxy takes a request before it opens the way to its server: what is sent to a host that does not
answer is seen too."""
