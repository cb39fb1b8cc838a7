"""A small platform whose account `birch` is billed in Germany, with tax, an e-invoice and mail.

Its seller is the one of `small_world`, which also bills `acme` without tax, by post.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from close.small_world import SOURCE, World, account, event, seller
from invoice.invoices import GERMAN_BUYER, GERMAN_SELLER
from meterbook.book import Book
from meterbook.close.close_period import close_period
from meterbook.close.decide import decide
from meterbook.close.readiness import NEVER_WAIVED, blockers
from meterbook.period import Period

MAIL_TO = "rechnung@rheinhafen.example"


def german_seller() -> tuple[str, str, dict[str, Any]]:
    """The seller with all that an e-invoice names, and a series of its own for credit notes."""
    kind, id_, document = seller()
    return kind, id_, document | GERMAN_SELLER | {"credit_note_series": "NIMC"}


def german_account(id_: str = "birch", **changes: Any) -> tuple[str, str, dict[str, Any]]:
    """An account that gets XRechnung, and its documents by mail."""
    kind, _, document = account(id_, [id_])
    wants = {"e_invoice": "xrechnung", "mail_to": MAIL_TO}
    return kind, id_, document | GERMAN_BUYER | wants | changes


def make_taxed(world: World) -> World:
    """Bill `birch` in Germany from now on."""
    world.apply(german_seller(), german_account())
    return world


def close_month(world: World, book: Book, month: str) -> list[str]:
    """Close a month, whatever of its readiness can be let pass; say whose bills were frozen."""
    period = Period.parse(month)
    book.update()
    for point in blockers(book, period):
        if point.is_open and point.blocker not in NEVER_WAIVED:
            decide(book, period, point.blocker, actor="Ada", reason="a small world")
    done = close_period(book, world.outbox, world.announced, SOURCE, period)
    return [closed.account_id for closed in done.closed]


def november(tenant: str, quantity: str) -> dict[str, Any]:
    """Usage of the month after."""
    return event(tenant, "api_calls", quantity, 100) | {"time": "2026-11-09T00:00:00Z"}


DECEMBER = datetime.fromisoformat("2026-12-05T08:00:00+00:00")
