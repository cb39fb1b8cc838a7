"""The invoice as one JSON value: everything a person needs to check it and to pay it.

It follows from the frozen period and the claim alone, so writing it again gives the same bytes. No
figure is computed here but sums, and the total has to be the frozen one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from meterbook.canonical import canonical_json
from meterbook.close.frozen import FrozenPeriod
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent
from meterbook.invoice.register import Claim
from meterbook.money import Money, total
from meterbook.period import Period

FORM = "meterbook.invoice.1"
NOTES = ("All amounts are net of tax.",)
_SOURCES = {
    "aws": "AWS infrastructure",
    "external": "External services",
    "snowflake": "Snowflake infrastructure",
}
_PARTY = ("name", "country", "tax_id", "email")


def invoice_document(frozen: FrozenPeriod, claim: Claim) -> Fields:
    """Write the invoice that a claim numbers, decimals as strings.

    Errors: `BookInconsistent` when the claim is for another snapshot, or the total is another.
    """
    if claim.snapshot_sha256 != frozen.snapshot_sha256:
        raise BookInconsistent(
            detail=f"{claim.number} was claimed for the snapshot {claim.snapshot_sha256}, but "
            f"{frozen.snapshot_sha256} is frozen for account {frozen.account_id} in "
            f"{frozen.period}."
        )
    snapshot = frozen.snapshot
    seller, account = snapshot["seller"], snapshot["account"]
    return {
        "form": FORM,
        "kind": claim.kind,
        "number": claim.number,
        **_dates(claim, account["document"]),
        "period": _period(frozen.period),
        "seller": _party(seller) | {"bank": seller["document"].get("bank", "")},
        "buyer": _party(account),
        "currency": snapshot["currency"],
        "groups": _groups(snapshot),
        "total": _checked_total(snapshot, claim),
        "snapshot_sha256": frozen.snapshot_sha256,
        "notes": list(NOTES),
    }


def document_bytes(document: Fields) -> bytes:
    """The document as it is stored, sealed and printed from."""
    return canonical_json(document).encode() + b"\n"


def _dates(claim: Claim, account: Fields) -> dict[str, str]:
    days = str(account.get("payment_days", "")) or "30"
    due = date.fromisoformat(claim.issue_date) + timedelta(days=int(days))
    return {
        "issue_date": claim.issue_date,
        "payment_days": days,
        "due_date": due.isoformat(),
    }


def _period(period: Period) -> dict[str, str]:
    last = period.end - timedelta(days=1)
    return {
        "name": str(period),
        "first_day": period.start.isoformat(),
        "last_day": last.isoformat(),
    }


def _party(found: Fields) -> Fields:
    document = found["document"]
    texts = {name: document.get(name, "") for name in _PARTY}
    return {"id": found["id"], "address": list(document.get("address") or []), **texts}


def _checked_total(snapshot: Fields, claim: Claim) -> str:
    summed = _sum(snapshot["lines"], snapshot["currency"])
    if summed != snapshot["total"]:
        raise BookInconsistent(
            detail=f"The lines of {claim.number} sum to {summed} {snapshot['currency']}, but "
            f"{snapshot['total']} was frozen."
        )
    return summed


def _sum(lines: list[Fields], currency: str) -> str:
    return str(total((Money.of(line["amount"], currency) for line in lines), currency))


def _groups(snapshot: Fields) -> list[Fields]:
    """The lines by kind, in the order in which a bill is read, each group with its subtotal."""
    names = _Names(snapshot)
    groups = []
    for kind, (title, describe) in _KINDS.items():
        lines = [line for line in snapshot["lines"] if line["line_kind"] == kind]
        if lines:
            written = [_line(line, describe(line, names), names) for line in lines]
            subtotal = _sum(lines, snapshot["currency"])
            groups.append({"kind": kind, "title": title, "lines": written, "subtotal": subtotal})
    if sum(len(group["lines"]) for group in groups) != len(snapshot["lines"]):
        known = ", ".join(_KINDS)
        raise BookInconsistent(
            detail=f"Account {snapshot['account_id']} has frozen lines of a kind that no invoice "
            f"shows; it shows {known}."
        )
    return groups


class _Names:
    """What the frozen documents call a tenant, module or metric; else the id speaks for itself."""

    def __init__(self, snapshot: Fields) -> None:
        self._documents: dict[tuple[str, str], Fields] = {
            (kind, found["id"]): found["document"]
            for kind in ("tenants", "modules", "metrics")
            for found in snapshot[kind]
        }

    def of(self, kind: str, id_: str, field: str = "name") -> str:
        return str(self._documents.get((kind, id_), {}).get(field, "") or id_)


def _levy(line: Fields, names: _Names) -> Fields:
    return _metered(line, names) | {"included": ""}


def _facility(line: Fields, names: _Names) -> Fields:
    return {
        "description": names.of("modules", line["module_id"]),
        "detail": f"{line['module_id']}  ·  {_plan(line)}",
        "billable": _short(line["billable_quantity"]),
        "unit_price": _short(line["unit_price"]),
    }


def _metered(line: Fields, names: _Names) -> Fields:
    return {
        "description": names.of("metrics", line["metric"]),
        "detail": f"{names.of('metrics', line['metric'], 'unit')}  ·  {_plan(line)}",
        "used": _short(line["quantity"]),
        "included": _short(line["included_quantity"]),
        "billable": _short(line["billable_quantity"]),
        "unit_price": _short(line["unit_price"]),
        "unit_size": line["unit_size"],
    }


def _passthrough(line: Fields, names: _Names) -> Fields:
    return {
        "description": _SOURCES.get(line["metric"], line["metric"]),
        "detail": f"Attributed cost {_short(line['cost_usd'])} USD  ·  {_plan(line)}",
        "cost_usd": _short(line["cost_usd"]),
    }


_Describe = Callable[[Fields, _Names], Fields]
_KINDS: dict[str, tuple[str, _Describe]] = {
    "levy": ("Customer levy", _levy),
    "facility": ("Facility fees", _facility),
    "variable": ("Variable consumption", _metered),
    "passthrough": ("Infrastructure passthrough", _passthrough),
}
_BLANK = dict.fromkeys(("used", "included", "billable", "unit_price", "unit_size", "cost_usd"), "")


def _line(line: Fields, described: Fields, names: _Names) -> Fields:
    same = ("line_number", "tenant_id", "module_id", "metric", "tier", "plan_id", "plan_version")
    return (
        _BLANK
        | {name: line[name] for name in same}
        | {"tenant_name": names.of("tenants", line["tenant_id"]), "amount": line["amount"]}
        | described
    )


def _plan(line: Fields) -> str:
    return f"plan {line['plan_id']} v{line['plan_version']}"


def _short(figure: str) -> str:
    """A figure without the idle zeros that its SQL column gave it."""
    text = f"{Decimal(figure):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
