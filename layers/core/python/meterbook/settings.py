"""What a deployment decides: read once, from the environment, where a process starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from meterbook.errors import SettingMissing


@dataclass(frozen=True, slots=True)
class Settings:
    """Names that differ between environments; everything commercial is in the catalog instead."""

    event_source: str = "meterbook"
    """The `source` of every event out, for example `bank.risk-platform`."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read `METERBOOK_…` variables. Errors: `SettingMissing` for one that is set but empty."""
        source = environment.get("METERBOOK_EVENT_SOURCE", "meterbook")
        if not source:
            raise SettingMissing(name="METERBOOK_EVENT_SOURCE")
        return cls(event_source=source)
