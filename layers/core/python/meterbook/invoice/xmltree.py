"""XML written from nested values: what is empty vanishes, and same values give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree


@dataclass(frozen=True, slots=True)
class Node:
    """An element by its prefixed name, with its parts (texts and elements) in order."""

    tag: str
    parts: tuple[Node | str, ...] = ()
    attributes: Mapping[str, str] | None = None


def node(tag: str, *parts: Node | str | None, **attributes: str) -> Node | None:
    """An element, or None where nothing stands in it: an optional field is simply passed empty."""
    filled = tuple(part for part in parts if part)
    return Node(tag, filled, attributes) if filled else None


def xml_bytes(root: Node, namespaces: Mapping[str, str]) -> bytes:
    """The whole document in UTF-8; the prefix "" is the default namespace.

    Errors: `ValueError` for a character that XML cannot carry.
    """
    declared = {prefix or None: uri for prefix, uri in namespaces.items()}
    element = etree.Element(_name(root.tag, namespaces), nsmap=declared)
    _fill(element, root, namespaces)
    written: bytes = etree.tostring(
        element, encoding="UTF-8", xml_declaration=True, pretty_print=True
    )
    return written


def _name(tag: str, namespaces: Mapping[str, str]) -> str:
    prefix, _, name = tag.rpartition(":")
    return f"{{{namespaces[prefix]}}}{name}"


def _fill(element: etree._Element, made: Node, namespaces: Mapping[str, str]) -> None:
    for name, value in (made.attributes or {}).items():
        element.set(name, value)
    for part in made.parts:
        if isinstance(part, str):
            element.text = part
        else:
            _fill(etree.SubElement(element, _name(part.tag, namespaces)), part, namespaces)
