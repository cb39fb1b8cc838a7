"""What the environment says about where usage goes, and how long a host may be held for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_DEADLINE_SECONDS = 2.0


class Settings(NamedTuple):
    """Where usage goes. Without a bus and a queue it goes to the log, as in a host's unit tests."""

    module_id: str = "unknown"
    function: str = "unknown"
    bus: str = ""
    spill_queue: str = ""
    source: str = "meterbook"
    deadline_seconds: float = _DEADLINE_SECONDS
    tenant_path: str = ""
    handler: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings in METERBOOK_USAGE_…; one that is absent or empty has its default."""

        def given(name: str) -> str:
            return environment.get(f"METERBOOK_USAGE_{name}", "")

        return cls(
            module_id=given("MODULE") or "unknown",
            function=environment.get("AWS_LAMBDA_FUNCTION_NAME") or "unknown",
            bus=given("BUS"),
            spill_queue=given("SPILL_QUEUE"),
            source=given("SOURCE") or "meterbook",
            deadline_seconds=_seconds(given("DEADLINE_SECONDS")),
            tenant_path=given("TENANT_PATH"),
            handler=given("HANDLER"),
        )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return _DEADLINE_SECONDS
    return seconds if 0 < seconds < 900 else _DEADLINE_SECONDS  # a Lambda lives for 900 seconds
