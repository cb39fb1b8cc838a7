"""Read at once or line by line, a report becomes the same rows and totals, to the byte.

What is odd is left to the reader that goes line by line; here both readers are held side by side.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from costs.cost_imports import Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meterbook.costs.cur_at_once import read_at_once
from meterbook.costs.cur_file import CurFile
from meterbook.costs.mapping import CurMapping, read_cur_mapping
from meterbook.errors import FileRefused
from meterbook.sqlfiles import project_folder

DATA = Path(os.environ.get("DATA", project_folder("examples").parents[1] / "shared" / "data"))

MAPPING = r"""
export: daily
header: true
null: '\N'
where: {provider: [AWS, '']}
payer: {column: payer}
usage_date: {column: day}
cost: {column: cost}
amortized_cost: {rule: cur-2}
currency: {value: USD}
service: {column: service}
account: {value: "a 'quoted' one"}
owner_tag: {column: tags, key: tenant}
module_tag: {column: absent}
"""
COLUMNS = ("payer", "provider", "day", "cost", "service", "tags", "line_item_line_item_type")
MORE = ("reservation_reservation_a_r_n", "reservation_effective_cost")
LINE = dict.fromkeys(COLUMNS + MORE, "") | {"payer": "1111", "day": "2026-10-01", "cost": "1.5"}


def said(file: Any) -> tuple[list[str], str, str, int, list[dict[str, object]]]:
    """Everything that a reader tells of a file."""
    rows = list(file.rows())
    return rows, file.payer, file.sha256, file.left_out, [day.record() for day in file.days]


def both(path: Path, mapping: CurMapping) -> None:
    at_once = read_at_once(path, mapping)
    assert at_once is not None
    assert said(at_once) == said(CurFile(path, mapping))


def csv_text(lines: Sequence[dict[str, str]]) -> str:
    text = io.StringIO()
    file = csv.DictWriter(text, COLUMNS + MORE, lineterminator="\n")
    file.writeheader()
    file.writerows(LINE | line for line in lines)
    return text.getvalue()


PLAIN = [
    {"cost": "1.05E-8", "service": 'a"quoted",one', "tags": '{"tenant":"acme","n":1.50}'},
    {"cost": "-0.000000000001", "day": "2026-10-02T23:00:00Z", "tags": '{"tenant":1.50}'},
    {"cost": "4e-10", "day": "2026-10-02 23:00:00.000 UTC", "tags": "{}", "provider": "\\N"},
    {"cost": "7", "provider": "Microsoft", "tags": '{"tenant":"left out"}'},
    {"cost": "0.10", "service": "日本 \\ / \u007f 🙂", "tags": '{"tenant":null}'},
    {"cost": "100", "line_item_line_item_type": "Fee", "reservation_reservation_a_r_n": "arn"},
    {
        "cost": "0",
        "line_item_line_item_type": "DiscountedUsage",
        "reservation_effective_cost": "0.2500000",
    },
    {"cost": "-5", "line_item_line_item_type": "SavingsPlanNegation", "tags": "\\N"},
]


def test_a_plain_report_is_read_at_once_as_line_by_line(desk: Desk) -> None:
    text = csv_text(PLAIN)
    both(desk.file("bill.csv", text), desk.read(MAPPING))
    both(desk.file("bill.csv.gz", gzip.compress(text.encode())), desk.read(MAPPING))
    both(desk.file("no-end.csv", text.rstrip("\n")), desk.read(MAPPING))


def test_control_characters_between_the_fields(desk: Desk) -> None:
    text = csv_text([{"service": "x"}, {"tags": "\\N"}]).replace(",", "\x01")
    listed = f'columns: [{", ".join(COLUMNS + MORE)}]\ndelimiter: "\\x01"'
    both(desk.file("bill", text), desk.read(MAPPING + 'delimiter: "\\x01"\n'))
    body = text.partition("\n")[2]
    mapping = MAPPING.replace("header: true", listed).replace("module_tag: {column: absent}\n", "")
    both(desk.file("part-0", body), desk.read(mapping))


def test_a_parquet_report_is_read_at_once_as_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "bill.parquet"
    duckdb.connect().execute(
        "copy (select 1111 as payer, case when n % 9 = 0 then 'Oracle' end as provider, "
        "timestamp '2026-10-01 22:00:00' + interval 1 hour * (n % 5) as day, "
        "case when n % 2 = 0 then n / 1000.0 else n / 1e10 end::double as cost, "
        "chr(n::int) as service, map {'tenant': 'acme' || n % 3, 'x': 'y'} as tags, "
        "'DiscountedUsage' as line_item_line_item_type, 'arn' as reservation_reservation_a_r_n, "
        "n::decimal(9, 4) / 4 as reservation_effective_cost from range(32, 3000) as r (n)) "
        f"to '{path}' (format parquet)"
    )
    both(path, Desk(tmp_path, MAPPING).mapping)


def test_a_binary_cost_that_is_finer_than_the_mapping_has_it_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bill.parquet"
    duckdb.connect().execute(
        "copy (select '1111' as payer, '' as provider, '2026-10-01' as day, "
        "0.12345678901::double as cost, '' as service, '' as tags, "
        "'' as line_item_line_item_type, '' as reservation_reservation_a_r_n) "
        f"to '{path}' (format parquet)"
    )
    mapping = Desk(tmp_path, MAPPING).mapping
    assert read_at_once(path, mapping) is None
    with pytest.raises(FileRefused, match="more than 10 decimals"):
        list(CurFile(path, mapping).rows())


def test_where_duckdb_is_not_installed_the_same_bytes_land(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = csv_text([{"cost": f"{n}.5", "service": "x" * 20} for n in range(2_000)])
    landed = []
    for name in ("with", "without"):
        folder = tmp_path / name
        folder.mkdir()
        desk = Desk(folder, MAPPING)
        file = desk.file("bill.csv", text)
        assert (read_at_once(file, desk.mapping) is None) == (name == "without")
        desk.land(file)
        keys = desk.landing.keys()
        landed.append({key: desk.landing.get(key) for key in keys})
        monkeypatch.setitem(sys.modules, "duckdb", None)
    assert landed[0] == landed[1]


ODD = {
    "a line's end in quotes": [{"service": "a\nb"}],
    "a control character": [{"service": "a\x0bb"}],
    "a space beside a quote": [{"tags": '{"tenant": "acme"}'}],
    "a cost with a plus": [{"cost": "+1"}],
    "a cost in thousands": [{"cost": "1e3"}],
    "leading zeros": [{"cost": "0000000000001"}],
    "more zeros than decimals": [{"cost": "0.10000000000000"}],
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_is_left_to_the_reader_that_goes_line_by_line(case: str, desk: Desk) -> None:
    path, mapping = desk.file("bill.csv", csv_text([{}, *ODD[case]])), desk.read(MAPPING)
    assert read_at_once(path, mapping) is None
    assert len(said(CurFile(path, mapping))[0]) == 2


WRONG = {
    "no cost": [{"cost": "abc"}],
    "a cost that is too large": [{"cost": "1000000000000"}],
    "a day that no source bills": [{"day": "9999-12-31"}],
    "a cost that is too fine": [{"cost": "0.1234567890123"}],
    "a power that is too fine": [{"cost": "1.23E-11"}],
    "no day": [{"day": "2026-02-30"}],
    "another payer": [{"payer": "2222"}],
    "a carriage return": [{"service": "a\rb"}],
    "no payer": [{"payer": "a/b"}],
    "tags that are no JSON": [{"tags": "{tenant}"}],
    "an effective cost that is not there": [{"line_item_line_item_type": "DiscountedUsage"}],
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_by_the_reader_that_can_say_where(case: str, desk: Desk) -> None:
    path, mapping = desk.file("bill.csv", csv_text([{}, *WRONG[case]])), desk.read(MAPPING)
    assert read_at_once(path, mapping) is None
    with pytest.raises(FileRefused, match="line 3"):
        list(CurFile(path, mapping).rows())


@pytest.mark.parametrize(
    "text", ["1111,x\n", "1111,AWS,2026-10-01,1,,,,,,\n", ",,,,,,,,,,,,\n", "\n", '"']
)
def test_a_broken_line_is_never_read_at_once(text: str, desk: Desk) -> None:
    path = desk.file("bill.csv", csv_text([{}]) + text)
    assert read_at_once(path, desk.read(MAPPING)) is None


RAW = st.lists(st.sampled_from(['"', '""', ",", " ", "a", "\\", "'", "\n"]), max_size=5).map(
    "".join
)


@settings(
    derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(raw=st.lists(st.one_of(RAW, RAW.map('"{}"'.format)), min_size=1, max_size=3))
def test_however_a_line_is_written_both_readers_agree_or_one_stands_back(
    raw: list[str], desk: Desk
) -> None:
    path, mapping = desk.folder / "bill.csv", desk.read(MAPPING)
    path.write_text(csv_text([{}]) + "".join(f"1111,AWS,2026-10-01,1,{one},,,,\n" for one in raw))
    if at_once := read_at_once(path, mapping):
        assert said(at_once) == said(CurFile(path, mapping))


COSTS = st.one_of(
    st.decimals(-(10**9), 10**9, places=10).map(str),
    st.floats(-1, 1).map(lambda x: f"{x:.3e}"),
    st.sampled_from(
        ["", ".5", "5.", "0E-18", "-0.0", "NaN", "1_0", "1e-9", "12345678901234567890"]
    ),
)
LINES = st.fixed_dictionaries(
    {"cost": COSTS, "day": st.sampled_from(["2026-10-01", "2026-10-01T05:00:00Z"])},
    optional={
        "service": st.text(max_size=5),
        "tags": st.sampled_from(["", "{}", '{"tenant":"a"}', '{"tenant":true}', "[]"]),
        "provider": st.sampled_from(["AWS", "", "Oracle"]),
        "line_item_line_item_type": st.sampled_from(["Usage", "Fee", "DiscountedUsage"]),
        "reservation_reservation_a_r_n": st.sampled_from(["", "arn"]),
        "reservation_effective_cost": st.sampled_from(["", "0.25", "1E-5", "2.50"]),
    },
)


@settings(
    derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(LINES, min_size=1, max_size=4))
def test_whatever_a_report_holds_both_readers_agree_or_one_stands_back(
    lines: list[dict[str, str]], desk: Desk
) -> None:
    path, mapping = desk.folder / "bill.csv", desk.read(MAPPING)
    path.write_bytes(csv_text(lines).encode("utf-8", "surrogatepass"))
    if at_once := read_at_once(path, mapping):
        assert said(at_once) == said(CurFile(path, mapping))


@pytest.mark.real
@pytest.mark.parametrize("month", ["aws-cur-2018-10", "aws-cur-2018-11"])
def test_a_published_month_is_read_at_once_as_row_by_row(month: str) -> None:
    files = sorted((DATA / month).glob("*.parquet"))
    if not files:
        pytest.skip(f"the published data set {month} is not in {DATA}")
    both(files[0], read_cur_mapping(project_folder("examples") / "cur-2018" / "cur.yaml"))
