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
        "invoice_issued",
        "unattributed_cost_threshold_exceeded",
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
    example = schema_of(detail_type)["examples"][0]
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


@pytest.mark.parametrize("time", ["2026-10-03T12:00:00", "2026-10-03T12:00:00+05:30", "yesterday"])
def test_a_time_that_is_not_utc_does_not_fit(time: str) -> None:
    pack = {"count": 1, "events": [event("acme", "api_calls", "1", 1) | {"time": time}]}
    with pytest.raises(jsonschema.ValidationError):
        validate("usage_recorded", pack)
