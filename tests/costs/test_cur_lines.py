"""Every line of a bill is judged before anything is landed; what passes is landed as AWS wrote it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from costs.cost_imports import BILL, HEADER, Desk, line
from hypothesis import given, settings
from hypothesis import strategies as st
from meterbook.costs.cur_line import fault_in
from meterbook.errors import FileRefused
from meterbook_local.folder import FolderStore

GOOD = {"payer": "1111", "usage_date": "2026-10-01", "currency": "USD"}


def test_a_line_is_landed_with_its_cost_as_text(desk: Desk) -> None:
    done = desk.land(desk.bill(line("1.416E-5"), line("-0.50", owner="\\N", service="")))
    assert desk.rows == [
        {
            "file": "bill.csv",
            "line": 2,
            "usage_date": "2026-10-01",
            "cost": "1.416E-5",
            "currency": "USD",
            "service": "AmazonEC2",
            "owner_tag": "acme",
        },
        {
            "file": "bill.csv",
            "line": 3,
            "usage_date": "2026-10-01",
            "cost": "-0.50",
            "currency": "USD",
        },
    ]
    assert (done.rows, done.control_usd) == (2, Decimal("-0.49998584"))


def test_the_closing_record_has_a_control_total_for_each_day(desk: Desk) -> None:
    done = desk.land(desk.bill(line("0.1"), line("0.2"), line("1E-12", day="2026-10-03T23:59:59Z")))
    record = desk.record(done)
    assert record["days"] == [
        {"usage_date": "2026-10-01", "control_usd": "0.3", "row_count": 2},
        {"usage_date": "2026-10-03", "control_usd": "0.000000000001", "row_count": 1},
    ]
    assert (record["payer"], record["family"], record["scope"]) == (
        "1111",
        "1111:daily",
        "1111:daily",
    )
    assert record["replaces"] is False
    assert re.fullmatch(r"1111\.daily\.20261101T060000000000\.[0-9a-f]{12}", done.delivery_id)


def test_a_tag_without_its_column_is_untagged(desk: Desk) -> None:
    desk.land(desk.bill(line()))
    assert "module_tag" not in desk.rows[0]


# -- what is refused -------------------------------------------------------------------------------

BAD_COSTS = {
    "is 'abc', which is no cost": "abc",
    "is '1_000', which is no cost": "1_000",
    "is 'NaN', which is no cost": "NaN",
    "is 'Infinity', which is no cost": "Infinity",
    "is '0x10', which is no cost": "0x10",
    "is ' 1', which is no cost": " 1",
    "is '.', which is no cost": ".",
    "is '１', which is no cost": "１",
    "is '1e9999', which is no cost": "1e9999",
    "is empty or NULL, which is no cost": "\\N",
    "is '0.1234567890123', which has more than 12 decimals": "0.1234567890123",
    "is '1E-13', which has more than 12 decimals": "1E-13",
    "is '1e400', which is not below 1000000000000": "1e400",
    "is '-1000000000000', which is not below": "-1000000000000",
    "is '123456789012345678901234567890E-20', which is not below": "123456789012345678901234567890E-20",
}


@pytest.mark.parametrize("sentence", BAD_COSTS)
def test_a_bad_cost_is_refused_with_line_column_and_value(sentence: str, desk: Desk) -> None:
    file = desk.bill(line(), line(BAD_COSTS[sentence]))
    place = f"{file}, line 3: the cost in column cost {sentence}"
    with pytest.raises(FileRefused, match=re.escape(place)):
        desk.land(file)
    assert list(desk.landing.keys()) == []


@pytest.mark.parametrize(
    "cost", ["0", "-0.0", "+1.5", ".5", "5.", "1E3", "999999999999.999999999999", "0E-18"]
)
def test_any_way_to_write_an_exact_cost_is_taken(cost: str, desk: Desk) -> None:
    assert fault_in(GOOD | {"cost": cost}) is None
    assert desk.land(desk.bill(line(cost))).control_usd == Decimal(cost)


BAD_LINES = {
    "the currency in column currency is 'EUR', which is not USD": line(currency="EUR"),
    "the currency in column currency is empty or NULL": line(currency=""),
    "the usage_date in column day is '01/10/2026', which is no day": line(day="01/10/2026"),
    "the usage_date in column day is '2026-02-30', which is no day": line(day="2026-02-30"),
    "is '2026-10-01T25:00:00Z', which is no day": line(day="2026-10-01T25:00:00Z"),
    "is '2026-10-01T00:00:00+02:00', which is no day in UTC": line(day="2026-10-01T00:00:00+02:00"),
    "is '0001-01-01', which is not from 1900-01-01": line(day="0001-01-01"),
    "is '1899-12-31T23:59:59Z', which is not from": line(day="1899-12-31T23:59:59Z"),
    "is '9999-12-31', which is not from 1900-01-01 to before 9999-12-31": line(day="9999-12-31"),
    "the payer in column payer is empty or NULL": line(payer=""),
    f"the payer in column payer is {'1' * 41!r}": line(payer="1" * 41),
    "the payer in column payer is 'a/b'": line(payer="a/b"),
    "the payer in column payer is '\\ufeff1111'": "\ufeff" + line(),
    "the payer is '2222', before it was '1111'": line(payer="2222"),
    "the line has 5 fields where 6 belong": "1111,2026-10-01,1,USD,AmazonEC2\n",
    "the line has 7 fields where 6 belong": line().rstrip("\n") + ",x\n",
}


@pytest.mark.parametrize("sentence", BAD_LINES)
def test_a_bad_line_is_refused_and_nothing_is_landed(sentence: str, desk: Desk) -> None:
    file = desk.bill(line(), BAD_LINES[sentence])
    with pytest.raises(FileRefused, match="line 3.*" + re.escape(sentence)):
        desk.land(file)
    assert list(desk.landing.keys()) == []


@pytest.mark.parametrize(
    "day",
    [
        "2026-10-01",
        "2026-10-01 00:00:00",
        "2026-10-01T23:59:59Z",
        "2026-10-01 00:00:00.000 UTC",
        "2026-10-01T00:00:00+00:00",
    ],
)
def test_days_are_read_as_exports_write_them(day: str, desk: Desk) -> None:
    desk.land(desk.bill(line(day=day)))
    assert [row["usage_date"] for row in desk.rows] == ["2026-10-01"]


def test_a_bill_without_the_cost_column_is_refused_with_the_nearest(desk: Desk) -> None:
    file = desk.file("bill.csv", HEADER.replace("cost", "unblended_cost") + line())
    with pytest.raises(
        FileRefused, match=r"no column 'cost'. The nearest names are: unblended_cost"
    ):
        desk.land(file)


def test_a_bill_without_rows_is_refused(desk: Desk) -> None:
    with pytest.raises(FileRefused, match="there is no row of cost in it"):
        desk.land(desk.bill())


def test_a_truncated_gzip_is_refused_and_nothing_is_landed(desk: Desk) -> None:
    whole = gzip.compress((HEADER + line() * 5000).encode())
    file = desk.file("bill.csv.gz", whole[: len(whole) // 2])
    with pytest.raises(FileRefused, match="cut short"):
        desk.land(file)
    assert list(desk.landing.keys()) == []


def test_a_bad_second_file_keeps_the_first_out(desk: Desk) -> None:
    good, bad = desk.bill(line()), desk.bill(line("abc"), name="bad.csv")
    with pytest.raises(FileRefused, match=r"bad\.csv, line 2"):
        desk.land(good, bad)
    assert list(desk.landing.keys()) == []


def test_a_file_named_twice_is_refused(desk: Desk) -> None:
    file = desk.bill(line())
    with pytest.raises(FileRefused, match="the same bytes as"):
        desk.land(file, desk.bill(line(), name="copy.csv"))


# -- layouts ---------------------------------------------------------------------------------------


def test_an_export_with_control_characters_and_without_a_header(desk: Desk) -> None:
    columns = "columns: [payer, day, cost, currency, service, owner, module]"
    desk.mapping = desk.read(BILL.replace("header: true", columns) + 'delimiter: "\\x01"\n')
    text = (line(service='"Amazon') + line("2")).replace("\n", ",\\N\n").replace(",", "\x01")
    done = desk.land(desk.file("part-0.gz", gzip.compress(text.encode())))
    assert done.control_usd == Decimal("3.5")
    assert [row.get("service") for row in desk.rows] == ['"Amazon', "AmazonEC2"]


class _MeanwhileWritten(FolderStore):
    """A store during whose every listing somebody writes the bill anew."""

    bill = Path()

    def keys(self, prefix: str = "") -> Iterator[str]:
        self.bill.write_text(HEADER + line("2.5"))
        return super().keys(prefix)


def test_what_was_judged_is_what_is_landed_whatever_happens_to_the_file(desk: Desk) -> None:
    meanwhile = _MeanwhileWritten(desk.landing.root)
    meanwhile.bill = desk.bill(line("1.5"))
    desk.landing = meanwhile
    done = desk.land(meanwhile.bill)
    assert done.control_usd == Decimal("1.5")
    assert [row["cost"] for row in desk.rows] == ["1.5"]


def test_quoted_fields_and_long_fields_are_read(desk: Desk) -> None:
    desk.land(desk.bill(line(service='"a, ""b"""'), line(service="x" * 200_000)))
    assert [row["service"] for row in desk.rows] == ['a, "b"', "x" * 200_000]


def test_payer_and_currency_may_be_the_same_for_all_lines(desk: Desk) -> None:
    mapping = BILL.replace("payer: {column: payer}", "payer: {value: '999'}")
    desk.mapping = desk.read(mapping.replace("{column: currency}", "{value: USD}"))
    done = desk.land(desk.bill(line(payer="1", currency="EUR"), line(payer="2")))
    assert desk.record(done)["payer"] == "999"
    assert {row["currency"] for row in desk.rows} == {"USD"}


def test_a_bill_in_several_files_is_one_delivery(desk: Desk) -> None:
    files = [desk.bill(line(cost), name=f"part-{cost}.csv") for cost in ("1", "2")]
    done = desk.land(*files)
    assert (done.rows, done.control_usd) == (2, Decimal(3))
    assert [(row["file"], row["line"]) for row in desk.rows] == [
        ("part-1.csv", 2),
        ("part-2.csv", 2),
    ]
    assert desk.land(*reversed(files)).unchanged


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    cost=st.decimals(
        min_value=Decimal("-999999999999"),
        max_value=Decimal("999999999999"),
        allow_nan=False,
        places=12,
    ),
    form=st.sampled_from(["{:f}", "{:E}", "{:e}", "{}"]),
)
def test_every_cost_of_twelve_decimals_is_taken_in_any_notation(cost: Decimal, form: str) -> None:
    text = form.format(cost)
    assert Decimal(text) == cost
    assert fault_in(GOOD | {"cost": text}) is None
