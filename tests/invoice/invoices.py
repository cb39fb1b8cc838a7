"""Invoice documents for the tests of the document, its e-invoices and its print.

Everything is made from frozen bodies in the form in which a close lands them.
"""

from __future__ import annotations

from typing import Any

import pypdfium2
from meterbook.close.frozen import FrozenDocument, frozen
from meterbook.invoice.document import invoice_document
from meterbook.invoice.register import Claim
from meterbook.money import Money, minor_digits, total

Fields = dict[str, Any]
ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}
BLANK = {
    "module_id": "", "metric": "", "tier": "1", "plan_id": "growth", "plan_version": "1",
    "pricing": "", "quantity": "0.000000", "included_quantity": "0.000000",
    "billable_quantity": "0.000000", "unit_price": "0.000000", "unit_size": "1",
    "cost_usd": "0.000000000000", "markup_percent": "0.00", "usd_per_unit": "1.000000000000",
    "base_amount": "0.0000", "percent": "0.00", "adjusts_period": "", "adjusts_kind": "",
    "known_amount": "", "billed_amount": "", "rules": "", "text": "",
}  # fmt: skip
PARTY = {"address": ["1 Quay", "6011 Wellington"], "country": "NZ", "tax_id": "NZ1", "email": ""}
SELLER = PARTY | {"name": "Nimbus Platform GmbH", "bank": "Beispielbank, IBAN DE89 3704 0044"}
ACCOUNT = PARTY | {"name": "Acme Ltd", "payment_days": "30"}

# A seller and accounts that can send and receive every e-invoice.
RATES = [
    ALWAYS | {"tax_class": "standard", "percent": "19"},
    ALWAYS | {"tax_class": "reduced", "percent": "7"},
]
GERMAN_SELLER = {
    "name": "Nimbus Platform GmbH",
    "address": ["Taunusanlage 12"],
    "city": "Frankfurt am Main",
    "postcode": "60325",
    "country": "DE",
    "vat_id": "DE136695976",
    "tax_id": "045 231 12345",
    "legal_id": "HRB 98765",
    "email": "billing@nimbus.example",
    "contact": {"name": "Ada Weber", "phone": "+49 69 1234567", "email": "ada@nimbus.example"},
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
    "tax_rates": RATES,
}
GERMAN_BUYER = {
    "name": "Rheinhafen AG",
    "address": ["Am Zollhafen 3", "Gebäude B"],
    "city": "Mainz",
    "postcode": "55118",
    "country": "DE",
    "vat_id": "DE129274202",
    "email": "rechnung@rheinhafen.example",
    "buyer_reference": "04011000-12345-03",
    "purchase_order": "PO-4711",
    "language": "de",
    "tax": "domestic",
}
FRENCH_BUYER = GERMAN_BUYER | {
    "name": "Loire SA",
    "address": ["4 Rue de la Paix"],
    "city": "Nantes",
    "postcode": "44000",
    "country": "FR",
    "vat_id": "FR40303265045",
    "email": "factures@loire.example",
    "buyer_reference": "KST-88",
    "language": "en",
    "tax": "reverse_charge",
}
NEW_ZEALAND_BUYER = FRENCH_BUYER | {
    "name": "Acme Ltd",
    "address": ["1 Lambton Quay"],
    "city": "Wellington",
    "postcode": "6011",
    "country": "NZ",
    "vat_id": "",
    "email": "ap@acme.example",
    "tax": "export",
}
BUYERS = {
    "domestic": GERMAN_BUYER,
    "reverse_charge": FRENCH_BUYER,
    "export": NEW_ZEALAND_BUYER,
    "exempt": GERMAN_BUYER
    | {"tax": "exempt", "tax_exemption_reason": "Steuerfrei nach § 4 Nr. 8 UStG"},
    "small_business": GERMAN_BUYER | {"tax": "small_business"},
}


def frozen_period(lines: list[Fields], currency: str = "USD", **changes: Any) -> FrozenDocument:
    """What is frozen for account `acme` with these lines; `changes` go into whole documents.

    `seller`, `account`, `tenant`, `module` and `metric` are changes to those documents, `body` to
    the body itself.
    """
    numbered = [BLANK | line | {"line_number": n} for n, line in enumerate(lines, start=1)]
    summed = total((Money.of(line["amount"], currency) for line in lines), currency)
    metric = {"name": "API calls", "unit": "call"} | changes.get("metric", {})
    body = {
        "kind": "invoice",
        "subject": "",
        "period": "2026-10",
        "account_id": "acme",
        "currency": currency,
        "minor_digits": str(minor_digits(currency)),
        "total": str(summed),
        "refers_to": {},
        "reason": "",
        "actor": "",
        "lines": numbered,
        "usage": [],
        "quantities": [],
        "heads": [],
        "costs": [],
        "terms": [],
        "seller": _found("nimbus", SELLER, changes.get("seller")),
        "account": _found("acme", ACCOUNT, changes.get("account")),
        "tenants": [_found("acme", {"name": "Acme"}, changes.get("tenant"))],
        "plans": [],
        "rules": [],
        "modules": [_found("MOD-1", {"name": "Lending"}, changes.get("module"))],
        "metrics": [
            _found("api_calls", metric),
            _found("reports", {"name": "Reports", "unit": "page", "tax_class": "reduced"}),
            _found("customers", {"name": "Active customers", "unit": "customer"}),
            _found("exports", {"name": "Exports", "unit": "GB", "tax_class": "zero"}),
        ],
        "config": [],
        "catalog_revision": 1,
        "decisions": [],
        "basis_sha256": "b" * 64,
    }
    return frozen(body | changes.get("body", {}))


def _found(id_: str, document: Fields, changes: Fields | None = None) -> Fields:
    return {"id": id_, "revision": 1, "document": document | (changes or {})}


def variable(amount: str, tenant_id: str = "acme", metric: str = "api_calls") -> Fields:
    """A metered line whose figures say nothing of its amount."""
    return {
        "line_kind": "variable",
        "tenant_id": tenant_id,
        "metric": metric,
        "pricing": "flat",
        "quantity": "1204331.500000",
        "included_quantity": "10000.000000",
        "billable_quantity": "1194331.500000",
        "unit_price": "0.400000",
        "unit_size": "1000",
        "amount": amount,
    }


def metered(amount: str, quantity: str, price: str, size: str = "1", **more: str) -> Fields:
    """A metered line that multiplies out."""
    return variable(amount) | {
        "quantity": quantity,
        "included_quantity": "0.000000",
        "billable_quantity": quantity,
        "unit_price": price,
        "unit_size": size,
        **more,
    }


def facility(amount: str, **more: str) -> Fields:
    """A facility fee of one month."""
    return {
        "line_kind": "facility",
        "tenant_id": "acme",
        "module_id": "MOD-1",
        "pricing": "fee",
        "quantity": "1.000000",
        "billable_quantity": "1.000000",
        "unit_price": amount,
        "amount": amount,
        **more,
    }


def passthrough(amount: str, cost_usd: str, source: str = "aws", **more: str) -> Fields:
    """A line of passed on cost."""
    return {
        "line_kind": "passthrough",
        "tenant_id": "acme",
        "metric": source,
        "pricing": "cost",
        "cost_usd": cost_usd,
        "amount": amount,
        **more,
    }


def discount(amount: str, percent: str, base: str, name: str = "loyal") -> Fields:
    """A discount on lines of the bill; its amount is negative."""
    return {
        "line_kind": "discount",
        "tenant_id": "acme",
        "metric": name,
        "pricing": "percent",
        "percent": percent,
        "base_amount": base,
        "amount": amount,
    }


def credit(amount: str, name: str = "outage") -> Fields:
    """A commercial credit; its amount is negative."""
    return {
        "line_kind": "credit",
        "tenant_id": "acme",
        "metric": name,
        "pricing": "amount",
        "base_amount": amount.removeprefix("-"),
        "amount": amount,
    }


def adjustment(amount: str, known: str, billed: str, period: str = "2026-09") -> Fields:
    """What a late fact of an earlier period has changed."""
    return {
        "line_kind": "adjustment",
        "tenant_id": "acme",
        "metric": "api_calls",
        "adjusts_period": period,
        "adjusts_kind": "variable",
        "known_amount": known,
        "billed_amount": billed,
        "amount": amount,
    }


def written(amount: str, text: str) -> Fields:
    """A line of a credit or debit note that a person has written."""
    blank = {"plan_id": "", "plan_version": "", "tier": ""}
    return blank | {
        "line_kind": "adjustment",
        "tenant_id": "acme",
        "text": text,
        "amount": amount,
    }


def claim_of(document: FrozenDocument, number: str = "NIM-2026-000001") -> Claim:
    return Claim(
        number,
        document.account_id,
        str(document.period),
        document.kind,
        document.subject,
        document.snapshot_sha256,
        "2026-11-05",
    )


def document_of(document: FrozenDocument) -> Fields:
    """The written document; one that refers to another refers to NIM-2026-000001."""
    if not document.body["refers_to"]:
        return invoice_document(document, claim_of(document))
    original = claim_of(frozen_period([variable("1.00")]))
    return invoice_document(document, claim_of(document, "NIM-2026-000002"), original)


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, line ends as blanks, without the breaks allowed inside long words."""
    pages = []
    for page in pypdfium2.PdfDocument(pdf):
        text = page.get_textpage().get_text_range()
        pages.append(" ".join(text.replace("\u200b", "").replace("\ufffe", "").split()))
    return pages
