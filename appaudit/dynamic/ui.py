"""The tree of views on the screen, as ``uiautomator dump`` writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

MAX_BYTES = 8_000_000
MAX_NODES = 20_000
BOUNDS = re.compile(r"\[(-?\d{1,6}),(-?\d{1,6})\]\[(-?\d{1,6}),(-?\d{1,6})\]")


class UiError(ValueError):
    """A dump that cannot be read."""


@dataclass(frozen=True, slots=True)
class Node:
    """One view. ``bounds``: left, top, right, bottom in pixels."""

    text: str
    description: str
    resource_id: str
    class_name: str
    package: str
    clickable: bool
    checkable: bool
    checked: bool
    bounds: tuple[int, int, int, int]

    @property
    def label(self) -> str:
        """What the view says: its text, else its description."""
        return self.text or self.description

    @property
    def middle(self) -> tuple[int, int]:
        """Where a finger would touch it."""
        left, top, right, bottom = self.bounds
        return (left + right) // 2, (top + bottom) // 2

    @property
    def area(self) -> int:
        """In square pixels."""
        left, top, right, bottom = self.bounds
        return max(right - left, 0) * max(bottom - top, 0)


@dataclass(frozen=True, slots=True)
class Screen:
    """Every view of the topmost window, outermost first."""

    nodes: tuple[Node, ...]

    @property
    def package(self) -> str:
        """Who the window belongs to; empty where nothing is shown."""
        return self.nodes[0].package if self.nodes else ""

    @property
    def text(self) -> str:
        """All that is written, one view a line."""
        return "\n".join(n.label for n in self.nodes if n.label)

    @property
    def clickable(self) -> tuple[Node, ...]:
        """Views that answer to a tap."""
        return tuple(n for n in self.nodes if n.clickable and n.area > 0)


def parse(xml: bytes) -> Screen:
    """Reads a dump. Raises UiError where it is none, too large or too deep."""
    if len(xml) > MAX_BYTES:
        raise UiError("the tree of views is too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=False)
    try:
        root = etree.fromstring(xml.strip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UiError(f"the tree of views cannot be read: {error}") from error
    nodes = [_node(e) for e, _ in zip(root.iter("node"), range(MAX_NODES), strict=False)]
    return Screen(tuple(nodes))


def _node(element: etree._Element) -> Node:
    def text(name: str) -> str:
        return str(element.get(name) or "")[:1000]

    found = BOUNDS.fullmatch(text("bounds"))
    left, top, right, bottom = (int(n) for n in found.groups()) if found else (0, 0, 0, 0)
    return Node(
        text("text"),
        text("content-desc"),
        text("resource-id"),
        text("class"),
        text("package"),
        text("clickable") == "true",
        text("checkable") == "true",
        text("checked") == "true",
        (left, top, right, bottom),
    )
