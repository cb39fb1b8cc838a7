"""Secrets of one machine: environment variables, named after what the catalog calls them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from meterbook.errors import SettingMissing


def secret(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The secret `twilio-costs` is METERBOOK_SECRET_TWILIO_COSTS. Errors: `SettingMissing`."""
    variable = f"METERBOOK_SECRET_{name.upper().replace('-', '_')}"
    if not (text := environment.get(variable, "")):
        raise SettingMissing(name=variable)
    return text
