"""Invoice documents for the tests of the document and its print, made from a frozen period."""

from __future__ import annotations

from typing import Any

import pypdfium2
from meterbook.close.frozen import FrozenPeriod
from meterbook.invoice.document import invoice_document
from meterbook.invoice.register import Claim
from meterbook.money import Money, total

Fields = dict[str, Any]
BLANK = {
    "module_id": "", "metric": "", "tier": "1", "plan_id": "growth", "plan_version": "1",
    "quantity": "0.000000", "included_quantity": "0.000000", "billable_quantity": "0.000000",
    "unit_price": "0.000000", "unit_size": "1", "cost_usd": "0.000000000000",
}  # fmt: skip


def frozen_period(lines: list[Fields], currency: str = "USD", **changes: Fields) -> FrozenPeriod:
    """A frozen period of account `acme` with these lines; `changes` go into whole documents."""
    numbered = [BLANK | line | {"line_number": n} for n, line in enumerate(lines, start=1)]
    party = {
        "address": ["1 Quay", "6011 Wellington"],
        "country": "NZ",
        "tax_id": "NZ1",
        "email": "",
    }
    seller = party | {"name": "Nimbus Platform GmbH", "bank": "Beispielbank, IBAN DE89 3704 0044"}
    account = party | {"name": "Acme Ltd", "payment_days": "30"}
    summed = total((Money.of(line["amount"], currency) for line in lines), currency)
    return FrozenPeriod.of(
        {
            "period": "2026-10",
            "account_id": "acme",
            "currency": currency,
            "total": str(summed),
            "lines": numbered,
            "seller": {"id": "nimbus", "document": seller | changes.get("seller", {})},
            "account": {"id": "acme", "document": account | changes.get("account", {})},
            "tenants": [{"id": "acme", "document": changes.get("tenant", {"name": "Acme"})}],
            "modules": [{"id": "MOD-1", "document": {"name": "Lending"}}],
            "metrics": [{"id": "api_calls", "document": {"name": "API calls", "unit": "call"}}],
        }
    )


def variable(amount: str, tenant_id: str = "acme", metric: str = "api_calls") -> Fields:
    return {
        "line_kind": "variable",
        "tenant_id": tenant_id,
        "metric": metric,
        "quantity": "1204331.500000",
        "included_quantity": "10000.000000",
        "billable_quantity": "1194331.500000",
        "unit_price": "0.400000",
        "unit_size": "1000",
        "amount": amount,
    }


def claim_of(frozen: FrozenPeriod, number: str = "NIM-2026-000001") -> Claim:
    return Claim(number, "acme", "2026-10", "invoice", "", frozen.snapshot_sha256, "2026-11-05")


def document_of(frozen: FrozenPeriod) -> Fields:
    return invoice_document(frozen, claim_of(frozen))


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, line ends as blanks, without the breaks allowed inside long words."""
    pages = []
    for page in pypdfium2.PdfDocument(pdf):
        text = page.get_textpage().get_text_range()
        pages.append(" ".join(text.replace("\u200b", "").replace("\ufffe", "").split()))
    return pages
