"""One JSON text for one value: what is hashed, landed, sealed and compared byte by byte."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import date, datetime
from decimal import Decimal


def plain(value: object) -> object:
    """Say a SQL value in JSON's terms: decimals as strings in full, times as ISO 8601 UTC."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def text_of(value: object) -> str:
    """Say a SQL value, which is not null, as a text: decimals in full, times as ISO 8601 UTC."""
    return str(value) if isinstance(value, str | int) else str(plain(value))


def short(figure: object) -> str:
    """A decimal in full without the zeros behind its last digit, whatever its column's scale."""
    written = f"{Decimal(str(figure)):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def canonical_json(value: object) -> str:
    """Write a value with sorted keys and no spaces; floats are a programming error here."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=plain
    )
    # Read back rather than walked: the parser is fast, and a float is a number to it, no text.
    json.loads(text, parse_float=_refuse_float, parse_constant=_refuse_float)
    return text


def _refuse_float(_: str) -> None:
    raise TypeError("a float has no place in a record: carry it as a decimal string")


def sha256(data: bytes | str) -> str:
    """The hex digest of bytes, or of a text in UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def gzipped(text: str) -> bytes:
    """A text in UTF-8, gzipped without a time stamp: same text, same bytes."""
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)
