"""A pack of events on the bus is landed, loaded, priced, closed and issued, each event once.

Moto's EventBridge cannot reach a Firehose, so the test carries what came out of the bus to the
landing bucket, as Firehose would write it.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.tiny_month import CATALOG
from journey.cloud import a_cloud, bill
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.period import Period
from meterbook.ports import Announcement
from moto import mock_aws

NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)


def pack() -> dict[str, object]:
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/MOD-1/score",
        "type": "calls",
        "subject": "acme",
        "time": "2026-10-14T09:30:12Z",
        "data": {"quantity": "30", "unit": "call"},
    }
    again = {**event, "id": "e-2", "data": {"quantity": "12.5", "unit": "call"}}
    return {"count": 3, "events": [event, again, event]}


def as_firehose_writes(envelopes: list[dict[str, Any]]) -> bytes:
    """One record a line, as its delimiter processor has it, gzipped."""
    return gzip.compress("".join(json.dumps(one) + "\n" for one in envelopes).encode())


@mock_aws
def test_a_packed_event_on_the_bus_ends_on_an_invoice(tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(CATALOG, "utf-8")
    cloud = a_cloud(NOW)
    book, landing, evidence, bus = cloud.book, cloud.landing, cloud.evidence, cloud.wire
    apply_catalog(book, read_catalog(tmp_path))

    bus.bus.publish(Announcement("pack-1", "MOD-1", "usage_recorded", NOW, pack()))
    body = as_firehose_writes(bus.envelopes())
    landing.put_if_absent("usage/2026/10/14/usage-1-2026-10-14-09-31-00.jsonl.gz", body)
    (loaded,), _ = book.update()
    assert (loaded.stream, loaded.row_count) == ("usage", None)
    assert book.update()[0] == []

    # Firehose delivers at least once, and not always into the same object.
    landing.put_if_absent("usage/2026/10/14/usage-1-2026-10-14-09-36-00.jsonl.gz", body)
    bill(cloud, Period.parse("2026-10"))
    (usage,) = book.show("v_usage_daily")
    assert (usage["tenant_id"], str(usage["quantity"])) == ("acme", "42.500000")
    assert book.check() == []

    invoices = [key for key in evidence.keys("invoices/") if key.endswith("/invoice.json")]
    told: list[Any] = [
        one["detail"] for one in bus.envelopes() if one["detail-type"] == "invoice_issued"
    ]
    assert sorted(one["json_key"] for one in told) == invoices
    # 42.5 calls, 10 of them included, at 0.50 each; and the module's fee of 10.00.
    assert {one["account_id"]: one["total"] for one in told} == {"acme": "26.25", "bolt": "10.00"}
