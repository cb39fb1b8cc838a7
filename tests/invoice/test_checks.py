"""What the official rules let pass is found before a number is taken, and said in one sentence.

Each mutation of a sound document changes one thing; the sentence has to name its field.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from invoice.invoices import (
    ALWAYS,
    BUYERS,
    GERMAN_BUYER,
    GERMAN_SELLER,
    SELLER,
    adjustment,
    credit,
    discount,
    document_of,
    facility,
    frozen_period,
    metered,
    written,
)
from meterbook.canonical import canonical_json
from meterbook.invoice.checks import problems

Fields = dict[str, Any]
Change = Callable[[Fields], object]
ORIGINAL = {"kind": "invoice", "subject": "", "period": "2026-10"}
LINES = [
    facility("500.00"),
    metered("407.00", "1017500.000000", "0.400000", "1000"),
    metered("93.00", "31.000000", "3.000000", metric="reports"),
    discount("-100.00", "10.00", "1000.00"),
    credit("-50.00"),
]


@cache
def _written(case: str, kind: str) -> str:
    lines = LINES if kind == "invoice" else [written("50.00", "For the outage")]
    refers_to = {} if kind == "invoice" else ORIGINAL
    return canonical_json(
        document_of(
            frozen_period(
                lines,
                "EUR",
                seller=GERMAN_SELLER,
                account=BUYERS[case] | {"e_invoice": "xrechnung"},
                body={"kind": kind, "refers_to": refers_to},
            )
        )
    )


def sound(case: str = "domestic", kind: str = "invoice") -> Fields:
    """A document without a problem, which its test may change."""
    return dict(json.loads(_written(case, kind)))


def put(path: str, value: Any) -> Change:
    """A change of one field, by its path."""

    def change(document: Any) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in way:
            document = document[part]
        document[last] = value

    return change


def tax_of_one_cent_more(document: Fields) -> None:
    """The sums stay consistent, so that no official rule minds."""
    tax, totals = document["taxes"][0], document["totals"]
    tax["tax"] = cents_more(tax["tax"], 1)
    totals["tax"] = cents_more(totals["tax"], 1)
    for name in ("gross", "due"):
        totals[name] = cents_more(totals[name], 1)
    document["total"] = totals["gross"]


def cents_more(amount: str, cents: int) -> str:
    return str(Decimal(amount) + Decimal(cents) / 100)


@pytest.mark.parametrize("case", sorted(BUYERS))
@pytest.mark.parametrize("kind", ["invoice", "credit_note", "corrected_invoice", "debit_note"])
def test_a_sound_document_has_no_problem(case: str, kind: str) -> None:
    assert problems(sound(case, kind)) == []


LINE = "groups.1.lines.0"
MUTATIONS: dict[str, tuple[Change, str]] = {
    # what the official rules let pass, or only warn of
    "a VAT cent, sums consistent": (
        tax_of_one_cent_more,
        "The tax of category S with 19 % is 146.49, but it has to be 146.48. ",
    ),
    "a line that does not multiply out": (
        put(f"{LINE}.quantity", "1030000"),
        "Line 2: 1030000 times 0.4 per 1000 is 412.00, but amount is 407.00.",
    ),
    "a price that does not multiply out": (put(f"{LINE}.unit_price", "0.401"), "Line 2: "),
    "a Leitweg-ID with wrong check digits": (
        put("buyer_reference", "04011000-12345-34"),
        "The account's buyer_reference '04011000-12345-34' looks like a Leitweg-ID",
    ),
    "an IBAN with a wrong digit": (
        put("seller.iban", "DE89370400440532013001"), "The seller's iban",
    ),
    "a VAT id with a wrong digit": (
        put("buyer.vat_id", "DE129274203"), "The account's vat_id 'DE129274203'",
    ),
    "a VAT id without its country": (put("seller.vat_id", "136695976"), "The seller's vat_id"),
    "a BIC that is none": (put("seller.bic", "COBA"), "The seller's bic 'COBA'"),
    "a discount that is not its percent": (
        put("allowances.0.amount", "90.71"),
        "The discount 'loyal': 10 % of 1000.00 is 100.00, of which 90.70 are here, but amount is",
    ),
    # what they refuse, said earlier and more clearly
    "an amount finer than a cent": (
        put(f"{LINE}.amount", "407.001"),
        "Line 2: amount is 407.001, but amounts in EUR have 2 decimals.",
    ),
    "an amount without its decimals": (put("totals.net", "850"), "totals.net is 850, but"),
    "an amount that is no figure": (put("total", "1e3"), "total is '1e3', which is no figure."),
    "a quantity that is no figure": (put(f"{LINE}.quantity", ""), "Line 2: quantity is ''"),
    "a negative unit price": (
        put(f"{LINE}.unit_price", "-0.4"), "Line 2: unit_price -0.4 is negative.",
    ),
    "a unit size of nothing": (put(f"{LINE}.unit_size", "0"), "Line 2: unit_size 0 is not"),
    "a line without a name": (put(f"{LINE}.description", ""), "Line 2: description is empty."),
    "two lines of one number": (
        put("groups.1.lines.1.line_number", 2), "2 lines have the number 2.",
    ),
    "a subtotal": (
        put("groups.0.subtotal", "500.01"), "The subtotal of facility is 500.01, but",
    ),
    "a negative allowance": (put("allowances.2.amount", "-47.68"), "The credit 'outage': amount"),
    "the base of a tax": (
        put("taxes.0.base", "764.38"), "The base of category S with 19 % is 764.38, but",
    ),
    "a tax that is not stated": (
        lambda document: document["taxes"].pop(), "taxes lack category S with 7 %.",
    ),
    "a tax that is stated twice": (
        lambda document: document["taxes"].append(document["taxes"][0]),
        "taxes state category S with 19 % 2 times",
    ),
    "a rate that no line has": (put("taxes.1.percent", "8"), "taxes lack category S with 7 %."),
    "a category of another tax case": (
        put(f"{LINE}.tax_category", "AE"), "Line 2: tax_category 'AE' is none of tax: domestic.",
    ),
    "a standard rate of nothing": (
        put(f"{LINE}.tax_percent", "0"), "Line 2: tax_percent 0 is no rate of category S.",
    ),
    "a line without a rate": (
        put(f"{LINE}.tax_percent", ""), "Seller nimbus has no standard or reduced tax rate",
    ),
    "a tax case that nobody knows": (put("tax_case", "offshore"), "The account's tax is 'offsho"),
    "a currency that nobody knows": (put("currency", "XXQ"), "'XXQ' is not an ISO 4217"),
    "decimals of another currency": (put("minor_digits", "3"), "minor_digits is 3, but EUR has 2."),
    "a day that is none": (put("due_date", "2026-13-01"), "due_date is '2026-13-01', which is no"),
    "due before it is issued": (
        put("due_date", "2026-11-01"), "due_date 2026-11-01 is before issue_date 2026-11-05.",
    ),
    "a period that ends before it begins": (
        put("period.last_day", "2026-09-30"), "period.last_day 2026-09-30 is before",
    ),
    "no number": (put("number", ""), "The document has no number."),
    "a type of another kind": (put("type_code", "384"), "type_code is 384, but kind is invoice."),
    "a profile that nobody knows": (put("e_invoice", "peppol"), "e_invoice is 'peppol'."),
    "a character that XML cannot carry": (
        put("buyer.name", "Bell \x07 AG"), "buyer.name holds a character that XML cannot carry.",
    ),
    "no line at all": (put("groups", []), "The document has no line."),
    "paid before": (put("totals.prepaid", "1.00"), "totals.prepaid is 1.00, but nothing was paid"),
    # master data
    **{
        f"no {field} of the seller": (put(f"seller.{field}", ""), f"The seller has no {field}")
        for field in ("name", "country", "city", "postcode", "iban",
                      "contact.name", "contact.phone", "contact.email")
    },
    **{
        f"no {field} of the account": (put(f"buyer.{field}", ""), f"The account has no {field}")
        for field in ("name", "country", "city", "postcode")
    },
    "no buyer reference": (put("buyer_reference", ""), "The account has no buyer_reference"),
}  # fmt: skip


@pytest.mark.parametrize("what", MUTATIONS)
def test_a_mutation_is_found_and_named(what: str) -> None:
    change, sentence = MUTATIONS[what]
    document = sound()
    change(document)
    found = problems(document)
    assert any(problem.startswith(sentence) for problem in found), found
    assert all(problem.endswith(".") for problem in found)


@pytest.mark.parametrize("name", ["lines", "allowances", "charges", "net", "tax", "gross", "due"])
@pytest.mark.parametrize("cents", [1, -1, 100])
def test_a_sum_that_is_off_is_found(name: str, cents: int) -> None:
    document = sound()
    totals = document["totals"]
    due = totals[name]
    totals[name] = cents_more(due, cents)
    assert f"totals.{name} is {totals[name]}, but it has to be {due}. Write it again." in problems(
        document
    )


def test_the_total_is_the_gross_amount() -> None:
    document = sound()
    document["total"] = document["totals"]["net"]
    assert problems(document) == ["total is 850.00, but it has to be 1002.01. Write it again."]


@pytest.mark.parametrize("kind", ["corrected_invoice", "debit_note", "credit_note"])
def test_what_is_about_another_document_has_to_name_it(kind: str) -> None:
    document = sound(kind=kind)
    document["preceding"] = []
    (found,) = problems(document)
    assert found.startswith(f"A {kind.replace('_', ' ')} has to name the invoice that it is about")
    document["preceding"] = [{"number": "", "issue_date": "2026-11-05"}]
    assert problems(document) == [
        "preceding lacks a number or an issue_date. Name the invoice and its day."
    ]


def test_a_credit_note_of_a_close_may_name_its_periods_on_the_lines() -> None:
    body = {"kind": "credit_note", "subject": "late.2026-11"}
    late = [adjustment("4.00", "396.00", "400.00"), adjustment("1.00", "3.00", "4.00")]
    assert problems(document_of(frozen_period(late, body=body))) == []


def test_credits_beyond_the_bill_are_refused() -> None:
    document = document_of(frozen_period([facility("30.00"), credit("-50.00")]))
    assert problems(document) == [
        "The credits of 50.00 USD are 20.00 more than the lines come to. Credit less in this "
        "period, and the rest in a later one."
    ]


def test_a_credit_note_gives_money_back() -> None:
    body = {"kind": "credit_note", "refers_to": ORIGINAL}
    document = document_of(frozen_period([written("-5.00", "Owed")], body=body))
    assert problems(document) == [
        "total is -5.00: a credit note gives money back. Freeze an invoice."
    ]


@pytest.mark.parametrize(
    ("case", "path", "sentence"),
    [
        ("reverse_charge", "buyer.vat_id", "The account has no vat_id, and tax: reverse_charge"),
        ("reverse_charge", "seller.vat_id", "The seller has no vat_id, and tax: reverse_charge"),
        ("export", "seller.vat_id", "The seller has no vat_id, and tax: export"),
        ("exempt", "taxes.0.reason", "The reason of category E with 0 % is empty"),
        ("reverse_charge", "taxes.0.reason_code", "The reason_code of category AE"),
        ("export", "groups.0.lines.0.tax_percent", "Line 1: tax_percent '' stands with category G"),
    ],
)
def test_a_tax_case_without_what_it_needs_is_found(case: str, path: str, sentence: str) -> None:
    document = sound(case)
    put(path, "")(document)
    assert any(problem.startswith(sentence) for problem in problems(document))


def test_a_seller_needs_a_tax_number_to_charge_tax() -> None:
    document = sound()
    document["seller"] |= {"vat_id": "", "tax_id": ""}
    assert (
        "The seller has neither vat_id nor tax_id, and a bill with tax names one. Add it."
    ) in problems(document)


def test_a_rate_that_the_seller_does_not_have_is_asked_for() -> None:
    rates = [ALWAYS | {"tax_class": "reduced", "percent": "7"}]
    bill = frozen_period(
        [facility("5.00")], "EUR", seller=GERMAN_SELLER | {"tax_rates": rates}, account=GERMAN_BUYER
    )
    assert problems(document_of(bill)) == [
        "Seller nimbus has no standard or reduced tax rate on the last day of 2026-10. "
        "Add it to tax_rates."
    ]


def test_an_e_invoice_of_three_decimals_is_found() -> None:
    bill = frozen_period([facility("5.000")], "KWD", seller=GERMAN_SELLER, account=GERMAN_BUYER)
    document = document_of(bill)
    assert problems(document) == []
    document["e_invoice"] = "en16931"
    assert problems(document) == [
        "KWD has 3 decimals, and an e-invoice has room for 2. Set e_invoice of the account to off."
    ]


def test_a_document_without_tax_needs_no_master_data() -> None:
    bill = frozen_period([facility("5.00")], seller=SELLER | {"country": "", "tax_id": ""})
    assert problems(document_of(bill)) == []
