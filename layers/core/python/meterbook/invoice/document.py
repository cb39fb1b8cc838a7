"""The invoice as one JSON value: everything a person or a program needs to check it and to pay it.

It follows from the frozen body and the claim alone, so writing it again gives the same bytes. What
stands on a line was decided by SQL; here lines are put in order and summed as EN 16931 sums them
(lines, allowances, tax on each category's base), and the sum before tax has to be the frozen one.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from meterbook.canonical import canonical_json
from meterbook.close.frozen import (
    CORRECTED,
    CREDIT_NOTE,
    DEBIT_NOTE,
    INVOICE,
    FrozenDocument,
)
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent
from meterbook.invoice.bill import Bill
from meterbook.invoice.einvoice import chosen
from meterbook.invoice.register import Claim
from meterbook.invoice.trends import trends
from meterbook.invoice.words import shown_day, words
from meterbook.period import Period

FORM = "meterbook.invoice.2"
# UNTDID 1001, which EN 16931 takes its types from.
TYPE_CODES = {INVOICE: "380", CREDIT_NOTE: "381", CORRECTED: "384", DEBIT_NOTE: "383"}
_PARTY = ("name", "city", "postcode", "country", "vat_id", "legal_id", "email")


def invoice_document(
    frozen: FrozenDocument, claim: Claim, preceding: Claim | None = None
) -> Fields:
    """Write the document that a claim numbers, decimals as strings.

    `preceding` is the claim of the document that this one credits, corrects or adds to.
    Errors: `BookInconsistent` when the claim is for another snapshot, or the total is another.
    """
    if claim.snapshot_sha256 != frozen.snapshot_sha256:
        raise BookInconsistent(
            detail=f"{claim.number} was claimed for the snapshot {claim.snapshot_sha256}, but "
            f"{frozen.snapshot_sha256} is frozen for account {frozen.account_id} in "
            f"{frozen.period}."
        )
    body, account = frozen.body, frozen.body["account"]["document"]
    language = str(account.get("language", "") or "en")
    bill = Bill(body, claim.number, language)
    sums = bill.written()
    shows_usage = frozen.kind in (INVOICE, CORRECTED)
    return {
        "form": FORM,
        "kind": frozen.kind,
        "type_code": TYPE_CODES[frozen.kind],
        "number": claim.number,
        **_terms(claim, frozen, language, sums["total"]),
        "language": language,
        "period": _period(frozen.period),
        "preceding": _preceding(preceding),
        "reason": body["reason"],
        "seller": _seller(body["seller"]),
        "buyer": _party(body["account"]),
        "buyer_reference": account.get("buyer_reference", ""),
        "purchase_order": account.get("purchase_order", ""),
        "currency": bill.currency,
        "minor_digits": body["minor_digits"],
        **sums,
        "notes": [words(language)["note_net"]] if bill.taxation.case == "none" else [],
        "trends": trends(body) if shows_usage else [],
        **chosen(account, bill.currency, int(body["minor_digits"]), language),
        "snapshot_sha256": frozen.snapshot_sha256,
    }


def document_bytes(document: Fields) -> bytes:
    """The document as it is stored, sealed and printed from."""
    return canonical_json(document).encode() + b"\n"


# ---- who, when, for which period -------------------------------------------------------------


def _terms(claim: Claim, frozen: FrozenDocument, language: str, gross: str) -> dict[str, str]:
    days = str(frozen.body["account"]["document"].get("payment_days", "")) or "30"
    due = (date.fromisoformat(claim.issue_date) + timedelta(days=int(days))).isoformat()
    is_owed = Decimal(gross) > 0
    unpaid = "credited" if frozen.kind == CREDIT_NOTE else "" if is_owed else "no_payment"
    said = words(language)[unpaid or "payment_terms"]
    return {
        "issue_date": claim.issue_date,
        "payment_days": days,
        "due_date": due,
        "payment_terms": said.format(days=days, date=shown_day(due, language)),
    }


def _period(period: Period) -> dict[str, str]:
    last = period.end - timedelta(days=1)
    return {
        "name": str(period),
        "first_day": period.start.isoformat(),
        "last_day": last.isoformat(),
    }


def _preceding(claim: Claim | None) -> list[dict[str, str]]:
    return [{"number": claim.number, "issue_date": claim.issue_date}] if claim else []


def _party(found: Fields) -> Fields:
    document = found["document"]
    contact = document.get("contact") or {}
    return {
        "id": found["id"],
        "address": list(document.get("address") or []),
        **{name: document.get(name, "") for name in _PARTY},
        "contact": {name: contact.get(name, "") for name in ("name", "phone", "email")},
    }


def _seller(found: Fields) -> Fields:
    document = found["document"]
    paid_to = {name: document.get(name, "") for name in ("tax_id", "iban", "bic", "bank")}
    return _party(found) | paid_to | {"logo": dict(document.get("logo") or {})}
