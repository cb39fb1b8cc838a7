"""Where events go out to: an address of a licensee or of the platform, and which events it gets."""

from __future__ import annotations

from meterbook.catalog.document import Fields
from meterbook.catalog.external_provider import secret_name
from meterbook.catalog.reader import Reader

URL = (
    r"https://(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
OF_ACCOUNTS = ("credit_note_issued", "invoice_issued")
OF_PLATFORM = ("unattributed_cost_threshold_exceeded", "usage_gap_detected")
EVENTS = (*OF_ACCOUNTS, *OF_PLATFORM)


def webhook(doc: Reader) -> Fields:
    """An address outside: of an account, which is told of itself alone, or of the platform."""
    example = "an https address with a host's name and no port, such as https://erp.example.com/in"
    account = doc.identifier("account", "")
    return {
        "url": doc.matching("url", URL, example),
        "events": _events(doc, account),
        "account": account,
        "secret": secret_name(doc, "acme-webhook"),
    }


def _events(doc: Reader, account: str) -> list[str]:
    found = {entry.choice("event", " ".join(EVENTS)) for entry in doc.entries("events", "event")}
    if not found:
        raise doc.refusal("events", "no event is named", f"Name some of {', '.join(EVENTS)}.")
    if account and (others := sorted(found.intersection(OF_PLATFORM))):
        detail = f"{others[0]} is the platform's, and this is an address of account {account}"
        raise doc.refusal("events", detail, f"It can have {' and '.join(OF_ACCOUNTS)}.")
    return sorted(found)
