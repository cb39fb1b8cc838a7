"""What a close freezes: everything that an account's bill for one period was made from.

A snapshot is one JSON value. Its lines are the tariff's, already rounded by SQL; beside them stand
the usage and cost days, the rules and the commercial documents that gave them, each with the
catalog revision that it came from. Nothing about a document is looked up anywhere else later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meterbook.canonical import text_of
from meterbook.errors import BookInconsistent
from meterbook.money import Money, total
from meterbook.period import Period
from meterbook.ports import Row

Fields = dict[str, Any]

# A column of billing.period_lines and the name under which a frozen line carries it.
_LINE = {"tenant_id": "tenant_id", "kind": "line_kind"} | {
    name: name
    for name in (
        "module_id", "metric", "tier", "plan_id", "plan_version", "quantity", "included_quantity",
        "billable_quantity", "unit_price", "unit_size", "cost_usd",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Catalog:
    """The commercial documents as they are known at the close, by kind and id."""

    documents: Mapping[tuple[str, str], Fields]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Catalog:
        """Read the rows of `close_documents`."""
        return cls({(str(row["kind"]), str(row["id"])): _document(row) for row in rows})

    @property
    def revision(self) -> int:
        """The latest revision among the documents; 0 without any."""
        return max((found["revision"] for found in self.documents.values()), default=0)

    def one(self, kind: str, id_: str) -> Fields:
        """The document, with its id and revision. Errors: `BookInconsistent` when there is none."""
        if (kind, id_) not in self.documents:
            raise BookInconsistent(
                detail=f"The catalog has no {kind} {id_!r}, and a bill needs it."
            )
        return self.documents[kind, id_]

    def some(self, kind: str, ids: Iterable[str]) -> list[Fields]:
        """The documents of these ids, in order of id; an id without a document is left out."""
        return [
            self.documents[kind, id_] for id_ in sorted(set(ids)) if (kind, id_) in self.documents
        ]

    def every(self, kind: str) -> list[Fields]:
        """All documents of a kind, in order of id."""
        return self.some(kind, (id_ for found, id_ in self.documents if found == kind))


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The rows of one account in one period: `close_lines`, `close_usage`, `close_costs`."""

    lines: Sequence[Row]
    usage: Sequence[Row]
    costs: Sequence[Row]


def take_snapshot(period: Period, account_id: str, facts: AccountFacts, catalog: Catalog) -> Fields:
    """Put together what is frozen for one account; every figure in it is text.

    Amounts have the currency's decimals, all other figures those of their SQL column.
    """
    currency = str(facts.lines[0]["currency"])
    account = catalog.one("account", account_id)
    return {
        "form": "meterbook.close.1",
        "period": str(period),
        "account_id": account_id,
        "currency": currency,
        "minor_digits": str(facts.lines[0]["minor_digits"]),
        "total": str(total((_amount(row) for row in facts.lines), currency)),
        "lines": [_line(number, row) for number, row in enumerate(facts.lines, start=1)],
        "usage": [_texts(row) for row in facts.usage],
        "costs": [_texts(row) for row in facts.costs],
        "seller": catalog.one("seller", account["document"]["seller"]),
        "account": account,
        "catalog_revision": catalog.revision,
        "config": catalog.every("config"),
        **_documents(facts, catalog),
    }


def _documents(facts: AccountFacts, catalog: Catalog) -> dict[str, list[Fields]]:
    """The documents that the facts name; no tenant but the account's own is among them."""
    return {
        "tenants": catalog.some("tenant", _ids(facts.lines, "tenant_id")),
        "plans": catalog.some("plan", _ids(facts.lines, "plan_id", "plan_version")),
        "rules": catalog.some("allocation_rule", _ids(facts.costs, "rule_id", "rule_version")),
        "metrics": catalog.some("metric", _ids([*facts.lines, *facts.usage], "metric")),
        "modules": catalog.some("module", _ids([*facts.lines, *facts.costs], "module_id")),
    }


def _ids(rows: Iterable[Row], *columns: str) -> set[str]:
    return {":".join(str(row[column]) for column in columns) for row in rows}


def _document(row: Row) -> Fields:
    found = row["document"]
    document = json.loads(found) if isinstance(found, str) else found
    return {"id": row["id"], "revision": int(str(row["revision"])), "document": document}


def _line(number: int, row: Row) -> Fields:
    texts = {name: text_of(row[column]) for column, name in _LINE.items()}
    return {"line_number": number, **texts, "amount": str(_amount(row))}


def _amount(row: Row) -> Money:
    return Money.of(str(row["amount"]), str(row["currency"]))


def _texts(row: Row) -> dict[str, str]:
    return {column: text_of(value) for column, value in row.items() if column != "account_id"}
