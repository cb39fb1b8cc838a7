"""The invoice document says everything that a person needs, and sums to what was frozen."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoice.invoices import (
    ALWAYS,
    BUYERS,
    GERMAN_BUYER,
    GERMAN_SELLER,
    Fields,
    adjustment,
    claim_of,
    credit,
    discount,
    document_of,
    facility,
    frozen_period,
    metered,
    passthrough,
    variable,
    written,
)
from meterbook.canonical import canonical_json, sha256
from meterbook.close.frozen import FrozenDocument, frozen
from meterbook.errors import BookInconsistent
from meterbook.invoice.checks import problems
from meterbook.invoice.cii import cii_xml
from meterbook.invoice.document import document_bytes, invoice_document
from meterbook.invoice.ubl import ubl_xml

ORIGINAL = {"kind": "invoice", "subject": "", "period": "2026-10"}


def only_line(line: Fields, currency: str = "EUR", **changes: Fields) -> Fields:
    (group,) = document_of(frozen_period([line], currency, **changes))["groups"]
    (found,) = group["lines"]
    return dict(found)


def german_bill(lines: list[Fields], **account: object) -> Fields:
    return document_of(
        frozen_period(lines, "EUR", seller=GERMAN_SELLER, account=GERMAN_BUYER | account)
    )


# ---- who, when, what -------------------------------------------------------------------------


def test_a_document_says_who_bills_whom_for_what_and_until_when_to_pay() -> None:
    document = german_bill([metered("460.00", "1150.000000", "0.400000"), facility("500.00")])
    groups, seller, buyer = (document.pop(name) for name in ("groups", "seller", "buyer"))
    assert (seller["vat_id"], seller["tax_id"], seller["iban"]) == (
        "DE136695976", "045 231 12345", "DE89370400440532013000",
    )  # fmt: skip
    assert (buyer["name"], buyer["address"], buyer["city"], buyer["postcode"]) == (
        "Rheinhafen AG", ["Am Zollhafen 3", "Gebäude B"], "Mainz", "55118",
    )  # fmt: skip
    assert seller["contact"]["phone"] == "+49 69 1234567"
    assert [(group["kind"], group["title"], group["subtotal"]) for group in groups] == [
        ("facility", "Grundgebühren", "500.00"),
        ("variable", "Variabler Verbrauch", "460.00"),
    ]
    assert document == {
        "form": "meterbook.invoice.2",
        "kind": "invoice",
        "type_code": "380",
        "number": "NIM-2026-000001",
        "issue_date": "2026-11-05",
        "due_date": "2026-12-05",
        "payment_days": "30",
        "payment_terms": "Zahlbar innerhalb von 30 Tagen, bis 05.12.2026.",
        "language": "de",
        "period": {"name": "2026-10", "first_day": "2026-10-01", "last_day": "2026-10-31"},
        "preceding": [],
        "credited": [],
        "reason": "",
        "buyer_reference": "04011000-12345-03",
        "purchase_order": "PO-4711",
        "currency": "EUR",
        "minor_digits": "2",
        "allowances": [],
        "taxes": [
            {
                "category": "S",
                "percent": "19",
                "base": "960.00",
                "tax": "182.40",
                "reason": "",
                "reason_code": "",
            }
        ],
        "totals": {
            "lines": "960.00",
            "allowances": "0.00",
            "charges": "0.00",
            "net": "960.00",
            "tax": "182.40",
            "gross": "1142.40",
            "prepaid": "0.00",
            "due": "1142.40",
        },
        "total": "1142.40",
        "tax_case": "domestic",
        "notes": [],
        "trends": [],
        "e_invoice": "en16931",
        "e_invoice_refused": "",
        "snapshot_sha256": document["snapshot_sha256"],
    }


def test_a_line_says_what_it_is_for_and_how_it_was_reckoned() -> None:
    line = only_line(metered("0.46", "1150.000000", "0.400000", "1000"), account=GERMAN_BUYER)
    assert line == {
        "line_number": 1,
        "kind": "variable",
        "description": "API calls",
        "detail": "call  ·  Tarif growth v1",
        "tenant_id": "acme",
        "tenant_name": "Acme",
        "module_id": "",
        "metric": "api_calls",
        "tier": "1",
        "plan_id": "growth",
        "plan_version": "1",
        "unit": "call",
        "unit_code": "C62",
        "used": "1150",
        "included": "0",
        "billable": "1150",
        "quantity": "1150",
        "unit_price": "0.4",
        "unit_size": "1000",
        "cost_usd": "",
        "markup_percent": "",
        "usd_per_unit": "",
        "adjusts_period": "",
        "amount": "0.46",
        "tax_category": "S",
        "tax_percent": "",
        "attributes": [
            {"name": "Verbraucht", "value": "1150"},
            {"name": "Enthalten", "value": "0"},
            {"name": "Berechnet", "value": "1150"},
            {"name": "Einheit", "value": "call"},
        ],
    }


@pytest.mark.parametrize(
    ("days", "due_date"), [("14", "2026-11-19"), ("0", "2026-11-05"), ("", "2026-12-05")]
)
def test_an_invoice_is_due_when_the_days_of_its_account_are_over(days: str, due_date: str) -> None:
    document = document_of(frozen_period([variable("1.00")], account={"payment_days": days}))
    assert (document["issue_date"], document["due_date"]) == ("2026-11-05", due_date)


@pytest.mark.parametrize(
    ("kind", "code"), [("credit_note", "381"), ("corrected_invoice", "384"), ("debit_note", "383")]
)
def test_what_is_not_an_invoice_names_the_one_that_it_is_about(kind: str, code: str) -> None:
    body = {"kind": kind, "subject": "x.1", "refers_to": ORIGINAL, "reason": "An outage"}
    document = document_of(frozen_period([written("5.00", "For the outage")], body=body))
    assert (document["type_code"], document["reason"]) == (code, "An outage")
    assert document["preceding"] == [{"number": "NIM-2026-000001", "issue_date": "2026-11-05"}]


def test_a_credit_note_says_that_the_amount_is_credited() -> None:
    body = {"kind": "credit_note", "subject": "credit.1", "refers_to": ORIGINAL}
    document = document_of(frozen_period([written("5.00", "For the outage")], body=body))
    assert document["payment_terms"] == "This amount is credited to you"
    assert document["groups"][0]["lines"][0]["description"] == "For the outage"


def test_an_id_that_the_catalog_does_not_name_stands_for_itself() -> None:
    line = only_line(variable("1.00", "zed", "unheard_of"))
    assert (line["tenant_name"], line["description"]) == ("zed", "unheard_of")


# ---- the kinds of lines ----------------------------------------------------------------------


def test_groups_stand_in_the_order_in_which_a_bill_is_read() -> None:
    minimum = facility("9.00") | {"line_kind": "minimum", "base_amount": "100.0000"}
    lines = [
        adjustment("1.00", "2.00", "1.00"),
        passthrough("3.00", "3.000000000000"),
        minimum,
        variable("1.00"),
        facility("1.00"),
        variable("1.00", metric="customers") | {"line_kind": "levy"},
    ]
    groups = document_of(frozen_period(lines))["groups"]
    assert [group["kind"] for group in groups] == [
        "levy", "facility", "variable", "minimum", "passthrough", "adjustment",
    ]  # fmt: skip


def test_a_graduated_price_is_one_line_a_tier() -> None:
    first = metered("400.00", "1000.000000", "0.400000", pricing="graduated", tier="1")
    second = metered("60.00", "200.000000", "0.300000", pricing="graduated", tier="2")
    (group,) = document_of(frozen_period([first, second]))["groups"]
    assert [(line["tier"], line["detail"]) for line in group["lines"]] == [
        ("1", "call  ·  tier 1  ·  plan growth v1"),
        ("2", "call  ·  tier 2  ·  plan growth v1"),
    ]
    assert {"name": "Tier", "value": "2"} in group["lines"][1]["attributes"]


def test_a_levy_has_nothing_included() -> None:
    levy = metered("4.00", "4.000000", "1.000000", metric="customers", line_kind="levy")
    line = only_line(levy)
    assert (line["used"], line["included"], line["billable"]) == ("4", "", "4")


def test_a_fee_by_the_day_multiplies_its_days() -> None:
    line = only_line(
        facility("120.00")
        | {
            "pricing": "daily",
            "billable_quantity": "12.000000",
            "unit_price": "310.000000",
            "unit_size": "31",
        }
    )
    assert (line["quantity"], line["unit_price"], line["unit_size"], line["unit_code"]) == (
        "12", "310", "31", "DAY",
    )  # fmt: skip
    assert "12 of 31 days" in line["detail"]


def test_passed_on_cost_shows_cost_mark_up_and_rate() -> None:
    told = {"markup_percent": "12.50", "usd_per_unit": "1.080000000000"}
    line = only_line(passthrough("13.00", "12.480000000000", **told))
    assert line["description"] == "AWS infrastructure"
    assert line["detail"] == (
        "Attributed cost 12.48 USD  ·  plus 12.5 %  ·  1.08 USD for 1 EUR  ·  plan growth v1"
    )
    assert (line["quantity"], line["unit_price"], line["billable"]) == ("1", "13.00", "")


def test_what_is_given_back_is_a_negative_quantity_of_a_positive_price() -> None:
    line = only_line(adjustment("-4.00", "396.00", "400.00"))
    assert (line["quantity"], line["unit_price"], line["amount"]) == ("-1", "4.00", "-4.00")
    assert line["description"] == "API calls, 2026-09"
    assert line["detail"] == "now 396.00 EUR, billed 400.00 EUR"


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("facility", "MOD-1", "Lending, 2026-09"),
        ("minimum", "", "Minimum fee, 2026-09"),
        ("passthrough", "snowflake", "Snowflake infrastructure, 2026-09"),
        ("discount", "loyal", "Since 2019, 2026-09"),
    ],
)
def test_an_adjustment_names_what_it_adjusts(kind: str, name: str, said: str) -> None:
    late = adjustment("1.00", "2.00", "1.00") | {"adjusts_kind": kind, "rules": "pool:2"}
    late |= {"module_id": name} if kind == "facility" else {"metric": name}
    account = {"discounts": [{"id": "loyal", "reason": "Since 2019"}]}
    line = only_line(late, account=account)
    assert (line["description"], line["adjusts_period"]) == (said, "2026-09")
    assert line["detail"].endswith("  ·  rules pool:2")


def test_a_minimum_says_what_the_month_comes_to_at_least() -> None:
    minimum = facility("9.00") | {"line_kind": "minimum", "base_amount": "1000.0000"}
    assert "at least 1,000.00 EUR a month" in only_line(minimum)["detail"]


def test_a_kind_of_line_that_no_invoice_shows_is_refused() -> None:
    with pytest.raises(BookInconsistent, match="of a kind that no invoice shows: gift"):
        document_of(frozen_period([variable("1.00") | {"line_kind": "gift"}]))


# ---- what is taken off, and the tax ----------------------------------------------------------


def test_a_discount_over_two_tax_rates_is_divided_between_them() -> None:
    lines = [
        metered("907.00", "907.000000", "1.000000"),
        metered("93.00", "93.000000", "1.000000", metric="reports"),
        discount("-100.00", "10.00", "1000.00"),
    ]
    told = ALWAYS | {"id": "loyal", "percent": "10", "reason": "Since 2019", "kinds": ["variable"]}
    document = german_bill(lines, discounts=[told])
    allowances = document["allowances"]
    assert [(found["tax_percent"], found["base"], found["amount"]) for found in allowances] == [
        ("19", "907.00", "90.70"),
        ("7", "93.00", "9.30"),
    ]
    assert {found["description"] for found in allowances} == {"Since 2019"}
    assert [(tax["percent"], tax["base"], tax["tax"]) for tax in document["taxes"]] == [
        ("19", "816.30", "155.10"),
        ("7", "83.70", "5.86"),
    ]
    assert document["totals"]["net"] == "900.00"


def test_a_discount_that_came_late_has_the_tax_of_what_it_is_taken_off() -> None:
    reports = {"metric": "reports"}
    lines = [
        facility("200.00"),
        adjustment("100.00", "100.00", "0.00") | reports,
        adjustment("-50.00", "-50.00", "0.00") | {"adjusts_kind": "discount", "metric": "half"},
    ]
    document = german_bill(lines)
    assert [(tax["percent"], tax["base"], tax["tax"]) for tax in document["taxes"]] == [
        ("19", "200.00", "38.00"),
        ("7", "50.00", "3.50"),
    ]


def test_discounts_of_all_there_is_may_be_cut_by_a_cent() -> None:
    halves = [
        discount(amount, "50.00", "250.81", name)
        for name, amount in (("a", "-125.41"), ("b", "-125.40"))
    ]
    lines = [facility("250.00"), metered("0.81", "0.810000", "1.000000"), *halves]
    document = german_bill(lines)
    assert (document["totals"]["net"], problems(document)) == ("0.00", [])
    uncut = [*lines[:2], halves[0], discount("-125.41", "50.00", "250.81", "b")]
    (told,) = problems(german_bill(uncut))
    assert "of which 125.40 are here, but amount is 125.41" in told


def test_a_discount_is_taken_off_the_kinds_of_lines_that_were_frozen_with_it() -> None:
    lines = [
        metered("100.00", "100.000000", "1.000000"),
        facility("50.00"),
        discount("-5.00", "10.00", "50.00"),
    ]
    term = {"term": "discount", "name": "loyal", "detail": "facility"}
    changes = {"module": {"tax_class": "reduced"}, "body": {"terms": [term]}}
    bill = frozen_period(lines, "EUR", seller=GERMAN_SELLER, account=GERMAN_BUYER, **changes)
    (allowance,) = document_of(bill)["allowances"]
    assert (allowance["tax_percent"], allowance["base"]) == ("7", "50.00")


def test_a_tax_rate_that_nothing_is_owed_of_bears_nothing_of_a_credit() -> None:
    refund = metered("0.00", "0.000000", "1.000000", metric="reports")
    (allowance,) = german_bill([facility("500.00"), refund, credit("-50.00")])["allowances"]
    assert (allowance["tax_percent"], allowance["amount"]) == ("19", "50.00")


def test_a_credit_is_told_with_the_reason_that_the_account_was_given() -> None:
    told = {"id": "outage", "tenant_id": "acme", "period": "2026-10", "reason": "An outage"}
    document = german_bill([facility("500.00"), credit("-50.00")], credits=[told])
    (allowance,) = document["allowances"]
    assert (allowance["description"], allowance["amount"]) == ("An outage", "50.00")
    assert document["totals"]["allowances"] == "50.00"


@pytest.mark.parametrize(
    ("case", "category", "code"),
    [
        ("reverse_charge", "AE", "VATEX-EU-AE"),
        ("export", "G", "VATEX-EU-G"),
        ("exempt", "E", ""),
        ("small_business", "E", ""),
    ],
)
def test_where_no_tax_is_charged_the_reason_is_said(case: str, category: str, code: str) -> None:
    bill = frozen_period([facility("500.00")], "EUR", seller=GERMAN_SELLER, account=BUYERS[case])
    (tax,) = document_of(bill)["taxes"]
    assert (tax["category"], tax["percent"], tax["tax"]) == (category, "0", "0.00")
    assert tax["reason_code"] == code
    assert tax["reason"]


def test_a_seller_outside_the_eu_does_not_speak_of_it() -> None:
    seller = GERMAN_SELLER | {"country": "GB", "vat_id": "GB999999973"}
    bill = frozen_period([facility("5.00")], "GBP", seller=seller, account=BUYERS["export"])
    (tax,) = document_of(bill)["taxes"]
    assert (tax["reason"], tax["reason_code"]) == ("Export: free of VAT.", "")


def test_a_german_small_business_names_its_paragraph() -> None:
    (tax,) = german_bill([facility("5.00")], tax="small_business")["taxes"]
    assert "§ 19 UStG" in tax["reason"]


def test_an_account_without_a_tax_case_gets_no_tax_and_is_told_so() -> None:
    document = document_of(frozen_period([facility("500.00")]))
    assert (document["taxes"], document["totals"]["tax"]) == ([], "0.00")
    assert document["notes"] == ["All amounts are net of tax."]
    assert (document["e_invoice"], document["e_invoice_refused"]) == ("", "")


def test_the_rate_is_that_of_the_last_day_of_the_period() -> None:
    rates = [
        {"tax_class": "standard", "percent": "16", "starts_on": "1900-01-01",
         "ends_on": "2026-10-31"},
        {"tax_class": "standard", "percent": "19", "starts_on": "2026-10-31",
         "ends_on": "9999-12-31"},
    ]  # fmt: skip
    seller = GERMAN_SELLER | {"tax_rates": rates}
    bill = frozen_period([facility("100.00")], "EUR", seller=seller, account=GERMAN_BUYER)
    assert document_of(bill)["totals"]["tax"] == "19.00"


def test_what_was_earned_earlier_is_taxed_by_the_rate_of_its_own_month() -> None:
    rates = [
        {"tax_class": "standard", "percent": "16", "starts_on": "1900-01-01",
         "ends_on": "2026-10-01"},
        {"tax_class": "standard", "percent": "19", "starts_on": "2026-10-01",
         "ends_on": "9999-12-31"},
    ]  # fmt: skip
    lines = [facility("100.00"), adjustment("50.00", "150.00", "100.00", "2026-09")]
    seller = GERMAN_SELLER | {"tax_rates": rates}
    bill = frozen_period(lines, "EUR", seller=seller, account=GERMAN_BUYER)
    assert [(tax["percent"], tax["base"], tax["tax"]) for tax in document_of(bill)["taxes"]] == [
        ("19", "100.00", "19.00"),
        ("16", "50.00", "8.00"),
    ]


def credit_note(lines: list[Fields], credited: list[Fields]) -> Fields:
    """A credit note after others, whose numbers and taxes it was frozen with."""
    earlier = [{"number": note["number"], "taxes": note["taxes"]} for note in credited]
    body = {"kind": "credit_note", "subject": "c.1", "refers_to": ORIGINAL, "credited": earlier}
    return document_of(
        frozen_period(lines, "EUR", seller=GERMAN_SELLER, account=GERMAN_BUYER, body=body)
    )


@pytest.mark.parametrize(
    "lines",
    [
        [facility("100.01")],
        [facility("100.01"), metered("50.00", "1.000000", "50.000000", metric="reports")],
        [
            facility("100.01"),
            metered("50.00", "1.000000", "50.000000", metric="reports"),
            discount("-15.00", "10.00", "150.01"),
            credit("-7.77"),
        ],
    ],
)
def test_an_invoice_and_its_credits_cancel_to_the_cent_with_their_tax(lines: list[Fields]) -> None:
    invoice = german_bill(lines)
    first = credit_note([written("50.03", "Half")], [])
    second = credit_note([written("0.03", "Some more")], [first])
    already = [written("-50.03", "Already credited"), written("-0.03", "Already credited")]
    reversal = credit_note([*lines, *already], [first, second])
    for name in ("net", "tax", "gross"):
        given = [Decimal(note["totals"][name]) for note in (first, second, reversal)]
        assert sum(given) == Decimal(invoice["totals"][name])
    assert problems(reversal) == []


# ---- what it adds up to ----------------------------------------------------------------------


def test_a_total_that_is_not_the_frozen_one_is_refused() -> None:
    sound = frozen_period([variable("1.00")])
    unsound = frozen(sound.body | {"total": "1.01"})
    with pytest.raises(BookInconsistent, match=r"NIM-2026-000001 sum to 1\.00 USD, but 1\.01"):
        document_of(unsound)


def test_a_claim_for_another_snapshot_is_refused() -> None:
    bill = frozen_period([variable("1.00")])
    other = replace(claim_of(bill), snapshot_sha256="0" * 64)
    with pytest.raises(BookInconsistent, match="was claimed for the snapshot 000"):
        invoice_document(bill, other)


@given(
    st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]),
    st.lists(
        st.tuples(st.sampled_from(["levy", "variable"]), st.integers(-(10**9), 10**9)), min_size=1
    ),
)
def test_subtotals_sum_to_the_total_in_minor_units(
    currency: tuple[str, int], lines: list[tuple[str, int]]
) -> None:
    code, digits = currency
    billed = [
        variable(f"{minor / 10**digits:.{digits}f}") | {"line_kind": kind} for kind, minor in lines
    ]
    document = document_of(frozen_period(billed, code))
    minor_units = [int(group["subtotal"].replace(".", "")) for group in document["groups"]]
    assert sum(minor_units) == int(document["total"].replace(".", "")) == sum(m for _, m in lines)


# ---- what was used day by day ----------------------------------------------------------------


def test_the_three_metrics_that_cost_most_are_shown_on_every_day_of_the_month() -> None:
    amounts = {"api_calls": "9.00", "reports": "2.00", "customers": "7.00", "exports": "8.00"}
    lines = [variable(amount, metric=metric) for metric, amount in amounts.items()]
    usage = [
        {"usage_date": day, "tenant_id": "acme", "module_id": module, "metric": metric,
         "quantity": "1.500000"}
        for metric in amounts
        for day, module in (("2026-10-03", "MOD-1"), ("2026-10-03", ""), ("2026-10-31", ""))
    ]  # fmt: skip
    found = document_of(frozen_period(lines, body={"usage": usage}))["trends"]
    assert [trend["metric"] for trend in found] == ["api_calls", "exports", "customers"]
    assert (found[0]["name"], found[0]["unit"], len(found[0]["days"])) == ("API calls", "call", 31)
    assert all(one["day"] < other["day"] for one, other in pairwise(found[0]["days"]))
    assert [day["quantity"] for day in found[0]["days"] if day["quantity"] != "0"] == ["3", "1.5"]


def test_a_credit_note_shows_no_usage() -> None:
    day = {"usage_date": "2026-10-03", "tenant_id": "acme", "module_id": "", "quantity": "1"}
    usage = [day | {"metric": "api_calls"}]
    for kind, shown in (("invoice", 1), ("corrected_invoice", 1), ("credit_note", 0)):
        body = {"kind": kind, "refers_to": ORIGINAL, "usage": usage}
        assert len(document_of(frozen_period([variable("1.00")], body=body))["trends"]) == shown


# ---- same in, same out -----------------------------------------------------------------------


GOLDEN = {
    "invoice.json": "4ea1f9dbd62fac6a332ad85bfe33ee1848e662ef59813ca3d1fd299695e6c2e7",
    "invoice.cii.xml": "25cadad22bc5b371292cde149d7e3f2d446ac4a57365ec604033b3d45b674ec3",
    "invoice.ubl.xml": "13fe2bfb00d2b796d5c0a1ff4997729026c423dbea0cc54e27310404fb99d732",
}


def something_of_everything() -> FrozenDocument:
    lines = [
        metered("907.00", "907.000000", "1.000000"),
        metered("93.00", "93.000000", "1.000000", metric="reports"),
        passthrough("-2.00", "-1.999999999999"),
        adjustment("4.00", "404.00", "400.00"),
        discount("-100.00", "10.00", "1000.00"),
        credit("-50.00"),
    ]
    return frozen_period(lines, "EUR", seller=GERMAN_SELLER, account=GERMAN_BUYER)


def test_the_same_frozen_body_gives_the_same_bytes_whatever_its_order() -> None:
    bill = something_of_everything()
    turned = frozen(json.loads(json.dumps(bill.body, sort_keys=True)))
    documents = [document_of(bill), document_of(turned)]
    documents += [json.loads(document_bytes(documents[0]))]
    assert len({document_bytes(document) for document in documents}) == 1
    for write in (cii_xml, ubl_xml):
        assert len({write(document, "xrechnung") for document in documents}) == 1
    assert document_bytes(documents[0]).endswith(b"}\n")
    assert documents[0]["snapshot_sha256"] == sha256(canonical_json(bill.body))


def test_the_bytes_of_today_are_those_of_yesterday() -> None:
    """Where words or fields are changed on purpose, the new hashes are written down above."""
    document = document_of(something_of_everything())
    made = {
        "invoice.json": document_bytes(document),
        "invoice.cii.xml": cii_xml(document, "xrechnung"),
        "invoice.ubl.xml": ubl_xml(document, "xrechnung"),
    }
    assert {name: sha256(body) for name, body in made.items()} == GOLDEN
