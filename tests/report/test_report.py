"""The summary and the status say what the book holds, exactly, and nothing that it does not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from cli.tiny_month import BAD_USAGE, COST, ODDS, ODDS_MAPPING, TinyMonth
from journey.walk import desk, let_pass
from meterbook.canonical import short
from meterbook.close.close_period import close_period
from meterbook.collect.ingest_usage import ingest_usage, read_usage_mapping
from meterbook.costs.ingest_cur import ingest_cur, read_cur_mapping
from meterbook.delivery import ControlTotal, Delivery, close_delivery, land_rows
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
    let_pass(workspace.book, OCTOBER)
    close_period(workspace.book, workspace.outbox, workspace.announced, "meterbook", OCTOBER)


def _issue(workspace: Workspace) -> None:
    out = workspace.outbox, workspace.announced, "meterbook"
    issue_invoices(workspace.book, desk(workspace.evidence, workspace.landing, *out))


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


def test_each_source_has_a_line_of_its_own_where_there_are_several(
    workspace: Workspace, month: TinyMonth
) -> None:
    _ingest(workspace, month)
    assert list(book_status(workspace.book).conservation) == [""]
    day = ControlTotal(date(2026, 10, 2), Decimal(3), 1)
    row = {"usage_date": "2026-10-02", "cost": "3", "currency": "USD", "service": "sms"}
    files = land_rows(workspace.landing, "external_cost", "sms-1", [row])
    now = workspace.book.clock.now()
    close_delivery(
        workspace.landing,
        Delivery("sms-1", "external_cost", "sms", "sms", now, files, [day], "sms"),
    )
    workspace.book.update()
    assert book_status(workspace.book).conservation == {
        "": "control 5 = attributed 1.75 + kept 0 + unattributed 3.25 · residual 0",
        "aws": "control 2 = attributed 1.75 + kept 0 + unattributed 0.25 · residual 0 · split 0",
        "external": "control 3 = attributed 0 + kept 0 + unattributed 3 · residual 0 · split 0",
    }
    summary = summarise(workspace.book, threshold_event=False, evidence="evidence")
    assert summary["aws_cost_total_usd"] == summary["aws_cost_control_usd"] == "2.000000000000"
    assert summary["unattributed_usd"] == "3.250000000000"


def test_the_status_tells_of_days_that_wait_and_of_usage_that_is_missing(
    workspace: Workspace, month: TinyMonth
) -> None:
    _ingest(workspace, month)
    stands = book_status(workspace.book)
    assert (stands.suspicious, stands.usage_gaps) == ("none", "none")
    for name, usd in (("cost-1", "9"), ("cost-2", "4")):
        days = [ControlTotal(date(2026, 10, day), Decimal(usd), 0) for day in (1, 2)]
        now = workspace.book.clock.now().replace(minute=int(name[-1]))
        delivery = Delivery(name, "aws_cost", "ce", "ce", now, [], days, "111122223333")
        close_delivery(workspace.landing, delivery)
    events = [
        {"specversion": "1.0", "id": f"e-{n}", "source": "/MOD-1/f", "type": "calls",
         "subject": "acme", "time": "2026-10-05T10:00:00Z", "producer": "f/1", "sequence": str(n),
         "data": {"quantity": "1", "unit": "call"}}
        for n in (1, 4)
    ]  # fmt: skip
    pack = {"version": "0", "id": "p", "detail-type": "usage_recorded", "source": "meterbook",
            "time": "2026-10-05T10:00:00Z", "detail": {"count": 2, "events": events}}  # fmt: skip
    files = land_rows(workspace.landing, "usage", "p", [pack])
    now = workspace.book.clock.now()
    close_delivery(workspace.landing, Delivery("p", "usage", "f", "f", now, files))
    workspace.book.update()
    stands = book_status(workspace.book)
    assert stands.suspicious == "2 day(s) of cost-2, 2026-10-01 to 2026-10-02"
    assert stands.usage_gaps == "2 event(s) missing in 1 gap(s)"


def test_the_status_follows_an_account_from_open_to_issued(
    workspace: Workspace, month: TinyMonth
) -> None:
    _ingest(workspace, month)
    waits = "29 day(s) without any AWS cost; 1 day(s) with too much cost that nobody owns"
    assert _states(workspace)["acme"] == ("open", "", waits)
    let_pass(workspace.book, OCTOBER)
    assert _states(workspace)["acme"] == ("ready", "", "")
    _close(workspace)
    assert _states(workspace)["acme"] == ("approved", "15.00 USD", "")
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
