"""How the app guards its traffic: cleartext, network security config, trust managers that trust all."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.apk.xml import Element
from appaudit.records import ClassDefinition, Fact, Gap, ManifestEntry
from appaudit.static.bodies import overrides
from appaudit.static.facts import Drafts, Key, observed
from appaudit.static.sample import Sample

TRUST_MANAGERS = ("Ljavax/net/ssl/X509TrustManager;", "Ljavax/net/ssl/X509ExtendedTrustManager;")
VERIFIER = "Ljavax/net/ssl/HostnameVerifier;"
MAX_DOMAINS = 200


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``uses setting:<id>``: ``network_security_config``, ``cleartext_domains``, ``certificate_pins``,
    ``trusts_user_certificates``, ``accepts_any_certificate``, ``accepts_any_hostname``."""
    return [*_config(sample), *_trust(sample)], []


def _config(sample: Sample) -> Iterator[Fact]:
    application = sample.manifest.application
    root = application.network_security_config
    if root is None:
        return
    member = application.network_security_config_file or "network_security_config"
    name = f"{sample.app.app.file}!{member}"
    base = root.first("base-config")
    base_cleartext = _flag(base, "cleartextTrafficPermitted") if base is not None else None
    yield _setting(
        "network_security_config",
        name,
        "base-config",
        (("cleartext", {True: "true", False: "false", None: "default"}[base_cleartext]),),
    )
    domains: dict[bool, list[str]] = {True: [], False: []}
    pins: list[str] = []
    for config, inherited in _domain_configs(root, base_cleartext):
        names = [d.text.strip() for d in config.all("domain") if d.text.strip()]
        cleartext = _flag(config, "cleartextTrafficPermitted")
        cleartext = inherited if cleartext is None else cleartext
        if cleartext is not None:
            domains[cleartext] += names
        pin_set = config.first("pin-set")
        if pin_set is not None and any(pin_set.all("pin")):
            pins += names
    if domains[True]:
        listed = " ".join(domains[True][:MAX_DOMAINS])
        yield _setting("cleartext_domains", name, "domain-config", (("domains", listed),))
    if pins:
        yield _setting("certificate_pins", name, "pin-set", (("domains", " ".join(pins[:MAX_DOMAINS])),))
    for element in (base, *(c for c, _ in _domain_configs(root, None))):
        anchors = element.first("trust-anchors") if element is not None else None
        if anchors is not None and any(_text(c, "src") == "user" for c in anchors.all("certificates")):
            yield _setting("trusts_user_certificates", name, "certificates", (("src", "user"),))
            break


def _domain_configs(root: Element, inherited: bool | None) -> Iterator[tuple[Element, bool | None]]:
    """Every domain-config, nested ones too, with what it inherits."""
    stack: list[tuple[Element, bool | None]] = [(c, inherited) for c in root.all("domain-config")]
    while stack:
        config, above = stack.pop()
        yield config, above
        own = _flag(config, "cleartextTrafficPermitted")
        stack += [(c, above if own is None else own) for c in config.all("domain-config")]


def _flag(element: Element, name: str) -> bool | None:
    value = element.plain.get(name) or element.attributes.get(name)
    return None if value is None else value.boolean


def _text(element: Element, name: str) -> str:
    value = element.plain.get(name) or element.attributes.get(name)
    return "" if value is None else value.string


def _setting(setting: str, member: str, element: str, attributes: tuple[tuple[str, str], ...]) -> Fact:
    entry = ManifestEntry(member, element, setting, attributes)
    return observed("app", "uses", f"setting:{setting}", (entry,), attributes=attributes)


def _trust(sample: Sample) -> Iterator[Fact]:
    drafts = Drafts()
    seen: set[str] = set()
    for base in TRUST_MANAGERS:
        for body in overrides(sample, base, "checkServerTrusted"):
            if body.returns_at_once and body.owner not in seen:
                seen.add(body.owner)
                _add(sample, drafts, "accepts_any_certificate", body.dex.member, body.owner)
    for body in overrides(sample, VERIFIER, "verify"):
        if body.returns_true:
            _add(sample, drafts, "accepts_any_hostname", body.dex.member, body.owner)
    yield from drafts.facts()


def _add(sample: Sample, drafts: Drafts, setting: str, member: str, owner: str) -> None:
    actor, package = sample.actors.of_package(owner)
    key = Key(actor, "uses", f"setting:{setting}", (("package", package),) if package else ())
    drafts.add(key, ClassDefinition(member, owner, owner, 1))
