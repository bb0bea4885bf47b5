"""Plain XML, as libraries (AAR) carry their manifest."""

from __future__ import annotations

from appaudit.apk.axml import XmlError
from appaudit.apk.xml import ANDROID, STRING, Element, Value


def read(data: bytes) -> Element:
    """The root element. Entities are not expanded, nothing is fetched. Raises `XmlError`."""
    from lxml import etree  # only libraries need it

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlError(f"it is no XML ({str(error).splitlines()[0]})") from None
    return _element(root)


def _element(node: object) -> Element:
    from lxml import etree

    if not isinstance(node, etree._Element) or not isinstance(node.tag, str):
        return Element("")
    element = Element(etree.QName(node).localname, text=node.text or "")
    for key, text in node.attrib.items():
        name = etree.QName(str(key))
        value = Value(STRING, 0, str(text))
        if name.namespace is None:
            element.plain[name.localname] = value
        elif name.namespace == ANDROID:
            element.attributes[name.localname] = value
        else:
            element.foreign[(name.namespace, name.localname)] = value
    element.children = [_element(child) for child in node if isinstance(child.tag, str)]
    return element
