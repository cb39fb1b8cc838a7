"""A function that is not touched is metered: what it was called, and the GB-seconds it took."""

from __future__ import annotations

import importlib
import json
import sys

import pytest
from meterbook_usage.tenant import tenant_at
from usage_layer.test_usage_triggers import sqs

HOST = '''
"""A host that knows nothing of metering."""

CALLED = []


def handler(event, context):
    CALLED.append((event, context))
    if event.get("fails"):
        raise ValueError("mine")
    return {"statusCode": 200}
'''


@pytest.fixture
def load(tmp_path, monkeypatch, cloud):
    """Load the layer's handler afresh, as Lambda would, before a host of its own."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/scoring.py").write_text(HOST, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def loaded(**environment):
        given = {"MODULE": "MOD-042", "HANDLER": "app.scoring.handler", "BUS": "meterbook"}
        for name, value in {**given, **environment}.items():
            monkeypatch.setenv(f"METERBOOK_USAGE_{name}", value)
        monkeypatch.setenv("METERBOOK_USAGE_DEADLINE_SECONDS", "60")
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "score")
        for name in ("meterbook_usage.handler", "app.scoring"):
            sys.modules.pop(name, None)
        return importlib.import_module("meterbook_usage.handler")

    yield loaded
    for name in ("meterbook_usage.handler", "app.scoring", "app"):
        sys.modules.pop(name, None)


PATH = "event:requestContext.authorizer.tenant_id"


def request(request_id="q-1", tenant="acme", **more):
    context = {"requestId": request_id, "timeEpoch": 1792843200123}
    return {"requestContext": {**context, "authorizer": {"tenant_id": tenant}}, **more}


def test_an_invocation_and_its_gb_seconds_are_recorded_for_its_tenant(load, cloud, new_context):
    layer = load(TENANT_PATH=PATH)
    event, context = request(), new_context()
    assert layer.handler(event, context) == {"statusCode": 200}
    assert layer._real.__globals__["CALLED"] == [(event, context)]
    called, took = cloud.on_the_bus()
    assert (called["type"], called["subject"], called["data"]) == (
        "lambda_invocations",
        "acme",
        {"quantity": "1"},
    )
    assert (took["type"], took["subject"]) == ("lambda_gb_seconds", "acme")
    whole, _, rest = took["data"]["quantity"].partition(".")
    assert (whole.isdigit(), len(rest), rest.isdigit()) == (True, 6, True)
    assert called["source"] == "/MOD-042/score"


def test_an_invocation_that_raises_is_recorded_and_raises_the_same(load, cloud, new_context):
    layer = load(TENANT_PATH=PATH)
    with pytest.raises(ValueError, match="mine"):
        layer.handler(request(fails=True), new_context())
    assert [event["type"] for event in cloud.on_the_bus()] == [
        "lambda_invocations",
        "lambda_gb_seconds",
    ]


def test_an_invocation_that_is_retried_records_the_same_ids(load, cloud, new_context):
    ids = []
    for number in range(2):
        load(TENANT_PATH=PATH).handler(request(), new_context(f"r-{number}"))
        ids.append([event["id"] for event in cloud.on_the_bus()])
        cloud.bus.clear()
    assert ids[0] == ids[1]


def test_an_invocation_without_a_tenant_goes_to_the_book_which_lists_it(load, cloud, new_context):
    load(TENANT_PATH=PATH).handler({}, new_context())
    assert {event["subject"] for event in cloud.on_the_bus()} == {""}


def test_a_handler_named_with_slashes_is_found_as_lambda_finds_it(load, cloud, new_context):
    layer = load(HANDLER="app/scoring.handler")
    assert layer.handler({}, new_context()) == {"statusCode": 200}


def test_a_host_that_does_not_load_fails_as_it_would_without_the_layer(load):
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        load(HANDLER="app.nowhere.handler")


def test_a_function_whose_own_handler_is_not_named_says_so_when_it_starts(load):
    with pytest.raises(RuntimeError, match=r"METERBOOK_USAGE_HANDLER is ''.*app\.main\.handler"):
        load(HANDLER="")


@pytest.mark.parametrize(
    ("nanoseconds", "megabytes", "text"),
    [
        (10**9, 1024, "1.000000"),
        (10**9, 128, "0.125000"),
        (10**6, 128, "0.000125"),
        (4_000, 128, "0.000001"),  # half a millionth, up
        (3_999, 128, "0.000000"),
        (900 * 10**9, 10_240, "9000.000000"),
        (123_456_789, 1769, "0.213276"),
    ],
)
def test_gb_seconds_are_told_to_the_millionth(load, nanoseconds, megabytes, text):
    assert load().gb_seconds(nanoseconds, megabytes) == text


class ClientContext:
    custom = {"tenant_id": "acme"}  # noqa: RUF012 - as Lambda's has it


class WithClient:
    client_context = ClientContext()


@pytest.mark.parametrize(
    ("path", "event", "tenant"),
    [
        (PATH, request(), "acme"),
        ("event:tenant", {"tenant": 7}, "7"),
        ("event:claims.custom:tenant_id", {"claims": {"custom:tenant_id": "acme"}}, "acme"),
        (
            "event:claims.https://acme.example/tenant",
            {"claims": {"https://acme.example/tenant": "acme"}},
            "acme",
        ),
        (
            "event:Records.0.body.tenant_id",
            {"Records": [{"body": '{"tenant_id": "acme"}'}]},
            "acme",
        ),
        ("context:client_context.custom.tenant_id", None, "acme"),
        ("event:Records.0.body.tenant_id", {"Records": [{"body": "no JSON"}]}, ""),
        ("event:Records.1", {"Records": []}, ""),
        ("event:Records.x", {"Records": [1]}, ""),
        ("event:a.b.c", {"a": None}, ""),
        ("event:a", {"a": {"b": 1}}, ""),
        ("event:a", {"a": True}, ""),
        ("event:a", None, ""),
        ("context:nothing", None, ""),
        ("elsewhere:a", {"a": "x"}, ""),
        ("", {"a": "x"}, ""),
    ],
)
def test_the_tenant_is_what_stands_at_the_path(path, event, tenant):
    assert tenant_at(path, event, WithClient()) == tenant


def test_a_batch_is_one_invocation_of_the_tenant_its_first_message_names(load, cloud, new_context):
    layer = load(TENANT_PATH="event:Records.0.body.tenant_id")
    first = {**sqs("m-1"), "body": json.dumps({"tenant_id": "acme"})}
    layer.handler({"Records": [first, sqs("m-2")]}, new_context())
    assert [event["subject"] for event in cloud.on_the_bus()] == ["acme", "acme"]
