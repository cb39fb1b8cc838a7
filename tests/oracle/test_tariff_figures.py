"""Every way of pricing with the figures that it must show, written down by hand.

One book has them all, a tenant for each; and the oracle says the same of every row.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from meterbook.book import Book
from oracle.compared import assert_same_money
from oracle.landed import book_in, land_catalog, land_events, read_back
from oracle.month_costs import CostPiece, land_cost
from oracle.month_parts import ALWAYS, FOREVER, document, event, rule, spans
from oracle.records import Json

NOW = datetime(2026, 11, 7, 8, tzinfo=UTC)
TIERS = [
    {"tier": "1", "up_to": "1000", "unit_price": "0.40"},
    {"tier": "2", "up_to": "5000", "unit_price": "0.30"},
    {"tier": "3", "up_to": "", "unit_price": "0.20"},
]
FEE = {"facility_fees": [{"module_id": "M-1", "fee": "310"}]}
HALF = {"percent": "50", "kinds": ["facility"]}
# Of each tenant: what its plan says, what it says of calls, what its account says, what it used.
TENANTS: dict[str, tuple[Json, Json, Json, str]] = {
    "graduated": ({}, {"pricing": "graduated", "tiers": TIERS}, {}, "7100"),
    "volume": ({}, {"pricing": "volume", "tiers": TIERS}, {}, "1100"),
    "volume-and-one": ({}, {"pricing": "volume", "tiers": TIERS}, {}, "1101"),
    "package": ({}, {"pricing": "package", "unit_price": "2.5", "unit_size": "1000"}, {}, "2101"),
    "nothing": ({}, {"pricing": "graduated", "tiers": TIERS}, {}, "100"),
    "colossus": ({}, {"unit_price": "999999999999"}, {}, "99999999999999"),
    "part": (
        {**FEE, "minimum": "620", "prorate": "daily"},
        {},
        {
            "discounts": spans(
                {"id": "ten", "percent": "10", "kinds": ["facility", "minimum"]},
                {"id": "vast", "percent": "100", "kinds": ["levy"]},
            ),
            "credits": [
                {"id": "sorry", "tenant_id": "part", "period": "2026-10", "amount": "15.5"}
            ],
        },
        "0",
    ),
    "cent": (
        {"facility_fees": [{"module_id": "M-1", "fee": "0.01"}]},
        {},
        {"discounts": spans({"id": "b", **HALF}, {"id": "a", **HALF})},
        "0",
    ),
    "euro": (
        {"currency": "EUR", "passthrough": ["aws"], "markups": [{"source": "aws", "percent": "8"}]},
        {},
        {"currency": "EUR"},
        "0",
    ),
    "yen": ({"currency": "JPY", "passthrough": ["aws"]}, {}, {"currency": "JPY"}, "0"),
}
STARTS = {"part": "2026-10-12", "graduated": ALWAYS}
MODULES = {"part": "2026-10-22", "cent": "2026-10-01", "graduated": "2026-08-15"}


def catalog() -> list[Json]:
    calls = {"id": "calls", "name": "calls", "unit": "call", "aggregation": "sum", "counts": "",
             "conversions": [], "visibility": "licensee", "domain": "test"}  # fmt: skip
    euro = spans({"value": "1.0842", "starts_on": "2026-10-01"})
    settings = {"cost_source": "cur", "settle_hours": "48", "unattributed_threshold": "0.02"}
    return [
        document("metric", "calls", calls),
        *(document("config", key, {"id": key, "values": spans({"value": value})})
          for key, value in settings.items()),
        document("cost_rate", "EUR", {"id": "EUR", "values": euro}),
        rule("own:1", 1, "tag", ALWAYS),
        *(row for name in TENANTS for row in commercial(name)),
    ]  # fmt: skip


def commercial(name: str) -> list[Json]:
    """A plan, a tenant and an account of one name."""
    plan, rate, account, _ = TENANTS[name]
    price = {"metric": "calls", "included": "100", "unit_price": "0", "unit_size": "1", **rate}
    card = {"plan_id": name, "plan_version": "1", "starts_on": STARTS.get(name, "2026-10-01")}
    modules = [{"module_id": "M-1", "starts_on": MODULES[name]}] if name in MODULES else []
    body = {"id": name, "version": "1", "currency": "USD", "passthrough": [], "levy": {},
            "facility_fees": [{"module_id": "M-1", "fee": "0"}], "rates": [price]}  # fmt: skip
    payer = {"id": name, "name": name, "seller": "s", "currency": "USD"}
    return [
        document("plan", f"{name}:1", {**body, **plan}),
        document("tenant", name, {"id": name, "name": name, "modules": spans(*modules),
                                  "subscriptions": spans({"ends_on": FOREVER, **card})}),
        document("account", name, {**payer, "tenants": spans({"tenant_id": name}), **account}),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    book = book_in(tmp_path_factory.mktemp("figures"), NOW)
    land_catalog(book.landing, 1, catalog())
    used = {name: quantity for name, (*_, quantity) in TENANTS.items()}
    time = "2026-10-20T12:00:00Z"
    land_events(
        book.landing,
        "usage",
        [event(name, name, "calls", time, used[name], "call") for name in used],
    )
    rows = [
        {"usage_date": "2026-10-20", "cost": "100", "currency": "USD", "owner_tag": name}
        for name in ("euro", "yen")
    ]
    day = ("2026-10-20",)
    land_cost(book.landing, CostPiece("bill", "cur", "p", "2026-10-22T00:00:00+00:00", day, rows))
    book.update()
    return book


def lines(book: Book, tenant: str, *kinds: str) -> list[tuple[Any, ...]]:
    """Kind, tier, what is billed, amount: of October, in order."""
    rows = book.show("v_period_lines", {"tenant_id": tenant})
    return sorted(
        (str(row["kind"]), str(row["metric"]), int(str(row["tier"])), row["billable_quantity"], row["amount"])
        for row in rows
        if str(row["period_start"]) == "2026-10-01" and row["kind"] in kinds
    )  # fmt: skip


def test_the_oracle_says_the_same_of_every_row(book: Book) -> None:
    landed = read_back(book.landing).answer()
    # The oracle has no bound on its numbers: what is too large to be exact has no line in the book.
    landed.lines = [line for line in landed.lines if line.tenant != "colossus"]
    landed.totals = {key: sums for key, sums in landed.totals.items() if key[1] != "colossus"}
    landed.earned = {key: one for key, one in landed.earned.items() if key[1] != "colossus"}
    landed.faults.add(("2026-10", "colossus", "colossus", "amount_out_of_range"))
    assert_same_money(book, landed)


def test_each_graduated_tier_bills_its_slice_of_what_is_not_included(book: Book) -> None:
    assert lines(book, "graduated", "variable") == [
        ("variable", "calls", 1, 1000, Decimal("400")),
        ("variable", "calls", 2, 4000, Decimal("1200")),
        ("variable", "calls", 3, 2000, Decimal("400")),
    ]


def test_nothing_to_bill_shows_in_the_first_tier(book: Book) -> None:
    assert lines(book, "nothing", "variable") == [("variable", "calls", 1, 0, 0)]


def test_the_volume_that_is_reached_prices_all_of_it(book: Book) -> None:
    """A thousand is still the first tier's."""
    assert lines(book, "volume", "variable") == [("variable", "calls", 1, 1000, Decimal("400"))]
    (above,) = lines(book, "volume-and-one", "variable")
    assert above == ("variable", "calls", 2, 1001, Decimal("300.30"))


def test_a_package_that_is_begun_counts_whole(book: Book) -> None:
    assert lines(book, "package", "variable") == [("variable", "calls", 1, 3000, Decimal("7.50"))]


def test_a_part_of_the_month_owes_a_part_of_the_fee_and_of_the_minimum(book: Book) -> None:
    """Ten days of 310 a month; twenty days of 620 at least, less what the fee comes to."""
    assert lines(book, "part", "facility", "minimum") == [
        ("facility", "", 1, 10, Decimal("100")),
        ("minimum", "", 1, 20, Decimal("300")),
    ]


def test_a_discount_takes_its_percent_of_its_kinds_and_a_credit_its_amount(book: Book) -> None:
    """The plan has no levy, and of nothing there is no discount."""
    assert lines(book, "part", "discount", "credit") == [
        ("credit", "sorry", 1, 0, Decimal("-15.50")),
        ("discount", "ten", 1, 0, Decimal("-40.00")),
    ]


def test_two_halves_of_a_cent_are_no_two_cents(book: Book) -> None:
    assert lines(book, "cent", "discount") == [
        ("discount", "a", 1, 0, Decimal("-0.01")),
        ("discount", "b", 1, 0, 0),
    ]


def test_cost_is_passed_on_with_its_markup_in_the_accounts_currency(book: Book) -> None:
    """What 100 dollars and 8 percent come to at 1.0842 dollars a euro."""
    assert lines(book, "euro", "passthrough") == [("passthrough", "aws", 1, 0, Decimal("99.61"))]


def test_what_cannot_be_billed_parks_its_own_account(book: Book) -> None:
    found = {(row["account_id"], row["reason"]) for row in book.show("v_period_faults", {})}
    assert found == {("colossus", "amount_out_of_range"), ("yen", "rate_missing")}
    assert lines(book, "colossus", "variable") == lines(book, "yen", "passthrough") == []


def test_the_months_begin_where_somebody_says_so(book: Book) -> None:
    """A subscription without a start begins with its module's; no fact is that old."""
    rows = book.show("v_period_lines", {"tenant_id": "graduated", "kind": "facility"})
    months = sorted(str(row["period_start"])[:7] for row in rows)
    assert months == ["2026-08", "2026-09", "2026-10"]
