"""What every page loads: one style sheet, one script, an icon, and the colour of the brand.

A file's address holds the digest of its content, so that a browser may keep it for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from colorsys import hls_to_rgb, rgb_to_hls
from functools import lru_cache
from types import MappingProxyType

from meterbook.canonical import sha256
from meterbook.sqlfiles import project_folder

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_COLOUR = re.compile(r"#[0-9a-f]{6}")
DEFAULT_COLOUR = "#1f4e79"
# The grounds that the brand's colour is read on, in light and in dark, as the style sheet has them.
LIGHT_GROUND, DARK_GROUND = "#f5f7f9", "#1a2129"
_READABLE = 5.5  # WCAG 2.2 AA asks for 4.5


@lru_cache(maxsize=1)
def static_files() -> Mapping[str, tuple[str, bytes]]:
    """The files by the path under which they are served: `/static/page.<digest>.css`."""
    found = {}
    for file in sorted((project_folder("web") / "static").iterdir()):
        if file.suffix in _MEDIA_TYPES:
            body = file.read_bytes()
            name = f"/static/{file.stem}.{sha256(body)[:12]}{file.suffix}"
            found[name] = (_MEDIA_TYPES[file.suffix], body)
    return MappingProxyType(found)


@lru_cache(maxsize=16)
def static_path(name: str) -> str:
    """The path of a file of `web/static`. Errors: `KeyError` when there is none of that name."""
    stem, _, suffix = name.rpartition(".")
    named = re.compile(rf"/static/{re.escape(stem)}\.[0-9a-f]{{12}}\.{re.escape(suffix)}")
    for path in static_files():
        if named.fullmatch(path):
            return path
    raise KeyError(name)


def brand_css(colour: str) -> str:
    """The brand's colour as a style sheet, darkened or lightened until text of it is readable.

    Whatever is not `#rrggbb` in lower case is taken for no colour, so nothing else gets in.
    """
    base = colour if _COLOUR.fullmatch(colour) else DEFAULT_COLOUR
    light, dark = _readable(base, LIGHT_GROUND, 0), _readable(base, DARK_GROUND, 1)
    return (
        f":root{{--brand:{light};--on-brand:#ffffff}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--brand:{dark};--on-brand:#0e1318}}}}\n"
        f"@media print{{:root{{--brand:{light};--on-brand:#ffffff}}}}\n"
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours by WCAG 2.2, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable(colour: str, ground: str, towards: int) -> str:
    """The nearest shade of a colour that can be read on a ground: darker (0) or lighter (1)."""
    hue, lightness, saturation = rgb_to_hls(*(part / 255 for part in _channels(colour)))
    for step in range(21):
        shade = lightness + (towards - lightness) * step / 20
        found = _hex(hls_to_rgb(hue, shade, saturation)) if step else colour
        if contrast(found, ground) >= _READABLE:
            break
    return found


def _hex(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _luminance(colour: str) -> float:
    linear = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(colour))
    )
    red, green, blue = linear
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
