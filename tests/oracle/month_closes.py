"""The closes of a generated month: terms that were frozen, none of which the catalog says any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meterbook.ports import ObjectStore
from oracle.landed import land_rows_of
from oracle.month_parts import LEAVER, Pick
from oracle.records import Json


@dataclass(frozen=True)
class Close:
    """The close of an account's month, as far as it decides what a later reading is priced by."""

    month: str
    account: str
    currency: str
    terms: Sequence[Json]


def land_closed(landing: ObjectStore, close: Close) -> None:
    land_rows_of(landing, "closes", f"{close.month}.{close.account}", [close_row(close)])


def close_row(close: Close) -> Json:
    """The head of a close, with nothing in it but its terms."""
    place = {"period": close.month, "account_id": close.account}
    return {
        **place,
        "kind": "close",
        "document_kind": "invoice",
        "subject": "",
        "refers_kind": "",
        "refers_subject": "",
        "seller_id": "s",
        "currency": close.currency,
        "total": "0",
        "snapshot_sha256": "0" * 64,
        "closed_at": "2026-11-05T08:00:00Z",
        "close_start": f"{close.month}-01",
        "snapshot": {**place, "terms": list(close.terms), "costs": []},
    }


def term(
    kind: str,
    tenant: str,
    name: str,
    version: int = 0,
    place: int = 0,
    amount: str = "0",
    detail: str = "",
) -> Json:
    """One frozen term; all closes have this one shape for all kinds of them."""
    return {"term": kind, "tenant_id": tenant, "name": name, "version": str(version),
            "place": str(place), "amount": amount, "detail": detail}  # fmt: skip


def closes(pick: Pick[str]) -> list[Close]:
    """Cards, modules, discounts and rates that differ from the catalog's; a month before all others."""
    percent, worth = pick(("7.5", "0.000001", "100")), pick(("3.125", "0.3"))
    return [
        Close("2026-10", "kw", "KWD", [
            term("tenant", "b_2:x", "s", place=3, detail="KWD"),
            term("card", "b_2:x", "dinar", 1, 1, "31"),
            term("module", "b_2:x", "M-2", place=5),
            term("discount", "", "frozen", amount=percent, detail="minimum,variable"),
            term("credit", "b_2:x", "given", amount="0.001"),
            term("rate", "", "KWD", amount=worth),
        ]),
        Close("2026-09", "both", "USD", [
            term("tenant", "9lives", "s", place=2, detail="USD"),
            term("card", "9lives", "base", 1, 1, "1"),
            term("card", "9lives", "direct", 1, 2, "29"),
        ]),
        Close("2026-09", "new", "USD", [
            term("tenant", "acme", "s", place=2, detail="USD"),
            term("card", "acme", "full", 1, 1, "11"),
            term("module", "acme", "M-1", place=11),
        ]),
        Close("2026-08", "new", "USD", [
            term("tenant", LEAVER, "s", place=2, detail="USD"),
            term("card", LEAVER, "full", 1, 1, "31"),
            term("discount", "", "all", amount="50", detail="minimum"),
        ]),
    ]  # fmt: skip
