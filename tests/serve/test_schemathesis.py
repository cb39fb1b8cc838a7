"""What is documented is what happens: both apps against `web/openapi.json`, with data made from it.

schemathesis makes data that the document allows and data that it forbids, sends both to the real
apps in this process, and looks at each answer with all its checks but those named below.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from meterbook_local.clock import FixedClock
from meterbook_local.gateway import body_of, event_of, status_and_headers
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from serve.marked_world import NOW, WRITER, MarkedWorld

DOCUMENT = json.loads((Path(__file__).parents[2] / "web" / "openapi.json").read_text("utf-8"))
for _item in DOCUMENT["paths"].values():
    for _operation in _item.values():
        _body = _operation.get("requestBody", {"content": {"application/json": {}}})
        _fields = _body["content"]["application/json"].get("schema", {}).get("properties", {})
        if "reason" in _fields:  # to make texts for its own pattern takes minutes
            _fields["reason"] = {"type": "string", "enum": ["a test", "another"]}
OPERATIONS = {
    operation["operationId"]: (path, method, "finance" not in operation["tags"])
    for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
}  # fmt: skip

NOT_FOR_US: Mapping[str, str] = {
    "positive_data_acceptance": "an allowed number or month need not exist (404), and all months "
    "of this book are closed (409)",
    "use_after_free": "nothing is ever deleted",
    "ensure_resource_availability": "no POST makes something that has an address of its own",
    "object_level_authorization": "needs two users in its own configuration: test_matrix has twenty",
}
"""The checks of schemathesis that are left out, and why."""


@pytest.fixture(scope="module")
def door(marks: MarkedWorld) -> Any:
    """Both apps as one WSGI application, through our own gateway."""
    numbers = iter(range(10**9))

    def application(environ: Mapping[str, Any], start_response: Any) -> Iterator[bytes]:
        event = event_of(environ, f"request-{next(numbers)}", FixedClock(NOW))
        first = event["rawPath"].removeprefix("/v1/").partition("/")[0]
        answer = marks.app(tenant=first not in FINANCES).resolve(event, None)  # type: ignore[arg-type]
        start_response(*status_and_headers(answer))
        yield body_of(answer)

    return application


FINANCES = {path.split("/")[2] for path, _, tenant in OPERATIONS.values() if not tenant}


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_operation_does_what_its_document_says(
    marks: MarkedWorld, door: Any, operation_id: str
) -> None:
    path, method, tenant = OPERATIONS[operation_id]
    schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
    schema.app = door
    bearer = marks.token_of("acme") if tenant else marks.issuer.token(WRITER)
    left_out = [check for name, check in _checks().items() if name in NOT_FOR_US]

    def send(case: Case) -> None:
        headers = {"Authorization": f"Bearer {bearer}", "Accept-Encoding": "identity"}
        case.call_and_validate(headers=headers, excluded_checks=left_out)

    config = HypothesisTestConfig(schema.config, WAYS, settings=FEW, seed=8)
    create_test(operation=schema[path][method.upper()], test_func=send, config=config)()


REFUSED = ["400", "401", "403", "404", "405", "409", "414", "415", "422"]
CONFIG = schemathesis.Config.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}}
)
WAYS = [HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE, HypothesisTestMode.FUZZING]
FEW = settings(
    max_examples=8, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate),
)  # fmt: skip


def _checks() -> Mapping[str, Any]:
    load_all_checks()
    return {check.__name__: check for check in CHECKS.get_all()}


def test_every_check_is_run_or_left_out_for_a_reason() -> None:
    assert set(NOT_FOR_US) <= set(_checks())
