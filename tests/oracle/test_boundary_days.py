"""Days on which a rule turns, each with the figures that it must show, written down by hand.

One book has them all, a day for each; and the oracle says the same of every row.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from meterbook.book import Book
from oracle.compared import assert_same
from oracle.landed import book_in, land_catalog, land_events, read_back
from oracle.month_costs import CostPiece, land_cost
from oracle.month_credits import Export, hour_row, land_export, query_row, warehouse_service
from oracle.month_parts import ALWAYS, FOREVER, aliases, document, event, rule, shares, spans
from oracle.records import Json

NOW = datetime(2026, 11, 7, 8, tzinfo=UTC)
(EXACTLY, OVER, REFUNDS, UNUSED, MID_DAY, DOWN, EMPTIED, VANISHED, EARLY, ACCEPTED, THIRDS, ALONE, SHARED,
 TWICE) = (f"2026-10-{number:02}" for number in range(1, 15))  # fmt: skip


def catalog() -> list[Json]:
    def config(key: str, value: str) -> Json:
        return document("config", key, {"id": key, "values": spans({"value": value})})

    def tenant(key: str, starts_on: str = ALWAYS) -> Json:
        card = {"plan_id": "cost", "plan_version": "1", "starts_on": EXACTLY, "ends_on": FOREVER}
        body = {"id": key, "name": key, "modules": [], "subscriptions": [card]}
        return document("tenant", key, {**body, "starts_on": starts_on})

    work = {"id": "work", "name": "work", "unit": "second", "aggregation": "sum", "counts": "",
            "conversions": [], "visibility": "internal", "domain": "test"}  # fmt: skip
    prices = spans({"value": "2.5", "ends_on": SHARED}, {"value": "3.0", "starts_on": SHARED})
    thirds = {"acme": "0.333333", "newt": "0.333333", "zed": "0.333334"}
    plan = {"id": "cost", "version": "1", "currency": "USD", "levy": {}, "facility_fees": [],
            "rates": [], "passthrough": ["aws", "external", "snowflake"]}  # fmt: skip
    links = spans(*({"tenant_id": key} for key in thirds))
    payer = {"id": "a", "name": "a", "seller": "s", "currency": "USD", "tenants": links}
    return [
        document("metric", "work", work),
        document("plan", "cost:1", plan),
        document("account", "a", payer),
        config("unattributed_threshold", "0.02"),
        config("settle_hours", "48"),
        config("cost_source", "cur"),
        *(tenant("acme"), tenant("newt", MID_DAY), tenant("zed", "2026-10-31")),
        rule("own:1", 1, "tag", ALWAYS),
        rule("pool:1", 2, "usage_share", ALWAYS, match={"owner_tag": "pool"}, metric="work"),
        rule("thirds:1", 3, "fixed_share", ALWAYS, match={"owner_tag": "shared"}, shares=shares(thirds)),
        document("cost_rate", "snowflake_credit", {"id": "snowflake_credit", "values": prices}),
        document("warehouse", "ALONE", {"id": "ALONE", "dedicated_to": "acme", "otherwise": ""}),
        aliases("sounds", "owner", {"Team A": "acme"}, fold=True),
    ]  # fmt: skip


def usage() -> list[Json]:
    """The newcomer works from noon of its first day, and an order was taken back on a day of its own."""
    return [
        event("a1", "acme", "work", f"{MID_DAY}T00:00:00Z", "1"),
        event("n1", "newt", "work", f"{MID_DAY}T12:00:00Z", "1"),
    ]


def bill(key: str, placed: str, **days: list[tuple[str, str]]) -> CostPiece:
    """A delivery by October's days: `d07=[("acme", "10")]`; a day without rows is told to be empty."""
    named = {f"2026-10-{name[1:]}": rows for name, rows in days.items()}
    rows = [
        {"usage_date": day, "cost": cost, "currency": "USD", "service": "S3", "owner_tag": owner}
        for day, told in named.items()
        for owner, cost in told
    ]
    return CostPiece(key, "cur", "1", placed, tuple(named), rows, accepted=key == "accepted")


def bills() -> list[CostPiece]:
    ten, late = [("acme", "10")], "2026-11-01T00:00:00+00:00"
    return [
        bill("first", "2026-10-10T00:00:00+00:00",
             d01=[("acme", "98"), ("nobody", "2"), ("ghost", "-1")],
             d02=[("team-a", "97.99999999"), ("nobody", "2.00000001")],
             d03=[("nobody", "-5"), ("acme", "-0.5")],
             d04=[("pool", "10")],
             d05=[("pool", "10"), ("newt", "1")],
             d06=ten, d07=ten, d08=ten, d09=ten, d10=ten, d11=[("shared", "1.000000000001")],
             d14=[("acme", "1"), ("acme", "1")]),
        bill("early", "2026-10-10T12:00:00+00:00", d09=[]),
        bill("again", late, d06=[("acme", "6")], d07=[]),
        bill("accepted", late, d10=[]),
    ]  # fmt: skip


def credits() -> list[Json]:
    """A warehouse of one tenant alone, and one that three share by how long they ran."""
    hours = [hour_row("ALONE", f"{ALONE}T08:00:00+00:00", "42", "0", None),
             hour_row("SHARED", f"{SHARED}T08:00:00+00:00", "17", "0", "11")]  # fmt: skip
    ran = [
        query_row(f"q{number}", "SHARED", f"{SHARED}T08:{number}0:00+00:00", "1000", tag, "R", "U")
        for number, tag in enumerate(("acme", "newt", ""), 1)
    ]
    ran.append(query_row("q4", "ALONE", f"{ALONE}T08:30:00+00:00", "5", "newt", "R", "U"))
    adjusted = {ALONE: Decimal(0), SHARED: Decimal(0)}
    return [*hours, *ran, *warehouse_service(hours, adjusted)]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    book = book_in(tmp_path_factory.mktemp("boundaries"), NOW)
    land_catalog(book.landing, 1, catalog())
    land_events(book.landing, "usage", usage())
    for piece in bills():
        land_cost(book.landing, piece)
    land_export(book.landing, Export("credits", "2026-10-16T00:00:00+00:00", credits()))
    book.update()
    return book


def judged(book: Book, day: str) -> dict[str, Any]:
    (row,) = book.show("v_unattributed_costs", {"usage_date": day})
    return row


def owned(book: Book, day: str, source: str = "aws") -> dict[tuple[str, str], Decimal]:
    """Who owns how much of a day, or why nobody does."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in book.show("v_attributed_cost_daily", {"usage_date": day, "source": source}):
        sums[str(row["tenant_id"]), str(row["reason"])] += Decimal(str(row["cost_usd"]))
    return {owner: cost for owner, cost in sums.items() if cost}


def test_the_oracle_says_the_same_of_every_row(book: Book) -> None:
    assert_same(book, read_back(book.landing).answer())
    assert {finding.check for finding in book.check()} == {"no_day_is_suspicious"}


def test_a_share_of_just_two_percent_does_not_alert(book: Book) -> None:
    """And the refund of one dollar hides nothing of it."""
    day = judged(book, EXACTLY)
    assert (day["unattributed_share"], day["exceeds_threshold"]) == (Decimal("0.02"), False)
    assert (day["total_aws_cost_usd"], day["unattributed_cost_usd"]) == (100, 2)


def test_the_least_bit_more_alerts(book: Book) -> None:
    day = judged(book, OVER)
    assert (day["unattributed_share"], day["exceeds_threshold"]) == (Decimal("0.0200000001"), True)
    assert day["threshold_used"] == Decimal("0.02")


def test_a_day_with_refunds_alone_has_a_share_of_nothing_and_is_conserved(book: Book) -> None:
    day = judged(book, REFUNDS)
    assert (day["unattributed_share"], day["is_without_cost"], day["exceeds_threshold"]) == (
        0,
        True,
        False,
    )
    assert owned(book, REFUNDS) == {("acme", ""): Decimal("-0.5"), ("", "no_rule"): Decimal(-5)}


def test_a_pool_that_nobody_used_has_no_owner_and_says_so(book: Book) -> None:
    assert owned(book, UNUSED) == {("", "no_usage"): Decimal(10)}
    assert judged(book, UNUSED)["unattributed_share"] == 1


def test_a_tenant_who_comes_at_noon_has_its_whole_day(book: Book) -> None:
    assert owned(book, MID_DAY) == {("acme", ""): Decimal(5), ("newt", ""): Decimal(6)}


@pytest.mark.parametrize(
    ("day", "cost"),
    [(DOWN, 6), (EMPTIED, 10), (VANISHED, 10), (EARLY, 0), (ACCEPTED, 0)],
    ids=[
        "goes down",
        "is emptied",
        "vanishes",
        "is emptied before it settles",
        "is accepted empty",
    ],
)
def test_a_restated_day_shows_what_can_be_believed(book: Book, day: str, cost: int) -> None:
    (conserved,) = book.show("v_cost_conservation", {"usage_date": day, "source": "aws"})
    assert (conserved["control_usd"], conserved["attributed_usd"]) == (cost, cost)
    assert conserved["residual_usd"] == 0


def test_only_the_day_that_was_emptied_waits_for_a_person(book: Book) -> None:
    (finding,) = book.check()
    assert [(str(row["usage_date"]), row["delivery_id"]) for row in finding.rows] == [
        (EMPTIED, "again")
    ]


def test_the_part_of_one_who_is_no_tenant_is_nobodys_and_nobody_else_pays_it(book: Book) -> None:
    assert owned(book, THIRDS) == {
        ("acme", ""): Decimal("0.333333"),
        ("newt", ""): Decimal("0.333333"),
        ("", "no_tenant"): Decimal("0.333334000001"),
    }
    assert judged(book, THIRDS)["unattributed_share"] == Decimal("0.333334")


def test_two_rows_that_say_the_same_are_two_costs(book: Book) -> None:
    assert owned(book, TWICE) == {("acme", ""): Decimal(2)}


def test_forty_two_credits_of_a_dedicated_warehouse_cost_a_hundred_and_five(book: Book) -> None:
    """FR-394: 42 × 2.5, all of it the one tenant's, whoever ran the query."""
    assert owned(book, ALONE, "snowflake") == {("acme", ""): Decimal("105.000000")}


def test_seventeen_credits_of_a_shared_warehouse_cost_fifty_one_and_their_shares_sum_to_one(
    book: Book,
) -> None:
    """FR-394: 17 × 3.0, a third each, of what was busy and of what stood idle."""
    costs = owned(book, SHARED, "snowflake")
    assert costs.keys() == {("acme", ""), ("newt", ""), ("", "no_rule")}
    assert sum(costs.values()) == Decimal("51.000000")
    rows = book.show("v_snowflake_credit_daily", {"usage_date": SHARED})
    used: dict[object, Decimal] = defaultdict(Decimal)
    for row in rows:
        used[row["kind"]] += Decimal(str(row["credits"]))
        assert abs(
            Decimal(str(row["credits"])) * 3 - (11 if row["kind"] == "compute" else 6)
        ) < Decimal("1e-9")
    assert used == {"compute": 11, "idle": 6}
