"""How values become text: what the host gives travels as it is, and SQL judges it.

Everything is JSON in ASCII, so that a text has as many bytes as characters, and a queue takes
it whatever it holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring_ascii

_LONGEST_NAME = 4096  # the book knows none above 128
_digits = re.compile(r"[0-9.+-]+", re.ASCII).fullmatch


class Refused(ValueError):
    """A value that cannot travel. Its text names the reason, never the value."""


def quoted(text: str) -> str:
    """A text as a JSON string. Errors: `Refused` for NUL and half characters (lone surrogates)."""
    if "\0" in text:
        raise Refused("text_with_nul")
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        raise Refused("text_not_unicode")
    return encode_basestring_ascii(text)


@lru_cache(maxsize=1024)
def quoted_name(name: object) -> str:
    """The same for names, which come again and again: metrics, tenants, units, keys.

    Errors: `Refused` also for what is so long that to remember it would fill the host's memory.
    """
    if len(text := plain(name)) > _LONGEST_NAME:
        raise Refused("name_too_long")
    return quoted(text)


def plain(value: object) -> str:
    """The text of an id, a metric or a unit; '' for None."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def quoted_quantity(value: object) -> str:
    """A quantity in digits. A float is the shortest text that means it; NaN stays NaN."""
    if isinstance(value, str):
        return f'"{value}"' if _digits(value) else quoted(value)
    if type(value) is int:
        return f'"{value}"'
    if isinstance(value, float):
        value = Decimal(float.__repr__(value))
    return quoted(format(value, "f") if isinstance(value, Decimal) else plain(value))


def time_text(value: datetime | str) -> str:
    """A moment as given; a datetime that names its offset is turned to UTC."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat()
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return plain(value)


def attributes_json(attributes: Mapping[str, object]) -> str:
    """Attributes as a JSON object of texts, keys sorted; those that are None are left out."""
    pairs = ""
    for key in sorted(attributes):
        value = attributes[key]
        if value is not None:
            pairs += f",{quoted_name(key)}:{quoted(value if type(value) is str else _text(value))}"
    return f"{{{pairs[1:]}}}"


def _text(value: object) -> str:
    if isinstance(value, bool | Mapping | list | tuple):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return str(value)
