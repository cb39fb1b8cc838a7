"""Who sells and who pays: the readers of what stands at the head of an invoice."""

from __future__ import annotations

from meterbook.catalog.allowances import credits_given, discounts
from meterbook.catalog.document import Fields
from meterbook.catalog.logo import logo
from meterbook.catalog.numbers import bic, buyer_reference, iban, vat_id
from meterbook.catalog.reader import Reader
from meterbook.money import minor_digits

INVOICE_SERIES = r"[A-Z0-9]{1,12}"
COLOUR = r"#[0-9a-f]{6}"
EMAIL = r"[^@\s]+@[^@\s]+"
TAXES = ("none", "domestic", "reverse_charge", "export", "exempt", "small_business")
TAX_CLASSES = ("standard", "reduced", "zero")
E_INVOICES = ("en16931", "xrechnung", "off")
LANGUAGES = ("en", "de")


def seller(doc: Reader) -> Fields:
    """The legal entity that issues: what stands at the head of its invoices."""
    return _party(doc) | {
        "name": doc.text("name"),
        "invoice_series": _series(doc, "invoice_series"),
        "credit_note_series": _series(doc, "credit_note_series", ""),
        "tax_rates": doc.timeline("tax_rates", "tax_class percent", _tax_rate, apart="tax_class"),
        "iban": iban(doc),
        "bic": bic(doc),
        "bank": doc.text("bank", ""),
        "logo": logo(doc),
        "colour": doc.matching("colour", COLOUR, "six small hex digits, for example '#1f4e79'", ""),
    }


def _series(doc: Reader, name: str, default: str | None = None) -> str:
    example = "1 to 12 capital letters and digits, for example INV26"
    return doc.matching(name, INVOICE_SERIES, example, default)


def _tax_rate(entry: Reader) -> Fields:
    percent = entry.percent("percent", 100)
    if percent == "0":
        hint = "Give the metrics and modules that bear no tax `tax_class: zero`."
        raise entry.refusal("percent", "0 is no rate of tax", hint)
    return {"tax_class": entry.choice("tax_class", "standard reduced"), "percent": percent}


def _party(doc: Reader) -> Fields:
    return {
        "address": doc.lines("address"),
        "city": doc.text("city", ""),
        "postcode": doc.text("postcode", ""),
        "country": doc.country("country"),
        "vat_id": vat_id(doc),
        "tax_id": doc.text("tax_id", ""),
        "legal_id": doc.text("legal_id", ""),
        "email": _email(doc, "email"),
        "contact": _contact(doc),
    }


def _email(doc: Reader, name: str) -> str:
    return doc.matching(name, EMAIL, "an address such as billing@example.com", "")


def _contact(doc: Reader) -> Fields:
    """Whom to ask; what is not said of them is empty."""
    contact = doc.mapping("contact", "name phone email")
    if contact is None:
        return {"name": "", "phone": "", "email": ""}
    return {
        "name": contact.text("name", ""),
        "phone": contact.text("phone", ""),
        "email": _email(contact, "email"),
    }


def account(doc: Reader) -> Fields:
    """Who pays for which tenants, in which currency, to which seller, and how it is taxed."""
    return (
        _party(doc)
        | _taxed(doc)
        | {
            "name": doc.text("name"),
            "seller": doc.identifier("seller"),
            "currency": doc.currency("currency"),
            "payment_days": doc.whole("payment_days", 0, 366, "30"),
            "purchase_order": doc.text("purchase_order", ""),
            "language": doc.choice("language", " ".join(LANGUAGES), "en"),
            "mail_to": _email(doc, "mail_to"),
            "discounts": discounts(doc),
            "credits": credits_given(doc),
            "tenants": doc.timeline("tenants", "tenant", _tenant, apart="tenant_id"),
        }
    )


def _taxed(doc: Reader) -> Fields:
    """Which tax its invoices state, and in which form a machine may read them."""
    tax = doc.choice("tax", " ".join(TAXES), "none")
    e_invoice = doc.choice("e_invoice", " ".join(E_INVOICES), "en16931")
    _must_be_possible(doc, tax, e_invoice)
    german = e_invoice == "xrechnung" and doc.text("country", "") == "DE"
    return {
        "tax": tax,
        "tax_exemption_reason": _exemption(doc, tax),
        "e_invoice": e_invoice,
        "buyer_reference": buyer_reference(doc, may_be_route=german),
    }


def _exemption(doc: Reader, tax: str) -> str:
    reason = doc.text("tax_exemption_reason", "")
    if bool(reason) != (tax == "exempt"):
        detail = f"a tax of {tax} {'does not take' if reason else 'needs'} it"
        hint = "It says by which rule an exempt account bears no tax."
        raise doc.refusal("tax_exemption_reason", detail, hint)
    return reason


def _must_be_possible(doc: Reader, tax: str, e_invoice: str) -> None:
    """Refuse an e-invoice that is asked for by name and can never be written."""
    if not doc.text("e_invoice", "") or e_invoice == "off":
        return
    if tax == "none":
        hint = "Say which `tax` it is, or take `e_invoice` out."
        raise doc.refusal("e_invoice", "the tax is none, and an e-invoice states the tax", hint)
    currency = doc.currency("currency")
    if minor_digits(currency) > 2:
        detail = f"{currency} has {minor_digits(currency)} decimals, and EN 16931 knows two"
        raise doc.refusal("e_invoice", detail, "Write `e_invoice: off`.")


def _tenant(entry: Reader) -> Fields:
    return {"tenant_id": entry.identifier("tenant")}
