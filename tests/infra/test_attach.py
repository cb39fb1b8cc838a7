"""A platform team attaches the layer in one line: it sends, it spills, it is counted, no more."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from typing import Any

import pytest
from synthesized import ROOT, Assembly, plain, synthesized

ATTACH = ROOT / "infra/attach.py"
LAYER = ROOT / "layers/usage/python/meterbook_usage"
SETTINGS = {"MODULE", "BUS", "SOURCE", "SPILL_QUEUE", "DEADLINE_SECONDS"}


@cache
def template() -> dict[str, Any]:
    """What an app of its own synthesizes that has nothing of ours but the one file."""
    text = (synthesized().folder / "host/host.template.json").read_text("utf-8")
    return dict(json.loads(text))


def resources(type_: str) -> dict[str, dict[str, Any]]:
    """The host's resources of a type, as CloudFormation would write them."""
    return {
        name: plain(one["Properties"], template() | {"Parameters": {}})
        for name, one in template()["Resources"].items()
        if one["Type"] == type_
    }


def functions() -> dict[str, dict[str, Any]]:
    return {one["FunctionName"]: one for one in resources("AWS::Lambda::Function").values()}


def told(function: str) -> dict[str, str]:
    variables = functions()[function]["Environment"]["Variables"]
    return {name.removeprefix("METERBOOK_USAGE_"): value for name, value in variables.items()}


def test_the_file_stands_alone() -> None:
    tree = ast.parse(ATTACH.read_text("utf-8"))
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        + [alias.name for alias in node.names if isinstance(node, ast.Import)]
    }
    assert modules == {"__future__", "dataclasses", "aws_cdk"}


def test_the_layer_is_told_where_usage_goes() -> None:
    assert told("scores") == {
        "MODULE": "MOD-042",
        "BUS": "meterbook-dev",
        "SOURCE": "meterbook",
        "SPILL_QUEUE": "https://sqs.<AWS::Region>.<AWS::URLSuffix>/123456789012"
        "/meterbook-dev-usage-spill",
        "DEADLINE_SECONDS": "2",
    }


def test_the_layer_reads_every_variable_that_it_is_told() -> None:
    read = (LAYER / "settings.py").read_text("utf-8")
    for name in SETTINGS | {"HANDLER", "TENANT_PATH"}:
        assert re.search(rf"\b{name}\b", read), name


def test_the_layer_that_was_published_last_is_attached() -> None:
    (layer,) = functions()["scores"]["Layers"]
    parameter = template()["Parameters"][layer.strip("<>")]
    assert parameter["Default"] == "/meterbook/dev/metering/usage-layer-arn"
    assert functions()["intercepted"]["Layers"][0].endswith(":layer:bank-dev-usage:7")


def test_without_a_tenant_path_the_handler_stays_the_functions_own() -> None:
    assert functions()["scores"]["Handler"] == "score.main"


def test_with_a_tenant_path_the_layer_comes_before_the_functions_own_handler() -> None:
    module, name = functions()["intercepted"]["Handler"].rsplit(".", 1)
    assert (LAYER.parent / f"{module.replace('.', '/')}.py").is_file()
    assert f"def {name}(" in (LAYER / "handler.py").read_text("utf-8")
    assert told("intercepted")["HANDLER"] == "score.main"
    assert told("intercepted")["TENANT_PATH"] == "event:headers.x-tenant-id"
    assert told("intercepted")["DEADLINE_SECONDS"] == "1"


def test_a_platforms_names_are_its_own() -> None:
    assert told("intercepted")["BUS"] == "bank-risk-platform-dev"
    assert told("intercepted")["SOURCE"] == "bank.risk-platform"
    assert told("intercepted")["SPILL_QUEUE"].endswith("/bank-dev-usage-spill")


@pytest.mark.parametrize(
    ("function", "bus", "queue"),
    [
        ("scores", "meterbook-dev", "meterbook-dev-usage-spill"),
        ("intercepted", "bank-risk-platform-dev", "bank-dev-usage-spill"),
    ],
)
def test_exactly_two_rights_are_granted(function: str, bus: str, queue: str) -> None:
    (policy,) = [
        one
        for name, one in resources("AWS::IAM::Policy").items()
        if name.startswith(f"{function}ServiceRole")
    ]
    granted = {one["Action"]: one["Resource"] for one in policy["PolicyDocument"]["Statement"]}
    assert granted == {
        "events:PutEvents": f"arn:aws:events:<AWS::Region>:123456789012:event-bus/{bus}",
        "sqs:SendMessage": f"arn:aws:sqs:<AWS::Region>:123456789012:{queue}",
    }


@pytest.mark.parametrize("function", ["scores", "intercepted"])
def test_no_function_announces_in_our_name(function: str) -> None:
    """What we announce on the same bus is signed and posted to customers."""
    (condition,) = [
        statement["Condition"]
        for name, one in resources("AWS::IAM::Policy").items()
        if name.startswith(f"{function}ServiceRole")
        for statement in one["PolicyDocument"]["Statement"]
        if statement["Action"] == "events:PutEvents"
    ]
    assert condition == {"StringEquals": {"events:detail-type": "usage_recorded"}}
    assert 'DETAIL_TYPE = "usage_recorded"' in (LAYER / "packing.py").read_text("utf-8")


def test_what_is_counted_goes_to_the_stream_and_in_the_role_that_meterbook_deploys(
    assembly: Assembly,
) -> None:
    filters = resources("AWS::Logs::SubscriptionFilter").values()
    assert {one["FilterPattern"] for one in filters} == {"{ $.UsageEventsRecorded = * }"}
    for environment, prefix in (("dev", "meterbook-dev"), ("bank-dev", "bank-dev")):
        (sent,) = [one for one in filters if one["FilterName"].startswith(prefix)]
        streams = assembly.resources(environment, "AWS::KinesisFirehose::DeliveryStream")
        assert sent["DestinationArn"].rpartition("/")[2] in {
            one["Properties"]["DeliveryStreamName"] for one in streams.values()
        }
        roles = assembly.resources(environment, "AWS::IAM::Role", "collection")
        assert sent["RoleArn"].rpartition("/")[2] in {
            one["Properties"].get("RoleName") for one in roles.values()
        }


@pytest.mark.parametrize("environment", ["dev", "bank-dev"])
def test_what_it_is_told_of_is_what_meterbook_deploys(assembly: Assembly, environment: str) -> None:
    function = "scores" if environment == "dev" else "intercepted"
    queues = assembly.resources(environment, "AWS::SQS::Queue").values()
    names = {one["Properties"]["QueueName"] for one in queues}
    assert told(function)["SPILL_QUEUE"].rpartition("/")[2] in names


def test_the_functions_own_cost_is_told_to_the_bill() -> None:
    for name, owner, module in (
        ("scores", "platform", "MOD-042"),
        ("intercepted", "acme", "MOD-043"),
    ):
        tags = {tag["Key"]: tag["Value"] for tag in functions()[name]["Tags"]}
        assert tags == {"tenant_id": owner, "module_id": module}


def test_a_function_that_is_not_python_is_refused_with_what_to_do_instead(
    assembly: Assembly,
) -> None:
    told = (assembly.folder / "host/refused.txt").read_text("utf-8")
    assert told.startswith("host/scores runs nodejs22.x")
    assert "docs/attach.md" in told
