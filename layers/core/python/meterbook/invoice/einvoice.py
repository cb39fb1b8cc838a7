"""Which e-invoice a document becomes, and what both of its syntaxes say in the same way.

An account gets EN 16931 unless it asks for XRechnung or for none. Where no tax is stated there is
nothing to send; where the currency is finer than the standard there is a refusal with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from meterbook.close.master_data import MOST_DECIMALS, is_leitweg, profile_of, wanted_profile
from meterbook.close.snapshot import Fields
from meterbook.errors import EInvoiceRefused
from meterbook.invoice.words import words

EN16931, XRECHNUNG = PROFILES = ("en16931", "xrechnung")
# BT-24 of each profile, and the business process (BT-23) that XRechnung wants named.
SPECIFICATIONS = {
    EN16931: "urn:cen.eu:en16931:2017",
    XRECHNUNG: "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
}
PROCESSES = {EN16931: "", XRECHNUNG: "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"}
# UNTDID 5189: a discount. What we take off is one, whatever its reason.
DISCOUNT = "95"
# UNTDID 4461: not said, credit transfer, set off between the two, SEPA credit transfer.
_UNSAID, _TRANSFER, _SET_OFF, _SEPA = "1", "30", "97", "58"
# Electronic address schemes: German VAT number, Leitweg-ID, mail.
_GERMAN_VAT, _LEITWEG, _MAIL = "9930", "0204", "EM"
_STREET_LINES = 3
_TOLERANCE = Fraction("0.02")


def einvoice_profile(document: Fields) -> str:
    """The profile in which a document is sent beside its PDF: "", `en16931` or `xrechnung`."""
    return str(document["e_invoice"])


def chosen(account: Fields, currency: str, digits: int, language: str) -> dict[str, str]:
    """The profile for an account, and where it asks for one in vain, the reason in its language."""
    profile = profile_of(account, digits)
    said = words(language)["e_invoice_refused"]
    is_refused = not profile and wanted_profile(account)
    reason = said.format(currency=currency, digits=digits, most=MOST_DECIMALS)
    return {"e_invoice": profile, "e_invoice_refused": reason if is_refused else ""}


def must_be_einvoice(document: Fields, profile: str) -> None:
    """Refuse to write XML for a document that is none. Errors: `EInvoiceRefused`."""
    if profile not in PROFILES:
        raise EInvoiceRefused(number=document["number"], detail=f"there is no profile {profile!r}")
    if not document["e_invoice"]:
        reason = document["e_invoice_refused"] or "its account gets none, or states no tax"
        raise EInvoiceRefused(number=document["number"], detail=reason.rstrip("."))


# ---- what both syntaxes say ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """How an allowance is told: in words, and as a percent of a base where that is exact enough."""

    reason: str
    percent: str
    base: str


@dataclass(frozen=True, slots=True)
class PaymentMeans:
    """How the amount is settled (BG-16)."""

    code: str
    information: str = ""
    iban: str = ""
    bic: str = ""
    holder: str = ""


def lines_of(document: Fields) -> Iterator[Fields]:
    """All lines of a document, in the order of its groups."""
    return (line for group in document["groups"] for line in group["lines"])


def is_credit_note(document: Fields) -> bool:
    """Whether money goes back to the customer."""
    return bool(document["type_code"] == "381")


def notes_of(document: Fields) -> list[str]:
    """What stands on the document beside its figures (BT-22)."""
    return [note for note in (document["reason"], *document["notes"]) if note]


def buyer_reference(document: Fields) -> str:
    """BT-10: the one that the buyer asked for, else the account's id."""
    return str(document["buyer_reference"] or document["buyer"]["id"])


def endpoint(party: Fields, reference: str = "") -> tuple[str, str]:
    """The electronic address and its scheme, both "" where there is none (BT-34, BT-49)."""
    vat_id = party["vat_id"].replace(" ", "")
    if is_leitweg(reference):
        return reference, _LEITWEG
    if vat_id.startswith("DE"):
        return vat_id, _GERMAN_VAT
    return party["email"], _MAIL if party["email"] else ""


def street(party: Fields) -> list[str]:
    """The address in three lines; the last one takes what is left (BT-35, BT-36, BT-162)."""
    lines = [line for line in party["address"] if line]
    first, rest = lines[: _STREET_LINES - 1], lines[_STREET_LINES - 1 :]
    found = [*first, ", ".join(rest)]
    return [*found, "", "", ""][:_STREET_LINES]


def share_of(allowance: Fields) -> Share:
    """The percent and base of an allowance (BT-93, BT-94).

    Readers multiply them again and take 0.02 as their tolerance, whatever the currency (R040): a
    yen rounded, or a discount divided between two rates, says its percent in words.
    """
    percent, base, reason = (allowance[name] for name in ("percent", "base", "description"))
    if not percent:
        return Share(reason, "", "")
    off = Fraction(base) * Fraction(percent) / 100 - Fraction(allowance["amount"])
    if abs(off) > _TOLERANCE:
        return Share(f"{reason} ({percent} %)", "", "")
    return Share(reason, percent, base)


def payment_means(document: Fields) -> PaymentMeans:
    """A transfer where the seller names an account, in words where only those are known."""
    seller = document["seller"]
    if is_credit_note(document) or Fraction(document["totals"]["due"]) <= 0:
        return PaymentMeans(_SET_OFF)
    if not seller["iban"]:
        return PaymentMeans(_UNSAID, seller["bank"])
    code = _SEPA if document["currency"] == "EUR" else _TRANSFER
    iban, bic = (seller[name].replace(" ", "") for name in ("iban", "bic"))
    return PaymentMeans(code, "", iban, bic, seller["name"])
