"""One bill in any format is one bill: Parquet, CSV and gzip land the same, under files that ship."""

from __future__ import annotations

import gzip
import json
import os
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from costs.cost_imports import Desk
from meterbook.costs.mapping import read_cur_mapping, shipped
from meterbook.errors import FileRefused, MappingRefused
from meterbook.sqlfiles import project_folder

DATA = Path(os.environ.get("DATA", project_folder("examples").parents[1] / "shared" / "data"))

ROWS = (
    "select '1111' as bill_payer_account_id, timestamp '2026-10-01 05:00:00' "
    "as line_item_usage_start_date, {cost} as line_item_unblended_cost, "
    "'USD' as line_item_currency_code, 'AmazonEC2' as line_item_product_code, "
    "'Usage' as line_item_line_item_type, '' as reservation_reservation_a_r_n, "
    "map {{'user_tenant_id': 'acme'}} as resource_tags"
)


def parquet(folder: Path, select: str, name: str = "bill.parquet") -> Path:
    path = folder / name
    duckdb.connect().execute(f"copy ({select}) to '{path}' (format parquet)")
    return path


def cur2(desk: Desk) -> Desk:
    desk.mapping = read_cur_mapping(Path("cur-2"), owner_tag="resource_tags[user_tenant_id]")
    return desk


# ------------------------------------------------------------------------------------- parquet


def test_a_row_of_parquet_is_landed_with_the_shortest_text_of_its_cost(desk: Desk) -> None:
    select = " union all ".join(ROWS.format(cost=f"{cost}::double") for cost in ("0.1", "4e-10"))
    done = cur2(desk).land(parquet(desk.folder, select))
    assert [(row["line"], row["cost"], row["owner_tag"]) for row in desk.rows] == [
        (1, "0.1", "acme"),
        (2, "4e-10", "acme"),
    ]
    assert done.control_usd == Decimal("0.1000000004")


@pytest.mark.parametrize("binary", ["0.1::double + 0.2::double", "0.12345678901::double"])
def test_a_binary_cost_that_is_no_decimal_of_ten_digits_refuses_the_delivery(
    binary: str, desk: Desk
) -> None:
    select = f"{ROWS.format(cost='1::double')} union all {ROWS.format(cost=binary)}"
    with pytest.raises(
        FileRefused, match=r"line 2: the cost in column line_item_unblended_cost is '0.*10 decimals"
    ):
        cur2(desk).land(parquet(desk.folder, select))
    assert list(desk.landing.keys()) == []


def test_how_fine_a_binary_cost_may_be_is_the_mappings_to_say(desk: Desk) -> None:
    text = (project_folder("examples") / "cur-2018" / "cur.yaml").read_text("utf-8")
    file = parquet(desk.folder, ROWS.format(cost="0.123456789012::double"))
    desk.mapping = desk.read(text + "decimals: 12\n")
    assert desk.land(file).control_usd == Decimal("0.123456789012")


def test_a_decimal_column_of_parquet_is_taken_to_its_last_digit(desk: Desk) -> None:
    select = ROWS.format(cost="123456789012.123456789012::decimal(38, 12)")
    done = cur2(desk).land(parquet(desk.folder, select))
    assert str(done.control_usd) == "123456789012.123456789012"


def test_parquet_csv_and_gzip_of_one_bill_cost_the_same(desk: Desk) -> None:
    files = [parquet(desk.folder, ROWS.format(cost="n / 1000 ") + " from range(500) as r (n)")]
    db = duckdb.connect()
    for name in ("bill.csv", "bill.csv.gz"):
        files.append(desk.folder / name)
        db.execute(
            f"copy (select * replace (to_json(resource_tags) as resource_tags) from '{files[0]}') "
            f"to '{files[-1]}' (format csv, header)"
        )
    told = []
    for number, file in enumerate(files):
        other = desk.folder / str(number)
        other.mkdir()
        one = cur2(Desk(other))
        done = one.land(file)
        rows = [{**row, "file": "", "line": 0} for row in one.rows]
        told.append((done.rows, done.control_usd, one.record(done)["days"], rows))
    assert told[0] == told[1] == told[2]
    assert told[0][1] == sum(Decimal(n) / 1000 for n in range(500))


def test_a_damaged_parquet_file_is_refused(desk: Desk) -> None:
    file = parquet(desk.folder, ROWS.format(cost="1::double"))
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(FileRefused, match="cannot be read as Parquet"):
        cur2(desk).land(file)


def test_columns_may_come_and_go_between_the_files_of_one_delivery(desk: Desk) -> None:
    with_tags = parquet(desk.folder, ROWS.format(cost="1::double"))
    select = f"select * exclude (resource_tags) from ({ROWS.format(cost='2::double')})"
    cur2(desk).land(with_tags, parquet(desk.folder, select, "later.parquet"))
    assert [(row["cost"], row.get("owner_tag")) for row in desk.rows] == [
        ("1.0", "acme"),
        ("2.0", None),
    ]


# ------------------------------------------------------------------- tags in JSON, and part of a file

MIXED = """
export: focus
header: true
where: {ProviderName: [AWS, Amazon]}
payer: {column: account}
usage_date: {column: day}
cost: {column: cost}
currency: {value: USD}
owner_tag: {column: Tags, key: tenant_id}
module_tag: {column: Tags, key: module_id}
"""
MIXED_BILL = """account,day,cost,ProviderName,Tags
1,2026-10-01,1,AWS,"{""tenant_id"": ""acme"", ""module_id"": 7}"
1,2026-10-01,2,Amazon,
subscription/9,nothing,x,Microsoft,
1,2026-10-01,4,AWS,"{""module_id"": true}"
"""


def test_a_tag_stands_under_its_key_as_text(desk: Desk) -> None:
    desk.mapping = desk.read(MIXED)
    desk.land(desk.file("bill.csv", MIXED_BILL))
    assert [(row.get("owner_tag"), row.get("module_tag")) for row in desk.rows] == [
        ("acme", "7"),
        (None, None),
        (None, "true"),
    ]


def test_a_number_under_a_key_is_the_text_that_was_written(desk: Desk) -> None:
    desk.mapping = desk.read(MIXED)
    desk.land(desk.file("bill.csv", MIXED_BILL.replace('""acme""', "1.50")))
    assert desk.rows[0]["owner_tag"] == "1.50"


def test_rows_that_are_left_out_are_counted_and_judged_by_nothing(desk: Desk) -> None:
    desk.mapping = desk.read(MIXED)
    done = desk.land(desk.file("bill.csv", MIXED_BILL))
    assert (done.rows, done.control_usd, done.left_out) == (3, Decimal(7), 1)
    assert desk.record(done)["origin"]["left_out_rows"] == 1


def test_a_file_of_which_nothing_is_taken_is_refused(desk: Desk) -> None:
    desk.mapping = desk.read(MIXED.replace("[AWS, Amazon]", "Oracle"))
    with pytest.raises(FileRefused, match="the mapping's `where` leaves out every row"):
        desk.land(desk.file("bill.csv", MIXED_BILL))


def test_tags_that_are_no_json_are_refused_with_their_line(desk: Desk) -> None:
    desk.mapping = desk.read(MIXED)
    bill = MIXED_BILL.replace("2,Amazon,", "2,Amazon,tenant=acme")
    with pytest.raises(FileRefused, match=r"line 3: .*tenant=acme' is no JSON object"):
        desk.land(desk.file("bill.csv", bill))


def test_the_column_that_selects_rows_must_be_there(desk: Desk) -> None:
    desk.mapping = desk.read(MIXED.replace("ProviderName", "Provider"))
    with pytest.raises(FileRefused, match=r"no column 'Provider'. The nearest names are: Provider"):
        desk.land(desk.file("bill.csv", MIXED_BILL))


WRONG = {
    "a tag that is a column and a value": (
        "{column: Tags, key: t",
        "{column: Tags, value: x, key: t",
    ),
    "a key of nothing": ("{column: Tags, key: tenant_id}", "{key: tenant_id}"),
    "a key of a constant": ("{column: Tags, key: tenant_id}", "{value: x, key: tenant_id}"),
    "a choice of rows by nothing": ("{ProviderName: [AWS, Amazon]}", "{}"),
    "a choice of no value": ("[AWS, Amazon]", "[]"),
    "decimals that are too many": ("header: true", "header: true\ndecimals: 13"),
    "decimals that are no number": ("header: true", "header: true\ndecimals: ten"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mapping_is_refused_with(case: str, desk: Desk) -> None:
    with pytest.raises(MappingRefused):
        desk.read(MIXED.replace(*WRONG[case]))


# ------------------------------------------------------------------------------- mappings that ship


@pytest.mark.parametrize("name", shipped())
def test_a_mapping_that_ships_is_read_by_its_name_and_leaves_tags_to_people(name: str) -> None:
    mapping = read_cur_mapping(Path(name))
    assert not {"owner_tag", "module_tag"} & mapping.terms.keys()
    tagged = read_cur_mapping(Path(name), owner_tag="resourceTags/user:t", module_tag="Tags[m n]")
    assert tagged.terms["owner_tag"].column == "resourceTags/user:t"
    assert (tagged.terms["module_tag"].column, tagged.terms["module_tag"].key) == ("Tags", "m n")
    assert mapping.sha256 != tagged.sha256


def test_a_file_goes_before_a_mapping_that_ships(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.file("cur-2", MIXED)
    monkeypatch.chdir(desk.folder)
    assert read_cur_mapping(Path("cur-2")).export == "focus"


def test_a_name_that_is_no_file_is_refused_with_the_names_that_ship() -> None:
    with pytest.raises(
        MappingRefused, match=r"no such file\. Name a file, or one .*cur-2, cur-leg"
    ):
        read_cur_mapping(Path("cur-3"))


LEGACY = """bill/PayerAccountId,lineItem/UsageStartDate,lineItem/UnblendedCost,lineItem/CurrencyCode,\
lineItem/LineItemType,reservation/ReservationARN,reservation/EffectiveCost,resourceTags/user:tenant
1111,2026-10-01T00:00:00Z,0.0416000000,USD,Usage,,,acme
1111,2026-10-01T01:00:00Z,0,USD,DiscountedUsage,arn:1,0.0200000000,
"""


def test_the_older_report_comes_in_by_the_mapping_that_ships(desk: Desk) -> None:
    desk.mapping = read_cur_mapping(Path("cur-legacy"), owner_tag="resourceTags/user:tenant")
    done = desk.land(desk.file("bill.csv.gz", gzip.compress(LEGACY.encode())))
    (day,) = desk.record(done)["days"]
    assert (day["control_usd"], day["amortized_usd"]) == ("0.0416", "0.0616")


def test_focus_1_2_tells_the_effective_cost_as_the_amortized_one(desk: Desk) -> None:
    desk.mapping = read_cur_mapping(Path("focus-1.2"), owner_tag="Tags[tenant_id]")
    select = (
        "select 'AWS' as ProviderName, '1111' as BillingAccountId, 0::double as BilledCost, "
        "timestamp '2026-10-01 00:00:00' as ChargePeriodStart, 0.123456789012::double "
        "as EffectiveCost, 'USD' as BillingCurrency, map {'tenant_id': 'acme'} as Tags"
    )
    done = desk.land(parquet(desk.folder, select))
    (day,) = desk.record(done)["days"]
    assert (day["control_usd"], day["amortized_usd"]) == ("0", "0.123456789012")
    assert [row["owner_tag"] for row in desk.rows] == ["acme"]


@pytest.mark.real
def test_the_published_focus_sample_comes_in_with_the_rows_of_aws(desk: Desk) -> None:
    file = DATA / "focus-1.0-sample" / "focus_sample.csv"
    if not file.is_file():
        pytest.skip(f"the published data set focus-1.0-sample is not in {DATA}")
    desk.mapping = read_cur_mapping(
        Path("focus-1.0"), owner_tag="Tags[business_unit]", module_tag="Tags[application]"
    )
    done = desk.land(file)
    db = duckdb.connect()
    taken = db.execute(
        "select BilledCost, Tags from read_csv(?, all_varchar = true) where ProviderName = 'AWS'",
        [str(file)],
    ).fetchall()
    assert (done.rows, done.left_out) == (942, 58)
    assert done.control_usd == sum(Decimal(cost) for cost, _ in taken) == Decimal("18.0066386184")
    assert [row["cost"] for row in desk.rows] == [cost for cost, _ in taken]
    units = [json.loads(tags)["business_unit"] for _, tags in taken if tags != "NULL"]
    assert [row["owner_tag"] for row in desk.rows if "owner_tag" in row] == units
