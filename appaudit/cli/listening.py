"""How an app's traffic is recorded, and how a device gets to the proxy."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from appaudit.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from appaudit.traffic.capture import Capture, Options

NAME = "traffic.mitm"


def listening(
    mode: str, proxy: str | None, folder: Path, target: str, values: Path | None, listen: str | None = None
) -> Options | None:
    """The capture that ``run --capture`` and ``--listen`` ask for; None where there shall be none.

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
    from appaudit.traffic.capture import Options, listen_address

    host, port = listen_address(listen) if listen else ("127.0.0.1", 0)
    # The certificate authority is no evidence: it stays out of the evidence folder.
    ca = Path(tempfile.gettempdir()) / f"appaudit-ca-{secrets.token_hex(8)}"
    return Options(folder / NAME, host, port, mode or "regular", values, ca, settings=SETTINGS)


SETTINGS = ("connection_strategy=lazy",)
"""The proxy takes a request before it opens the way to its server: what is sent to a host that does not
answer is seen too."""


def way_there(proxy: Capture) -> list[str]:
    """Lines on what a tester has to do so that the device's traffic comes to a proxy."""
    mode, address = proxy.options.mode, f"{proxy.options.host}:{proxy.port}"
    said = [f"appaudit: {mode} proxy on {address}, certificate {proxy.certificate}"]
    if mode.startswith("wireguard"):
        said += [
            "appaudit: in the device's WireGuard app, make a tunnel from this and switch it on:",
            *_code(proxy.configuration),
            *proxy.configuration.splitlines(),
        ]
        if proxy.options.host in ("127.0.0.1", "::1", "localhost"):
            said.append(
                f"appaudit: {address} is reached from this machine alone. An emulator's tunnel needs "
                f"Endpoint = 10.0.2.2:{proxy.port}; for a phone give --listen this machine's address in its "
                f"network, e.g. --listen 192.168.1.5:51820"
            )
    elif mode.startswith("transparent"):
        said.append(
            "appaudit: lead the device's connections there without changing them; on a gateway that is this "
            "machine: iptables -t nat -A PREROUTING -i INTERFACE -p tcp -m multiport "
            f"--dports 80,443 -j REDIRECT --to-port {proxy.port}"
        )
    return said


def _code(text: str) -> list[str]:
    """A QR code for the WireGuard app's camera, where there is a terminal to show it and segno to make it."""
    if not sys.stderr.isatty():
        return []
    try:
        import segno
    except ImportError:
        return []
    rows = [list(row) for row in segno.make_qr(text).matrix_iter(border=2)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    # Two modules a character, light ones drawn: as dark terminals need it.
    return [
        "".join("█▀▄ "[2 * a + b] for a, b in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]


def ready(say: Callable[[str], None], ask: Callable[[str], bool | None] | None) -> Callable[[Capture], None]:
    """For ``Options.on_ready`` of a run: a mode that no setting of the device leads to waits for the tester.
    Raises InputError where the tester says no."""

    def told(proxy: Capture) -> None:
        if proxy.options.asked:
            return
        for line in way_there(proxy):
            say(line)
        if ask is not None and ask("Does the device's traffic go there now?") is False:
            raise InputError("the device's traffic does not come to the proxy")

    return told
