"""What a run on a phone ran under: device, clock, name look-ups, proxy. Part of the evidence."""

from __future__ import annotations

import re

from appaudit.dynamic.adb import Phone
from appaudit.dynamic.target import Proxy
from appaudit.knowledge.load import toml

RESOLVED = re.compile(r"PING \S{1,253} \(([0-9a-fA-F.:]{2,45})\)")
NOWHERE = ("0.0.0.0", "127.", "::", "::1")  # noqa: S104 - an answer, not an address to bind


def conditions(phone: Phone) -> dict[str, str]:
    """Of the device as it is now."""
    skew = phone.skew()
    return {
        "target": "android",
        "serial": phone.serial,
        **phone.about,
        "clock_skew": "unknown" if skew is None else f"{skew:+.0f} s",
        **names(phone),
        "http_proxy": phone.setting("http_proxy"),
        "network": phone.shell("getprop", "gsm.network.type").strip()[:60],
    }


def names(phone: Phone) -> dict[str, str]:
    """Whether something between the app and the trackers answers for them: a private DNS that blocks, or
    hosts of trackers that lead nowhere while another leads somewhere."""
    known = toml("device.toml")["dns"]
    mode, server = phone.setting("private_dns_mode"), phone.setting("private_dns_specifier")
    found = {"private_dns": f"{mode} {server}".strip() or "off"}
    if mode == "hostname" and any(server == b or server.endswith(f".{b}") for b in known["blocking"]):
        return {**found, "dns_blocker": f"yes: {server}"}
    plain = leads(phone, known["plain"])
    if plain is not True:
        return {**found, "dns_blocker": "unknown: no name could be looked up"}
    blocked = [host for host in known["trackers"] if leads(phone, host) is False]
    return {**found, "dns_blocker": f"yes: {', '.join(blocked)} lead nowhere" if blocked else "no"}


def leads(phone: Phone, host: str) -> bool | None:
    """Whether the device finds an address for a name; None where it cannot say."""
    said = phone.shell("ping", "-c", "1", "-W", "1", host, timeout=15)
    found = RESOLVED.search(said)
    if found is not None:
        return found[1] not in NOWHERE[2:] and not found[1].startswith(NOWHERE[:2])
    return False if "unknown host" in said.lower() else None


def reachable(phone: Phone, proxy: Proxy, host: str) -> str:
    """Whether the device reaches the proxy: a connection that stays open until it is cut is one."""
    code, said = phone.done("timeout", "3", "nc", "-w", "2", host, str(proxy.port), timeout=20)
    if code in (0, 124, 137, 143):
        return "yes"
    words = " ".join(said.split())[:100]
    return f"unknown: {words}" if "not found" in words or "nknown" in words else f"no: {words or code}"
