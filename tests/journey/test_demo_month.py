"""The demo month has what it says in it, and the walk through it ends in invoices that add up."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

from journey.walk import Walked
from meterbook_local.demo_month import DemoMonth, write_demo_month


def lines_of(files: list[Path]) -> list[str]:
    return [
        line for file in files for line in gzip.decompress(file.read_bytes()).decode().split("\n")
    ]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    month: DemoMonth, tmp_path: Path
) -> None:
    again, other = (
        write_demo_month(tmp_path / "again"),
        write_demo_month(tmp_path / "other", seed=8),
    )
    ours = bytes_of(month)
    assert ours == bytes_of(again)
    assert not set(ours) & set(bytes_of(other))


def bytes_of(month: DemoMonth) -> list[bytes]:
    files = (*month.usage_files, *month.cost_files, *month.credit_files)
    return [file.read_bytes() for file in files]


def test_it_has_repeated_lines_and_events_that_were_sent_again(month: DemoMonth) -> None:
    lines = Counter(lines_of(month.usage_files))
    assert sum(count - 1 for count in lines.values()) > 100
    events = Counter(
        (event["subject"], event["source"], event["id"]) for event in map(json.loads, _json(lines))
    )
    assert sum(count - 1 for count in events.values()) > 100


def _json(lines: Counter[str]) -> list[str]:
    return [line for line in lines if line.endswith("}")]


def test_its_last_file_holds_events_of_days_long_gone(month: DemoMonth) -> None:
    late = [json.loads(line) for line in lines_of(month.usage_files[-1:]) if line.endswith("}")]
    assert {event["time"][:10] for event in late} >= {"2026-10-01", "2026-10-15", "2026-10-31"}


def test_its_newcomer_has_no_usage_before_it_joins(walked: Walked) -> None:
    usage = walked.book.show("v_usage_daily", {"tenant_id": "juniper"})
    assert min(str(row["usage_date"]) for row in usage) == "2026-10-17"


def test_every_event_that_cannot_be_billed_is_listed_with_its_reason(walked: Walked) -> None:
    reasons = Counter(row["reason"] for row in walked.book.show("v_usage_rejects"))
    assert reasons == {
        "malformed": 1,
        "conflicting_duplicate": 1,
        "unknown_tenant": 1,
        "time_not_utc": 1,
        "quantity_not_a_number": 1,
    }


def test_three_days_have_too_much_cost_without_an_owner(walked: Walked) -> None:
    alerts = [
        event["detail"]
        for event in walked.outbox.published()
        if event["detail-type"] == "unattributed_cost_threshold_exceeded"
    ]
    assert walked.alerts == len(alerts) == 3
    assert [alert["cost_date"] for alert in alerts if isinstance(alert, dict)] == [
        "2026-10-12",
        "2026-10-13",
        "2026-10-24",
    ]


def test_its_cost_is_conserved_and_every_check_is_green(walked: Walked) -> None:
    rows = walked.book.show("v_cost_conservation")
    assert Counter(row["source"] for row in rows) == {"aws": 31, "snowflake": 31}
    assert {row["residual_usd"] for row in rows} == {Decimal(0)}
    kinds = {row["disposition"] for row in walked.book.show("v_attributed_cost_daily")}
    assert kinds == {"attributed", "kept", "unattributed"}
    assert walked.book.check() == []


def test_it_closes_whole_and_its_invoices_are_its_lines(walked: Walked) -> None:
    totals: dict[object, Decimal] = {}
    for row in walked.book.show("v_period_lines", {"period_start": "2026-10-01"}):
        amount = Decimal(str(row["amount"]))
        totals[row["account_id"]] = totals.get(row["account_id"], Decimal(0)) + amount
    assert walked.closed.parked == []
    assert {one.account_id: Decimal(one.net) for one in walked.issued} == totals
    assert {one.account_id: one.currency for one in walked.issued} == {
        "kestrel": "USD",
        "larkspur": "USD",
        "meridian": "EUR",
        "tidewater": "USD",
    }


def test_it_bills_one_month_only(walked: Walked) -> None:
    lines = walked.book.show("v_period_lines")
    assert {str(row["period_start"]) for row in lines} == {"2026-10-01"}


def test_its_shared_warehouse_is_shared_and_what_it_idles_is_kept(walked: Walked) -> None:
    rows = walked.book.show("v_attributed_cost_daily", {"source": "snowflake"})
    given = {(row["resource_type"], row["rule_id"], row["disposition"]) for row in rows}
    assert ("snowflake:idle", "warehouse-idle", "kept") in given
    assert ("snowflake:compute", "by-tenant-tag", "attributed") in given
    assert ("snowflake:compute", "shared-clusters", "attributed") in given
    assert ("snowflake:pipe", "snowflake-services", "attributed") in given
    assert {row["disposition"] for row in rows} == {"attributed", "kept"}
    owners = {row["owner"] for row in walked.book.show("v_snowflake_credit_daily")}
    assert owners == {"", "shared", "tidewater", "larkspur", "kestrel", "meridian", "juniper"}
