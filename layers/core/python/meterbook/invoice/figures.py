"""Every figure of a document reckoned again from the document alone; nothing is tolerated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from meterbook.close.frozen import CREDIT_NOTE
from meterbook.close.master_data import DISCOUNTED, missing_rate
from meterbook.close.snapshot import Fields
from meterbook.invoice.einvoice import lines_of
from meterbook.invoice.tax import Rate, bases, reason_code, rounded, tax_left
from meterbook.money import Money, total

_NEEDS_REASON = ("AE", "E", "G")
_CATEGORIES = {
    "none": {""},
    "domestic": {"S", "Z"},
    "reverse_charge": {"AE"},
    "export": {"G"},
    "exempt": {"E"},
    "small_business": {"E"},
}


def named(line: Fields) -> str:
    """How a sentence about a line begins."""
    return f"Line {line['line_number']}:"


def taken(allowance: Fields) -> str:
    """How a sentence about an allowance begins."""
    return f"The {allowance['kind']} {allowance['description']!r}:"


# ---- the lines -------------------------------------------------------------------------------


def line_problems(document: Fields) -> Iterator[str]:
    """Lines that do not multiply out, have no name or another's tax, and wrong subtotals."""
    lines = list(lines_of(document))
    if not lines:
        yield "The document has no line. Bill something, or do not freeze it."
    for number, count in Counter(line["line_number"] for line in lines).items():
        if count > 1:
            yield f"{count} lines have the number {number}. Number them apart."
    for line in lines:
        yield from _line(line, document)
    for group in document["groups"]:
        amounts = (line["amount"] for line in group["lines"])
        yield from _must_be(
            f"The subtotal of {group['kind']}", group["subtotal"], _sum(amounts, document)
        )


def _line(line: Fields, document: Fields) -> Iterator[str]:
    quantity, price, size = (
        Fraction(line[name]) for name in ("quantity", "unit_price", "unit_size")
    )
    if not line["description"].strip():
        yield f"{named(line)} description is empty. Give its metric or module a name."
    if price < 0:
        yield f"{named(line)} unit_price {line['unit_price']} is negative. Negate the quantity."
    if size <= 0:
        yield f"{named(line)} unit_size {line['unit_size']} is not positive. Correct the plan."
        return
    due = rounded(quantity * price / size, document["currency"])
    if str(due) != line["amount"]:
        yield (
            f"{named(line)} {line['quantity']} times {line['unit_price']} per {line['unit_size']} "
            f"is {due}, but amount is {line['amount']}. Look at the frozen line."
        )
    yield from _rated(named(line), line, document)


def _rated(where: str, found: Fields, document: Fields) -> Iterator[str]:
    """Whether a category belongs to the tax case, and a percent to the category."""
    case, category, percent = document["tax_case"], found["tax_category"], found["tax_percent"]
    if category not in _CATEGORIES.get(case, set()):
        yield f"{where} tax_category {category!r} is none of tax: {case}. Correct the tax."
    elif category == "S" and not percent:
        yield missing_rate(document["seller"]["id"], "standard or reduced", _month(document))
    elif category == "S" and Fraction(percent) <= 0:
        yield f"{where} tax_percent {percent} is no rate of category S. Use tax_class: zero."
    elif category not in ("S", "") and percent != "0":
        yield f"{where} tax_percent {percent!r} stands with category {category}. Make it 0."


def _month(document: Fields) -> str:
    return str(document["period"]["name"])


# ---- what is taken off -----------------------------------------------------------------------


def allowance_problems(document: Fields) -> Iterator[str]:
    """Discounts that are not their percent, and credits of more than there is."""
    yield from _shares(document)
    for found in document["allowances"]:
        if found["amount"].startswith("-"):
            yield f"{taken(found)} amount {found['amount']} is negative. Bill it as a line."
        yield from _rated(taken(found), found, document)
    credits = [found["amount"] for found in document["allowances"] if found["kind"] == "credit"]
    net = _sum((line["amount"] for line in lines_of(document)), document) + -_sum(
        (found["amount"] for found in document["allowances"]), document
    )
    if credits and net.minor < 0:
        yield (
            f"The credits of {_sum(credits, document)} {document['currency']} are {-net} more than "
            "the lines come to. Credit less in this period, and the rest in a later one."
        )


def _shares(document: Fields) -> Iterator[str]:
    """A discount is its percent of its base, then divided between the tax rates of the base.

    Those of all there is, each rounded by itself, take no cent more than there is: the last is cut.
    """
    by_line: defaultdict[int, list[Fields]] = defaultdict(list)
    left = _discountable(document)
    for found in document["allowances"]:
        if found["percent"]:
            by_line[found["line_number"]].append(found)
    for _, parts in sorted(by_line.items()):
        base, tenant_id = _sum((part["base"] for part in parts), document), parts[0]["tenant_id"]
        share = rounded(Fraction(base.amount) * Fraction(parts[0]["percent"]) / 100, base.currency)
        whole = Money(base.currency, min(share.minor, max(left[tenant_id], 0)))
        left[tenant_id] -= share.minor
        weights = [Money.of(part["base"], base.currency).minor for part in parts]
        due = whole.split(weights) if len(parts) > 1 else [whole]
        for part, amount in zip(parts, map(str, due or [whole] * len(parts)), strict=True):
            if part["amount"] != amount:
                yield (
                    f"{taken(part)} {part['percent']} % of {base} is {whole}, of which {amount} "
                    f"are here, but amount is {part['amount']}. Look at the frozen line."
                )


def _discountable(document: Fields) -> Counter[str]:
    """What a tenant's discounts can take off at most, in minor units."""
    left: Counter[str] = Counter()
    for line in lines_of(document):
        if line["kind"] in DISCOUNTED:
            left[line["tenant_id"]] += Money.of(line["amount"], document["currency"]).minor
    return left


# ---- tax and sums ----------------------------------------------------------------------------


def tax_problems(document: Fields) -> Iterator[str]:
    """Tax that is not the rounded percent of its category's base, to the last minor unit."""
    expected, credited = _expected(document), document["credited"]
    stated = Counter(Rate(tax["category"], tax["percent"]) for tax in document["taxes"])
    for rate in expected.keys() - stated.keys():
        yield f"taxes lack category {rate.category} with {rate.percent} %. Write it again."
    for rate, count in stated.items():
        if rate not in expected or count > 1:
            yield (
                f"taxes state category {rate.category} with {rate.percent} % {count} times, but "
                f"{'one is' if rate in expected else 'no line is'} of it. Write it again."
            )
    for tax in document["taxes"]:
        if (rate := Rate(tax["category"], tax["percent"])) in expected:
            yield from _tax(tax, expected[rate], tax_left(expected[rate], rate, credited))
            if tax["reason_code"] != reason_code(rate.category, document["seller"]):
                yield (
                    f"The reason_code of category {rate.category} is {tax['reason_code']!r}. "
                    "Write it again."
                )


def _expected(document: Fields) -> dict[Rate, Money]:
    """What each rate's base has to be."""
    if document["tax_case"] == "none":
        return {}
    currency = document["currency"]
    billed = [(_rate(line), Money.of(line["amount"], currency)) for line in lines_of(document)]
    taken_off = [
        (_rate(found), -Money.of(found["amount"], currency)) for found in document["allowances"]
    ]
    return bases((*billed, *taken_off), currency)


def _rate(found: Fields) -> Rate:
    return Rate(found["tax_category"], found["tax_percent"])


def _tax(tax: Fields, base: Money, due: Money) -> Iterator[str]:
    where = f"of category {tax['category']} with {tax['percent']} %"
    yield from _must_be(f"The base {where}", tax["base"], base)
    yield from _must_be(f"The tax {where}", tax["tax"], due)
    if tax["category"] in _NEEDS_REASON and not tax["reason"]:
        yield (
            f"The reason {where} is empty, and the law wants it said. "
            "Give the account its tax_exemption_reason."
        )


def total_problems(document: Fields) -> Iterator[str]:
    """EN 16931's order: lines, allowances, charges, net, tax, gross, prepaid, due."""
    totals, currency = document["totals"], document["currency"]
    of = {name: Money.of(amount, currency) for name, amount in totals.items()}
    due = {
        "lines": _sum((line["amount"] for line in lines_of(document)), document),
        "allowances": _sum((found["amount"] for found in document["allowances"]), document),
        "charges": Money(currency, 0),
        "net": of["lines"] + -of["allowances"] + of["charges"],
        "tax": _sum((tax["tax"] for tax in document["taxes"]), document),
        "gross": of["net"] + of["tax"],
        "due": of["gross"] + -of["prepaid"],
    }
    for name, amount in due.items():
        yield from _must_be(f"totals.{name}", totals[name], amount)
    yield from _must_be("total", document["total"], of["gross"])
    if of["prepaid"].minor:
        yield f"totals.prepaid is {totals['prepaid']}, but nothing was paid before. Make it 0."
    if document["kind"] == CREDIT_NOTE and of["gross"].minor < 0:
        yield f"total is {document['total']}: a credit note gives money back. Freeze an invoice."


def _sum(amounts: Iterable[str], document: Fields) -> Money:
    currency = document["currency"]
    return total((Money.of(amount, currency) for amount in amounts), currency)


def _must_be(field: str, stated: str, due: Money) -> Iterator[str]:
    if stated != str(due):
        yield f"{field} is {stated}, but it has to be {due}. Write it again."
