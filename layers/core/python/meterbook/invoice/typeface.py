"""What the invoice's typeface can print, read from the font itself.

PDF/A refuses a character without a glyph, and a document must not fail because of a name.
"""

from __future__ import annotations

import struct
import unicodedata
from functools import cache
from pathlib import Path

from meterbook.sqlfiles import project_folder

FONTS = "fonts"
# Stands for a character that the typeface lacks.
UNPRINTABLE = "\u25a1"


def printable(text: str) -> str:
    """The text without control and formatting characters, and with marks for missing glyphs."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(map(_shown, composed)).strip()


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    # What steers the direction or joining of text could turn the words beside it around.
    if category == "Cf":
        return ""
    return character if ord(character) in _glyphs() else UNPRINTABLE


@cache
def _glyphs() -> frozenset[int]:
    """The code points that every weight of the typeface has."""
    fonts = sorted((project_folder("web") / FONTS).glob("*.ttf"))
    return frozenset.intersection(*map(_code_points, fonts))


def _code_points(font: Path) -> frozenset[int]:
    """Read the font's `cmap` table, format 12: groups of consecutive code points."""
    data = font.read_bytes()
    (table_count,) = struct.unpack_from(">H", data, 4)
    tables = (struct.unpack_from(">4sLLL", data, 12 + 16 * n) for n in range(table_count))
    cmap = next(offset for tag, _, offset, _ in tables if tag == b"cmap")
    (map_count,) = struct.unpack_from(">H", data, cmap + 2)
    maps = (struct.unpack_from(">HHL", data, cmap + 4 + 8 * n) for n in range(map_count))
    full = next(
        cmap + at for _, _, at in maps if struct.unpack_from(">H", data, cmap + at) == (12,)
    )
    (group_count,) = struct.unpack_from(">L", data, full + 12)
    groups = (struct.unpack_from(">LLL", data, full + 16 + 12 * n) for n in range(group_count))
    return frozenset(point for first, last, _ in groups for point in range(first, last + 1))
