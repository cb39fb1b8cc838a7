"""The summary and the status say what the book holds, exactly, and nothing that it does not."""

from __future__ import annotations

from decimal import Decimal

from cli.tiny_month import BAD_USAGE, COST, ODDS, ODDS_MAPPING, TinyMonth
from meterbook.canonical import short
from meterbook.close.close_period import close_period
from meterbook.collect.ingest_usage import ingest_usage, read_usage_mapping
from meterbook.costs.ingest_cur import ingest_cur, read_cur_mapping
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.period import Period
from meterbook.report.status import book_status
from meterbook.report.summary import conservation_line, summarise
from meterbook_local.workspace import Workspace

OCTOBER = Period.parse("2026-10")


def _ingest(workspace: Workspace, month: TinyMonth, cost: str = COST) -> None:
    ingest_usage(workspace.book, [month.usage], read_usage_mapping(month.usage_mapping))
    bill = month.write("bill.csv", cost)
    ingest_cur(workspace.book, [bill], read_cur_mapping(month.cost_mapping))


def _close(workspace: Workspace) -> None:
    close_period(workspace.book, workspace.outbox, workspace.announced, "meterbook", OCTOBER)


def _issue(workspace: Workspace) -> None:
    sockets = workspace.evidence, workspace.outbox, workspace.announced
    issue_invoices(workspace.book, *sockets, "meterbook")


def _states(workspace: Workspace) -> dict[str, tuple[str, str, str]]:
    accounts = book_status(workspace.book).accounts
    return {one.account_id: (one.state, one.total, one.detail) for one in accounts}


def test_a_book_without_facts_is_summed_up_as_nothing(workspace: Workspace) -> None:
    summary = summarise(workspace.book, threshold_event=False, evidence="evidence")
    assert summary["attributed_usd"] == summary["usage"] == {}
    assert summary["invoices"] == []
    for field in ("aws_cost_total_usd", "unattributed_share", "conservation_residual_usd"):
        assert Decimal(str(summary[field])) == 0
    assert book_status(workspace.book).unattributed == "no cost yet"
    assert book_status(workspace.book).cost_days == "none"


def test_the_summary_carries_costs_unrounded_and_totals_at_the_minor_unit(
    workspace: Workspace, month: TinyMonth
) -> None:
    _ingest(workspace, month, COST.replace("1.50", "1.0000000001"))
    _close(workspace)
    _issue(workspace)
    lines = {"log_lines": 4, "not_usage_lines": 1}
    summary = summarise(workspace.book, threshold_event=True, evidence="evidence", lines=lines)
    assert summary["aws_cost_control_usd"] == "1.500000000100"
    assert summary["attributed_usd"] == {"acme": "1.000000000100", "bolt": "0.250000000000"}
    assert summary["unattributed_share"] == "0.166666666655"
    assert summary["usage"] == {
        "acme": {"events": 2, "quantity": "20.000000"},
        "bolt": {"events": 1, "quantity": "4.000000"},
    }
    assert summary["threshold_event"] is True
    assert (summary["log_lines"], summary["not_usage_lines"]) == (4, 1)
    invoices = summary["invoices"]
    assert isinstance(invoices, list)
    assert [invoice["total"] for invoice in invoices] == ["15.00", "10.00"]
    for invoice in invoices:
        stored = workspace.root / invoice["pdf"]
        assert stored.read_bytes().startswith(b"%PDF-")


def test_a_refund_does_not_shrink_the_share_that_has_no_owner(
    workspace: Workspace, month: TinyMonth
) -> None:
    refund = "2026-10-02,111122223333,111122223333,AmazonS3,-0.25,USD,refund,\n"
    _ingest(workspace, month, COST + refund)
    summary = summarise(workspace.book, threshold_event=False, evidence="evidence")
    assert summary["unattributed_usd"] == "0.000000000000"
    assert summary["unattributed_share"] == "0.125000000000"


def test_the_conservation_line_has_the_figures_without_idle_zeros(
    workspace: Workspace, month: TinyMonth
) -> None:
    _ingest(workspace, month)
    assert conservation_line(workspace.book) == (
        "control 2 = attributed 1.75 + kept 0 + unattributed 0.25 · residual 0"
    )
    assert [short(n) for n in ("0", "0.00", "100", "-1.50", "1E-10")] == [
        "0",
        "0",
        "100",
        "-1.5",
        "0.0000000001",
    ]


def test_the_status_follows_an_account_from_open_to_issued(
    workspace: Workspace, month: TinyMonth
) -> None:
    _ingest(workspace, month)
    assert _states(workspace)["acme"] == ("open", "", "")
    _close(workspace)
    assert _states(workspace)["acme"] == ("closed", "15.00 USD", "")
    _issue(workspace)
    state, total, number = _states(workspace)["acme"]
    assert (state, total) == ("issued", "15.00 USD")
    assert number.startswith("H-")


def test_the_status_says_why_an_account_is_parked(workspace: Workspace, month: TinyMonth) -> None:
    _ingest(workspace, month)
    mapping = read_usage_mapping(month.write("odds.yaml", ODDS_MAPPING))
    ingest_usage(workspace.book, [month.write("odds.csv", ODDS)], mapping)
    state, _, detail = _states(workspace)["bolt"]
    assert state == "parked"
    assert detail.startswith("bolt: ")
    assert "odds" in detail


def test_the_status_counts_rejects_by_reason(workspace: Workspace, month: TinyMonth) -> None:
    bad = month.write("bad.csv", BAD_USAGE)
    ingest_usage(workspace.book, [bad], read_usage_mapping(month.usage_mapping))
    status = book_status(workspace.book)
    assert dict(status.rejects) == {"quantity_not_a_number": 2, "unknown_tenant": 1}
    assert dict(status.deliveries) == {"catalog": 1, "usage": 1}
