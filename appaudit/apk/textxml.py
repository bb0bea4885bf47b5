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
    element = Element(etree.QName(node).localname, text=node.text or "")
    for key, text in node.attrib.items():
        prefix, _, local = str(key).rpartition(":")
        if prefix == "android":  # a prefix nobody declared, as a recovering parser leaves it
            key = f"{{{ANDROID}}}{local}"
        name = etree.QName(str(key))
        reference = _REFERENCE.fullmatch(str(text))
        value = Value(REFERENCE, int(reference[1], 16)) if reference else Value(STRING, 0, str(text))
        if name.namespace is None:
            element.plain[name.localname] = value
        elif name.namespace == ANDROID:
            element.attributes[name.localname] = value
        else:
            element.foreign[(name.namespace, name.localname)] = value
    element.children = [_element(child) for child in node if isinstance(child.tag, str)]
    return element
