"""The one engine that runs beside the book in the cloud: DuckDB, in the memory of a function.

The tariff is worked out once more over one tenant's facts, so that its steps and its projection can
be shown. Snowflake would be asked once a tenant for it; here it costs milliseconds. The only module
of the plugs that knows what is otherwise one machine's.
"""

from __future__ import annotations

from meterbook_local.recalculator import TariffRecalculator


def recalculator() -> TariffRecalculator:
    """The tariff of `sql/`, ready over facts that are handed in."""
    return TariffRecalculator()
