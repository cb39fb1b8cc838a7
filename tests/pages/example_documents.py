"""A licensee's published documents, small and whole: every kind of thing that a page shows, once.

The figures fit together as the publisher's do: parts to modules, days and lines to their sums.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from meterbook.pages.view import View

Document = dict[str, Any]
AS_OF, NEXT = "2026-12-05T08:00:00Z", "2026-12-05T12:00:00Z"
MODULES = {"MOD-011": "Onboarding", "MOD-024": "Risk scoring", "": ""}
KINDS = (
    "rate_change", "module_activated", "threshold_hit", "late_adjustment", "restated_cost",
)  # fmt: skip
NEAREST = ("metric", "name", "unit", "used", "included", "share", "reached", "crossing")


def line(number: int, kind: str, amount: str, **more: object) -> Document:
    blank = dict.fromkeys(
        ("module_id", "metric", "detail", "unit", "used", "included", "billable", "cost_usd"), ""
    )
    return (
        blank
        | {"line_number": number, "kind": kind, "amount": amount, "tenant_id": "acme"}
        | {"tenant_name": "Acme Bank", "description": f"Line {number}", "pricing": "flat"}
        | {"unit_price": amount, "unit_size": "1", "quantity": "1", "steps": [f"step of {number}"]}
        | more
    )


def bill() -> Document:
    fee = line(1, "facility", "250.00", module_id="MOD-024", billable="1", unit="month")
    calls = {"metric": "calls", "used": "14400", "included": "10000", "billable": "4400"}
    used = line(2, "variable", "18.48", unit="call", unit_price="4.2", unit_size="1000", **calls)
    cost = line(3, "passthrough", "30.00", metric="aws", cost_usd="27.123456789")
    groups = [
        {"kind": kind, "title": title, "subtotal": one["amount"], "lines": [one]}
        for kind, title, one in (
            ("facility", "Facility fees", fee),
            ("variable", "Variable consumption", used),
            ("passthrough", "Infrastructure passthrough", cost),
        )
    ]
    off = {"kind": "discount", "line_number": 4, "tenant_id": "acme", "tenant_name": "Acme Bank"}
    off |= {"description": "Launch partner", "percent": "5", "base": "18.48", "amount": "0.92"}
    tax = {"category": "S", "percent": "19", "base": "297.56", "tax": "56.54", "reason": ""}
    totals = {"lines": "298.48", "allowances": "0.92", "charges": "0.00", "net": "297.56"}
    totals |= {"tax": "56.54", "gross": "354.10", "prepaid": "0.00", "due": "354.10"}
    return {"groups": groups, "allowances": [off], "taxes": [tax], "totals": totals, "notes": []}


def modules() -> list[Document]:
    def part(kind: str, title: str, amount: str, **more: str) -> Document:
        blank = {"metric": "", "quantity": "", "unit": ""}
        return blank | {"kind": kind, "title": title, "amount": amount} | more

    calls = {"metric": "calls", "unit": "call"}
    parts = {
        "MOD-011": [part("variable", "Calls", "9.39", quantity="7300", **calls)],
        "MOD-024": [
            part("facility", "Risk scoring", "250.00"),
            part("variable", "Calls", "9.09", quantity="7100", **calls),
        ],
        "": [part("passthrough", "AWS", "30.00"), part("discount", "Launch partner", "-0.92")],
    }
    return [
        {"module_id": id_, "name": MODULES[id_], "amount": total(of), "parts": of}
        for id_, of in parts.items()
    ]


def total(found: Sequence[Mapping[str, str]], name: str = "amount") -> str:
    return str(sum((Decimal(one[name]) for one in found), Decimal()))


def metrics() -> list[Document]:
    days = [
        {"day": f"2026-12-0{day}", "module_id": module_id, "quantity": quantity}
        for day in (1, 2)
        for module_id, quantity in (("MOD-011", "3650"), ("MOD-024", "3550"))
    ]
    calls = {
        "metric": "calls", "name": "Calls", "unit": "call", "aggregation": "sum", "used": "14400",
        "included": "10000", "amount": "18.48", "share": "1.4400", "reached": [80, 95, 100],
        "crossing": "2026-12-02", "adds_up": True, "rated": True, "line_numbers": [2], "days": days,
        "modules": [
            {"module_id": "MOD-011", "name": "Onboarding", "quantity": "7300", "amount": "9.39"},
            {"module_id": "MOD-024", "name": "Risk scoring", "quantity": "7100", "amount": "9.09"},
        ],
    }  # fmt: skip
    heads = {
        "metric": "heads", "name": "Heads", "unit": "head", "aggregation": "distinct", "used": "3",
        "included": "0", "amount": "0.00", "share": None, "reached": [], "crossing": None,
        "adds_up": False, "rated": False, "line_numbers": [], "modules": [],
        "days": [{"day": "2026-12-01", "module_id": "", "quantity": "3"}],
    }  # fmt: skip
    return [calls, heads]


def trend(period: str, days: int, each: Mapping[str, str], net: str) -> Document:
    """Days that sum to the net amount: the last one has what is left."""
    rest = Decimal(net) - total_of(each) * (days - 1)
    last = dict(each) | {"": str(Decimal(each[""]) + rest - total_of(each))}
    found = [
        {"day": f"{period}-{day:02}", "total": str(total_of(of)), "amounts": dict(of)}
        for day, of in ((day, each if day < days else last) for day in range(1, days + 1))
    ]
    notes = [
        {"day": f"{period}-{at + 1:02}", "kind": kind, "text": f"Text of {kind}"}
        for at, kind in enumerate(KINDS)
    ]
    return {"days": found, "annotations": notes}


def total_of(amounts: Mapping[str, str]) -> Decimal:
    return sum((Decimal(amount) for amount in amounts.values()), Decimal())


def infrastructure() -> list[Document]:
    days = [{"day": "2026-12-01", "cost_usd": "20.1"}, {"day": "2026-12-02", "cost_usd": "3"}]
    lambda_ = {"resource_type": "aws:AWSLambda", "name": "AWSLambda", "cost_usd": "23.1"}
    s3 = {"resource_type": "aws:AmazonS3", "name": "AmazonS3", "cost_usd": "4.023456789"}
    services = [lambda_ | {"days": days}, s3 | {"days": [days[0] | {"cost_usd": s3["cost_usd"]}]}]
    source = {"source": "aws", "name": "AWS infrastructure", "amount": "30.00"}
    source |= {"cost_usd": "27.123456789", "estimated_days": ["2026-12-02"], "services": services}
    return [source]


def month(period: str = "2026-12", state: str = "open") -> Document:
    days = monthrange(int(period[:4]), int(period[5:]))[1]
    so_far = 5 if state == "open" else days
    each = {"MOD-011": "1.87", "MOD-024": "7.01", "": "-0.50"}
    calls = metrics()[0]
    return {
        "form": "meterbook.tenant_month.1", "tenant_id": "acme", "name": "Acme Bank",
        "account_id": "acme", "period": period, "first_day": f"{period}-01",
        "last_day": f"{period}-{days}", "days": days, "days_so_far": so_far, "state": state,
        "currency": "EUR", "minor_digits": 2, "language": "en", "net": "297.56", "tax": "56.54",
        "total": "354.10", "bill": bill(), "closed_at": "" if state == "open" else AS_OF,
        "documents": [invoice_entry()] if state == "issued" else [],
        "projection": projection() if state == "open" else None, "overage": "18.48",
        "nearest_quota": {name: calls[name] for name in NEAREST}, "modules": modules(),
        "metrics": metrics(), "infrastructure": infrastructure(),
        "trend": trend(period, so_far, each, "297.56"), "faults": [],
    }  # fmt: skip


def projection() -> Document:
    return {"low": "1200.00", "expected": "1321.82", "high": "1471.58", "basis": "The last days."}


def invoice_entry() -> Document:
    return {
        "number": "NL-2026-000001", "kind": "invoice", "period": "2026-10", "currency": "EUR",
        "issue_date": "2026-11-05", "due_date": "2026-12-05", "net": "297.56", "tax": "56.54",
        "total": "354.10", "open": "354.10", "refers_to": "", "lines": 3,
        "files": {"json": "files/a.json", "pdf": "files/a.pdf", "bundle": "files/a.zip"},
    }  # fmt: skip


def invoices() -> Document:
    paid = invoice_entry() | {"number": "NL-2026-000000", "open": "0.00"}
    note = invoice_entry() | {"number": "NLC-2026-000001", "kind": "credit_note", "open": None}
    note |= {"refers_to": "NL-2026-000001", "due_date": ""}
    return {"form": "meterbook.tenant_invoices.1", "invoices": [note, invoice_entry(), paid]}


def invoice() -> Document:
    return bill() | {
        "number": "NL-2026-000001", "currency": "EUR", "total": "354.10", "purchase_order": "PO-1",
        "period": {"first_day": "2026-10-01", "last_day": "2026-10-31", "name": "2026-10"},
        "buyer": {"id": "acme", "name": "Acme Bank AG"}, "reason": "A reason",
        "preceding": [{"number": "NL-2026-000000", "issue_date": "2026-11-05"}],
        "payment_terms": "Payable within 30 days.", "snapshot_sha256": "ab" * 32,
    }  # fmt: skip


def events() -> Document:
    """A day whose events of the two modules add up to their 7,200 calls; one is withdrawn."""
    blank = {"metric": "calls", "unit": "call", "counted_id": "", "withdrawn": False}
    blank |= {"place": "usage/a.jsonl.gz, row 3.1", "received": "2026-12-01T09:00:00Z"}

    def event(at: int, module_id: str, quantity: str, **more: object) -> Document:
        own = {"ref": f"{at:024}", "id": f"event-{at}", "source": f"/{module_id}/calls"}
        time = f"2026-12-01T08:5{at % 10}:21.000000Z"
        return blank | own | {"module_id": module_id, "time": time, "quantity": quantity} | more

    found = [event(0, "MOD-011", "3000"), event(1, "MOD-011", "650"), event(2, "MOD-024", "3550")]
    found.append(event(3, "MOD-024", "9", withdrawn=True))
    return {"form": "meterbook.tenant_events.1", "tenant_id": "acme", "day": "2026-12-01"} | {
        "events": found
    }


def explained() -> Document:
    return {
        "event": events()["events"][0],
        "position": {"from": "7000", "to": "7120"},
        "steps": ["Units 7,000 to 7,120 of the month: covered by the 10,000 included."],
        "lines": [bill()["groups"][1]["lines"][0]],
    }


def index(**brand: object) -> Document:
    named = {"name": "Northlight", "colour": "#1f4e79"}
    logo = {"media_type": "image/svg+xml", "key": "files/logo.svg"}
    periods = [("2026-12", "open"), ("2026-11", "closed"), ("2026-10", "issued")]
    return {
        "form": "meterbook.tenant_view.1", "tenant_id": "acme", "name": "Acme Bank",
        "language": "en", "brand": named | {"logo": logo} | brand, "account_id": "acme",
        "is_payer": True, "as_of": AS_OF,
        "periods": [
            {"period": period, "state": state, "currency": "EUR", "total": "354.10", "key": ""}
            for period, state in periods
        ],
    }  # fmt: skip


def view(months: Sequence[Document] | None = None, **more: Any) -> View:
    shown = [month(), month("2026-11", "closed")] if months is None else list(months)
    given: dict[str, Any] = {"index": index(), "months": shown, "as_of": AS_OF, "next_due": NEXT}
    return View(**given | {"is_stale": False, "csrf": "mark", "actor": "jane"} | more)
