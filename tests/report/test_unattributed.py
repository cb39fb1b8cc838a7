"""The fixer names whose unowned cost is, and what it proposes moves exactly what it says.

The first book has fifty resources without a usable tag, whose owners the test knows, in two months
that cost the same. The second has what no proposal may touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from costs.cost_book import CATALOG, Cost, CostBook, cost
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.period import Period
from meterbook.report.unattributed import Unattributed, unattributed

SEPTEMBER, OCTOBER = Period.parse("2026-09"), Period.parse("2026-10")
ALONE, SHARED, MIXED = "100000000001", "200000000002", "300000000003"
TENANTS = ("acme", "bolt-energy", "globex", "initech", "umbrella")
WORLD = "\n---\n".join([
    *(f"{{kind: tenant, id: {one}}}" for one in TENANTS),
    "{kind: allocation_rule, id: by-tag, version: 1, position: 10, method: tag, from: 2026-01-01}",
    "{kind: allocation_rule, id: pool, version: 1, position: 20, method: platform,"
    " match: {owner_tag: base-load}, from: 2026-01-01}",
    "{kind: tag_aliases, id: typed, tag: owner, aliases: {Blitz: bolt-energy}}",
])  # fmt: skip


@dataclass(frozen=True)
class Lost:
    """A resource without a usable tag, and whose it is; `sibling` is its tag on the first day."""

    resource: str
    truth: str
    tag: str = ""
    service: str = "AmazonEC2"
    account: str = SHARED
    sibling: str = ""


def fifty() -> list[Lost]:
    mistyped = {
        "ACME": "acme", "acmee": "acme", "ac me": "acme", "Bolt Energy": "bolt-energy",
        "bolt-enrgy": "bolt-energy", "BLITZ": "bolt-energy", "Globexx": "globex",
        "glo_bex": "globex", "Initech": "initech", "inittech": "initech",
        "umbrela": "umbrella", "UMBRELLA": "umbrella",
    }  # fmt: skip
    return [
        *(Lost(f"i-typed{n}", mistyped[tag], tag) for n, tag in enumerate(mistyped)),
        # The tag was forgotten for a day; each tenant has a database service of its own.
        *(Lost(f"db-{n}", TENANTS[n % 5], service=f"RDS-{n % 5}", sibling=TENANTS[n % 5])
          for n in range(10)),
        # Never tagged, but named after the tenant.
        *(Lost(f"arn:aws:s3:::{TENANTS[n % 2]}-{n}", TENANTS[n % 2], service=f"S3-{n % 2}",
               account=MIXED) for n in range(8)),
        # Nothing but the account tells.
        *(Lost(f"vol-{n}", "acme", service="AmazonEBS", account=ALONE) for n in range(8)),
        # What nobody can tell, or what tells two stories.
        *(Lost(f"nat-{n}", TENANTS[n % 5], service="AmazonVPC") for n in range(6)),
        Lost("i-sandbox", "globex", "sandbox"),
        Lost("i-pool", "acme", "Base_Load"),
        Lost("acme-to-globex", "globex", service="AmazonDMS"),
        Lost("initech-cache", "umbrella", service="Cache", sibling="umbrella"),
        Lost("bolt-energy-cdn", "bolt-energy", service="CloudFront", account=ALONE),
        Lost("vol-tagged", "globex", "growth", service="AmazonEBS", account=MIXED),
    ]  # fmt: skip


def spent(month: str) -> list[Cost]:
    """What the fifty cost on two days, each its own figure, beside cost that has an owner."""
    rows = [
        cost("100", f"{month}-02", owner_tag=tenant, resource_id=f"i-{tenant}", account=account)
        for account in (SHARED, MIXED)
        for tenant in TENANTS
    ]
    rows += [cost("40", f"{month}-02", owner_tag="acme", resource_id="i-own", account=ALONE)]
    for n, lost in enumerate(fifty()):
        for day, tag in (("01", lost.sibling or lost.tag), ("02", lost.tag)):
            usd = f"{n + 1}.{n:02}0000001"
            place = {"service": lost.service, "account": lost.account, "owner_tag": tag}
            rows.append(cost(usd, f"{month}-{day}", resource_id=lost.resource, **place))
    return rows


@pytest.fixture(scope="module")
def lost(founded_costs: CostBook, tmp_path_factory: pytest.TempPathFactory) -> CostBook:
    book = founded_costs.copied_to(tmp_path_factory.mktemp("lost") / "book")
    book.apply(WORLD)
    for month in ("2026-09", "2026-10"):
        book.land(f"bill-{month}", spent(month))
    return book


@pytest.fixture(scope="module")
def found(lost: CostBook) -> Unattributed:
    """What is found on the first day of October."""
    return unattributed(lost.at("2026-10-01T07:00"), SEPTEMBER)


def test_all_unowned_dollars_are_listed_the_dearest_first(
    lost: CostBook, found: Unattributed
) -> None:
    sql = "select sum(unattributed_cost_usd) from metering.unattributed_costs"
    assert lost.rows(f"{sql} where usage_date < '2026-10-01'") == [(found.cost_usd,)]
    costs = [line.charge.cost_usd for line in found.lines]
    assert costs == sorted(costs, reverse=True)
    assert {line.charge.resource for line in found.lines} == {of.resource for of in fifty()}


def test_no_guess_is_wrong_and_most_resources_have_one(found: Unattributed) -> None:
    truth = {of.resource: of.truth for of in fifty()}
    assert len(truth) == 50
    guessed = {line.charge.resource: line.guess.tenant_id for line in found.lines}
    right = [resource for resource, tenant in guessed.items() if tenant == truth[resource]]
    made = [resource for resource, tenant in guessed.items() if tenant]
    precision, recall = Decimal(len(right)) / len(made), Decimal(len(right)) / len(truth)
    print(f"precision {precision}, recall {recall}")
    assert (precision, recall) == (1, Decimal("0.76"))


def test_what_is_proposed_moves_what_it_says_from_its_day_on(
    lost: CostBook, found: Unattributed
) -> None:
    def unowned(period: Period) -> tuple[object, ...]:
        columns = "sum(total_aws_cost_usd), sum(unattributed_cost_usd)"
        return lost.rows(
            f"select {columns} from metering.unattributed_costs"
            f" where usage_date >= '{period.start}' and usage_date < '{period.end}'"
        )[0]

    before, before_october = unowned(SEPTEMBER), unowned(OCTOBER)
    assert before == before_october
    first = lost.at("2026-10-01T07:30")
    applied = lost.apply(WORLD + "\n" + found.yaml(), first)
    assert [change.action for change in applied.changes] == ["add"] * len(found.documents)
    total, unowned_usd = before_october
    assert found.movable_usd > 0
    assert unowned(SEPTEMBER) == before
    assert unowned(OCTOBER) == (total, Decimal(str(unowned_usd)) - found.movable_usd)
    assert not [one for one in lost.book.check() if one.check == "cost_is_conserved"]

    again = unattributed(first, SEPTEMBER)
    assert (again.documents, again.cost_usd) == ([], found.cost_usd)
    moved = {line.charge.resource for line in found.lines if line.fix.startswith("unattributed-")}
    assert {line.charge.resource for line in again.lines if "in force" in line.fix} == moved
    later = unattributed(first, OCTOBER)
    assert not {line.charge.resource for line in later.lines} & moved


def test_a_proposal_is_an_alias_or_a_rule_behind_all_others(found: Unattributed) -> None:
    alias, *rules = found.documents
    assert (alias["kind"], alias["tag"], alias["from"]) == (
        "tag_aliases",
        "owner",
        date(2026, 10, 1),
    )
    assert alias["aliases"]["Globexx"] == "globex"
    ebs = next(rule for rule in rules if rule["match"].get("service") == "AmazonEBS")
    positions = [rule["position"] for rule in rules]
    assert len(set(positions)) == len(rules) and min(positions) > 20
    assert ebs == {
        "kind": "allocation_rule",
        "id": f"unattributed-AmazonEBS-{ALONE}",
        "version": 1,
        "position": ebs["position"],
        "method": "fixed_share",
        "match": {"source": "aws", "service": "AmazonEBS", "account": ALONE},
        "shares": {"acme": 1},
        "from": date(2026, 10, 1),
    }


def test_a_short_list_proposes_only_for_what_it_shows(lost: CostBook) -> None:
    short = unattributed(lost.at("2026-10-01T07:00"), SEPTEMBER, limit=3)
    assert len(short.lines) == 3
    assert {one["id"] for one in short.documents} <= {line.fix for line in short.lines}


ODD = f"""
{CATALOG}
---
{{kind: tenant, id: late, from: 2026-11-01}}
---
{{kind: tenant, id: gone, until: 2026-10-20}}
---
{{kind: metric, id: calls, unit: call}}
---
{{kind: allocation_rule, id: by-calls, version: 1, position: 5, method: usage_share, metric: calls,
 match: {{service: Gateway}}, from: 2026-01-01}}
---
{{kind: allocation_rule, id: to-gone, version: 2, position: 6, method: fixed_share,
 shares: {{gone: 1}}, match: {{service: Legacy}}, from: 2026-01-01}}
---
{{kind: allocation_rule, id: last, version: 1, position: 999999, method: platform,
 match: {{service: Nothing}}, from: 2026-01-01}}
---
{{kind: allocation_rule, id: ended, version: 1, position: 999998, method: platform,
 match: {{service: X}}, from: 2026-11-01, until: 2026-11-05}}
---
{{kind: cost_rate, id: snowflake_credit, value: 3}}
"""
CREDITS = [
    {
        "usage_date": "2026-10-25",
        "view": "WAREHOUSE_METERING_HISTORY",
        "START_TIME": "2026-10-25T08:00:00.000Z",
        "END_TIME": "2026-10-25T09:00:00.000Z",
        "WAREHOUSE_NAME": "ACME_WH",
        "CREDITS_USED_COMPUTE": "4",
        "CREDITS_USED_CLOUD_SERVICES": "0",
        "CREDITS_ATTRIBUTED_COMPUTE_QUERIES": "4",
    },
    {
        "usage_date": "2026-10-25",
        "view": "METERING_DAILY_HISTORY",
        "USAGE_DATE": "2026-10-25",
        "SERVICE_TYPE": "WAREHOUSE_METERING",
        "CREDITS_USED_COMPUTE": "4",
        "CREDITS_USED_CLOUD_SERVICES": "0",
        "CREDITS_USED": "4",
        "CREDITS_ADJUSTMENT_CLOUD_SERVICES": "0",
        "CREDITS_BILLED": "4",
    },
]


@pytest.fixture(scope="module")
def odd(founded_costs: CostBook, tmp_path_factory: pytest.TempPathFactory) -> CostBook:
    book = founded_costs.copied_to(tmp_path_factory.mktemp("odd") / "book")
    book.apply(ODD)
    day = "2026-10-25"
    book.land("bill", [
        cost("9", day, service="Gateway"),
        cost("8", day, service="Legacy"),
        cost("7", day, owner_tag="late", resource_id="acme-vm"),
        cost("6", day, owner_tag="gone", resource_id="bolt-vm"),
        cost("5", day, service="S3", resource_id="acme-a"),
        cost("4", day, service="S3", resource_id="bolt-b"),
        cost("3", day, owner_tag="Acmee", resource_id="bolt-c", service="X"),
        cost("2.5", day, owner_tag="Acmee", resource_id="d", service="X"),
        cost("2", day, service="", resource_id="acme-e"),
        cost("20", day, service="Refunded", resource_id="acme-f"),
        cost("-21", day, service="Refunded", resource_id="acme-f"),
        cost("1.5", day, service="acme service/β", account="", resource_id="acme-g"),
        cost("1.1", day, service="acme service/γ", account="", resource_id="acme-i"),
        cost("50", day, owner_tag="bolt", account=""),
        cost("50", day, owner_tag="acme", account="777"),
        cost("1.05", day, owner_tag="sandbox", account="777"),
        cost("1.04", day, account="777", resource_id="vol-7"),
    ])  # fmt: skip
    book.land("strange", [
        cost("1.4", day, owner_tag="acme\n", service="Tagged", resource_id="a"),
        cost("1.3", day, owner_tag="ac\u0085me", service="Tagged", resource_id="b"),
        cost("1.2", day, service="Tab\tbed", resource_id="acme-h"),
    ], payer="999999999999")  # fmt: skip
    maps = [cost("30", day, service="geocoding", account="acme-maps", owner_tag="")]
    book.land("maps", maps, stream="external_cost", payer="maps")
    book.land("credits", CREDITS, stream="account_usage", payer="")
    return book


@pytest.fixture(scope="module")
def odds(odd: CostBook) -> Unattributed:
    return unattributed(odd.book)


def test_what_cannot_be_moved_says_why(odds: Unattributed) -> None:
    told = {
        (line.charge.service, line.charge.resource): (
            line.guess.tenant_id,
            line.guess.reason,
            line.fix,
        )
        for line in odds.lines
    }
    assert told["Gateway", ""] == ("", "rule by-calls:1 found no usage to share it by", "")
    assert told["Legacy", ""][1] == "rule to-gone:2 gives it to nobody who was a tenant"
    assert told["AmazonEC2", "acme-vm"] == ("", "late was no tenant on the day", "in force: by-tag")
    assert told["AmazonEC2", "bolt-vm"] == ("", "gone was no tenant on the day", "")
    assert told["S3", "acme-a"][::2] == ("acme", "tag the resource")
    assert told["S3", "bolt-b"][::2] == ("bolt", "tag the resource")
    assert told["X", "bolt-c"][:2] == ("", "acme or bolt")
    assert told["X", "d"][::2] == ("acme", "tag the resource")
    assert told["", "acme-e"][::2] == ("acme", "tag the resource")


def test_what_the_catalog_could_not_hold_is_not_proposed(odds: Unattributed, odd: CostBook) -> None:
    """A tag with a line's end is no text of a catalog; all of its service may still be moved."""
    fixes = {line.charge.resource: line.fix for line in odds.lines}
    assert (fixes["a"], fixes["b"]) == ("unattributed-Tagged-111122223333",) * 2
    assert fixes["acme-h"] == "tag the resource"
    book = odd.at("2026-11-05T08:00")
    (odd.root / "catalog/fix.yaml").write_text(odds.yaml(), "utf-8")
    proposed = [one["id"] for one in odds.documents]
    applied = apply_catalog(book, read_catalog(odd.root / "catalog"), dry_run=True)
    (odd.root / "catalog/fix.yaml").unlink()
    assert len([change for change in applied.changes if change.action == "add"]) == len(proposed)


def test_a_short_list_proposes_no_rule_that_would_take_what_it_does_not_show(odd: CostBook) -> None:
    last = unattributed(odd.book, limit=7).lines[-1]
    assert (last.charge.resource, last.fix) == ("acme-a", "tag the resource")


def test_rules_that_are_named_alike_are_told_apart(odds: Unattributed) -> None:
    named = {one["match"].get("service"): one["id"] for one in odds.documents if "match" in one}
    assert named["acme service/β"] == "unattributed-acme-service"
    assert named["acme service/γ"] == "unattributed-acme-service-2"


def test_an_account_with_cost_that_is_tagged_for_nobody_known_is_no_evidence(
    odds: Unattributed,
) -> None:
    (line,) = [line for line in odds.lines if line.charge.resource == "vol-7"]
    assert line.guess.tenant_id == ""


def test_a_refund_that_is_more_than_the_charge_leaves_nothing_to_own(odds: Unattributed) -> None:
    assert "Refunded" not in {line.charge.service for line in odds.lines}


def test_an_account_that_is_not_told_is_not_matched_by(odds: Unattributed) -> None:
    (rule,) = [one for one in odds.documents if one["match"].get("service") == "acme service/β"]
    assert rule["id"] == "unattributed-acme-service"
    assert rule["match"] == {"source": "aws", "service": "acme service/β"}


def test_where_the_last_position_is_taken_rules_come_close_before_it(odds: Unattributed) -> None:
    positions = {one["position"] for one in odds.documents}
    assert positions == {999_997, 999_996, 999_995, 999_994}


def test_cost_of_other_providers_and_of_snowflake_is_ranked_with_the_rest(
    odds: Unattributed,
) -> None:
    maps, credits = (line for line in odds.lines if line.charge.source != "aws")
    assert odds.lines[:2] == [maps, credits]
    assert (maps.charge.source, maps.charge.service, maps.guess.tenant_id) == (
        "external",
        "geocoding",
        "",
    )
    assert (credits.charge.resource, credits.charge.cost_usd) == ("ACME_WH", 12)
    assert credits.guess.tenant_id == "acme"
    (rule,) = [one for one in odds.documents if one["id"] == credits.fix]
    assert rule["match"] == {"source": "snowflake", "service": "compute", "account": "ACME_WH"}


def test_a_book_without_unowned_cost_proposes_nothing(odd: CostBook) -> None:
    nothing = unattributed(odd.book, Period.parse("2026-09"))
    assert (nothing.lines, nothing.documents, nothing.yaml()) == ([], [], "")
