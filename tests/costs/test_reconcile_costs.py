"""Cost Explorer, the bill and the book tell one story, or the verdict names the day, and stays.

Every month of one book is a story of its own; CONFIG differs by month where a story needs it.
"""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest
from costs.cost_book import CATALOG, PAYER, Cost, CostBook, cost
from meterbook.costs.reconcile_costs import Verdict, reconcile_costs
from meterbook.errors import Refused
from meterbook.period import Period

WORLD = (
    CATALOG
    + """
---
{kind: tag_aliases, id: services, tag: service, aliases: {Amazon Simple Storage: AmazonS3}}
---
{kind: tag_aliases, id: owners, tag: owner, fold: true, aliases: {ac.me: acme}}
---
{kind: allocation_rule, id: s3, version: 1, position: 2, method: platform, from: 2026-11-01,
 match: {service: AmazonS3}}
---
{kind: allocation_rule, id: rest, version: 1, position: 3, method: even, from: 2026-11-01}
---
{kind: config, id: reconcile_tolerance_usd, values: [{value: 0.5, from: 2026-06-01, until: 2026-07-01}]}
---
{kind: config, id: cost_source, values: [{value: aws_cost, from: 2026-08-01, until: 2026-09-01}]}
---
{kind: config, id: cost_metric, values: [{value: amortized, from: 2026-09-01, until: 2026-10-01}]}
"""
)
BILL = [
    cost("10", "01", owner_tag="acme"),
    cost("2", "01", service="AmazonS3", owner_tag="bolt"),
    cost("1", "01", service="AmazonS3"),
]
EC2 = [cost("9.5", "01", owner_tag="ACME"), cost("0.5", "01", owner_tag="ac-me")]
S3 = [
    cost("2", "01", service="Amazon Simple Storage", owner_tag="bolt"),
    cost("1", "01", service="Amazon Simple Storage", owner_tag="nobody"),
]


def sns(usd: str) -> Cost:
    return cost(usd, "01", service="AmazonSNS")


BILLS_AND_EXPLORERS = {
    "2026-01": (BILL, EC2 + S3),
    "2026-02": (BILL, [cost("10.5", "01", owner_tag="acme"), *S3]),
    "2026-03": (BILL, [cost("10", "01"), *S3]),
    "2026-04": (BILL, [*EC2, *S3, sns("0.01")]),
    "2026-05": (BILL, [*EC2, *S3, sns("0.010000000001")]),
    "2026-06": (BILL, [*EC2, *S3, sns("0.5")]),
    "2026-07": (BILL, [*EC2, *S3, sns("3")]),
    "2026-08": (BILL, [*EC2, *S3, sns("3")]),
    "2026-09": (
        [cost("0", "01", amortized_cost="4", owner_tag="acme")],
        [cost("100", "01", amortized_cost="4.5", owner_tag="acme")],
    ),
    "2026-10": ([*BILL, cost("7", "02")], [*EC2, *S3, cost("5", "03")]),
    "2026-11": ([*BILL, cost("0.1", "01")], [*EC2, *S3, cost("0.1", "01")]),
    "2026-12": (BILL, EC2 + S3),
}


def of_month(month: str, rows: list[Cost]) -> list[Cost]:
    return [row | {"usage_date": f"{month}-{row['usage_date']}"} for row in rows]


@pytest.fixture(scope="module")
def costs(founded_costs: CostBook, tmp_path_factory: pytest.TempPathFactory) -> CostBook:
    book = founded_costs.copied_to(tmp_path_factory.mktemp("reconcile") / "book")
    book.apply(WORLD)
    for month, (bill, explorer) in BILLS_AND_EXPLORERS.items():
        empty = [f"{month}-04"]
        book.land(f"bill-{month}", of_month(month, bill), days=empty)
        rows = of_month(month, explorer)
        book.land(f"explorer-{month}", rows, stream="aws_cost", days=empty)
    earlier = of_month("2026-01", [cost("15", "01", owner_tag="acme")])
    book.land("bill-earlier", earlier, at="2026-01-02T01:00")
    book.land("other-payer", of_month("2026-12", [cost("3", "01")]), payer="444455556666")
    book.book.update()
    return book


def reconciled(costs: CostBook, month: str, now: str = "2027-01-05T08:00") -> Verdict:
    return reconcile_costs(costs.at(now), Period.parse(month))


def told(found: Verdict) -> list[tuple[str, str, str, str, str, str]]:
    def text(figure: Decimal | None) -> str:
        return "" if figure is None else f"{figure.normalize():f}"

    return [
        (of.state, str(of.usage_date.day), f"{of.grain} {of.name}".strip(), *map(text, of.figures))
        for of in found.findings
    ]


def test_sources_that_tell_the_same_in_other_words_agree(costs: CostBook) -> None:
    found = reconciled(costs, "2026-01")
    assert (found.verdict, told(found)) == ("agrees", [])
    assert (found.day_count, found.compared_count) == (2, 5)


def test_a_service_that_differs_is_named_with_all_three_figures(costs: CostBook) -> None:
    found = reconciled(costs, "2026-02")
    assert found.verdict == "differs"
    assert told(found) == [
        ("differs", "1", "service AmazonEC2", "10.5", "10", "10"),
        ("differs", "1", "tenant acme", "10.5", "10", ""),
    ]
    assert found.findings[0].difference_usd == Decimal("0.5")


def test_tenants_are_compared_where_the_services_agree(costs: CostBook) -> None:
    assert told(reconciled(costs, "2026-03")) == [
        ("differs", "1", "tenant", "11", "1", ""),
        ("differs", "1", "tenant acme", "0", "10", ""),
    ]


@pytest.mark.parametrize(
    ("month", "verdict"), [("2026-04", "agrees"), ("2026-05", "differs"), ("2026-06", "agrees")]
)
def test_a_difference_must_be_above_the_tolerance_of_the_month(
    month: str, verdict: str, costs: CostBook
) -> None:
    assert reconciled(costs, month).verdict == verdict


@pytest.mark.parametrize(("month", "book"), [("2026-07", "0"), ("2026-08", "3")])
def test_both_sources_speak_whichever_bills(month: str, book: str, costs: CostBook) -> None:
    assert told(reconciled(costs, month)) == [
        ("differs", "1", "service AmazonSNS", "3", "0", book),
        ("differs", "1", "tenant", "4", "1", ""),
    ]


def test_the_metric_that_bills_is_compared(costs: CostBook) -> None:
    assert told(reconciled(costs, "2026-09")) == [
        ("differs", "1", "service AmazonEC2", "4.5", "4", "4"),
        ("differs", "1", "tenant acme", "4.5", "4", ""),
    ]


def test_a_day_that_one_source_covers_is_incomplete_and_no_difference(costs: CostBook) -> None:
    found = reconciled(costs, "2026-10")
    assert found.verdict == "incomplete"
    assert told(found) == [
        ("incomplete", "2", f"payer {PAYER}", "", "7", ""),
        ("incomplete", "3", f"payer {PAYER}", "5", "", ""),
    ]
    assert (found.day_count, found.compared_count) == (4, 5)


def test_what_rules_share_or_keep_is_the_books_figure_too(costs: CostBook) -> None:
    found = reconciled(costs, "2026-11")
    assert (found.verdict, found.compared_count) == ("agrees", 5)
    dispositions = "select distinct disposition, method from metering.attributed_cost_daily"
    assert len(costs.rows(f"{dispositions} where usage_date = '2026-11-01'")) == 3


def test_a_payer_of_one_source_alone_makes_its_day_incomplete(costs: CostBook) -> None:
    found = reconciled(costs, "2026-12")
    assert told(found) == [("incomplete", "1", "payer 444455556666", "", "3", "")]
    assert (found.verdict, found.compared_count) == ("incomplete", 0)


def test_nothing_to_compare_is_no_agreement(costs: CostBook) -> None:
    found = reconciled(costs, "2027-01")
    assert (found.verdict, found.day_count, told(found)) == ("incomplete", 0, [])


def landed(costs: CostBook, verdict_id: str) -> list[dict[str, Any]]:
    keys = costs.landing.keys(f"verdicts/{verdict_id}/")
    lines = [part for key in keys for part in gzip.decompress(costs.landing.get(key)).splitlines()]
    return [json.loads(line) for line in lines]


def test_the_verdict_is_kept_with_what_it_has_looked_at(costs: CostBook) -> None:
    found = reconciled(costs, "2026-02", now="2027-01-06T08:00")
    assert found.verdict_id == "reconcile.2026-02.20270106T080000000000"
    head, service, tenant = landed(costs, found.verdict_id)
    assert head["deliveries"] == [
        {"stream": "aws_cost", "delivery_id": "explorer-2026-02", "day_count": "2"},
        {"stream": "cur", "delivery_id": "bill-2026-02", "day_count": "2"},
    ]
    assert (head["tolerance_usd"], head["compared_count"]) == ("0.01", "5")
    assert (service["name"], service["difference_usd"]) == ("AmazonEC2", "0.500000000000")
    assert (tenant["grain"], "attributed_usd" in tenant) == ("tenant", False)


def test_a_later_look_is_a_later_verdict_beside_the_first(costs: CostBook) -> None:
    for hour in ("08", "09"):
        reconciled(costs, "2026-12", now=f"2027-01-07T{hour}:00")
    counts = "verdict, day_count, difference_count, incomplete_count"
    verdicts = f"select {counts} from validation.reconciliations where period_start = '2026-12-01'"
    assert costs.rows(verdicts + " and day(reconciled_at) = 7") == [("incomplete", 2, 0, 1)] * 2


def test_one_moment_has_one_verdict(costs: CostBook) -> None:
    reconciled(costs, "2026-01", now="2027-01-08T08:00")
    with pytest.raises(Refused, match="at this very moment"):
        reconciled(costs, "2026-01", now="2027-01-08T08:00")


def test_without_a_tolerance_nothing_is_judged(
    founded_costs: CostBook, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bare = founded_costs.copied_to(tmp_path_factory.mktemp("bare") / "book")
    with pytest.raises(Refused, match="reconcile_tolerance_usd"):
        reconcile_costs(bare.book, Period.parse("2026-10"))
