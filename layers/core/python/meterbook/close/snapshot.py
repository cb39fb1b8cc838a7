"""What a close freezes: everything that an account's bill for one period was made from.

A snapshot is one JSON value. Its lines are the tariff's, already rounded by SQL, and those that
came late; beside them stand the usage and cost days, the rules and the commercial documents that
gave them, each with the catalog revision that it came from, and what people decided about the
month. Nothing about a document is looked up anywhere else later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from meterbook.canonical import sha256, text_of
from meterbook.close.late import COLUMNS, NO_ADJUSTMENT, late_facts, numbered, sum_of
from meterbook.errors import BookInconsistent
from meterbook.money import Money, minor_digits
from meterbook.period import Period
from meterbook.ports import Row

Fields = dict[str, Any]
FORM = "meterbook.close.2"


@dataclass(frozen=True)
class Catalog:
    """The commercial documents as they are known at the close, by kind and id."""

    documents: Mapping[tuple[str, str], Fields]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Catalog:
        """Read the rows of `close_documents`."""
        return cls({(str(row["kind"]), str(row["id"])): _document(row) for row in rows})

    @cached_property
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

    @cached_property
    def config(self) -> list[Fields]:
        """All documents of CONFIG, in order of id."""
        return self.some("config", (id_ for kind, id_ in self.documents if kind == "config"))


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The rows of one account in one period, each list named after its query `close_…`."""

    lines: Sequence[Row]
    usage: Sequence[Row] = ()
    quantities: Sequence[Row] = ()
    heads: Sequence[Row] = ()
    costs: Sequence[Row] = ()
    terms: Sequence[Row] = ()
    late: Sequence[Row] = ()
    rules: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Close:
    """What all accounts of a run share: the catalog, what was decided, what the program was."""

    period: Period
    catalog: Catalog
    decisions: Sequence[Row]
    basis_sha256: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the document is for; the invoice of a close, unless somebody says otherwise.

    `refers_to` names the document that it credits, corrects or adds to (kind, subject, period), and
    `currency` is that document's; a close has the one of its lines.
    """

    kind: str = "invoice"
    subject: str = ""
    refers_to: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    actor: str = ""
    currency: str = ""


INVOICE = Purpose()


def take_snapshot(
    close: Close,
    account_id: str,
    facts: AccountFacts,
    purpose: Purpose = INVOICE,
    more_lines: Sequence[Fields] = (),
) -> Fields:
    """Put together what is frozen for one account; every figure in it is text.

    Amounts have the currency's decimals, all other figures those of their SQL column. Errors:
    `BookInconsistent` when two lines are for one thing.
    """
    catalog = close.catalog
    currency = purpose.currency or str((*facts.lines, *facts.late)[0]["currency"])
    late = late_facts(close.period, facts.late, facts.rules)
    lines = numbered([*(tariff_line(row) for row in facts.lines), *late.lines, *more_lines])
    _must_bill_once(lines, account_id)
    account = catalog.one("account", account_id)
    return {
        "form": FORM,
        "kind": purpose.kind,
        "subject": purpose.subject,
        "refers_to": dict(purpose.refers_to),
        "reason": purpose.reason,
        "actor": purpose.actor,
        "period": str(close.period),
        "account_id": account_id,
        "currency": currency,
        "minor_digits": str(minor_digits(currency)),
        "total": sum_of(lines, currency),
        "lines": lines,
        "credit_notes": list(late.credit_notes),
        "usage": [_texts(row) for row in facts.usage],
        "quantities": [_texts(row) for row in facts.quantities],
        "heads": _heads(facts.heads),
        "costs": [_texts(row) for row in facts.costs],
        "terms": [_texts(row) for row in facts.terms],
        "seller": catalog.one("seller", _seller_in(facts.terms, account)),
        "account": account,
        "catalog_revision": catalog.revision,
        "config": catalog.config,
        "decisions": [_texts(row) for row in close.decisions if _concerns(row, account_id)],
        "basis_sha256": close.basis_sha256,
        **_documents(facts, [*facts.lines, *facts.late, *more_lines], catalog),
    }


def _concerns(decision: Row, account_id: str) -> bool:
    """A decision about the month is everybody's, one about an account is its own."""
    _, _, account = str(decision["subject"]).partition(".")
    return decision["decision"] == "close_anyway" or account == account_id


def _must_bill_once(lines: Sequence[Fields], account_id: str) -> None:
    """A safety bound: whatever went wrong before, nobody is billed twice for one thing."""
    names = (
        "tenant_id", "line_kind", "module_id", "metric", "tier", "plan_id", "plan_version",
        "adjusts_period", "adjusts_kind", "rules", "text",
    )  # fmt: skip
    seen = set()
    for line in lines:
        key = tuple(line[name] for name in names)
        if key in seen:
            raise BookInconsistent(
                detail=f"Account {account_id} would be billed twice for {line['line_kind']} "
                f"{line['metric'] or line['module_id']} of tenant {line['tenant_id']}."
            )
        seen.add(key)


def _documents(
    facts: AccountFacts, lines: Sequence[Row], catalog: Catalog
) -> dict[str, list[Fields]]:
    """The documents that lines and facts name; no tenant but the account's own is among them."""
    tenants = {*_ids(lines, "tenant_id"), *_named(facts.terms, "tenant", "tenant_id")}
    modules = {*_ids([*lines, *facts.costs], "module_id"), *_named(facts.terms, "module", "name")}
    cards = [row for row in facts.terms if row["term"] == "card"]
    return {
        "tenants": catalog.some("tenant", tenants),
        "plans": catalog.some(
            "plan", _ids(lines, "plan_id", "plan_version") | _ids(cards, "name", "version")
        ),
        "rules": catalog.some("allocation_rule", _ids(facts.costs, "rule_id", "rule_version")),
        "metrics": catalog.some(
            "metric", _ids([*lines, *facts.usage, *facts.quantities], "metric")
        ),
        "modules": catalog.some("module", modules),
    }


def _ids(rows: Iterable[Row], *columns: str) -> set[str]:
    return {":".join(str(row[column]) for column in columns) for row in rows}


def _seller_in(terms: Iterable[Row], account: Fields) -> str:
    """Who bills the month: whoever did when it was closed, else the account's seller."""
    named = (str(row["name"]) for row in terms if row["term"] == "tenant")
    return next(named, str(account["document"]["seller"]))


def _named(terms: Iterable[Row], term: str, column: str) -> set[str]:
    return {str(row[column]) for row in terms if row["term"] == term}


def _heads(rows: Iterable[Row]) -> list[Fields]:
    """Per tenant and metric how many ids were counted, and a hash of their list."""
    counted = []
    for (tenant, metric), of in groupby(rows, key=lambda row: (row["tenant_id"], row["metric"])):
        ids = [str(row["counted_id"]) for row in of]
        told = {"count": str(len(ids)), "ids_sha256": sha256("\n".join(ids))}
        counted.append({"tenant_id": tenant, "metric": metric, **told})
    return counted


def _document(row: Row) -> Fields:
    found = row["document"]
    document = json.loads(found) if isinstance(found, str) else found
    return {"id": row["id"], "revision": int(str(row["revision"])), "document": document}


def tariff_line(row: Row) -> Fields:
    """A row of `billing.period_lines` as it is frozen, still without its number."""
    texts = {name: text_of(row[name]) for name in COLUMNS}
    amount = Money.of(str(row["amount"]), str(row["currency"]))
    return texts | NO_ADJUSTMENT | {"line_kind": str(row["kind"]), "amount": str(amount)}


def _texts(row: Row) -> dict[str, str]:
    return {column: text_of(value) for column, value in row.items() if column != "account_id"}
