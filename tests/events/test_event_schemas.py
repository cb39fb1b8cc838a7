"""Every event has a schema, every schema a true example, and what we land and tell fits them."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from close.small_world import event
from events.event_schemas import schema_of, validate
from meterbook.sqlfiles import project_folder

SCHEMAS = sorted(project_folder("events").glob("*.json"), key=lambda path: path.name)
DETAIL_TYPES = [path.name.removesuffix(".v1.json") for path in SCHEMAS]


def test_every_event_of_this_version_has_a_schema() -> None:
    assert DETAIL_TYPES == [
        "billing_period_closed",
        "credit_note_issued",
        "invoice_issued",
        "unattributed_cost_threshold_exceeded",
        "usage_gap_detected",
        "usage_recorded",
    ]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_valid_and_titled_by_its_file(path: Path) -> None:
    schema = schema_of(path.name.removesuffix(".v1.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert path.name == f"{schema['title']}.v1.json"
    assert schema["description"]


@pytest.mark.parametrize("detail_type", DETAIL_TYPES)
def test_the_example_is_true(detail_type: str) -> None:
    examples = schema_of(detail_type)["examples"]
    assert examples
    for example in examples:
        validate(detail_type, example)


@pytest.mark.parametrize("detail_type", DETAIL_TYPES)
def test_a_field_that_is_missing_is_found(detail_type: str) -> None:
    for example in schema_of(detail_type)["examples"]:
        for field in example:
            with pytest.raises(jsonschema.ValidationError):
                validate(detail_type, {name: example[name] for name in example if name != field})


def test_an_alert_has_exactly_the_fields_of_its_contract() -> None:
    schema = schema_of("unattributed_cost_threshold_exceeded")
    fields = [
        "trace_id", "alert_id", "cost_date", "total_aws_cost_usd", "unattributed_cost_usd",
        "unattributed_share", "threshold", "event_time",
    ]  # fmt: skip
    assert schema["required"] == list(schema["properties"]) == fields
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "quantity", ["1_000", "NaN", "1e400", "1,5", "1.1234567", "", "-1", "1" * 16]
)
def test_a_quantity_that_sql_would_reject_does_not_fit(quantity: str) -> None:
    pack = {"count": 1, "events": [event("acme", "api_calls", quantity, 1)]}
    with pytest.raises(jsonschema.ValidationError):
        validate("usage_recorded", pack)


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        ({"quantity": "-2.5", "reverses": "e-1"}, True),
        ({"reverses": "e-1"}, True),
        ({"quantity": "-2.5"}, False),
        ({"quantity": "-2.5", "reverses": ""}, False),
        ({"quantity": "-0.00"}, True),
        ({"quantity": "--1", "reverses": "e-1"}, False),
    ],
)
def test_only_a_correction_goes_below_zero(data: dict[str, str], fits: bool) -> None:
    pack = {"count": 1, "events": [event("acme", "api_calls", "1", 1) | {"data": data}]}
    if fits:
        validate("usage_recorded", pack)
        return
    with pytest.raises(jsonschema.ValidationError):
        validate("usage_recorded", pack)


@pytest.mark.parametrize(
    "odd",
    [{"dataschema": "usage_recorded.v2"}, {"sequence": "0"}, {"sequence": 17}, {"producer": ""}],
)
def test_an_extension_that_is_not_ours_to_read_does_not_fit(odd: dict[str, object]) -> None:
    good = {"dataschema": "usage_recorded.v1", "producer": "f/b1", "sequence": "17"}
    event_ = event("acme", "api_calls", "1", 1) | good
    validate("usage_recorded", {"count": 1, "events": [event_]})
    with pytest.raises(jsonschema.ValidationError):
        validate("usage_recorded", {"count": 1, "events": [event_ | odd]})


def test_a_silent_source_misses_no_numbers_and_a_gap_no_day() -> None:
    gap, silence = schema_of("usage_gap_detected")["examples"]
    for one, other in ((gap, silence), (silence, gap)):
        for field in set(other) - set(one):
            with pytest.raises(jsonschema.ValidationError):
                validate("usage_gap_detected", one | {field: other[field]})


@pytest.mark.parametrize("time", ["2026-10-03T12:00:00", "2026-10-03T12:00:00+05:30", "yesterday"])
def test_a_time_that_is_not_utc_does_not_fit(time: str) -> None:
    pack = {"count": 1, "events": [event("acme", "api_calls", "1", 1) | {"time": time}]}
    with pytest.raises(jsonschema.ValidationError):
        validate("usage_recorded", pack)
