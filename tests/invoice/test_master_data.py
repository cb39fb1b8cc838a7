"""An account whose document could never be written is named before its month is closed."""

from __future__ import annotations

from typing import Any

import pytest
from invoice.invoices import (
    ALWAYS,
    BUYERS,
    GERMAN_BUYER,
    GERMAN_SELLER,
    adjustment,
    discount,
    document_of,
    facility,
    frozen_period,
    metered,
)
from meterbook.close.master_data import master_data_problems
from meterbook.invoice.checks import problems

Fields = dict[str, Any]


def found(seller: Fields, account: Fields, currency: str = "EUR") -> list[str]:
    amounts = {"EUR": ("5.00", "3.00"), "KWD": ("5.000", "3.000")}[currency]
    lines = [
        facility(amounts[0]),
        metered(amounts[1], "1.000000", "3.000000", metric="reports"),
        discount("-0.80" if currency == "EUR" else "-0.800", "10", "8"),
    ]
    bill = frozen_period(
        lines, currency, seller=GERMAN_SELLER | seller, account=GERMAN_BUYER | account
    )
    return master_data_problems(bill.body)


@pytest.mark.parametrize("case", sorted(BUYERS))
@pytest.mark.parametrize("profile", ["en16931", "xrechnung", "off"])
def test_good_master_data_is_good_for_every_tax_case(case: str, profile: str) -> None:
    assert found({}, BUYERS[case] | {"e_invoice": profile}) == []


def test_an_account_of_an_older_catalog_needs_nothing() -> None:
    assert master_data_problems(frozen_period([facility("5.00")]).body) == []


def test_every_tax_class_of_the_bill_needs_a_rate_at_the_end_of_the_month() -> None:
    rates = [
        {"tax_class": "standard", "percent": "19"} | ALWAYS | {"ends_on": "2026-10-31"},
        {"tax_class": "reduced", "percent": "7"} | ALWAYS,
    ]
    assert found({"tax_rates": rates}, {}) == [
        "Seller nimbus has no standard tax rate on the last day of 2026-10. Add it to tax_rates."
    ]
    assert found({"tax_rates": []}, {}) == [
        f"Seller nimbus has no {tax_class} tax rate on the last day of 2026-10. Add it to tax_rates."
        for tax_class in ("reduced", "standard")
    ]


def test_what_is_zero_rated_needs_no_rate() -> None:
    line = metered("5.00", "5.000000", "1.000000", metric="exports")
    seller = GERMAN_SELLER | {"tax_rates": []}
    bill = frozen_period([line], "EUR", seller=seller, account=GERMAN_BUYER)
    assert master_data_problems(bill.body) == []


def test_what_came_late_needs_a_rate_of_its_own_month() -> None:
    rates = [{"tax_class": "standard", "percent": "19"} | ALWAYS | {"starts_on": "2026-10-01"}]
    late = [facility("5.00"), adjustment("1.00", "2.00", "1.00", "2026-09")]
    seller = GERMAN_SELLER | {"tax_rates": rates}
    assert master_data_problems(
        frozen_period(late, "EUR", seller=seller, account=GERMAN_BUYER).body
    ) == ["Seller nimbus has no standard tax rate on the last day of 2026-09. Add it to tax_rates."]


@pytest.mark.parametrize(
    ("seller", "account", "sentence"),
    [
        ({}, {"tax": "offshore"}, "The account's tax is 'offshore'. Make it one of none, domestic"),
        ({}, {"tax": "reverse_charge", "vat_id": ""}, "The account has no vat_id"),
        ({"vat_id": ""}, {"tax": "export"}, "The seller has no vat_id"),
        ({"vat_id": "", "tax_id": ""}, {}, "The seller has neither vat_id nor tax_id"),
        ({}, {"tax": "exempt", "tax_exemption_reason": ""}, "The account has no tax_exemption_r"),
        ({"country": ""}, {}, "The seller has no country"),
        ({}, {"country": "Germany"}, "The account has no country"),
        ({"iban": ""}, {"e_invoice": "xrechnung"}, "The seller has no iban, and XRechnung needs"),
        ({"contact": {}}, {"e_invoice": "xrechnung"}, "The seller has no contact.name"),
        ({}, {"e_invoice": "xrechnung", "buyer_reference": ""}, "The account has no buyer_refere"),
        ({}, {"e_invoice": "xrechnung", "email": "", "vat_id": "", "buyer_reference": "K 7"},
         "The account has no email, and XRechnung needs an electronic address"),
        ({"email": "", "vat_id": ""}, {"e_invoice": "xrechnung"}, "The seller has no email"),
        ({}, {"e_invoice": "xrechnung", "buyer_reference": "04011000-12345-34"},
         "The account's buyer_reference '04011000-12345-34' looks like a Leitweg-ID"),
        ({}, {"vat_id": "GB999999974"}, "The account's vat_id"),
        ({}, {"vat_id": "CHE107787578MWST"}, "The account's vat_id"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_remedy(
    seller: Fields, account: Fields, sentence: str
) -> None:
    told = found(seller, account)
    assert any(problem.startswith(sentence) for problem in told), told


def test_what_looks_like_a_route_is_a_cost_centre_where_no_xrechnung_goes_out() -> None:
    assert found({}, {"buyer_reference": "04011000-12345-34"}) == []


def test_a_currency_that_no_e_invoice_can_have_asks_for_less() -> None:
    assert found({"iban": ""}, {"e_invoice": "xrechnung"}, "KWD") == []


@pytest.mark.parametrize(
    "vat_id", ["NZ123456789", "GB999999973", "CHE107787577MWST", "EL094259216"]
)
def test_vat_ids_of_other_countries_are_taken(vat_id: str) -> None:
    assert found({}, {"vat_id": vat_id}) == []


def test_what_the_close_lets_pass_the_document_has_no_problem_with() -> None:
    for case, account in BUYERS.items():
        bill = frozen_period([facility("5.00")], "EUR", seller=GERMAN_SELLER, account=account)
        assert master_data_problems(bill.body) == problems(document_of(bill)) == [], case
