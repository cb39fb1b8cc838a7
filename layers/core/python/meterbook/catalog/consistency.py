"""What no document shows by itself: references that lead nowhere, and claims that overlap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from meterbook.catalog.document import (
    FIRST_DAY,
    LAST_DAY,
    Document,
    Fields,
    did_you_mean,
    folded_name,
)
from meterbook.catalog.taxed import must_have_what_tax_needs
from meterbook.errors import CatalogRefused
from meterbook.period import Period

Index = Mapping[tuple[str, str], Document]


def must_be_consistent(documents: Iterable[Document]) -> None:
    """Refuse what leads nowhere: a reference, a price, a tax, an e-invoice, a credit.

    A price leads nowhere on what is not billed that way, a tax or an e-invoice where what it must
    state is not given, a credit where the account does not pay for the tenant. Not judged here: a
    plan in another currency than the account, a plan without a rate for a metric, passthrough into
    a currency without a cost_rate. SQL parks the account.
    """
    index = {document.key: document for document in documents}
    for document in index.values():
        _must_find_references(document, index)
        _must_price_what_is_billed(document, index)
        _must_leave_tenants_their_names(document, index)
        if document.kind == "account":
            must_have_what_tax_needs(document, index["seller", document.body["seller"]])
            _must_credit_its_own(document, index)


def must_not_overlap(documents: Iterable[Document], removed: Iterable[Document] = ()) -> None:
    """Refuse two claims on what only one may have at a time, such as two rate cards of a tenant.

    `removed` are tombstones: on the days before their end they still hold what they held.
    """
    index = {document.key: document for document in (*removed, *documents)}
    _must_begin_in_order(index.values())
    _must_number_apart(index.values())
    by_subject: dict[str, list[_Claim]] = defaultdict(list)
    for claim in (claim for document in index.values() for claim in _claims(document, index)):
        if claim.starts_on < claim.ends_on:
            by_subject[claim.subject].append(claim)
    for rivals in by_subject.values():
        rivals.sort(key=lambda claim: (claim.starts_on, claim.ends_on))
        for one, other in pairwise(rivals):
            if other.starts_on < one.ends_on:
                raise _overlap(one, other)


def _must_find_references(document: Document, index: Index) -> None:
    for field, kind, wanted in _references(document):
        if (kind, wanted) not in index:
            near = did_you_mean(wanted, [known for of, known in index if of == kind])
            detail = f"{document.title}, {field}: the catalog has no {kind} {wanted!r}"
            raise document.refusal(detail, near or f"Add it, or take it out of {field}.")


def _must_credit_its_own(account: Document, index: Index) -> None:
    """Refuse a credit for a month that another account pays for the tenant, or nobody."""
    for credit in account.body["credits"]:
        tenant_id, period = credit["tenant_id"], credit["period"]
        if _payer(tenant_id, Period.parse(period), index) != account.id:
            detail = f"{account.title}, credits[{credit['id']}]: the account does not pay for "
            detail += f"{tenant_id} in {period}"
            raise account.refusal(detail, "Give it to the account that does, or name its month.")


def _payer(tenant_id: str, period: Period, index: Index) -> str:
    """The account at the month's start, as `billing.period_accounts` has it; else the first."""
    start, end = period.start.isoformat(), period.end.isoformat()
    links = [
        (link["starts_on"], account_id)
        for (kind, account_id), account in index.items()
        for link in (account.body["tenants"] if kind == "account" else ())
        if link["tenant_id"] == tenant_id and link["starts_on"] < end and start < link["ends_on"]
    ]
    return min(links)[1] if links else ""


def _must_leave_tenants_their_names(document: Document, index: Index) -> None:
    """Refuse an alias that folds a tenant's own id into somebody else's name."""
    body = document.body
    if document.kind != "tag_aliases" or body["tag"] != "owner" or not body["fold"]:
        return
    tenants = {folded_name(id_): id_ for kind, id_ in index if kind == "tenant"}
    for alias in body["aliases"]:
        tenant_id = tenants.get(folded_name(alias["raw"]), alias["value"])
        if tenant_id != alias["value"]:
            detail = f"{document.title}, aliases: {alias['raw']!r} is the tenant {tenant_id!r} "
            detail += f"when it is folded, and stands for {alias['value']!r}"
            raise document.refusal(detail, "Let it stand for the tenant, or do not fold.")


def _references(document: Document) -> Iterator[tuple[str, str, str]]:
    """Field, kind and id of everything that a document leans on."""
    body = document.body
    for field, price in _prices(document):
        yield field, "metric", price["metric"]
    for fee in body.get("facility_fees", ()):
        yield "facility_fees", "module", fee["module_id"]
    for entry in body.get("modules", ()):
        yield "modules", "module", entry["module_id"]
    for entry in body.get("subscriptions", ()):
        yield "subscriptions", "plan", f"{entry['plan_id']}:{entry['plan_version']}"
    if document.kind == "account":
        yield "seller", "seller", body["seller"]
        for entry in body["tenants"]:
            yield "tenants", "tenant", entry["tenant_id"]
    if document.kind == "allocation_rule":
        yield from _weights(body)
    if document.kind == "webhook" and body["account"]:
        yield "account", "account", body["account"]
    if body.get("dedicated_to"):
        yield "dedicated_to", "tenant", body["dedicated_to"]


def _weights(rule: Fields) -> Iterator[tuple[str, str, str]]:
    if rule["metric"]:
        yield "metric", "metric", rule["metric"]
    for share in rule["shares"]:
        yield "shares", "tenant", share["tenant_id"]
    for tenant_id in rule["tenants"]:
        yield "tenants", "tenant", tenant_id


def _prices(document: Document) -> Iterator[tuple[str, Fields]]:
    if levy := document.body.get("levy"):
        yield "levy", levy
    for rate in document.body.get("rates", ()):
        yield "rates", rate


def _must_price_what_is_billed(document: Document, index: Index) -> None:
    for field, price in _prices(document):
        metric = index["metric", price["metric"]]
        where = f"{document.title}, {field}: the metric {price['metric']}"
        if metric.body["visibility"] == "internal":
            detail = f"{where} is internal, which is never billed"
            raise document.refusal(detail, "Make it `visibility: licensee`, or take out its price.")
        aggregation = metric.body["aggregation"]
        if field == "levy" and aggregation != "distinct":
            detail = f"{where} is {aggregation}; a levy is owed per distinct customer of the month"
            raise document.refusal(detail, "Name a metric with `aggregation: distinct`.")


def _must_begin_in_order(documents: Iterable[Document]) -> None:
    rules = [document for document in documents if document.kind == "allocation_rule"]
    rules.sort(key=lambda rule: (rule.body["id"], int(rule.body["version"])))
    for one, other in pairwise(rules):
        same = one.body["id"] == other.body["id"]
        if same and other.body["starts_on"] < one.body["starts_on"]:
            detail = f"{other.title} begins before version {one.body['version']}, which it replaces"
            raise other.refusal(detail, f"Begin it `from: {one.body['starts_on']}` or later.")


def _must_number_apart(documents: Iterable[Document]) -> None:
    """Numbers stay with who gave them, so a series is one seller's for ever."""
    holders: dict[str, Document] = {}
    for seller in (document for document in documents if document.kind == "seller"):
        for name, what in (("invoice_series", "invoices"), ("credit_note_series", "credit notes")):
            series = seller.body[name]
            holder = holders.setdefault(series, seller) if series else seller
            if holder is not seller:
                detail = f"{seller.title} numbers its {what} {series}, a series of {holder.title}"
                raise seller.refusal(detail, "Give it one of its own.")


@dataclass(frozen=True, slots=True)
class _Claim:
    """`what` is the one thing that `subject` may have on the days `[starts_on, ends_on)`."""

    subject: str
    what: str
    starts_on: str
    ends_on: str
    document: Document


def _overlap(one: _Claim, other: _Claim) -> CatalogRefused:
    days = _days(other.starts_on, min(one.ends_on, other.ends_on))
    # A tombstone has no line of YAML: what a person can edit is the other one.
    edited, rival = (other, one) if other.document.line else (one, other)
    elsewhere = rival.document.place != edited.document.place
    place = f" (the other one is in {rival.document.place})" if elsewhere else ""
    return edited.document.refusal(
        f"{one.subject} that overlap{days}: {one.what} and {other.what}{place}",
        "Keep one, or let one end (`until`) before the other begins (`from`).",
    )


def _days(starts_on: str, ends_on: str) -> str:
    start = f" from {starts_on}" if starts_on != FIRST_DAY else ""
    return start + (f" until {ends_on}" if ends_on != LAST_DAY else "")


def _claims(document: Document, index: Index) -> Iterator[_Claim]:
    """What a document takes for itself alone, with the words that say so."""
    found = (*_held_alone(document), *_owned_alone(document), *_given_alone(document))
    for subject, what, entry in found:
        days = document.body | entry
        yield _Claim(subject, what, days["starts_on"], days["ends_on"], document)
    if document.kind == "allocation_rule":
        subject = f"position {document.body['position']} has two allocation rules"
        end = _superseded_on(document, index)
        yield _Claim(subject, document.title, document.body["starts_on"], end, document)


def _held_alone(document: Document) -> Iterator[tuple[str, str, Fields]]:
    body, title = document.body, document.title
    if levy := body.get("levy"):
        yield f"{title} has two rates for {levy['metric']}", f"a levy of {levy['unit_price']}", {}
    for entry in body.get("rates", ()):
        subject = f"{title} has two rates for {entry['metric']}"
        yield subject, f"{entry['unit_price']} per {entry['unit_size']}", {}
    for entry in body.get("facility_fees", ()):
        yield f"{title} has two facility fees for {entry['module_id']}", entry["fee"], {}
    for entry in body.get("subscriptions", ()):
        plan = f"plan {entry['plan_id']} version {entry['plan_version']}"
        yield f"{title} has two rate cards", plan, entry
    for entry in body.get("modules", ()):
        subject = f"{title} has two entries of module {entry['module_id']}"
        yield subject, f"from {entry['starts_on']}", entry
    for entry in body["tenants"] if document.kind == "account" else ():
        yield f"tenant {entry['tenant_id']} has two accounts", title, entry
    for entry in body.get("values", ()):
        yield f"{title} has two values", entry["value"], entry
    for entry in body.get("tax_rates", ()):
        yield f"{title} has two {entry['tax_class']} tax rates", entry["percent"], entry


def _given_alone(document: Document) -> Iterator[tuple[str, str, Fields]]:
    """What an account is given, each under a name of its own."""
    body, title = document.body, document.title
    for entry in body.get("discounts", ()):
        yield f"{title} has two discounts {entry['id']}", f"{entry['percent']} percent", entry
    for entry in body.get("credits", ()):
        subject = f"{title} has two credits {entry['id']}"
        yield subject, f"{entry['amount']} for {entry['period']}", {}


def _owned_alone(document: Document) -> Iterator[tuple[str, str, Fields]]:
    """What gives cost an owner, and may so only once."""
    body, title = document.body, document.title
    for entry in body.get("shares", ()):
        yield f"{title} has two shares for {entry['tenant_id']}", entry["share"], {}
    for tenant_id in body.get("tenants", ()) if document.kind == "allocation_rule" else ():
        yield f"{title} has two shares for {tenant_id}", "an even share", {}
    for entry in body.get("aliases", ()):
        subject = f"the {body['tag']} tag {entry['raw']!r} has two aliases"
        yield subject, repr(entry["value"]), {}
    for name, value in sorted(_folded_aliases(body).items()):
        yield f"the {body['tag']} tag {name!r} has two folding aliases", repr(value), {}
    for entry in body.get("owners", ()):
        subject = f"the {body['by']} {entry['value']!r} has two owners"
        yield subject, repr(entry["owner"]), {}


def _folded_aliases(body: Fields) -> dict[str, str]:
    """What each folded name stands for; a value is a name of itself."""
    aliases = body["aliases"] if body.get("fold") else []
    return {
        folded_name(name): alias["value"]
        for alias in aliases
        for name in (alias["raw"], alias["value"])
    }


def _superseded_on(rule: Document, index: Index) -> str:
    """The day on which a later version of the same rule takes over."""
    end: str = rule.body["ends_on"]
    for other in index.values():
        same = other.kind == rule.kind and other.body["id"] == rule.body["id"]
        if same and int(other.body["version"]) > int(rule.body["version"]):
            end = min(end, other.body["starts_on"])
    return end
