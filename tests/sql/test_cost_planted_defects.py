"""A defect planted in the SQL of cost is seen: by the oracle on nasty months, or by the book's checks.

Each is a slip that a hand could make: a forgotten condition, another order, a border on its other
side. One that nothing sees would mean that the tests say less than they claim. Every other one is
planted in a usual run; whoever touches the oracle or the months runs all of them with `SLIPS=all`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251 - months are drawn from a seed

import pytest
from meterbook.book import Book
from meterbook.errors import SqlRefused
from meterbook.sqlfiles import SqlFile, read_folders
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from oracle.compared import assert_same, assert_same_money
from oracle.landed import read_back
from oracle.months import Piece, a_month
from oracle.records import Answer
from oracle.small_months import small_months

FILES = read_folders(DuckDBWarehouse.sql_folders)
NOW = datetime(2026, 11, 7, 8, tzinfo=UTC)
MANY_FROM = datetime(2003, 2, 1, tzinfo=UTC)
DEFECTS = {
    "delivery_days_judged": [
        ("2 * control_usd < highest_usd", "control_usd < highest_usd"),
        ("2 * control_usd < highest_usd", "2 * control_usd <= highest_usd"),
        ("and highest_usd > 0", ""),
        ("d.replaces or a.times is not null", "a.times is not null"),
        ("d.replaces or a.times is not null", "d.replaces"),
        ("usage_date, times_accepted order by", "usage_date order by"),
        (">= dateadd(hour,", "> dateadd(hour,"),
        ("    is_settled\n    and not", "    not"),
        ("max(control_usd) over", "min(control_usd) over"),
    ],
    "deciding_deliveries": [
        ("where not is_suspicious", ""),
        ("order by order_key desc", "order by control_usd desc"),
        ("over (partition by stream, family, usage_date)", "over (partition by stream, scope, usage_date)"),
    ],
    "payer_sources": [("length(c.config_key) desc", "length(c.config_key) asc")],
    "delivered_days": [
        ("where cost_source <> 'external_cost'", ""),
        ("min(ordered_at)", "max(ordered_at)"),
    ],
    "cost_days": [
        ("where c.value = 'amortized'", ""),
        ("coalesce(b.amortized_usd, b.control_usd)", "b.control_usd"),
    ],
    "aws_cost_daily": [("coalesce(l.amortized_usd, l.cost_usd)", "l.amortized_usd")],
    "external_api_costs": [("iff(f.is_amortized, coalesce(l.amortized_usd, l.cost_usd), l.cost_usd)", "l.cost_usd")],
    "tag_aliases": [("where folds\n", "\n")],
    "tag_meanings": [
        ("order by n.is_folded, a.alias_id", "order by a.alias_id"),
        ("order by n.is_folded, a.alias_id", "order by n.is_folded, a.canonical_value desc"),
    ],
    "tagged_cost_daily": [
        ("when 'aws' then c.service_name", "when 'aws' then c.service"),
        ("when 'external' then c.payer", "when 'external' then c.service_name"),
        ("iff(c.usage_date >= t.starts_on and", "iff("),
    ],
    "allocation_rules": [
        ("lpad(cast(position as varchar), 6, '0')", "cast(position as varchar)"),
        ("coalesce(document:match.source::varchar, '')", "''"),
    ],
    "ruled_cost_daily": [
        ("c.service_name = r.service", "c.service = r.service"),
        ("c.owner_name = r.owner_tag", "c.owner_tag = r.owner_tag"),
        ("(r.method <> 'tag' or c.tenant_id <> '')", "true"),
        ("min(r.place)", "max(r.place)"),
    ],
    "split_weights": [
        ("coalesce(n.usage_date >= t.starts_on and n.usage_date < t.ends_on, false)", "true"),
        ("on o.usage_date >= t.starts_on and o.usage_date < t.ends_on", "on true"),
        ("cast(n.share * 1000000 as number(38, 0))", "1"),
    ],
    "split_shares": [
        ("split_by order by tenant_id", "split_by order by weight"),
        ("partition by usage_date, split_by order", "partition by split_by order"),
    ],
    "split_parts": [
        ("pool_sign * cast(", "cast("),
        ("cast(mod(fraction, 1000000) as number(6, 0)) as low", "0 as low"),
        ("here_high + cast((here_low", "here_high + 0 * cast((here_low"),
        ("before_high + cast((before_low", "before_high + 0 * cast((before_low"),
        ("    where pool_units <> 0\n", "    where pool_units > 0\n"),
    ],
    "attributed_cost_daily": [
        ("where not is_tenant", "where false"),
        ("iff(p.method = 'usage_share', 'no_usage', 'no_tenant')", "'no_usage'"),
    ],
    "unattributed_costs": [
        ("unattributed_units * 1000000 > ", "unattributed_units * 1000000 >= "),
        ("c.source = 'aws' and ", ""),
        ("c.cost_usd > 0", "c.cost_usd <> 0"),
        ("iff(is_tenant, share_to_here - share_before, 0)", "share_to_here - share_before"),
        ("when split_by = '' then charge_units\n", ""),
        ("when method = 'none' then 0\n", ""),
    ],
    "cost_conservation": [("and method <> 'tag'", "")],
    "snowflake_query_owners": [
        ("iff(w.dedicated_to <> '', 0, 5)", "5"),
        ("coalesce(try_parse_json(query_tag):tenant_id::varchar, query_tag)", "query_tag"),
        ("2 as place", "7 as place"),
        ("        3 as place", "        5 as place"),
    ],
    "snowflake_credit_parts": [
        ("least(credits_compute, coalesce(credits_queries, credits_compute))", "credits_compute"),
        ("coalesce(credits_queries, credits_compute)", "credits_compute"),
        ("where b.usage_date is null", ""),
        ("started_at order by owner", "started_at order by weight"),
    ],
    "snowflake_credit_daily": [
        ("and service_type <> 'WAREHOUSE_METERING'", ""),
        ("order by owner, warehouse_name", "order by warehouse_name, owner"),
        ("where kind = 'cloud_services'", "where kind = 'compute'"),
        ("adjustment_sign * (", "("),
    ],
    "snowflake_cost_daily": [
        ("order by owner, warehouse_name, kind", "order by kind, owner, warehouse_name"),
        ("(before - mod(before, 10000)) / 10000", "(before + 5000 - mod(before + 5000, 10000)) / 10000"),
    ],
    "cost_controls": [("(numerator - mod(numerator, 10000)) / 10000", "(numerator + 5000 - mod(numerator + 5000, 10000)) / 10000")],
    "period_usage": [("where r.metric = 'snowflake_credits'", "")],
    "period_passthrough": [(" and c.source = n.source", "")],
    "periods": [("iff(t.starts_on > cast('1900-01-01' as date), t.starts_on, f.first_day)", "f.first_day")],
    "plan_rate_tiers": [("unbounded preceding and 1 preceding", "unbounded preceding and current row")],
    "period_metered": [
        (" <= coalesce(t.up_to_quantity", " < coalesce(t.up_to_quantity"),
        ("unit_size * 1000000 - 1", "unit_size * 1000000"),
    ],
    "period_fees": [("active_days < month_days", "active_days < 30")],
    "period_charges": [
        ("(100 + markup_percent) * 100", "10000"),
        ("usd_per_unit * 1000000", "1000000"),
    ],
    "period_minimums": [("iff(d.prorate = 'daily', d.covered_days, d.month_days)", "d.month_days")],
    "period_discounts": [
        ("c.first_day = c.period_start, c.period_start >= d.starts_on,", "true, c.period_start >= d.starts_on,"),
        ("where c.account_id is null and ", "where "),
    ],
    "period_deductions": [
        ("where replace(d.kinds, l.kind, '') <> d.kinds", ""),
        ("least(share_minor, greatest(total_minor - before_minor, 0))", "share_minor"),
    ],
    "period_fx": [("order by place,", "order by place desc,")],
    "period_accounts": [("cast('0001-01-01' as date)", "cast('9999-01-01' as date)")],
    "period_tiers": [("where c.tenant_id is null", "")],
    "period_module_lines": [
        ("else l.kind = 'passthrough' and s.is_cost", "else false"),
        (" order by module_id", " order by weight"),
        ("    where weight > 0\n", ""),
    ],
    "unit_economics": [
        ("cast(m.revenue * r.unit_price_usd as number(38, 12))", "m.revenue"),
        ("c.currency is null, 0,", "c.currency is null, null,"),
    ],
    "cost_trends": [("dateadd(month, 1, m.period_start)", "dateadd(day, 30, m.period_start)")],
}  # fmt: skip
# What the view of ACCOUNT_USAGE shows is kept run by run, so a slip in it is seen in a new book.
IN_THE_VIEW = [
    ("greatest(q.started_at, h.started_at)", "q.started_at"),
    ("least(q.ended_at, h.ended_at)", "q.ended_at"),
    ("dateadd(millisecond, -execution_time,", "dateadd(second, -execution_time,"),
]


@dataclass(frozen=True)
class Filled:
    """A landing folder, a folder with the database made from it, and what the oracle makes of it."""

    landing: Path
    database: Path
    answer: Answer
    planted: set[str]


def opened(landing: Path, database: Path | None, files: Sequence[SqlFile]) -> Book:
    warehouse = DuckDBWarehouse(database / "book.duckdb" if database else None)
    warehouse.apply(files)
    return Book(warehouse, FolderStore(landing), FixedClock(NOW))


def fill(folder: Path, parts: Iterable[Sequence[Piece]]) -> Filled:
    """A book on disk, updated part by part; what its checks find is there on purpose."""
    landing, database = folder / "landing", folder / "database"
    database.mkdir(parents=True)
    book = opened(landing, database, FILES)
    for part in parts:
        for land in part:
            land(book.landing)
        book.update()
    answer, planted = read_back(book.landing).answer(), broken(book)
    assert_same(book, answer)
    book.warehouse.close()
    return Filled(landing, database, answer, planted)


def broken(book: Book) -> set[str]:
    return {finding.check for finding in book.check()}


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """One month with every trap in it."""
    turn = count()
    pieces = a_month(lambda values: values[next(turn) % len(values)])
    return fill(tmp_path_factory.mktemp("month"), [pieces])


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A few dozen, in which what seldom meets has met."""
    parts = small_months(Random(7).choice, MANY_FROM, 60)  # noqa: S311 - the same months each time
    return fill(tmp_path_factory.mktemp("months"), parts)


def test_without_a_slip_nothing_is_seen(month: Filled, months: Filled, tmp_path: Path) -> None:
    for number, filled in enumerate((month, months)):
        assert not is_seen(filled, tmp_path / str(number), FILES)
        assert not is_seen_anew(filled, FILES)


ALL = [(model, *defect) for model, defects in DEFECTS.items() for defect in defects]


@pytest.mark.parametrize(
    ("model", "right", "wrong"),
    ALL if os.environ.get("SLIPS") == "all" else ALL[::2],
)
def test_a_slip_in_the_sql_is_seen(
    month: Filled, months: Filled, tmp_path: Path, model: str, right: str, wrong: str
) -> None:
    files = with_slip(model, right, wrong)
    assert any(is_seen(filled, tmp_path / str(number), files)
               for number, filled in enumerate((month, months)))  # fmt: skip


def with_slip(model: str, right: str, wrong: str) -> list[SqlFile]:
    files = [
        SqlFile(file.path, file.text.replace(right, wrong))
        if file.name.endswith(f".{model}")
        else file
        for file in FILES
    ]
    assert files != FILES, "the text has changed: plant the defect anew"
    return files


def is_seen(filled: Filled, copy: Path, files: Sequence[SqlFile]) -> bool:
    """Whether the engine refuses what the slip makes, a check finds it, or the oracle differs."""
    shutil.copytree(filled.database, copy)
    try:
        with closing(opened(filled.landing, copy, files).warehouse) as warehouse:
            warehouse.refresh()
            return differs(Book(warehouse, FolderStore(filled.landing), FixedClock(NOW)), filled)
    except SqlRefused:
        return True


def differs(book: Book, filled: Filled) -> bool:
    try:
        assert_same_money(book, filled.answer)
    except AssertionError as difference:
        return "the oracle" in str(difference)
    return broken(book) != filled.planted


@pytest.mark.parametrize(("right", "wrong"), IN_THE_VIEW)
def test_a_slip_in_what_account_usage_shows_is_seen(
    month: Filled, months: Filled, right: str, wrong: str
) -> None:
    files = with_slip("snowflake_credit_usage", right, wrong)
    assert any(is_seen_anew(filled, files) for filled in (month, months))


def is_seen_anew(filled: Filled, files: Sequence[SqlFile]) -> bool:
    """Whether a book that is made with the slip from the start differs from the oracle's."""
    book = opened(filled.landing, None, files)
    with closing(book.warehouse):
        book.update()
        return differs(book, filled)
