"""Whose work an invocation is, found without the host's code."""

from __future__ import annotations

import json
from collections.abc import Mapping


def tenant_at(path: str, event: object, context: object) -> str:
    """The text at a path such as `event:requestContext.authorizer.tenant_id`, '' if none is there.

    Steps are keys, positions and, of the context, attributes; a step into a text reads it as JSON,
    as in `event:Records.0.body.tenant_id`. A key that holds dots itself is found too.
    """
    root, _, steps = path.partition(":")
    try:
        found = _at({"event": event, "context": context}.get(root), steps)
    except Exception:  # an event may hold anything
        return ""
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _at(value: object, steps: str) -> object:
    if not steps:
        return value
    if isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, Mapping) and steps in value:
        return value[steps]
    step, _, rest = steps.partition(".")
    return _at(_step(value, step), rest)


def _step(value: object, step: str) -> object:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list):
        return value[int(step)]
    return getattr(value, step)
