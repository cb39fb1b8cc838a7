"""The cost of usage is what the templates, the layer's own packs and a sourced price table say."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import yaml
from meterbook_usage import UsageMeter
from meterbook_usage.packing import pack
from meterbook_usage.settings import Settings
from synthesized import ROOT, Assembly

from bench.cost_of_usage import (
    BUSY,
    COUNT,
    EVENT,
    GB,
    PRODUCER,
    SOURCE,
    Prices,
    Way,
    cost,
    flat,
    floor,
    read_way,
    tables,
    total,
)

PRICES = Prices.read()
TABLE = yaml.safe_load((ROOT / "bench/prices.yaml").read_text("utf-8"))["prices"]
MILLION = 1_000_000


@pytest.fixture(scope="module")
def way(assembly: Assembly) -> Way:
    return read_way(assembly.folder)


def test_the_tables_in_the_docs_are_what_the_templates_cost(way: Way) -> None:
    text = (ROOT / "docs/deploy.md").read_text("utf-8")
    _, _, rest = text.partition("<!-- python -m bench.cost_of_usage -->\n")
    assert rest.partition("<!-- end -->")[0] == tables(way, PRICES)


@pytest.mark.parametrize("name", TABLE)
def test_every_price_says_where_it_is_from(name: str) -> None:
    assert TABLE[name]["page"].startswith("https://")
    assert TABLE[name]["read"]
    assert Decimal(TABLE[name]["usd"]) > 0


def test_buffers_and_archive_are_read_off_the_templates(assembly: Assembly, way: Way) -> None:
    assert (way.usage.seconds, way.counts.seconds) == (300, 900)
    assert way.bucket_key
    assert way.unpacks_counts
    assert way.archived_months == 0
    assert read_way(assembly.folder, "connected").archived_months == 3


def test_one_entry_per_event_is_a_dollar_a_million_and_five_kilobytes_a_record(way: Way) -> None:
    parts = cost(way, PRICES, MILLION, 10, packed=False)
    assert parts["EventBridge"] == 1
    assert parts["Firehose"] == Decimal(MILLION * 5 * 1024) / GB * Decimal("0.029")


def test_a_flush_of_one_event_saves_nothing_but_the_second_channel_costs_as_always(
    way: Way,
) -> None:
    assert cost(way, PRICES, MILLION, 1) == cost(way, PRICES, MILLION, 1, packed=False)


def test_a_pack_that_is_full_costs_one_chunk(way: Way) -> None:
    full = json.loads(next(pack([EVENT] * 1000, SOURCE, PRODUCER)).detail)["count"]
    assert cost(way, PRICES, full * MILLION, full)["EventBridge"] == 1
    assert cost(way, PRICES, (full + 1) * MILLION, full + 1)["EventBridge"] == 2


def test_packing_is_cheaper_the_more_a_flush_has_and_never_below_the_floor(way: Way) -> None:
    totals = [total(cost(way, PRICES, MILLION * 100, n)) for n in (1, 2, 10, 50, BUSY)]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] > total(floor(way, PRICES, MILLION * 100))


def test_an_archive_of_packs_is_a_part_of_its_own(assembly: Assembly, way: Way) -> None:
    archiving = read_way(assembly.folder, "connected")
    more = cost(archiving, PRICES, MILLION)
    assert more.pop("archive") > 0
    assert more == cost(way, PRICES, MILLION)


def test_what_stands_costs_without_an_event(assembly: Assembly, way: Way) -> None:
    alarms = assembly.resources("prod", "AWS::CloudWatch::Alarm")
    assert flat(way, PRICES)[f"CloudWatch: {len(alarms)} alarms"] == len(alarms) * Decimal("0.1")
    assert total(cost(way, PRICES, 0)) == 0


# ---- the sizes are the layer's ------------------------------------------------------------------


EVENT_ID = json.loads(EVENT)["id"]


def said(capsys: pytest.CaptureFixture[str], events: int) -> list[str]:
    """What a host's log has after so many events that had nowhere to go, and a flush."""
    meter = UsageMeter("MOD-042", function="score-application", settings=Settings())
    told = {"tenant_id": "tenant-0042", "quantity": "12.5", "unit": "call", "event_id": EVENT_ID}
    for _ in range(events):
        meter.record("ml_inference", **told)
    meter.flush()
    return capsys.readouterr().out.splitlines()


def test_the_event_is_as_long_as_one_that_the_layer_writes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (unsent,) = [json.loads(x)["detail"] for x in said(capsys, 117) if "usage_not_sent" in x]
    written = json.dumps(unsent["events"][-1], separators=(",", ":"))
    assert len(written) == len(EVENT)
    assert json.loads(written).keys() == json.loads(EVENT).keys()


def test_a_default_id_is_as_long_as_the_one_in_the_event() -> None:
    meter = UsageMeter("MOD-042", function="score-application", settings=Settings())
    assert len(meter.record("ml_inference", tenant_id="t", quantity=1)) == len(EVENT_ID)


def test_a_busy_host_sends_when_as_much_is_waiting_and_counts_it_in_a_line_as_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = [x for x in said(capsys, BUSY + 100) if "UsageEventsRecorded" in x]
    first, second = (json.loads(line) for line in counts)
    # The first numbers have fewer digits, which may leave room for one event more.
    assert first["UsageEventsRecorded"] - BUSY in (0, 1)
    assert second.keys() == json.loads(COUNT).keys()
    assert abs(len(counts[0]) - len(COUNT)) <= 2
