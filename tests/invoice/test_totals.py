"""Totals, discounts and tax are those of an independent recomputation in exact fractions."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from invoice.generated_bills import bills, half_up
from invoice.invoices import BUYERS, RATES, document_of, frozen_period, metered
from meterbook.close.frozen import FrozenDocument
from meterbook.invoice.checks import problems
from meterbook.money import minor_digits

Fields = dict[str, Any]
CLASSES = {"reports": "reduced", "exports": "zero"}
CATEGORIES = {"reverse_charge": "AE", "export": "G", "exempt": "E", "small_business": "E"}


def rate_of(line: Fields, case: str) -> tuple[str, str]:
    """Category and percent of a line, from the tables of the tests."""
    if case in CATEGORIES:
        return CATEGORIES[case], "0"
    kind = line["adjusts_kind"] or line["line_kind"]
    tax_class = CLASSES.get(line["metric"], "standard") if kind != "passthrough" else "standard"
    if tax_class == "zero":
        return "Z", "0"
    return "S", next(rate["percent"] for rate in RATES if rate["tax_class"] == tax_class)


@settings(max_examples=60)
@given(bill=bills(("EUR", "JPY", "KWD")))
def test_sums_and_tax_are_those_of_an_independent_recomputation(bill: FrozenDocument) -> None:
    document = document_of(bill)
    assert problems(document) == []
    body, totals = bill.body, document["totals"]
    digits, case = minor_digits(body["currency"]), body["account"]["document"]["tax"]
    bases: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    billed = taken_off = Fraction(0)
    for line in body["lines"]:
        if line["line_kind"] in ("discount", "credit"):
            taken_off -= Fraction(line["amount"])
        else:
            billed += Fraction(line["amount"])
            bases[rate_of(line, case)] += Fraction(line["amount"])
    for found in document["allowances"]:
        bases[found["tax_category"], found["tax_percent"]] -= Fraction(found["amount"])
    taxes = {rate: half_up(base * Fraction(rate[1]) / 100, digits) for rate, base in bases.items()}
    tax = sum(map(Fraction, taxes.values()))
    net = billed - taken_off
    assert taxes == {(row["category"], row["percent"]): row["tax"] for row in document["taxes"]}
    assert totals == {
        "lines": half_up(billed, digits),
        "allowances": half_up(taken_off, digits),
        "charges": half_up(Fraction(0), digits),
        "net": half_up(net, digits),
        "tax": half_up(tax, digits),
        "gross": half_up(net + tax, digits),
        "prepaid": half_up(Fraction(0), digits),
        "due": half_up(net + tax, digits),
    }
    assert (document["total"], body["total"]) == (totals["gross"], totals["net"])


@settings(max_examples=60)
@given(bill=bills(("EUR", "JPY", "KWD")))
def test_what_is_taken_off_is_divided_without_loss(bill: FrozenDocument) -> None:
    document = document_of(bill)
    unit = Fraction(1, 10 ** minor_digits(bill.body["currency"]))
    for line in bill.body["lines"]:
        parts = [
            found for found in document["allowances"] if found["line_number"] == line["line_number"]
        ]
        if line["line_kind"] not in ("discount", "credit"):
            assert parts == []
            continue
        amounts = [Fraction(part["amount"]) for part in parts]
        assert sum(amounts) == -Fraction(line["amount"])
        assert all(amount >= 0 for amount in amounts)
        if line["line_kind"] == "discount":
            base = sum(Fraction(part["base"]) for part in parts)
            for part, amount in zip(parts, amounts, strict=True):
                assert abs(amount - sum(amounts) * Fraction(part["base"]) / base) <= unit


def test_tax_is_rounded_on_the_sum_of_a_category_and_half_away_from_zero() -> None:
    lines = [metered("0.03", "3.000000", "0.010000") for _ in range(50)]
    seller = {"tax_rates": [RATES[0] | {"percent": "7"}]}
    bill = frozen_period(lines, "EUR", seller=seller, account=BUYERS["domestic"])
    (tax,) = document_of(bill)["taxes"]
    assert (tax["base"], tax["tax"]) == ("1.50", "0.11")
