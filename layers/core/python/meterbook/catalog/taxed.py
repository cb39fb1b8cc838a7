"""What a tax case or an e-invoice needs of the account and of the seller who invoices it.

The official rules refuse a document that lacks it; here it is found months before one is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from meterbook.catalog.document import Document

# By the tax of an account: what its seller must have, one of each group, and what it must have.
_SELLER_NEEDS = {
    "domestic": "vat_id|tax_id",
    "reverse_charge": "vat_id",
    "export": "vat_id",
    "exempt": "vat_id|tax_id",
    "small_business": "vat_id|tax_id",
}
_ACCOUNT_NEEDS = {"reverse_charge": "vat_id"}
# What XRechnung asks of the two beyond EN 16931, which asks for the country alone.
_XRECHNUNG_OF_SELLER = "city postcode iban contact.name contact.phone contact.email"
_XRECHNUNG_OF_ACCOUNT = "city postcode buyer_reference"


def must_have_what_tax_needs(account: Document, seller: Document) -> None:
    """Refuse an account whose invoices could not state its tax, or not by machine."""
    for field, owner, wanted in _needs(account, seller):
        names = wanted.split("|")
        if not any(_value(owner, name) for name in names):
            missing = f"the {' or '.join(names)} of {owner.title}"
            detail = f"{account.title}, {field}: {account.body[field]} needs {missing}"
            raise account.refusal(detail, f"Add it there, or choose another {field}.")


def _needs(account: Document, seller: Document) -> Iterator[tuple[str, Document, str]]:
    """The field that asks, whose it is to give, and which field of theirs."""
    tax, e_invoice = account.body["tax"], account.body["e_invoice"]
    if tax == "none":
        return
    yield "tax", seller, _SELLER_NEEDS[tax]
    if tax in _ACCOUNT_NEEDS:
        yield "tax", account, _ACCOUNT_NEEDS[tax]
    if e_invoice == "off":
        return
    yield "e_invoice", account, "country"
    yield "e_invoice", seller, "country"
    if e_invoice == "xrechnung":
        yield from (("e_invoice", seller, name) for name in _XRECHNUNG_OF_SELLER.split())
        yield from (("e_invoice", account, name) for name in _XRECHNUNG_OF_ACCOUNT.split())


def _value(owner: Document, path: str) -> str:
    name, _, inner = path.partition(".")
    value = owner.body[name]
    return str(value[inner] if inner else value)
