"""Beside the days of a trend stands why a day is not like the one before, for one tenant alone.

A new price, a module that is switched on, a share of what is included that is used up, what came
late, cost that was delivered anew: each once, in the account's language, as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from close.small_world import World
from costs.cost_book import CostBook, cost
from hypothesis import given
from hypothesis import strategies as st
from meterbook.close.frozen import read_document
from meterbook.invoice.amend import hand_line
from meterbook.report.annotations import KINDS, noted, reached
from report.open_months import Fields, OpenMonth, day
from report.proof_world import NOVEMBER, OCTOBER

HOSTILE = '<script>alert("{0}{amount}")</script> =1+1 \u202e%s'
FOREVER = "9999-12-31"
PLATFORM_USD = "987654.321"


def month(used: Sequence[int] = (), included: str = "1000.000000", **told: object) -> Fields:
    """A month of `t` whose one metric has something included, and whose plan passes AWS on."""
    line = {
        "line_number": 1,
        "tenant_id": "t",
        "line_kind": "variable",
        "metric": "calls",
        "included_quantity": included,
        "amount": "0.00",
        "text": "",
    }
    found = OpenMonth(used=[1000 * count for count in used]).body()
    return found | {"lines": [line], "account": {"document": {"language": "en"}}} | told


def says(body: Fields, **more: object) -> list[tuple[str, str, str]]:
    told = {"restated": (), "language": "en"} | more
    found = noted(body, "t", **told)  # type: ignore[arg-type]
    assert all(one["kind"] in KINDS for one in found)
    return [(one["day"], one["kind"], one["text"]) for one in found]


def span(starts_on: str, ends_on: str = FOREVER, **told: str) -> Fields:
    return {"starts_on": starts_on, "ends_on": ends_on} | told


def plan(name: str, version: str, starts_on: str, ends_on: str = FOREVER) -> Fields:
    return span(starts_on, ends_on, plan_id=name, plan_version=version)


def tenant(**told: object) -> list[Fields]:
    document = span("1900-01-01") | {"id": "t", "modules": [], "subscriptions": []} | told
    return [{"id": "t", "document": document}]


def module(name: str, starts_on: str, ends_on: str = FOREVER) -> Fields:
    return span(starts_on, ends_on, module_id=name)


def test_another_plan_version_is_a_change_of_rate_and_the_first_one_is_not() -> None:
    plans = [
        plan("scale", "1", "2026-10-20"),
        plan("growth", "4", "2026-10-05", "2026-10-20"),
        plan("growth", "3", "2026-10-02", "2026-10-05"),
    ]
    assert says(month(tenants=tenant(subscriptions=plans))) == [
        ("2026-10-05", "rate_change", "Plan growth v4 follows growth v3"),
        ("2026-10-20", "rate_change", "Plan scale v1 follows growth v4"),
    ]
    same = [plan("growth", "3", "2026-01-01", "2026-10-05"), plan("growth", "3", "2026-10-05")]
    assert says(month(tenants=tenant(subscriptions=same))) == []
    elsewhen = [plan("growth", "3", "2026-01-01"), plan("scale", "1", "2026-11-01")]
    assert says(month(tenants=tenant(subscriptions=elsewhen))) == []


def test_the_prices_of_a_plan_that_begin_in_the_month_are_a_change_of_rate() -> None:
    body = month(tenants=tenant(subscriptions=[plan("t", "1", "1900-01-01")]))
    body["plans"][0]["document"]["starts_on"] = "2026-10-09"
    assert says(body) == [("2026-10-09", "rate_change", "The prices of plan t v1 begin")]
    assert says(body | {"tenants": tenant(subscriptions=[plan("other", "1", "1900-01-01")])}) == []


def test_a_module_is_switched_on_once_and_goes_on_without_a_word() -> None:
    modules = [
        module("MOD-1", "2026-10-12"),
        module("MOD-2", "2026-01-01", "2026-10-10"),
        module("MOD-2", "2026-10-10"),
        module("MOD-3", "2026-01-01"),
        module("MOD-4", "2026-11-01"),
    ]
    names = [{"id": "MOD-1", "document": {"id": "MOD-1", "name": "Vault"}}]
    body = month(tenants=tenant(modules=modules), modules=names)
    assert says(body) == [("2026-10-12", "module_activated", "Vault is switched on")]
    newcomer = tenant(modules=[module("MOD-3", "2026-01-01")], starts_on="2026-10-17")
    assert says(body | {"tenants": newcomer}) == [
        ("2026-10-17", "module_activated", "MOD-3 is switched on")
    ]


def test_a_share_of_what_is_included_is_told_on_the_day_that_reaches_it() -> None:
    text = "Calls: {} % of what is included used (1,000 call)"
    assert says(month([500, 300, 100, 0, 100, 500])) == [
        ("2026-10-02", "threshold_hit", text.format(80)),
        ("2026-10-05", "threshold_hit", text.format(100)),
    ]
    assert says(month([700, 250, 49])) == [("2026-10-02", "threshold_hit", text.format(95))]
    # What is taken back and used again is reached once.
    assert [one for one, *_ in says(month([800, -100, 100]))] == ["2026-10-01"]
    assert says(month([1000], included="0.000000")) == []


def test_a_level_reaches_a_share_by_itself_and_two_modules_of_a_day_are_one_day() -> None:
    body = month([500, 400, 820])
    body["metrics"][0]["document"]["aggregation"] = "max"
    assert [(one, text[:11]) for one, _, text in says(body)] == [("2026-10-03", "Calls: 80 %")]
    twice = month([450])
    twice["usage"] = [twice["usage"][0] | {"module_id": name} for name in ("a", "b")]
    assert [text[:11] for *_, text in says(twice)] == ["Calls: 80 %"]


def test_ids_that_count_once_reach_a_share_by_their_first_days() -> None:
    body = month([900, 900])
    body["metrics"][0]["document"]["aggregation"] = "distinct"
    assert says(body) == []
    rows = [
        {"tenant_id": who, "metric": "calls", "usage_date": day(n), "new_ids": new}
        for who, n, new in (("t", 1, 700), ("t", 3, 150), ("other", 2, 999))
    ]
    assert [(one, text[:11]) for one, _, text in says(body, new_ids=rows)] == [
        ("2026-10-03", "Calls: 80 %")
    ]


def adjustment(amount: str, **told: str) -> Fields:
    line = hand_line(amount, "") | {"tenant_id": "t", "adjusts_period": "2026-09"}
    return line | told


def test_what_came_late_is_told_by_month_and_amount_on_the_first_day() -> None:
    lines = [
        adjustment("-1.50"),
        adjustment("1234.50", metric="calls"),
        adjustment("7.00", adjusts_period="2026-08"),
        adjustment("99.00", tenant_id="sibling"),
        adjustment("-20.00", text=HOSTILE),
    ]
    assert says(month(lines=lines)) == [
        ("2026-10-01", "late_adjustment", f"{HOSTILE}: \u221220.00 USD"),
        ("2026-10-01", "late_adjustment", "Adjustment for 2026-08: 7.00 USD"),
        ("2026-10-01", "late_adjustment", "Adjustment for 2026-09: 1,233.00 USD"),
    ]


def restated(source: str = "aws", of: date = date(2026, 10, 7)) -> Fields:
    totals = {"first_usd": Decimal(PLATFORM_USD), "last_usd": Decimal(PLATFORM_USD)}
    return totals | {
        "usage_date": of,
        "source": source,
        "delivery_count": 2,
        "restated_at": datetime(2026, 11, 20, 8),  # noqa: DTZ001 - as SQL has it
    }


def test_cost_that_was_delivered_anew_is_told_to_those_whose_bill_passes_it_on() -> None:
    rows = [restated(), restated("external"), restated(of=date(2026, 11, 7))]
    (only,) = says(month(), restated=rows)
    text = "AWS infrastructure: this day's cost was delivered anew on 2026-11-20 and has changed"
    assert only == ("2026-10-07", "restated_cost", text)
    kept = month()
    kept["plans"][0]["document"]["passthrough"] = []
    assert says(kept, restated=rows) == []
    assert "987" not in str(says(month(), restated=rows))


def test_each_is_told_in_the_language_of_the_account_and_in_order() -> None:
    plans = [plan("a", "1", "2026-01-01", "2026-10-07"), plan("b", "2", "2026-10-07")]
    own = tenant(subscriptions=plans, modules=[module("MOD-1", "2026-10-07")])
    body = month([0, 800], tenants=own)
    body["lines"].append(adjustment("-1234.50"))
    assert says(body, restated=[restated()], language="de") == [
        ("2026-10-01", "late_adjustment", "Anpassung für 2026-09: \u22121.234,50 USD"),
        ("2026-10-02", "threshold_hit", "Calls: 80 % der Inklusivmenge genutzt (1.000 call)"),
        ("2026-10-07", "module_activated", "MOD-1 ist eingeschaltet"),
        ("2026-10-07", "rate_change", "Plan b v2 folgt auf a v1"),
        (
            "2026-10-07", "restated_cost",
            "AWS-Infrastruktur: Kosten dieses Tages am 20.11.2026 neu geliefert und geändert",
        ),
    ]  # fmt: skip


def test_a_hostile_name_stays_the_text_that_it_is() -> None:
    names = [{"id": "MOD-1", "document": {"id": "MOD-1", "name": HOSTILE}}]
    body = month([900], tenants=tenant(modules=[module("MOD-1", "2026-10-07")]), modules=names)
    body["metrics"][0]["document"] |= {"name": HOSTILE, "unit": HOSTILE}
    assert [text for *_, text in says(body)] == [
        f"{HOSTILE}: 80 % of what is included used (1,000 {HOSTILE})",
        f"{HOSTILE} is switched on",
    ]


@given(st.fractions(0, 2000), st.fractions(0, 1000))
def test_a_share_is_reached_from_the_very_quantity_on(used: Fraction, included: Fraction) -> None:
    shares = [80, 95, 100] if included else []
    assert reached(used, included) == [
        one for one in shares if used / included >= Fraction(one, 100)
    ]


def test_real_months_say_what_happened_in_them(proven: World) -> None:
    days = {"period_start": OCTOBER.start, "period_end": OCTOBER.end}
    new, again = (proven.book.query(f"publish_{name}", **days) for name in ("new_ids", "restated"))
    assert {"tenant_id": "cedar", "metric": "active_customers", "new_ids": 3} in [
        {name: row[name] for name in ("tenant_id", "metric", "new_ids")} for row in new
    ]
    october = read_document(proven.landing, OCTOBER, "cedar").body
    told = [(one["day"], one["kind"]) for one in noted(october, "cedar", again, "en", new)]
    assert ("2026-10-03", "restated_cost") in told
    assert ("2026-10-12", "module_activated") in told
    november = read_document(proven.landing, NOVEMBER, "acme").body
    assert ("2026-11-01", "late_adjustment") in [
        (one["day"], one["kind"]) for one in noted(november, "acme", (), "en")
    ]


@pytest.fixture(scope="module")
def delivered(founded_costs: CostBook, tmp_path_factory: pytest.TempPathFactory) -> CostBook:
    """A day in each of the ways in which one can be delivered again."""
    book = founded_costs.copied_to(tmp_path_factory.mktemp("restated") / "book")
    book.apply()
    early = {"2026-10-01": "50"}
    first = {"2026-10-01": "60", "2026-10-02": "40", "2026-10-03": "30", "2026-10-06": "20"}
    again = {"2026-10-02": "45.5", "2026-10-03": "30", "2026-10-06": "4"}
    for name, at, days in (
        ("early", "2026-10-02T06:00", early),
        ("first", "2026-11-03T06:00", first),
        ("again", "2026-11-04T06:00", again),
        ("once-more", "2026-11-04T18:00", {"2026-10-02": "45.5"}),
    ):
        book.land(name, [cost(usd, one) for one, usd in days.items()], at=at)
    for stream, usd in (("aws_cost", "9"), ("external_cost", "5")):
        rows = [cost(usd, "2026-10-04")]
        book.land(f"{stream}-1", rows, stream=stream, at="2026-11-03T06:00")
        more = [cost(f"{usd}.5", "2026-10-04")]
        book.land(f"{stream}-2", more, stream=stream, at="2026-11-04T06:00")
    book.book.update()
    return book


def test_a_settled_day_of_what_is_billed_is_restated_by_another_total(delivered: CostBook) -> None:
    rows = delivered.book.query(
        "publish_restated", period_start=OCTOBER.start, period_end=OCTOBER.end
    )
    assert [tuple(str(value) for value in row.values()) for row in rows] == [
        (
            "2026-10-02", "aws", "3", "40.000000000000", "45.500000000000",
            "2026-11-04 06:00:00",
        ),
        (
            "2026-10-04", "external", "2", "5.000000000000", "5.500000000000",
            "2026-11-04 06:00:00",
        ),
    ]  # fmt: skip
