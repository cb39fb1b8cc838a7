"""Every amount follows from its quantity and the price list, and the sums and the tax from it."""

from __future__ import annotations

import calendar
from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from meterbook.invoice.offline.ground import (
    DOCUMENT,
    PROOF,
    Bundle,
    Wrong,
    figure,
    place_of,
    repeats,
    rounded,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from meterbook.invoice.offline.ground import Fields

CHARGED = ("levy", "facility", "variable")
DISCOUNTED = (*CHARGED, "minimum")


def check_lines(bundle: Bundle) -> Iterator[str]:
    """Every amount follows from its quantity and its price, and these from the price list."""
    proof = bundle.json(PROOF)
    digits, written = int(proof["minor_digits"]), 0
    _must_bill_once(proof)
    _must_take_off(proof)
    for line in proof["lines"]:
        exact = _exact(line, proof)
        written += exact is None
        if exact is not None and rounded(exact, digits) != figure(line["amount"]):
            what = "line {} comes to {}, not {}"
            amount = shown(rounded(exact, digits), digits)
            raise Wrong(PROOF, what.format(line["line_number"], amount, line["amount"]))
        for part, expected in _by_the_card(line, proof):
            if figure(line[part]) != expected:
                what = "line {} has the {} {}, and {} is agreed"
                told = (line["line_number"], part, line[part], shown(expected))
                raise Wrong(PROOF, what.format(*told))
    if sum(figure(line["amount"]) for line in proof["lines"]) != figure(proof["total"]):
        raise Wrong(PROOF, "the lines do not sum to {}".format(proof["total"]))
    yield "{} lines come to their amounts by the price lists, and sum to {} {}".format(
        len(proof["lines"]), proof["total"], proof["currency"]
    )
    if written:
        yield f"{written} of them were written by a person, with nothing to work out"


def _must_bill_once(proof: Fields) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for line in proof["lines"]:
        if line["line_kind"] not in ("adjustment", "credit"):
            names = ("line_kind", "tenant_id", "module_id", "metric", "tier")
            other = seen.setdefault(tuple(line[n] for n in names), line["line_number"])
            if other != line["line_number"]:
                what = "line {} bills again what line {} bills"
                raise Wrong(PROOF, what.format(line["line_number"], other))


def _must_take_off(proof: Fields) -> None:
    """An invoice takes off every discount and credit that was agreed."""
    taken = {(o["line_kind"], o["tenant_id"], o["metric"]) for o in proof["lines"]}
    for term in proof["terms"] if proof["kind"] == "invoice" else ():
        kinds = term["detail"].split(",")
        due = {
            "credit": [term["tenant_id"]],
            "discount": [t for t in proof["tenants"] if _sum({"tenant_id": t}, proof, kinds) > 0],
        }
        for tenant in due.get(term["term"], ()):
            if (term["term"], tenant, term["name"]) not in taken:
                what = "the {} {} is not taken off for {}"
                raise Wrong(PROOF, what.format(term["term"], term["name"], tenant))


def _exact(line: Fields, proof: Fields) -> Fraction | None:
    """What a line comes to before it is rounded; None where a person has written the amount."""
    return _EXACT.get(line["line_kind"], _priced)(line, proof)


def _priced(line: Fields, _: Fields) -> Fraction:
    return (
        figure(line["billable_quantity"]) * figure(line["unit_price"]) / figure(line["unit_size"])
    )


def _adjusted(line: Fields, proof: Fields) -> Fraction | None:
    if not line["known_amount"]:
        return None
    late = figure(line["known_amount"]) - figure(line["billed_amount"])
    # On a credit note what is given back counts up.
    given_back = proof["kind"] == "credit_note" and figure(line["amount"]) == -late
    return -late if given_back else late


def _passed_on(line: Fields, _: Fields) -> Fraction:
    with_markup = figure(line["cost_usd"]) * (100 + figure(line["markup_percent"])) / 100
    return with_markup / figure(line["usd_per_unit"])


def _discount(line: Fields, proof: Fields) -> Fraction:
    """A share of what it is granted on; all discounts together take no more than there is."""
    own = [o for o in proof["lines"] if o["tenant_id"] == line["tenant_id"]]
    others = (o for o in own if o["line_kind"] == "discount" and o["metric"] < line["metric"])
    before = sum((_share(other, proof) for other in others), Fraction(0))
    return min(_share(line, proof), max(_sum(line, proof, DISCOUNTED) - before, Fraction(0)))


def _share(line: Fields, proof: Fields) -> Fraction:
    exact = figure(line["base_amount"]) * figure(line["percent"]) / 100
    return rounded(exact, int(proof["minor_digits"]))


_EXACT: dict[str, Callable[[Fields, Fields], Fraction | None]] = {
    "adjustment": _adjusted,
    "minimum": lambda line, proof: figure(line["base_amount"]) - _sum(line, proof, CHARGED),
    "passthrough": _passed_on,
    "discount": lambda line, proof: -_discount(line, proof),
    "credit": lambda line, _: -figure(line["base_amount"]),
}


def _by_the_card(line: Fields, proof: Fields) -> Iterator[tuple[str, Fraction]]:
    """The parts of a line that its price list or the account's terms decide, and what they say."""
    kind = line["line_kind"]
    if kind == "discount":
        for term in _terms(proof, "discount", line["metric"]):
            yield "percent", figure(term["amount"])
            yield "base_amount", _sum(line, proof, term["detail"].split(","))
    elif kind == "credit":
        for term in _terms(proof, "credit", line["metric"]):
            if term["tenant_id"] == line["tenant_id"]:
                yield "base_amount", figure(term["amount"])
    elif kind != "adjustment":
        yield from _by_the_plan(line, _plan(line, proof), proof)


def _plan(line: Fields, proof: Fields) -> Fields:
    """The price list that a line names, which is one of its tenant's."""
    named = line["plan_id"], figure(line["plan_version"])
    cards = [(c["name"], figure(c["version"])) for c in _own_terms(line, proof, "card")]
    plans = {plan["id"]: plan["document"] for plan in proof["plans"]}
    id_ = "{}:{}".format(line["plan_id"], line["plan_version"])
    if named not in cards or id_ not in plans:
        what = "line {} names {}, which is no price list of {}"
        raise Wrong(PROOF, what.format(line["line_number"], id_, line["tenant_id"]))
    return dict(plans[id_])


def _by_the_plan(line: Fields, plan: Fields, proof: Fields) -> Iterator[tuple[str, Fraction]]:
    kind = line["line_kind"]
    if kind == "passthrough":
        markups = {m["source"]: m["percent"] for m in plan.get("markups") or ()}
        yield "markup_percent", figure(markups.get(line["metric"], "0"))
        rates = [t["amount"] for t in _terms(proof, "rate", proof["currency"])]
        yield "usd_per_unit", figure(rates[0]) if rates else Fraction(1)
        passed_on = (c for c in proof["costs"] if place_of(c, "source") == place_of(line))
        if proof["costs"] or not repeats(proof):
            yield "cost_usd", sum((figure(c["cost_usd"]) for c in passed_on), Fraction(0))
    elif kind == "minimum":
        yield "base_amount", _minimum(line, plan, proof)
    elif kind == "facility":
        yield from _facility(line, plan, proof)
    elif kind == "levy":
        yield from (("included_quantity", Fraction(0)), *_flat(line, plan["levy"]))
    else:
        (rate,) = (rate for rate in plan["rates"] if rate["metric"] == line["metric"])
        yield "included_quantity", figure(rate["included"])
        yield from _PRICINGS[rate.get("pricing") or "flat"](line, rate)


def _facility(line: Fields, plan: Fields, proof: Fields) -> Iterator[tuple[str, Fraction]]:
    """A month, or the days of it on which the module was there."""
    fees = {fee["module_id"]: fee["fee"] for fee in plan["facility_fees"]}
    (module,) = (t for t in _own_terms(line, proof, "module") if t["name"] == line["module_id"])
    by_day = plan.get("prorate") == "daily" and figure(module["place"]) < _days(proof)
    yield "unit_price", figure(fees[line["module_id"]])
    yield "billable_quantity", figure(module["place"]) if by_day else Fraction(1)
    yield "unit_size", Fraction(_days(proof) if by_day else 1)


def _minimum(line: Fields, plan: Fields, proof: Fields) -> Fraction:
    least = figure(plan["minimum"])
    if plan.get("prorate") != "daily":
        return least
    (card,) = (t for t in _own_terms(line, proof, "card") if figure(t["place"]) == 1)
    return rounded(least * figure(card["amount"]) / _days(proof), int(proof["minor_digits"]))


def _days(proof: Fields) -> int:
    """How many days the month has."""
    return calendar.monthrange(int(proof["period"][:4]), int(proof["period"][5:]))[1]


def _flat(line: Fields, rate: Fields) -> Iterator[tuple[str, Fraction]]:
    yield "unit_price", figure(rate["unit_price"])
    yield "unit_size", figure(rate["unit_size"])
    yield "billable_quantity", _beyond(line)


def _package(line: Fields, rate: Fields) -> Iterator[tuple[str, Fraction]]:
    size = figure(rate["unit_size"])
    yield "unit_price", figure(rate["unit_price"])
    yield "unit_size", size
    yield "billable_quantity", -(-_beyond(line) // size) * size


def _graduated(line: Fields, rate: Fields) -> Iterator[tuple[str, Fraction]]:
    tier, beyond = _tier(line, rate), _beyond(line)
    yield "unit_price", figure(tier["unit_price"])
    yield "unit_size", figure(rate["unit_size"])
    yield "billable_quantity", min(beyond, _end(tier, beyond)) - min(beyond, tier["from"])


def _volume(line: Fields, rate: Fields) -> Iterator[tuple[str, Fraction]]:
    tier, beyond = _tier(line, rate), _beyond(line)
    yield "unit_price", figure(tier["unit_price"])
    yield "unit_size", figure(rate["unit_size"])
    reached = tier["from"] < beyond <= _end(tier, beyond) or (beyond == tier["from"] == 0)
    yield "billable_quantity", beyond if reached else Fraction(-1)


_PRICINGS = {"flat": _flat, "package": _package, "graduated": _graduated, "volume": _volume}


def _tier(line: Fields, rate: Fields) -> Fields:
    """The tier of a line, with where it begins."""
    begins = Fraction(0)
    for tier in rate["tiers"]:
        if figure(tier["tier"]) == figure(line["tier"]):
            return {**tier, "from": begins}
        begins = figure(tier["up_to"])
    raise Wrong(PROOF, "line {} is of a tier that there is not".format(line["line_number"]))


def _end(tier: Fields, beyond: Fraction) -> Fraction:
    return figure(tier["up_to"]) if tier["up_to"] else beyond


def _beyond(line: Fields) -> Fraction:
    return max(figure(line["quantity"]) - figure(line["included_quantity"]), Fraction(0))


def _sum(line: Fields, proof: Fields, kinds: Sequence[str]) -> Fraction:
    """What the lines of some kinds of the same tenant come to."""
    same = (other for other in proof["lines"] if other["tenant_id"] == line["tenant_id"])
    return sum((figure(o["amount"]) for o in same if o["line_kind"] in kinds), Fraction(0))


def _own_terms(line: Fields, proof: Fields, term: str) -> list[Fields]:
    own = (row for row in proof["terms"] if row["tenant_id"] == line["tenant_id"])
    return [row for row in own if row["term"] == term]


def _terms(proof: Fields, term: str, name: str) -> list[Fields]:
    return [row for row in proof["terms"] if (row["term"], row["name"]) == (term, name)]


def check_totals(bundle: Bundle) -> Iterator[str]:
    """The document shows the lines as they are, and its sums and its tax follow from them."""
    proof, document = bundle.json(PROOF), bundle.json(DOCUMENT)
    told = document["totals"]
    taken_off: dict[int, Fraction] = defaultdict(Fraction)
    for allowance in document["allowances"]:
        taken_off[allowance["line_number"]] -= figure(allowance["amount"])
    billed = [line for group in document["groups"] for line in group["lines"]]
    by_number = {line["line_number"]: figure(line["amount"]) for line in billed}
    frozen = {line["line_number"]: figure(line["amount"]) for line in proof["lines"]}
    if {**by_number, **taken_off} != frozen or len(by_number) != len(billed):
        raise Wrong(DOCUMENT, "its lines are not those of proof.json")
    for group in document["groups"]:
        _must_sum(group["lines"], group["subtotal"], "the subtotal of " + group["title"])
    _must_sum(billed, told["lines"], "the sum of the lines")
    _must_sum(document["allowances"], told["allowances"], "the sum of what is taken off")
    net = figure(told["lines"]) - figure(told["allowances"]) + figure(told["charges"])
    tax = sum((figure(row["tax"]) for row in document["taxes"]), Fraction(0))
    _must_tax(document, [*billed, *({**a, "less": True} for a in document["allowances"])])
    due = net + tax - figure(told["prepaid"])
    expected = {"net": net, "tax": tax, "gross": net + tax, "due": due}
    for name, amount in expected.items():
        if figure(told[name]) != amount:
            raise Wrong(DOCUMENT, f"{name} is {shown(amount)}, not {told[name]}")
    if net != figure(proof["total"]) or figure(document["total"]) != net + tax:
        raise Wrong(DOCUMENT, "its total is not the sum of its lines and its tax")
    yield "net {}, tax {}, total {} {} follow from the lines".format(
        told["net"], told["tax"], document["total"], document["currency"]
    )


def _must_sum(rows: Iterable[Fields], told: str, what: str) -> None:
    if sum((figure(row["amount"]) for row in rows), Fraction(0)) != figure(told):
        raise Wrong(DOCUMENT, f"{what} is not {told}")


def _must_tax(document: Fields, rows: Iterable[Fields]) -> None:
    """Tax is reckoned on the sum of each category and rate, and rounded once."""
    bases: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in rows:
        amount = figure(row["amount"])
        bases[row["tax_category"], row["tax_percent"]] += -amount if row.get("less") else amount
    digits = int(document["minor_digits"])
    if document["tax_case"] == "none" and not document["taxes"]:
        return
    told = {(row["category"], row["percent"]): row for row in document["taxes"]}
    if (
        len(told) != len(document["taxes"])
        or {k for k, base in bases.items() if base} - told.keys()
    ):
        raise Wrong(DOCUMENT, "its taxes are not those of its lines")
    for key, row in told.items():
        tax = rounded(bases[key] * figure(row["percent"]) / 100, digits)
        if (figure(row["base"]), figure(row["tax"])) != (bases[key], tax):
            raise Wrong(DOCUMENT, "the tax of category {} {} % is not {}".format(*key, row["tax"]))
