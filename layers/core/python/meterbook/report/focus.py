"""Issued documents as FOCUS 1.2: what a FinOps tool reads of a bill of ours.

The rows follow from the stored document alone: one for each line, each allowance and each tax, so
that the `BilledCost` of an `InvoiceId` sums to what that document asks for. docs/focus.md says
where each column comes from. Figures are texts here, as everywhere; a file carries them as numbers.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from typing import Any

from meterbook.canonical import canonical_json, short
from meterbook.close.frozen import CREDIT_NOTE, INVOICE
from meterbook.errors import BookInconsistent
from meterbook.parquetfile import connection, duckdb_for
from meterbook.period import Period
from meterbook.report.csv_cells import csv_text
from meterbook.report.focus_columns import COLUMNS, DECIMAL, INTEGER, STRING, TIME

Document = Mapping[str, Any]
FocusRow = dict[str, str | None]

# What each kind of line is in FOCUS's terms: ChargeCategory and ChargeFrequency.
_CHARGES = {
    "levy": ("Usage", "Usage-Based"),
    "facility": ("Purchase", "Recurring"),
    "variable": ("Usage", "Usage-Based"),
    "minimum": ("Adjustment", "Recurring"),
    "passthrough": ("Usage", "Usage-Based"),
    "adjustment": ("Adjustment", "One-Time"),
    "discount": ("Credit", "Recurring"),
    "credit": ("Credit", "One-Time"),
    "tax": ("Tax", "One-Time"),
}
# A line has one price, which is the plan's; nothing is amortized, and nothing is priced elsewhere.
_COSTS = (
    "BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "PricingCurrencyEffectiveCost",
)  # fmt: skip
_PRICES = (
    "ContractedUnitPrice", "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice",
)  # fmt: skip
_METERED = ("levy", "variable")
_SERVICES = ("Business Applications", "Other (Business Applications)")
_INFRASTRUCTURE = ("Other", "Other (Other)")
# FOCUS's names of the units that a document knows by a code; a piece has the catalog's word.
_UNITS = {
    "MON": "Months", "DAY": "Days", "HUR": "Hours", "MIN": "Minutes", "SEC": "Seconds",
    "KWH": "kWh", "AD": "B", "2P": "KB", "4L": "MB", "E34": "GB", "E35": "TB",
}  # fmt: skip
_FINEST = Decimal("1E-12")
_EXACT = Context(prec=76, rounding=ROUND_HALF_UP)
_SQL_TYPES = {
    STRING: "varchar",
    DECIMAL: "decimal(38, 12)",
    INTEGER: "bigint",
    TIME: "timestamp with time zone",
}


def focus_rows(document: Document, tenant_id: str | None = None) -> list[FocusRow]:
    """The rows of one issued document; with a tenant, those that are of this tenant alone.

    A tax is of a tenant where the document has no other; else it is of the account.
    Errors: `BookInconsistent` when the rows do not sum to what the document asks for.
    """
    whole = _Whole(document)
    rows = [*whole.lines(), *whole.allowances(), *whole.taxes()]
    billed = sum((Decimal(row["BilledCost"] or 0) for row in rows), Decimal(0))
    payable = whole.signed(document["totals"]["due"])
    if billed != payable:
        raise BookInconsistent(
            detail=f"The FOCUS rows of {document['number']} sum to {billed}, but it asks for "
            f"{payable} {document['currency']}."
        )
    return [row for row in rows if tenant_id is None or row["SubAccountId"] == tenant_id]


def focus_csv(rows: Iterable[FocusRow]) -> bytes:
    """Rows of any number of documents as CSV in UTF-8; null is an empty cell."""
    cells = ({name: _cell(name, text) for name, text in row.items()} for row in _in_order(rows))
    return csv_text(list(COLUMNS), cells).encode()


def focus_parquet(rows: Iterable[FocusRow]) -> bytes:
    """The same rows as Parquet: exact decimals, and times in UTC.

    Errors: `FileRefused` where DuckDB, which writes it, is not installed.
    """
    ordered = _in_order(rows)
    values = [[row[name] for row in ordered] for name in COLUMNS]
    typed = ", ".join(
        f'cast(unnest(cast(? as varchar[])) as {_SQL_TYPES[kind]}) as "{name}"'
        for name, kind in COLUMNS.items()
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "focus.parquet"
        with closing(connection(duckdb_for(Path(file.name)))) as db:
            db.execute("set threads = 1")  # one row group after the other: same rows, same bytes
            db.execute(f"create table focus as select {typed}", values)
            db.table("focus").write_parquet(str(file), compression="zstd")
        return file.read_bytes()


def _in_order(rows: Iterable[FocusRow]) -> list[FocusRow]:
    """By month and number; within a document its own order holds, in which its rows come."""
    return sorted(rows, key=lambda row: (row["BillingPeriodStart"] or "", row["InvoiceId"] or ""))


def _cell(name: str, text: str | None) -> object:
    is_number = text is not None and COLUMNS[name] in (DECIMAL, INTEGER)
    return Decimal(text or 0) if is_number else text


# ---- one document ----------------------------------------------------------------------------


class _Whole:
    """A document, and what all of its rows have in common."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._period = Period.parse(document["period"]["name"])
        self._gives_back = document["kind"] == CREDIT_NOTE
        self._lines = [line for group in document["groups"] for line in group["lines"]]
        self._consumed = _consumed(self._lines)
        seller, buyer = document["seller"], document["buyer"]
        issuer = seller["name"] or seller["id"]
        self._issuer = issuer
        self._common = dict.fromkeys(COLUMNS) | {
            "BillingAccountId": buyer["id"],
            "BillingAccountName": buyer["name"] or buyer["id"],
            "BillingCurrency": document["currency"],
            "BillingPeriodEnd": _time(self._period.end),
            "BillingPeriodStart": _time(self._period.start),
            "InvoiceId": document["number"],
            "InvoiceIssuerName": issuer,
            "PricingCurrency": document["currency"],
            "ProviderName": issuer,
            "PublisherName": issuer,
            "x_DocumentKind": document["kind"],
            "x_IssueDate": document["issue_date"],
            "x_PrecedingInvoiceId": next((p["number"] for p in document["preceding"]), None),
        }

    def signed(self, figure: str) -> Decimal:
        """A figure of the document as the account's balance sees it: what is credited reduces."""
        read = Decimal(figure)
        return read.copy_negate() if self._gives_back and read else read

    # ---- its rows ----------------------------------------------------------------------------

    def lines(self) -> Iterator[FocusRow]:
        """A row for each line."""
        for line in self._lines:
            row = self._row(line, self.signed(line["amount"]), line["adjusts_period"])
            if _CHARGES[line["kind"]][0] in ("Usage", "Purchase"):
                row |= self._priced(line) | _service(line) | _sku(line)
            yield row | _ours(line)

    def allowances(self) -> Iterator[FocusRow]:
        """A row for each discount and credit, which take off what the lines come to."""
        for found in self._document["allowances"]:
            yield self._row(found, -self.signed(found["amount"]))

    def taxes(self) -> Iterator[FocusRow]:
        """A row for each tax category and rate."""
        tenants = {
            found["tenant_id"]: found["tenant_name"]
            for found in (*self._lines, *self._document["allowances"])
        }
        tenant_id, name = next(iter(tenants.items())) if len(tenants) == 1 else ("", "")
        for found in self._document["taxes"]:
            tax = {
                "kind": "tax", "line_number": None, "tenant_id": tenant_id, "tenant_name": name,
                "tax_category": found["category"], "tax_percent": found["percent"],
                "description": f"Tax {found['percent']} % ({found['category']})",
                "detail": found["reason"],
            }  # fmt: skip
            yield self._row(tax, self.signed(found["tax"]))

    # ---- parts of a row ----------------------------------------------------------------------

    def _row(self, part: Document, amount: Decimal, adjusts: str = "") -> FocusRow:
        charged = Period.parse(adjusts) if adjusts else self._period
        is_correction = self._document["kind"] != INVOICE or charged != self._period
        category, frequency = _CHARGES[part["kind"]]
        cost = f"{amount:f}"
        described = (part["description"], *part.get("detail", "").split("  ·  "))
        number = part["line_number"]
        return self._common | {
            **dict.fromkeys(_COSTS, cost),
            "ChargeCategory": category,
            "ChargeClass": "Correction" if is_correction else None,
            "ChargeDescription": ", ".join(text for text in described if text),
            "ChargeFrequency": frequency,
            "ChargePeriodEnd": _time(charged.end),
            "ChargePeriodStart": _time(charged.start),
            "ServiceName": self._issuer,
            "ServiceCategory": _SERVICES[0],
            "ServiceSubcategory": _SERVICES[1],
            "SubAccountId": part["tenant_id"] or None,
            "SubAccountName": part["tenant_name"] if part["tenant_id"] else None,
            "Tags": _tags(part),
            "x_LineKind": part["kind"],
            "x_LineNumber": None if number is None else str(number),
            "x_TaxCategory": part["tax_category"] or None,
            "x_TaxPercent": part["tax_percent"] or None,
        }

    def _priced(self, line: Document) -> FocusRow:
        """Price and quantity, and their product before it is rounded to the line's amount."""
        size, price = line["unit_size"], short(line["unit_price"])
        many = _finest(_EXACT.divide(self.signed(line["quantity"]), Decimal(size)))
        cost = short(_finest(_EXACT.multiply(many, Decimal(price))))
        unit = _unit(line)
        return {
            "ContractedCost": cost,
            "ListCost": cost,
            **dict.fromkeys(_PRICES, price),
            "PricingCategory": "Dynamic" if line["kind"] == "passthrough" else "Standard",
            "PricingQuantity": short(many),
            "PricingUnit": unit if size == "1" else f"{size} {unit}",
        } | self._used(line)

    def _used(self, line: Document) -> FocusRow:
        if line["kind"] == "facility":
            return {}
        is_cost = line["kind"] == "passthrough"
        used = line["cost_usd"] if is_cost else self._consumed[line["line_number"]]
        return {
            "ConsumedQuantity": short(self.signed(used)),
            "ConsumedUnit": "US Dollars" if is_cost else _unit(line),
        }


def _consumed(lines: Sequence[Document]) -> dict[int, str]:
    """What each metered line consumed, so that the tiers of a metric sum to what was used of it.

    Every tier names the whole; the first of them takes what the others do not bill, which is what
    is included and what it bills itself.
    """
    metrics: defaultdict[tuple[str, ...], list[Document]] = defaultdict(list)
    names = ("kind", "tenant_id", "module_id", "metric", "plan_id", "plan_version", "used")
    for line in lines:
        if line["kind"] in _METERED:
            metrics[tuple(line[name] for name in names)].append(line)
    consumed = {line["line_number"]: line["billable"] for of in metrics.values() for line in of}
    for first, *others in metrics.values():
        elsewhere = sum((Decimal(line["billable"]) for line in others), Decimal(0))
        consumed[first["line_number"]] = f"{Decimal(first['used']) - elsewhere:f}"
    return consumed


def _service(line: Document) -> FocusRow:
    is_infrastructure = line["kind"] == "passthrough"
    category, subcategory = _INFRASTRUCTURE if is_infrastructure else _SERVICES
    return {
        "ServiceCategory": category,
        "ServiceName": line["description"],
        "ServiceSubcategory": subcategory,
    }


def _sku(line: Document) -> FocusRow:
    """What is sold, whatever its price; and the price of it in one version of a plan."""
    sku = "/".join(filter(None, (line["kind"], line["module_id"], line["metric"])))
    tier = f"/{line['tier']}" if line["kind"] in _METERED else ""
    details = {"x_Plan": line["plan_id"], "x_PlanVersion": line["plan_version"]}
    return {
        "SkuId": sku,
        "SkuMeter": line["description"],
        "SkuPriceDetails": canonical_json(details | ({"x_Tier": line["tier"]} if tier else {})),
        "SkuPriceId": f"{line['plan_id']}:{line['plan_version']}/{sku}{tier}",
    }


def _tags(part: Document) -> str | None:
    """Whose and what a charge is, under the prefix of provider-defined tags."""
    names = ("tenant_id", "module_id", "metric", "plan_id")
    tags = {f"meterbook:{name}": part[name] for name in names if part.get(name)}
    return canonical_json(tags) if tags else None


def _ours(line: Document) -> FocusRow:
    return {
        "x_AdjustsPeriod": line["adjusts_period"] or None,
        "x_CostUsd": line["cost_usd"] or None,
        "x_MarkupPercent": line["markup_percent"] or None,
        "x_MetricId": line["metric"] or None,
        "x_ModuleId": line["module_id"] or None,
        "x_PlanId": line["plan_id"] or None,
        "x_PlanVersion": line["plan_version"] if line["plan_id"] else None,
        "x_Tier": line["tier"] if line["kind"] in _METERED else None,
        "x_UsdPerUnit": line["usd_per_unit"] or None,
    }


def _unit(line: Document) -> str:
    """The unit in FOCUS's words, else the catalog's, which begins with a capital there."""
    word = str(line["unit"])
    return _UNITS.get(line["unit_code"]) or (word[:1].upper() + word[1:] or "Units")


def _finest(figure: Decimal) -> Decimal:
    return figure.quantize(_FINEST, context=_EXACT)


def _time(day: date) -> str:
    """A day's first moment (UTC) as FOCUS writes it."""
    return f"{day.isoformat()}T00:00:00Z"
