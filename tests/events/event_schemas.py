"""The schemas under `events/` as validators, for every test that publishes something."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
from meterbook.sqlfiles import project_folder


@cache
def schema_of(detail_type: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (project_folder("events") / f"{detail_type}.v1.json").read_text("utf-8")
    )
    return found


def validate(detail_type: str, detail: object) -> None:
    """Refuse a detail that is not what its schema promises."""
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    schema = schema_of(detail_type)
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(detail)


def validate_published(envelopes: list[dict[str, Any]]) -> None:
    """Refuse an outbox that holds anything but what the schemas promise."""
    for envelope in envelopes:
        validate(envelope["detail-type"], envelope["detail"])
