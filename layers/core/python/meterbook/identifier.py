"""Ids that reach file names, SQL values and pages: one pattern, refused at the door."""

from __future__ import annotations

import re

from meterbook.errors import BadIdentifier

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
