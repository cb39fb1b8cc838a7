"""The picture at the head of an invoice: a file beside the YAML, landed whole, judged beforehand.

An invoice has its number when it is drawn. So a picture that cannot be drawn, or that would fetch
something from elsewhere, is refused here.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from meterbook.catalog.document import Fields
from meterbook.catalog.reader import Reader

LOGO = r"[A-Za-z0-9_][A-Za-z0-9._-]*\.(png|svg)"
LARGEST = 200_000
_PNG = b"\x89PNG\r\n\x1a\n"
_WIDEST = 4096  # pixels
_MOST_PARTS = 1000
# What acts, fetches, multiplies itself, or looks different where another font is.
_NOT_DRAWN = {"script", "foreignObject", "image", "use", "text"}
_SVG = "{http://www.w3.org/2000/svg}svg"


def logo(doc: Reader) -> Fields:
    """The picture with its media type; nothing where no logo is named."""
    name = doc.matching("logo", LOGO, "the name of a PNG or SVG file beside this one", "")
    if not name:
        return {}
    picture = _read(doc, Path(doc.file).with_name(name))
    is_png = name.endswith(".png")
    if fault := _png_fault(picture) if is_png else _svg_fault(picture):
        raise doc.refusal("logo", f"{name} cannot be printed: {fault}")
    media_type = "image/png" if is_png else "image/svg+xml"
    return {"media_type": media_type, "base64": b64encode(picture).decode()}


def _read(doc: Reader, file: Path) -> bytes:
    try:
        picture = file.read_bytes()
    except OSError as error:
        hint = "Put the picture beside the YAML file that names it."
        raise doc.refusal("logo", f"{file} cannot be read: {error.strerror}", hint) from None
    if len(picture) > LARGEST:
        detail = f"{file.name} has {len(picture)} bytes, more than {LARGEST}"
        raise doc.refusal("logo", detail, "Every PDF carries it: make it smaller.")
    return picture


def _png_fault(picture: bytes) -> str:
    """Say what is wrong with a PNG, or nothing."""
    if not picture.startswith(_PNG):
        return "it is not a PNG"
    try:
        chunks = list(_chunks(picture))
        zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    except (ValueError, zlib.error):
        return "it is damaged"
    if (chunks[0][0], chunks[-1][0]) != (b"IHDR", b"IEND"):
        return "it is cut off"
    width, height = (int.from_bytes(chunks[0][1][at : at + 4]) for at in (0, 4))
    return f"it is more than {_WIDEST} pixels wide or high" if max(width, height) > _WIDEST else ""


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG, each with the checksum that it says."""
    at = len(_PNG)
    while at < len(picture):
        length = int.from_bytes(picture[at : at + 4])
        part, told = picture[at + 4 : at + 8 + length], picture[at + 8 + length : at + 12 + length]
        if len(told) != 4 or zlib.crc32(part) != int.from_bytes(told):
            raise ValueError
        yield part[:4], part[4:]
        at += 12 + length


def _svg_fault(picture: bytes) -> str:
    """Say what is wrong with an SVG, or nothing: it may draw, and neither act nor fetch."""
    if b"\0" in picture or b"<!DOCTYPE" in picture:
        return "it declares a DOCTYPE, or is not UTF-8"
    try:
        root = ElementTree.fromstring(picture)  # noqa: S314 - without a DOCTYPE, so no entities
    except ElementTree.ParseError as error:
        return f"it is not XML: {error}"
    sizes = [root.get(name, "1") for name in ("width", "height")]
    if root.tag != _SVG or not all(re.match(r"[0-9.]*[1-9]", size) for size in sizes):
        return "it is not an SVG, or has no size"
    parts = list(root.iter())
    if len(parts) > _MOST_PARTS:
        return f"it has more than {_MOST_PARTS} parts"
    return next(filter(None, map(_part_fault, parts)), "")


def _part_fault(part: ElementTree.Element) -> str:
    if _name(part.tag) in _NOT_DRAWN:
        return f"it holds <{_name(part.tag)}>, and may hold shapes and paths alone"
    if any(_name(key) == "href" and not at.startswith("#") for key, at in part.items()):
        return "it refers to something outside itself"
    return ""


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]
