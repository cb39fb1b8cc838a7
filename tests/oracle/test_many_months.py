"""REP-001: the SQL and the oracle agree on every row of five hundred generated months.

Two hundred and fifty of them lie side by side in one book, because a refresh costs what it costs
however small a month is; they come in two parts, and the second restates the first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random  # noqa: TID251 - hypothesis throws the dice, or a seed does
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from meterbook_local.folder import FolderStore
from oracle.compared import assert_same
from oracle.landed import book_in, read_back
from oracle.small_months import small_months

BOOKS, MONTHS = 2, 250
FIRST = datetime(2003, 2, 1, tzinfo=UTC)  # the leap days of five years lie ahead
NOW = datetime(2026, 11, 7, 8, tzinfo=UTC)

WAYS = (
    ("attributed", "tag", ""),
    ("attributed", "usage_share", ""),
    ("attributed", "fixed_share", ""),
    ("attributed", "even", ""),
    ("kept", "platform", ""),
    ("unattributed", "none", "no_rule"),
    ("unattributed", "usage_share", "no_usage"),
    ("unattributed", "fixed_share", "no_tenant"),
    ("unattributed", "even", "no_tenant"),
)


@settings(
    derandomize=True,
    max_examples=BOOKS,
    deadline=None,
    phases=[Phase.generate],  # a failing month is read as it is: its name is in what differs
    suppress_health_check=[HealthCheck.too_slow],
)
@given(dice=st.randoms(use_true_random=True))
def test_sql_and_oracle_agree_on_every_row_of_five_hundred_months(dice: Random) -> None:
    with TemporaryDirectory() as folder:
        book = book_in(Path(folder), NOW)
        for part in small_months(dice.choice, FIRST, MONTHS):
            for land in part:
                land(book.landing)
            book.update()
        assert_same(book, read_back(book.landing).answer())
        book.warehouse.close()


def test_what_seldom_meets_has_met_in_some_of_them(tmp_path: Path) -> None:
    """Months that had grown tame would make the comparison above say less than it claims."""
    landing = FolderStore(tmp_path)
    for part in small_months(Random(3).choice, FIRST, MONTHS // 2):  # noqa: S311 - the same each time
        for land in part:
            land(landing)
    landed = read_back(landing)
    months = landed.answer()
    ways = {(key[1], key[2], key[6], key[-1]) for key in months.attributed}
    assert ways == {(source, *way) for source in ("aws", "external", "snowflake") for way in WAYS}
    held = [one for covered in months.covered.values() for one in covered if one.is_suspicious]
    assert len(held) > 50
    assert landed.decisions
    assert {day.exceeds for day in months.unattributed.values()} == {True, False}
    assert any(not day.charges for day in months.unattributed.values())
    assert {line.metric for line in months.lines} == {
        "aws", "external", "snowflake", "snowflake_credits", "calls", "", "a", "b", "c"
    }  # fmt: skip
    assert {(line.pricing, line.tier) for line in months.lines if line.metric == "calls"} == {
        ("flat", 1), ("package", 1), *((name, tier) for name in ("graduated", "volume") for tier in (1, 2, 3))
    }  # fmt: skip
    assert {reason for *_, reason in months.faults} >= {"credit_exceeds_bill"}
    assert min(line.amount_minor for line in months.lines) < 0
    assert not any(sums[-1] for sums in months.conservation.values())
