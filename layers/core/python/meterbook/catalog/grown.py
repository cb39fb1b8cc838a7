"""What a document from before a field was known says of it: the field's default.

So a book of an earlier Meterbook differs in nothing from the catalog that it was made from, and a
plan that is published stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping

from meterbook.catalog.document import Fields

_PARTY = {
    "city": "",
    "postcode": "",
    "vat_id": "",
    "legal_id": "",
    "contact": {"name": "", "phone": "", "email": ""},
}
_SILENT: Mapping[str, Fields] = {
    "seller": _PARTY
    | {"credit_note_series": "", "tax_rates": [], "iban": "", "bic": "", "logo": {}, "colour": ""},
    "account": _PARTY
    | {
        "tax": "none",
        "tax_exemption_reason": "",
        "e_invoice": "en16931",
        "buyer_reference": "",
        "purchase_order": "",
        "language": "en",
        "mail_to": "",
        "discounts": [],
        "credits": [],
    },
    "metric": {"tax_class": "standard"},
    "module": {"tax_class": "standard"},
    "plan": {"markups": [], "minimum": "", "prorate": ""},
}
_SILENT_RATE: Fields = {"pricing": "flat", "tiers": []}


def grown(kind: str, body: Fields) -> Fields:
    """Give a document that was landed earlier the fields that have come since."""
    whole = _SILENT.get(kind, {}) | body
    if kind == "plan":
        whole["rates"] = [_SILENT_RATE | rate for rate in body["rates"]]
    return whole
