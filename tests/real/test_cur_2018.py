"""`make real`: two published months of a bill come to figures that others can check by hand.

They stand here as numbers, and are taken once more from the files by exact sums that share nothing
with the import.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from journey.walk import paired_day
from meterbook_cli.published import CUR_MONTHS, attribute_cur

pytestmark = pytest.mark.real

FIGURES = {
    "2018-10": {
        "rows": 119_307,
        "unblended_usd": "4064.4831315379",
        "control_usd": "4064.4831315379",
        "amortized_usd": "4195.9571093179",
        "attributed_usd": {
            "Cost001": "174.8049056859",
            "Cost002": "149.3873981614",
            "Cost004": "5.9343506084",
            "Cost005": "14.1495820005",
            "Cost006": "37.2359982298",
        },
        "unattributed_usd": "3682.9708968519",
        "unattributed_share": "0.906135116732",
        "conservation_residual_usd": "0",
    },
    "2018-11": {
        "rows": 124_340,
        "unblended_usd": "3505.3269681268",
        "control_usd": "3505.3269681268",
        "amortized_usd": "3632.5598464968",
        "attributed_usd": {
            "Cost001": "154.4885373773",
            "Cost002": "116.0363397457",
            "Cost004": "8.8999259768",
            "Cost005": "14.9878699999",
            "Cost006": "26.9948990232",
        },
        "unattributed_usd": "3183.9193960039",
        "unattributed_share": "0.908308818251",
        "conservation_residual_usd": "0",
    },
}
EXACT = "cast(cast({} as varchar) as decimal(38, 10))"
AMORTIZED = (
    "case line_item_line_item_type when 'DiscountedUsage' then {effective} "
    "when 'RIFee' then {upfront} + {recurring} else {cost} end"
).format(
    cost=EXACT.format("line_item_unblended_cost"),
    effective=EXACT.format("reservation_effective_cost"),
    upfront=EXACT.format("reservation_unused_amortized_upfront_fee_for_billing_period"),
    recurring=EXACT.format("reservation_unused_recurring_fee"),
)


@pytest.fixture(scope="module")
def data() -> Path:
    folder = paired_day().usage_files[0].parents[1]
    for name in CUR_MONTHS:
        if not (folder / name).is_dir():
            pytest.skip(f"the published data set {name} is not there")
    return folder


@pytest.fixture(scope="module")
def told(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("real")
    attribute_cur("real", root, data)
    found: dict[str, Any] = json.loads((root / "cur.json").read_text("utf-8"))
    return found


def test_the_figures_are_the_published_ones(told: dict[str, Any]) -> None:
    assert told == FIGURES


@pytest.mark.parametrize(("name", "month"), list(zip(CUR_MONTHS, FIGURES, strict=True)))
def test_the_files_say_the_same(name: str, month: str, data: Path, told: dict[str, Any]) -> None:
    owned = duckdb.connect().execute(
        f"select resource_tags_user_cost_center, sum({EXACT.format('line_item_unblended_cost')}), "
        f"sum({AMORTIZED}), count(*) from read_parquet(?) group by 1 order by 1",
        [f"{data / name}/*.parquet"],
    )
    (_, unowned, *_), *tenants = rows = owned.fetchall()
    assert {owner: Decimal(usd) for owner, usd in told[month]["attributed_usd"].items()} == {
        owner: usd for owner, usd, *_ in tenants
    }
    assert Decimal(told[month]["unattributed_usd"]) == unowned
    assert Decimal(told[month]["control_usd"]) == sum(usd for _, usd, *_ in rows)
    assert Decimal(told[month]["amortized_usd"]) == sum(usd for _, _, usd, _ in rows)
    assert told[month]["rows"] == sum(count for *_, count in rows)


def test_every_cent_is_attributed_or_said_to_have_no_owner(told: dict[str, Any]) -> None:
    for month in told.values():
        owned = sum(map(Decimal, month["attributed_usd"].values()))
        assert owned + Decimal(month["unattributed_usd"]) == Decimal(month["control_usd"])


def test_without_the_months_the_walk_says_so_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attribute_cur("real", tmp_path, tmp_path / "nowhere")
    assert "aws-cur-2018-10 is not there; cur.json is left out." in capsys.readouterr().err
    assert not (tmp_path / "cur.json").exists()
