"""Plain XML, as libraries (AAR) carry their manifest and other readers print one."""

from __future__ import annotations

import re

from appaudit.apk.axml import XmlError
from appaudit.apk.xml import ANDROID, REFERENCE, STRING, Element, Value

_REFERENCE = re.compile(r"@(?:0x)?([0-9a-fA-F]{8})")
"""A resource id as readers of binary XML print it."""


def read(data: bytes, recover: bool = False) -> Element:
    """The root element. Entities are not expanded, nothing is fetched. ``recover``: take what is not
    well-formed as far as it goes. Raises `XmlError`."""
    from lxml import etree  # only libraries need it

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, recover=recover
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlError(f"it is no XML ({str(error).splitlines()[0]})") from None
    if root is None:
        raise XmlError("it holds no element")
    return _element(root)


def _element(node: object) -> Element:
    from lxml import etree

    if not isinstance(node, etree._Element) or not isinstance(node.tag, str):
        return Element("")
    element = Element(_name(node.tag)[1], text=node.text or "")
    for key, text in node.attrib.items():
        prefix, _, local = str(key).rpartition(":")
        if prefix == "android":  # a prefix nobody declared, as a recovering parser leaves it
            key = f"{{{ANDROID}}}{local}"
        elif prefix and not prefix.startswith("{"):  # another one: no namespace Android knows
            element.foreign[(prefix, local)] = Value(STRING, 0, str(text))
            continue
        namespace, plain = _name(str(key))
        reference = _REFERENCE.fullmatch(str(text))
        value = Value(REFERENCE, int(reference[1], 16)) if reference else Value(STRING, 0, str(text))
        if namespace is None:
            element.plain[plain] = value
        elif namespace == ANDROID:
            element.attributes[plain] = value
        else:
            element.foreign[(namespace, plain)] = value
    element.children = [_element(child) for child in node if isinstance(child.tag, str)]
    return element


def _name(key: str) -> tuple[str | None, str]:
    """Namespace and local name of ``{namespace}name``; what a recovering parser lets through need not
    be a valid name."""
    if not key.startswith("{"):
        return None, key
    namespace, _, local = key[1:].partition("}")
    return namespace, local
