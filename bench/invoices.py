"""Invoices to print, each another: the documents as they are stored, with their e-invoices."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from meterbook.close.frozen import frozen
from meterbook.invoice.cii import cii_xml
from meterbook.invoice.document import document_bytes, invoice_document
from meterbook.invoice.register import Claim

Fields = dict[str, Any]
_ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}
_SELLER = {
    "name": "Nimbus Platform GmbH", "address": ["Taunusanlage 12"], "city": "Frankfurt am Main",
    "postcode": "60325", "country": "DE", "vat_id": "DE136695976", "tax_id": "045 231 12345",
    "legal_id": "HRB 98765", "email": "billing@nimbus.example", "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX", "bank": "Beispielbank",
    "contact": {"name": "Ada Weber", "phone": "+49 69 1234567", "email": "ada@nimbus.example"},
    "tax_rates": [_ALWAYS | {"tax_class": "standard", "percent": "19"}],
}  # fmt: skip
_BUYER = {
    "address": ["Am Zollhafen 3"], "city": "Mainz", "postcode": "55118", "country": "DE",
    "vat_id": "DE129274202", "email": "invoices@buyer.example", "buyer_reference": "KST-88",
    "purchase_order": "PO-4711", "language": "en", "tax": "domestic", "payment_days": "30",
}  # fmt: skip
_BLANK = {
    "module_id": "", "metric": "", "tier": "1", "plan_id": "growth", "plan_version": "1",
    "pricing": "", "quantity": "0", "included_quantity": "0", "billable_quantity": "0",
    "unit_price": "0", "unit_size": "1", "cost_usd": "0", "markup_percent": "0",
    "usd_per_unit": "1", "base_amount": "0", "percent": "0", "adjusts_period": "",
    "adjusts_kind": "", "known_amount": "", "billed_amount": "", "rules": "", "text": "",
}  # fmt: skip
_METRICS = ("API calls", "Stored data", "Documents signed", "Payments settled", "Checks")


def invoice(n: int, lines: int) -> tuple[bytes, bytes]:
    """The n-th document of about so many lines, and its e-invoice."""
    body = frozen(_body(n, lines))
    number = f"NIM-2026-{n + 1:06}"
    claim = Claim(number, "acme", "2026-10", "invoice", "", body.snapshot_sha256, "2026-11-05")
    document = invoice_document(body, claim, None)
    return document_bytes(document), cii_xml(document, "en16931")


def _body(n: int, lines: int) -> Fields:
    written = [_BLANK | line | {"tenant_id": "acme"} for line in _lines(n, lines + n % 21 - 10)]
    account = _BUYER | {"name": f"Buyer {n} AG"}
    return {
        "kind": "invoice", "subject": "", "period": "2026-10", "account_id": "acme",
        "currency": "EUR", "minor_digits": "2", "refers_to": {}, "reason": "", "actor": "",
        "total": str(sum(Decimal(line["amount"]) for line in written)),
        "lines": [line | {"line_number": at} for at, line in enumerate(written, start=1)],
        "usage": list(_usage(n)), "quantities": [], "heads": [], "costs": [], "terms": [],
        "seller": _found("nimbus", _SELLER), "account": _found("acme", account),
        "tenants": [_found("acme", {"name": "Acme"})], "plans": [], "rules": [],
        "modules": [_found(f"MOD-{at}", {"name": f"Module {at}"}) for at in range(4)],
        "metrics": [
            _found(f"metric_{at}", {"name": name, "unit": "unit"})
            for at, name in enumerate(_METRICS)
        ],
        "config": [], "catalog_revision": 1, "decisions": [], "basis_sha256": "b" * 64,
    }  # fmt: skip


def _found(id_: str, document: Fields) -> Fields:
    return {"id": id_, "revision": 1, "document": document}


def _usage(n: int) -> list[Fields]:
    return [
        {"usage_date": f"2026-10-{day:02}", "tenant_id": "acme", "module_id": "MOD-1",
         "metric": f"metric_{at}", "quantity": str((n * 7919 + day * 104_729 * (at + 1)) % 90_000)}
        for at in range(3) for day in range(1, 32)
    ]  # fmt: skip


def _lines(n: int, lines: int) -> list[Fields]:
    fees = [
        {"line_kind": "facility", "module_id": f"MOD-{at}", "pricing": "fee", "quantity": "1",
         "billable_quantity": "1", "unit_price": f"{250 + n}.00", "amount": f"{250 + n}.00"}
        for at in range(4)
    ]  # fmt: skip
    cost = {"line_kind": "passthrough", "metric": "aws", "pricing": "cost",
            "cost_usd": f"{n}.123456", "amount": f"{n}.12"}  # fmt: skip
    return [*fees, *(_metered(n, at) for at in range(lines - 5)), cost]


def _metered(n: int, at: int) -> Fields:
    quantity, price = Decimal((n * 40_503 + at * 65_537) % 900_000), Decimal(3 + at)
    amount = (quantity * price / 1000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        "line_kind": "variable", "metric": f"metric_{at % 5}", "tier": str(at // 5 + 1),
        "pricing": "graduated", "quantity": str(quantity + 1000), "included_quantity": "1000",
        "billable_quantity": str(quantity), "unit_price": str(price), "unit_size": "1000",
        "amount": str(amount),
    }  # fmt: skip
