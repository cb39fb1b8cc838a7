"""The FOCUS export says what the documents say: to the cent, of every kind, tax case and currency.

The rules that FOCUS's validator knows are in test_focus_validated.py. Here is what it cannot know:
that the rows of a document sum to what the document asks for, what a correction is, and that a file
carries what the rows say.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from cli.saying import run_in
from demo_run import DemoRun
from hypothesis import given, settings
from invoice.generated_bills import bills, body_of
from invoice.invoices import (
    BUYERS,
    GERMAN_SELLER,
    adjustment,
    document_of,
    frozen_period,
    metered,
)
from meterbook.close.frozen import FrozenDocument
from meterbook.errors import BookInconsistent
from meterbook.report.focus import FocusRow, focus_csv, focus_parquet, focus_rows
from meterbook.report.focus_columns import COLUMNS, DECIMAL, INTEGER, TIME

Fields = dict[str, Any]
DOCS = (Path(__file__).parents[2] / "docs/focus.md").read_text("utf-8")
PAYABLE = {"credit_note": -1}
PRICED = (
    "ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
    "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId",
)  # fmt: skip
CONSUMED = ("ConsumedQuantity", "ConsumedUnit")
NEVER_NULL = (
    "BillingAccountId", "BillingAccountName", "BillingCurrency", "ChargeDescription", "InvoiceId",
    "InvoiceIssuerName", "ProviderName", "PublisherName", "ServiceName",
)  # fmt: skip
TIMES = ("ChargePeriodStart", "BillingPeriodStart", "BillingPeriodEnd")
SERVICES = (
    ("Business Applications", "Other (Business Applications)"), ("Other", "Other (Other)")
)  # fmt: skip


@pytest.fixture(scope="module")
def documents(demo: DemoRun) -> list[Fields]:
    stored = sorted(demo.root.glob("evidence/invoices/*/invoice.json"))
    return [json.loads(path.read_bytes()) for path in stored]


@pytest.fixture(scope="module")
def rows(documents: list[Fields]) -> list[FocusRow]:
    return [row for document in documents for row in focus_rows(document)]


def payable(document: Fields) -> Decimal:
    return Decimal(document["totals"]["due"]) * PAYABLE.get(document["kind"], 1)


def summed(rows: list[FocusRow], column: str = "BilledCost") -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


def of(rows: list[FocusRow], **wanted: str | None) -> list[FocusRow]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


# ---- what it sums to -------------------------------------------------------------------------


def test_the_billed_cost_of_every_invoice_is_what_it_asks_for(
    documents: list[Fields], rows: list[FocusRow]
) -> None:
    assert {document["kind"] for document in documents} == {
        "invoice", "credit_note", "corrected_invoice", "debit_note"
    }  # fmt: skip
    for document in documents:
        assert summed(of(rows, InvoiceId=document["number"])) == payable(document)
    assert {row["InvoiceId"] for row in rows} == {document["number"] for document in documents}


@settings(max_examples=60)
@given(bills())
def test_any_bill_sums_to_what_it_asks_for_and_has_a_row_for_every_part(
    bill: FrozenDocument,
) -> None:
    document = document_of(bill)
    rows = focus_rows(document)
    assert summed(rows) == payable(document)
    parts = [*document["allowances"], *document["taxes"]]
    lines = [line for group in document["groups"] for line in group["lines"]]
    assert len(rows) == len(lines) + len(parts)
    assert summed(of(rows, ChargeCategory="Tax")) * PAYABLE.get(bill.kind, 1) == Decimal(
        document["totals"]["tax"]
    )
    assert all("E" not in (text or "") for row in rows for text in figures(row))


def figures(row: FocusRow) -> list[str | None]:
    return [row[name] for name, kind in COLUMNS.items() if kind == DECIMAL]


def test_rows_that_do_not_sum_are_never_written(documents: list[Fields]) -> None:
    totals = documents[0]["totals"] | {"due": "0.01"}
    with pytest.raises(BookInconsistent, match=r"sum to .+, but it asks for 0\.01 "):
        focus_rows(documents[0] | {"totals": totals})


def test_the_tiers_of_a_metric_consume_together_what_was_used(
    documents: list[Fields], rows: list[FocusRow]
) -> None:
    consumed: defaultdict[tuple[str | None, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["x_LineKind"] in ("levy", "variable"):
            place = (row["InvoiceId"], row["SubAccountId"], row["x_MetricId"])
            consumed[place] += abs(Decimal(row["ConsumedQuantity"] or 0))
    used = {
        (document["number"], line["tenant_id"], line["metric"]): Decimal(line["used"])
        for document in documents
        for group in document["groups"]
        for line in group["lines"]
        if group["kind"] in ("levy", "variable")
    }
    assert consumed == used


def test_what_is_included_is_consumed_in_the_first_tier() -> None:
    whole = {"quantity": "618.069277", "included_quantity": "100.000000"}
    tiers = [
        metered(amount, billable, price, tier=str(tier)) | whole
        for tier, (billable, price, amount) in enumerate(
            [("200.000000", "0.02", "4.00"), ("318.069277", "0.01", "3.18")], start=1
        )
    ]
    rows = focus_rows(document_of(frozen_period(tiers)))
    assert [row["ConsumedQuantity"] for row in rows] == ["300", "318.069277"]
    assert [row["PricingQuantity"] for row in rows] == ["200", "318.069277"]


# ---- rules of FOCUS that its validator passes over, because ChargeClass is null or a list is long


@settings(max_examples=60)
@given(bills())
def test_every_row_keeps_the_rules_of_its_category(bill: FrozenDocument) -> None:
    for row in focus_rows(document_of(bill)):
        category, frequency = row["ChargeCategory"], row["ChargeFrequency"]
        is_priced = category in ("Usage", "Purchase")
        assert {row[name] is not None for name in PRICED} == {is_priced}
        assert {row[name] is not None for name in CONSUMED} == {category == "Usage"}
        assert frequency in ("One-Time", "Recurring", "Usage-Based")
        assert (frequency == "Usage-Based") == (category == "Usage")
        assert category in ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
        assert row["PricingCategory"] in ("Standard", "Dynamic", None)
        assert (row["ServiceCategory"], row["ServiceSubcategory"]) in SERVICES
        assert (row["SubAccountId"] is None) == (row["SubAccountName"] is None)
        assert all(row[name] for name in NEVER_NULL)
        assert [row[name] for name in TIMES] == sorted(row[name] or "" for name in TIMES)
        costs = {row[name] for name in ("BilledCost", "EffectiveCost")}
        assert costs == ({row["BilledCost"]} if is_priced else {row["ListCost"]})


def test_price_and_quantity_come_to_the_line_before_its_one_rounding(rows: list[FocusRow]) -> None:
    priced = [row for row in rows if row["ContractedUnitPrice"] is not None]
    assert {row["ChargeCategory"] for row in priced} == {"Usage", "Purchase"}
    for row in priced:
        product = Decimal(row["ContractedUnitPrice"] or 0) * Decimal(row["PricingQuantity"] or 0)
        assert abs(product - Decimal(row["ContractedCost"] or 0)) < Decimal("1E-12")
        assert abs(product - Decimal(row["BilledCost"] or 0)) <= Decimal("0.005")
        assert row["ListCost"] == row["ContractedCost"]
        assert row["ListUnitPrice"] == row["ContractedUnitPrice"]


def test_a_name_has_one_meaning(rows: list[FocusRow]) -> None:
    for name, of_it in (
        ("SkuPriceId", "SkuId"), ("SkuPriceId", "SkuPriceDetails"), ("SkuId", "SkuMeter"),
        ("ServiceName", "ServiceCategory"), ("InvoiceId", "BillingAccountId"),
    ):  # fmt: skip
        meanings = defaultdict(set)
        for row in rows:
            if row[name] is not None and row["BillingCurrency"] == "USD":
                meanings[row[name]].add(row[of_it])
        assert {len(found) for found in meanings.values()} == {1}


# ---- what a row says -------------------------------------------------------------------------


def test_a_correction_is_what_changes_a_month_that_was_invoiced_before(
    rows: list[FocusRow],
) -> None:
    corrected = {row["x_DocumentKind"] for row in of(rows, ChargeClass="Correction")}
    assert corrected == {"invoice", "credit_note", "corrected_invoice", "debit_note"}
    late, *_ = of(rows, ChargeClass="Correction", x_DocumentKind="invoice")
    assert (late["x_AdjustsPeriod"], late["BillingPeriodStart"], late["BillingPeriodEnd"]) == (
        "2026-10", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"
    )  # fmt: skip
    assert (late["ChargePeriodStart"], late["ChargePeriodEnd"]) == (
        "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"
    )  # fmt: skip
    on_time = of(rows, x_DocumentKind="invoice", x_AdjustsPeriod=None)
    assert {row["ChargeClass"] for row in on_time} == {None}
    assert not of(rows, ChargeClass=None, x_DocumentKind="credit_note")


def test_an_adjustment_of_the_month_itself_corrects_nothing_that_was_invoiced() -> None:
    line = adjustment("5.00", "15.00", "10.00", period="2026-10")
    assert [row["ChargeClass"] for row in focus_rows(document_of(frozen_period([line])))] == [None]


def test_a_credit_note_takes_back_quantity_and_cost_at_the_same_price() -> None:
    bill = [metered("93.00", "31000.000000", "3.000000", "1000")]
    (billed,) = focus_rows(document_of(frozen_period(bill)))
    (given_back,) = focus_rows(document_of(frozen_period(bill, body=body_of("credit_note"))))
    assert (billed["PricingQuantity"], billed["PricingUnit"]) == ("31", "1000 Call")
    for name in ("BilledCost", "ListCost", "PricingQuantity", "ConsumedQuantity"):
        assert given_back[name] == f"-{billed[name]}"
    assert given_back["ListUnitPrice"] == billed["ListUnitPrice"] == "3"


def test_tax_is_the_tenants_where_it_is_the_only_one(documents: list[Fields]) -> None:
    two = [metered("1.00", "1.000000", "1"), metered("1.00", "1.000000", "1", tenant_id="birch")]
    for lines, owner in ((two[:1], "acme"), (two, None)):
        taxed = frozen_period(lines, "EUR", seller=GERMAN_SELLER, account=BUYERS["domestic"])
        (tax,) = of(focus_rows(document_of(taxed)), ChargeCategory="Tax")
        assert (tax["BilledCost"], tax["SubAccountId"]) == (f"0.{19 * len(lines)}", owner)
    untaxed = next(one for one in documents if one["tax_case"] == "none")
    assert of(focus_rows(untaxed), ChargeCategory="Tax") == []


def test_a_cut_for_a_tenant_holds_its_own_charges_alone(documents: list[Fields]) -> None:
    document = documents[0]
    cuts = {tenant: focus_rows(document, tenant) for tenant in ("juniper", "kestrel", "larkspur")}
    assert cuts["larkspur"] == []
    for tenant, cut in cuts.items():
        assert {row["SubAccountId"] for row in cut} <= {tenant}
    assert summed(cuts["juniper"]) + summed(cuts["kestrel"]) == payable(document)


# ---- the files -------------------------------------------------------------------------------


def test_the_csv_carries_the_rows_and_null_is_empty(rows: list[FocusRow]) -> None:
    read = list(csv.DictReader(io.StringIO(focus_csv(rows).decode(), newline="")))
    assert [{name: text or None for name, text in row.items()} for row in read] == sorted(
        rows, key=lambda row: (row["BillingPeriodStart"] or "", row["InvoiceId"] or "")
    )


def test_a_name_that_a_spreadsheet_would_run_is_quoted_and_a_negative_cost_is_not(
    documents: list[Fields],
) -> None:
    note = next(one for one in documents if one["kind"] == "credit_note")
    note = note | {"buyer": note["buyer"] | {"name": "=HYPERLINK(1)"}}
    (row, *_) = csv.DictReader(io.StringIO(focus_csv(focus_rows(note)).decode(), newline=""))
    assert row["BillingAccountName"] == "'=HYPERLINK(1)"
    assert row["BilledCost"].startswith("-")


def test_parquet_holds_the_same_with_exact_types(rows: list[FocusRow], tmp_path: Path) -> None:
    file = tmp_path / "focus.parquet"
    file.write_bytes(focus_parquet(rows))
    assert focus_parquet(rows) == file.read_bytes()
    with duckdb.connect() as db:
        types = dict(
            db.execute(f"select column_name, column_type from (describe from '{file}')").fetchall()
        )
        texts = ", ".join(f'cast("{name}" as varchar)' for name in COLUMNS)
        read = db.execute(f"set timezone = 'UTC'; select {texts} from '{file}'").fetchall()
    assert list(types) == list(COLUMNS)
    kinds = {DECIMAL: "DECIMAL(38,12)", INTEGER: "BIGINT", TIME: "TIMESTAMP WITH TIME ZONE"}
    assert types == {name: kinds.get(kind, "VARCHAR") for name, kind in COLUMNS.items()}
    for was, found in zip(rows_in_order(rows), read, strict=True):
        for (name, kind), text in zip(COLUMNS.items(), found, strict=True):
            assert same(was[name], text, kind), name


def rows_in_order(rows: list[FocusRow]) -> list[FocusRow]:
    return sorted(rows, key=lambda row: (row["BillingPeriodStart"] or "", row["InvoiceId"] or ""))


def same(was: str | None, found: str | None, kind: str) -> bool:
    if was is None or found is None:
        return was is found
    if kind in (DECIMAL, INTEGER):
        return Decimal(was) == Decimal(found)
    return found == (was.replace("T", " ").replace("Z", "+00") if kind == TIME else was)


def test_no_documents_are_a_file_with_a_head_alone() -> None:
    assert focus_csv([]).decode() == ",".join(COLUMNS) + "\r\n"
    assert focus_parquet([])[:4] == b"PAR1"


def test_the_command_writes_a_month(demo: DemoRun, rows: list[FocusRow], tmp_path: Path) -> None:
    october = of(rows, BillingPeriodStart="2026-10-01T00:00:00Z")
    said = run_in(demo.root, "export", "focus", "--period", "2026-10")
    assert said.exit_code == 0, said.output
    assert said.stdout_bytes == focus_csv(october)
    file = tmp_path / "juniper.parquet"
    wanted = ("--tenant", "juniper", "--format", "parquet", "--out", file)
    said = run_in(demo.root, "export", "focus", "--period", "2026-10", *wanted)
    assert file.read_bytes() == focus_parquet(of(october, SubAccountId="juniper"))
    assert "6 row(s) of 9 document(s) of 2026-10." in said.stderr


# ---- the words -------------------------------------------------------------------------------


def test_the_docs_name_every_column_with_its_type() -> None:
    told = re.findall(r"^\| `([A-Zx]\w+[a-z]\w*)` \| ([\w/]+) \|", DOCS, re.MULTILINE)
    assert told == list(COLUMNS.items())
