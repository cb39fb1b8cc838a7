"""Answers of both sides in one form: how long it took, and the digest of the rows in order."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypedDict

DAILY = "usage_date, tenant_id, module_id, metric, quantity, event_count"
SUMMARISED = (
    "usage_date, billing_entity, product_code, product_name, product_family, account, region, "
    "availability_zone, instance_type, unit, usage_amount, unblended_rate, unblended_cost, "
    "public_on_demand_cost, resource_count"
)


class Answer(TypedDict):
    """What one side of a pair says."""

    seconds: float
    digest: str


def digest(file: Path) -> str:
    """The digest of a file of tab-separated rows, which is then removed."""
    with file.open("rb") as rows:
        found = hashlib.file_digest(rows, "sha256").hexdigest()
    file.unlink()
    return found
