"""What an event asks a function for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meterbook.period import Period


def asked_period(event: Mapping[str, Any]) -> Period | None:
    """The month in `{"period": "2026-10"}`; None where the event names none, as a schedule's.

    Errors: `BadPeriod`.
    """
    return Period.parse(event["period"]) if event.get("period") else None
