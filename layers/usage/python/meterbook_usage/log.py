"""What the layer says in the host's log: one line of JSON at a time, never an attribute's value."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

_Asked = ParamSpec("_Asked")
_Told = TypeVar("_Told")

_METRIC = "UsageEventsRecorded"
_DIRECTIVE = {
    "Namespace": "meterbook/usage",
    "Dimensions": [["module"]],
    "Metrics": [{"Name": _METRIC, "Unit": "Count"}],
}
_LONGEST = 128  # what the book takes as an id; a longer text would only fill the log


def say_recorded(count: int, milliseconds: int, **told: str) -> None:
    """Say how many events there are before they are sent, so that a lost tail is missed.

    The line is in CloudWatch's embedded metric format.
    """
    head = {"Timestamp": milliseconds, "CloudWatchMetrics": [_DIRECTIVE]}
    _say({"_aws": head, _METRIC: count, **told})


def say_refused(reason: str, **told: str) -> None:
    """Say that an event cannot travel; its sequence number will be missing in the book."""
    _fault("usage_event_refused", reason, {name: text[:_LONGEST] for name, text in told.items()})


def say_spilled(packs: int, reason: str) -> None:
    """Say that packs wait in the spill queue, and why."""
    _say({"level": "WARNING", "message": "usage_spilled", "reason": reason, "packs": packs})


def say_unsent(details: Iterable[str], reason: str) -> None:
    """Write packs down, but for their attributes, in the form in which they can be ingested."""
    for detail in details:
        unsent = json.loads(detail)
        unsent["events"] = [_bare(event) for event in unsent["events"]]
        _fault("usage_not_sent", reason, {"detail": unsent})


def quietly(method: Callable[_Asked, _Told]) -> Callable[_Asked, _Told | None]:
    """Let what the layer does for its host fail in the log, never in the host."""

    @wraps(method)
    def quiet(*asked: _Asked.args, **named: _Asked.kwargs) -> _Told | None:
        try:
            return method(*asked, **named)
        except Exception as error:
            _fault("usage_layer_failed", type(error).__name__, {})
            return None

    return quiet


def _fault(message: str, reason: str, told: dict[str, Any]) -> None:
    _say({"level": "ERROR", "message": message, "reason": reason, **told})


def _bare(event: dict[str, Any]) -> dict[str, Any]:
    data = {name: text for name, text in event["data"].items() if name != "attributes"}
    return {**event, "data": data}


def _say(line: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        return  # a host that has closed its output has nobody to tell
