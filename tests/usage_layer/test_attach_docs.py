"""docs/attach.md is true: its code runs and meters, its commands exist, its tables are complete."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import yaml
from collect.usage_imports import Desk
from jsonschema import Draft202012Validator
from meterbook_usage.settings import Settings
from usage_layer.test_usage_triggers import sqs

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/attach.md").read_text("utf-8")
SCHEMA = json.loads((ROOT / "events/usage_recorded.v1.json").read_text("utf-8"))
LAYER = ROOT / "layers/usage/python/meterbook_usage"


def section(number):
    return re.search(rf"^## {number}\. .*?(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)[0]


def blocks(number, language="python"):
    return re.findall(rf"^```{language}\n(.*?)^```", section(number), re.DOTALL | re.MULTILINE)


def run(code):
    names = {}
    exec(compile(code, "docs/attach.md", "exec"), names)  # noqa: S102 - it is our own page
    return names


@pytest.fixture
def attached(cloud, monkeypatch):
    """The environment that the line of CDK gives a function."""
    monkeypatch.setenv("METERBOOK_USAGE_MODULE", "MOD-042")
    monkeypatch.setenv("METERBOOK_USAGE_BUS", "meterbook-prod")
    monkeypatch.setenv("METERBOOK_USAGE_DEADLINE_SECONDS", "60")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "score")
    return cloud


def assert_valid(events):
    Draft202012Validator(SCHEMA).validate({"count": len(events), "events": events})


def test_the_lines_of_cdk_are_what_the_helper_takes():
    """Its own tests synthesize it; here only the names are compared."""
    helper = ast.parse((ROOT / "infra/attach.py").read_text("utf-8"))
    (attach,) = (
        node for node in helper.body
        if isinstance(node, ast.FunctionDef) and node.name == "attach_usage_layer"
    )  # fmt: skip
    taken = {each.arg for each in attach.args.kwonlyargs}
    code = blocks(1) + blocks(3)
    calls = [
        node for block in code for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "attach_usage_layer"
    ]  # fmt: skip
    assert len(calls) == 2
    for call in calls:
        assert {each.arg for each in call.keywords} <= taken


def test_the_function_of_section_2_is_metered(attached):
    (code,) = blocks(2)
    assert run(code)["handler"]({"tenant": "acme"}, None) == 0.93
    (event,) = attached.on_the_bus()
    assert_valid([event])
    assert (event["source"], event["subject"], event["data"]) == (
        "/MOD-042/score",
        "acme",
        {"quantity": "1", "attributes": {"model": "m2"}},
    )


def test_every_word_of_record_is_explained_and_no_other():
    from meterbook_usage import UsageMeter  # noqa: PLC0415

    words = set(UsageMeter.record.__kwdefaults__) | {"tenant_id"}
    assert set(re.findall(r"^\| `(\w+)` \|", section(2), re.MULTILINE)) == words


def test_the_metrics_of_section_3_are_in_the_example_catalog(attached):
    named = set(re.findall(r"`(lambda_\w+)`", section(3)))
    documents = yaml.safe_load_all((ROOT / "examples/packs/lambda.yaml").read_text("utf-8"))
    assert named == {each["id"] for each in documents}
    source = (LAYER / "handler.py").read_text("utf-8")
    assert named == set(re.findall(r'"(lambda_\w+)"', source))


def test_the_batch_of_section_4_has_its_messages_own_ids(attached):
    (code,) = blocks(4)
    handler = run(code)["handler"]
    records = [{**sqs(f"m-{i}"), "body": "acme"} for i in range(3)]
    handler({"Records": records}, None)
    handler({"Records": records[:1]}, None)
    events = attached.on_the_bus()
    assert_valid(events)
    assert [event["id"] for event in events][3] == events[0]["id"]
    assert len({event["id"] for event in events}) == 3


def test_the_correction_of_section_5_names_what_it_takes_back(attached):
    run(*blocks(5))
    first, second = attached.on_the_bus()
    assert_valid([first, second])
    assert second["data"] == {"quantity": "-2", "reverses": first["id"]}


def test_the_hosts_of_section_6_are_metered_and_tested(attached, capsys, monkeypatch):
    script, unit_test = blocks(6)
    run(script)
    assert [event["id"] for event in attached.on_the_bus()] == ["2026-10-01:0", "2026-10-01:1"]
    monkeypatch.delenv("METERBOOK_USAGE_BUS")
    capsys.readouterr()
    run(unit_test)["test_a_score_is_metered"](capsys)


def test_what_section_7_says_of_the_log_can_be_ingested(new_meter, tmp_path, capsys):
    """The very line, under the very mapping, becomes the events that were recorded."""
    meter = new_meter(bus="", spill_queue="")
    ids = [
        meter.record("a", tenant_id="acme", quantity=i, unit="call", attributes={"x": "secret"})
        for i in range(3)
    ]
    meter.flush()
    lines = [
        line for line in capsys.readouterr().out.splitlines()
        if json.loads(line).get("message") == "usage_not_sent"
    ]  # fmt: skip
    desk = Desk(tmp_path, "source: restored\nformat: cloudevents\n")
    desk.land(desk.file("unsent.jsonl", "\n".join(lines)))
    assert [event["id"] for event in desk.events] == ids
    assert_valid(desk.events)
    assert [(each["sequence"], each["data"]) for each in desk.events] == [
        (str(i + 1), {"quantity": str(i), "unit": "call"}) for i in range(3)
    ]
    assert len({each["producer"] for each in desk.events}) == 1


def test_every_variable_is_explained_with_its_default():
    table = dict(re.findall(r"^\| `METERBOOK_USAGE_(\w+)` \| .*? \| `?(.*?)`? ?\|$", TEXT, re.M))
    read = set(re.findall(r'given\("(\w+)"\)', (LAYER / "settings.py").read_text("utf-8")))
    assert set(table) == read
    default = Settings()
    assert table["MODULE"] == default.module_id
    assert table["SOURCE"] == default.source
    assert float(table["DEADLINE_SECONDS"]) == default.deadline_seconds


def test_the_pack_of_section_9_is_as_the_schema_wants_it():
    (pack,) = blocks(9, "json")
    Draft202012Validator(SCHEMA).validate(json.loads(pack))
