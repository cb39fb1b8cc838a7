"""A catalog is read into one normal form, however people lay out, order and abbreviate it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from catalog.catalog_sample import SAMPLE, Reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meterbook.catalog.document import Document, Fields
from meterbook.catalog.kinds import AGGREGATIONS
from meterbook.catalog.read_catalog import read_catalog

ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}


def only(documents: list[Document]) -> Fields:
    (document,) = documents
    return document.body


def test_a_plan_is_landed_with_every_shorthand_written_out(read: Reading) -> None:
    plan = next(document for document in read(SAMPLE) if document.kind == "plan")
    assert plan.id == "growth:3"
    assert plan.body == {
        **ALWAYS,
        "id": "growth",
        "version": "3",
        "currency": "USD",
        "passthrough": False,
        "levy": {"metric": "active_customers", "unit_price": "0.35", "unit_size": "1"},
        "facility_fees": [{"module_id": "MOD-042", "fee": "250.00"}],
        "rates": [
            {
                "metric": "ml_inference",
                "included": "10000",
                "unit_price": "0.40",
                "unit_size": "1000",
            }
        ],
    }


def test_what_is_not_written_is_landed_as_its_default(read: Reading) -> None:
    bodies = {document.kind: document.body for document in read(SAMPLE)}
    assert bodies["account"] == {
        **ALWAYS,
        "id": "acme",
        "name": "Acme Payments",
        "seller": "north",
        "currency": "USD",
        "address": [],
        "country": "",
        "tax_id": "",
        "email": "",
        "payment_days": "30",
        "tenants": [{"tenant_id": "acme", **ALWAYS}],
    }
    assert bodies["seller"]["bank"] == ""
    assert bodies["metric"]["visibility"] == "licensee"
    assert bodies["tenant"]["name"] == "acme"


@pytest.mark.parametrize(
    "written",
    ["{MB: 0.0010, KB: 0.000001}", "[{unit: MB, factor: 0.001}, {unit: KB, factor: 0.000001}]"],
)
def test_a_metric_says_how_it_is_aggregated_and_what_it_converts(
    written: str, read: Reading
) -> None:
    metric = (
        f"kind: metric, id: stored, unit: GB, aggregation: time_weighted, conversions: {written}"
    )
    assert only(read(f"{{{metric}}}")) == {
        **ALWAYS,
        "id": "stored",
        "name": "stored",
        "unit": "GB",
        "aggregation": "time_weighted",
        "counts": "",
        "conversions": [{"unit": "KB", "factor": "0.000001"}, {"unit": "MB", "factor": "0.001"}],
        "visibility": "licensee",
        "domain": "",
    }


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_aggregation_is_taken_and_converts_nothing_by_itself(
    aggregation: str, read: Reading
) -> None:
    counts = "a" if aggregation == "distinct" else ""
    text = f"kind: metric, id: m, unit: u, aggregation: {aggregation}, counts: '{counts}'"
    body = only(read(f"{{{text}}}"))
    assert (body["aggregation"], body["conversions"]) == (aggregation, [])


def test_the_metric_packs_are_one_catalog_of_metrics() -> None:
    packs = read_catalog(Path(__file__).parents[2] / "examples/metrics")
    assert {pack.kind for pack in packs} == {"metric"}
    assert {pack.body["aggregation"] for pack in packs} == {"sum", "max", "latest", "time_weighted"}
    assert {"lambda_gb_seconds", "lambda_invocations"} < {pack.id for pack in packs}


def test_a_plan_without_levy_fees_and_rates_says_so_with_nothing(read: Reading) -> None:
    plan = only(read("{kind: plan, id: free, version: 1, currency: USD}"))
    assert (plan["levy"], plan["facility_fees"], plan["rates"]) == ({}, [], [])


def test_an_entry_ends_where_the_next_one_begins_and_within_its_document(read: Reading) -> None:
    tenant = only(
        read("""
        kind: tenant
        id: acme
        from: 2026-01-01
        until: 2027-01-01
        modules: [MOD-043, MOD-042, {module: MOD-043, from: 2026-06-01, until: 2026-07-01}]
        subscriptions:
          - {plan: growth, version: 3, from: 2026-10-01}
          - {plan: growth, version: 2}
        """)
    )
    assert tenant["subscriptions"] == [
        {
            "plan_id": "growth",
            "plan_version": "2",
            "starts_on": "2026-01-01",
            "ends_on": "2026-10-01",
        },
        {
            "plan_id": "growth",
            "plan_version": "3",
            "starts_on": "2026-10-01",
            "ends_on": "2027-01-01",
        },
    ]
    assert tenant["modules"] == [
        {"module_id": "MOD-042", "starts_on": "2026-01-01", "ends_on": "2027-01-01"},
        {"module_id": "MOD-043", "starts_on": "2026-01-01", "ends_on": "2026-06-01"},
        {"module_id": "MOD-043", "starts_on": "2026-06-01", "ends_on": "2026-07-01"},
    ]


def test_one_value_of_a_setting_is_a_list_of_one(read: Reading) -> None:
    config = only(read("{kind: config, id: settle_hours, value: 72, from: 2026-10-01}"))
    values = [{"value": "72", "starts_on": "2026-10-01", "ends_on": "9999-12-31"}]
    assert config == {**ALWAYS, "id": "settle_hours", "values": values}


def test_a_rule_that_leaves_a_tag_out_matches_any(read: Reading) -> None:
    rule = only(
        read("""
        {kind: allocation_rule, id: pool, version: 2, position: 10, method: usage,
         metric: work, match: {owner_tag: ordering}, from: 2026-10-01}
        """)
    )
    assert rule["match"] == {
        "owner_tag": "ordering",
        "module_tag": "",
        "service": "",
        "account": "",
    }
    assert (rule["version"], rule["position"], rule["starts_on"]) == ("2", "10", "2026-10-01")


@pytest.mark.parametrize(
    "written",
    ["{b: two, a: one}", "[{raw: a, value: one}, {value: two, raw: b}]"],
)
def test_aliases_are_pairs_however_they_are_written(written: str, read: Reading) -> None:
    aliases = only(read(f"{{kind: tag_aliases, id: owners, tag: owner, aliases: {written}}}"))
    assert aliases["aliases"] == [{"raw": "a", "value": "one"}, {"raw": "b", "value": "two"}]


@pytest.mark.parametrize("written", ["[1 Elm, Bristol]", '"1 Elm\\nBristol"'])
def test_an_address_is_lines_however_it_is_written(written: str, read: Reading) -> None:
    text = f"{{kind: seller, id: n, name: N, invoice_series: NL, address: {written}}}"
    assert only(read(text))["address"] == ["1 Elm", "Bristol"]


@pytest.mark.parametrize(
    ("currency", "written", "landed"),
    [
        ("USD", "0.4", "0.40"),
        ("USD", "0.400", "0.40"),
        ("USD", "4", "4.00"),
        ("USD", "0.000004", "0.000004"),
        ("JPY", "5.00", "5"),
        ("KWD", "0.4", "0.400"),
        ("USD", "999999999999.999999", "999999999999.999999"),
    ],
)
def test_one_price_has_one_text(currency: str, written: str, landed: str, read: Reading) -> None:
    rate = f"[{{metric: gb, unit_price: {written}}}]"
    plan = only(read(f"{{kind: plan, id: p, version: 1, currency: {currency}, rates: {rate}}}"))
    assert plan["rates"][0]["unit_price"] == landed


def test_a_text_is_what_was_written_also_where_yaml_sees_a_number(read: Reading) -> None:
    module = only(read("{kind: module, id: 042, name: 1e3}"))
    assert (module["id"], module["name"]) == ("042", "1e3")


def test_hidden_files_and_files_of_other_kinds_are_left_alone(folder: Path) -> None:
    (folder / ".github").mkdir()
    (folder / ".github" / "ci.yaml").write_text("on: push")
    (folder / "README.md").write_text("kind: module")
    (folder / "archive.yaml").mkdir()
    (folder / "modules.YML").write_text("{kind: module, id: MOD-042}")
    assert [document.id for document in read_catalog(folder)] == ["MOD-042"]


def shuffled(value: object, dice: st.DataObject) -> object:
    if isinstance(value, list):
        return [shuffled(item, dice) for item in value]
    if isinstance(value, dict):
        names = dice.draw(st.permutations(sorted(value)))
        return {name: shuffled(value[name], dice) for name in names}
    return value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(dice=st.data())
def test_files_order_keys_style_and_comments_mean_nothing(
    dice: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plain = tmp_path_factory.mktemp("plain")
    (plain / "all.yaml").write_text(SAMPLE)
    documents = dice.draw(st.permutations(list(yaml.load_all(SAMPLE, yaml.BaseLoader))))
    other = tmp_path_factory.mktemp("other")
    for number, document in enumerate(documents):
        file = other / dice.draw(st.sampled_from(["a/x.yaml", "b.yml", f"{number}.yaml"]))
        file.parent.mkdir(exist_ok=True)
        style = dice.draw(st.sampled_from([None, True, False]))
        text = yaml.safe_dump(shuffled(document, dice), default_flow_style=style, sort_keys=False)
        with file.open("a") as end:
            end.write(f"---\n# number {number}\n{text}")
    assert read_catalog(other) == read_catalog(plain)
