"""What a network security config says."""

from __future__ import annotations

from appaudit.apk.xml import STRING, Element, Value
from appaudit.records import Fact
from appaudit.static.network import _config
from appaudit.static.sample import Sample


def text(value: str) -> Value:
    return Value(STRING, 0, value)


def element(name: str, *children: Element, body: str = "", **attributes: str) -> Element:
    return Element(
        name, plain={k: text(v) for k, v in attributes.items()}, children=list(children), text=body
    )


class _App:
    class app:  # noqa: N801
        file = "shop.apk"


class _Manifest:
    def __init__(self, root: Element) -> None:
        self.application = self
        self.network_security_config = root
        self.network_security_config_file = "res/xml/net.xml"


class _Sample:
    def __init__(self, root: Element) -> None:
        self.manifest = _Manifest(root)
        self.app = _App()


def config(*children: Element) -> dict[str, Fact]:
    sample: Sample = _Sample(element("network-security-config", *children))  # type: ignore[assignment]
    return {f.subject.removeprefix("setting:"): f for f in _config(sample)}


def test_the_base_alone() -> None:
    found = config(element("base-config", cleartextTrafficPermitted="true"))
    assert set(found) == {"network_security_config"}
    assert found["network_security_config"].attribute["cleartext"] == "true"


def test_domains_inherit() -> None:
    found = config(
        element("base-config", cleartextTrafficPermitted="false"),
        element(
            "domain-config",
            element("domain", body="shop.cn"),
            element("domain-config", element("domain", body="cdn.shop.cn")),
            cleartextTrafficPermitted="true",
        ),
        element("domain-config", element("domain", body="safe.cn")),
    )
    assert set(found["cleartext_domains"].attribute["domains"].split()) == {"shop.cn", "cdn.shop.cn"}


def test_user_certificates_and_pins() -> None:
    anchors = element(
        "trust-anchors", element("certificates", src="system"), element("certificates", src="user")
    )
    pins = element("pin-set", element("pin", body="abc="), expiration="2030-01-01")
    found = config(element("domain-config", element("domain", body="shop.cn"), anchors, pins))
    assert found["certificate_pins"].attribute["domains"] == "shop.cn"
    assert "trusts_user_certificates" in found


def test_debug_overrides_do_not_count() -> None:
    anchors = element("trust-anchors", element("certificates", src="user"))
    assert "trusts_user_certificates" not in config(element("debug-overrides", anchors))
