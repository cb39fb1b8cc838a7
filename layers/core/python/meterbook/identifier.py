"""Ids that reach file names, SQL values and pages: one pattern, refused at the door."""

from __future__ import annotations

import re

from meterbook.errors import BadIdentifier

PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
_PATTERN = re.compile(PATTERN[:-1])


def is_identifier(value: object) -> bool:
    """Whether a value may serve as a tenant, module, metric, plan, account or export id."""
    return isinstance(value, str) and _PATTERN.fullmatch(value) is not None


def identifier(value: object, what: str) -> str:
    """Return the id, or refuse it by its role (`what`), for example "tenant id"."""
    if not is_identifier(value):
        raise BadIdentifier(what=what, value=value)
    return str(value)
