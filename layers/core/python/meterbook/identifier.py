"""Ids and object keys, which reach file names, SQL values and pages: refused at the door."""

from __future__ import annotations

import re

from meterbook.errors import BadIdentifier, InputRefused

PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
LONGEST = 128
_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


def is_identifier(value: object, longest: int = LONGEST) -> bool:
    """Whether a value may serve as a tenant, module, metric, plan, account or export id."""
    return isinstance(value, str) and len(value) <= longest and bool(_FORM.fullmatch(value))


def identifier(value: object, what: str, longest: int = LONGEST) -> str:
    """Return the id, or refuse it by its role (`what`), for example "tenant id"."""
    if not is_identifier(value, longest):
        raise BadIdentifier(what=what, value=value)
    return str(value)


def is_object_key(key: str) -> bool:
    """Whether a key means the same in a bucket and in a folder.

    It is a relative path such as `cur/2019/a.gz`, with no part hidden or going up.
    """
    parts = key.split("/")
    sound = all(part and not part.startswith(".") for part in parts)
    return sound and not any(mark in key for mark in ("\\", "\0"))


def object_key(key: str) -> str:
    """Return the key, or refuse it."""
    if not is_object_key(key):
        raise InputRefused(
            detail=f"{key!r} cannot be a key: a key is a relative path such as cur/2019/a.gz."
        )
    return key
