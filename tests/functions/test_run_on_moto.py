"""Each function runs once as deployed: its own environment, AWS on moto, the book on DuckDB.

The handlers come from the assembly and get the variables of its template, so a name that infra and
settings spell differently fails here. Only Snowflake is exchanged, for the engine of one machine.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws.moto_cloud import cost_explorer
from close.small_world import NOW, founded_in, land
from costs.ce_answers import Account, in_order
from functions.lambda_like import Deployed
from meterbook.announce import event_id
from meterbook.aws.s3 import S3Store
from meterbook.costs.land_cost_export import COLUMNS
from meterbook.delivery import ControlTotal
from meterbook.errors import SettingMissing
from meterbook.settings import BookSettings
from meterbook.sqlfiles import read_sql
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_plugs import sockets
from moto import mock_aws
from synthesized import ACCOUNT

# A handler that fails has measured nothing; the failure itself is what has to be seen.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")
REGION = "us-east-1"
BUS = "meterbook-dev"
DEPLOYER = "meterbook_deployer"
RENDER, REGISTER = "meterbook-dev-render", "alias/meterbook-dev-register"
WEBHOOKS = "meterbook-dev-webhooks"
# What CloudFormation alone can tell: the names that the template gives the things in its place.
TOLD_AT_DEPLOY = {
    "METERBOOK_SIGNING_KEY": REGISTER,
    "METERBOOK_RENDER_QUEUE": RENDER,
    "METERBOOK_WEBHOOK_QUEUE": WEBHOOKS,
}
BUCKETS = {
    what: f"meterbook-dev-{what}-{ACCOUNT}" for what in ("landing", "evidence", "exports", "views")
}

COST_MEASURES = {
    "cost_explorer_rows_written_total": [2.0],
    "cost_explorer_requests_total": [4.0],
    "cost_explorer_requests_usd": [0.04],
    "cost_explorer_write_back_seconds": [0.0],
}


@dataclass(frozen=True)
class Context:
    """What Lambda tells a handler about its invocation."""

    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Buckets, queues, the register's key, the bus with an ear, and a book with nothing in it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(sockets, "UtcClock", lambda: FixedClock(NOW))

    @contextmanager
    def on_this_machine(settings: BookSettings) -> Iterator[DuckDBWarehouse]:
        with closing(DuckDBWarehouse(tmp_path / "book.duckdb")) as warehouse:
            if settings.snowflake_role != DEPLOYER:
                # This engine knows its models by having applied them; Snowflake keeps them.
                warehouse.apply(
                    [file for folder in warehouse.sql_folders for file in read_sql(folder)]
                )
            yield warehouse

    monkeypatch.setattr(sockets, "open_warehouse", on_this_machine)
    with mock_aws():
        for name in BUCKETS.values():
            boto3.client("s3").create_bucket(Bucket=name)
        boto3.client("events").create_event_bus(Name=BUS)
        for name in ("told", RENDER, WEBHOOKS):
            boto3.client("sqs").create_queue(QueueName=name)
        key = boto3.client("kms").create_key(KeySpec="RSA_3072", KeyUsage="SIGN_VERIFY")
        boto3.client("kms").create_alias(
            AliasName=REGISTER, TargetKeyId=key["KeyMetadata"]["KeyId"]
        )
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:told"
        pattern = json.dumps({"account": [ACCOUNT]})
        boto3.client("events").put_rule(Name="all", EventBusName=BUS, EventPattern=pattern)
        target = {"Id": "told", "Arn": queue}
        boto3.client("events").put_targets(Rule="all", EventBusName=BUS, Targets=[target])
        yield


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS alone: logging in to Snowflake is as deployed."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def run(
    cloud: None, functions: dict[str, Deployed], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, dict[str, Any]], Any]:
    """Invoke a function with an event, as Lambda does."""

    def invoke(name: str, event: dict[str, Any]) -> Any:
        function = functions[name]
        for variable, value in function.variables.items():
            monkeypatch.setenv(variable, TOLD_AT_DEPLOY.get(variable, value))
        spec = importlib.util.spec_from_file_location(
            f"{name}_handler", function.code / "handler.py"
        )
        assert spec is not None
        assert spec.loader is not None
        # A logger is kept by its name, and would go on writing to where the last test looked.
        logging.Logger.manager.loggerDict.pop(name, None)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.handler(event, Context(function.variables["POWERTOOLS_SERVICE_NAME"]))

    return invoke


@pytest.fixture
def october(cloud: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A month of usage and cost in the landing bucket."""
    world = founded_in(tmp_path_factory.getbasetemp())
    landing = S3Store(boto3.client("s3"), BUCKETS["landing"])
    for key in world.landing.keys(""):
        landing.put_if_absent(key, world.landing.get(key))
    world.warehouse.close()


def told() -> list[tuple[str, str]]:
    """Source and detail type of what was put on the bus."""
    return [(one["source"], one["detail-type"]) for one in envelopes()]


def envelopes() -> list[dict[str, Any]]:
    """What was put on the bus, as EventBridge words it."""
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_url(QueueName="told")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the functions have printed since the last look: logs and measures, both JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def lines_with(capsys: pytest.CaptureFixture[str], name: str) -> list[dict[str, Any]]:
    return [line for line in lines(capsys) if name in line]


def spend(day: str, costs: dict[str, str]) -> None:
    """Land what a day cost by tenant tag."""
    rows = [
        {"usage_date": day, "cost": cost, "currency": "USD", "owner_tag": tag}
        for tag, cost in costs.items()
    ]
    control = ControlTotal(date.fromisoformat(day), sum(map(Decimal, costs.values())), len(rows))
    store = S3Store(boto3.client("s3"), BUCKETS["landing"])
    land(store, "cur", f"cost-{day}", rows, family="7:main", days=[control], payer="7")


def keys(bucket: str, prefix: str = "") -> list[str]:
    return list(S3Store(boto3.client("s3"), BUCKETS[bucket]).keys(prefix))


def test_apply_sql_brings_the_book_to_what_sql_says_and_then_has_nothing_to_do(run: Any) -> None:
    planned = run("apply_sql", {"plan_only": True})["changed"]
    assert run("apply_sql", {})["changed"] == planned
    assert any(file.startswith("models/publish/") for file in planned)
    assert run("apply_sql", {}) == {"changed": []}


def handed_over() -> dict[str, Any]:
    """What waits in the queue, as Lambda hands it to the function that takes from it."""
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_url(QueueName=RENDER)["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return {"Records": [_record(message["MessageId"], message["Body"]) for message in messages]}


def _record(message_id: str, body: str) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{RENDER}",
        "awsRegion": REGION,
    }


def test_a_month_is_closed_numbered_written_and_sealed(
    run: Any, october: None, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = run("close_period", {})["done"]
    assert [one["account_id"] for one in closed["closed"]] == ["acme", "birch"]
    numbered = run("issue_invoices", {})
    assert (numbered["issued"], len(numbered["unsealed"])) == ([], 2)
    assert keys("evidence", "invoices/") == []
    capsys.readouterr()
    assert run("render_invoice", handed_over()) == {"batchItemFailures": []}
    (measured,) = lines_with(capsys, "documents_written")
    assert (measured["documents_written"], measured["documents_not_written"]) == ([2.0], [0.0])
    issued = run("issue_invoices", {})["issued"]
    assert [one["number"] for one in issued] == numbered["unsealed"]
    assert sorted(key for one in issued for key in one["keys"]) == keys("evidence", "invoices/")
    kinds = ["billing_period_closed"] * 2 + ["invoice_issued"] * 2
    assert sorted(told()) == [("meterbook", kind) for kind in kinds]
    assert_signed_by_the_key_of_the_deployment()
    before = keys("landing"), keys("evidence")
    assert run("close_period", {"period": "2026-10"})["done"]["closed"] == []
    assert run("issue_invoices", {"period": "2026-10"})["issued"] == []
    assert (keys("landing"), keys("evidence")) == before


def assert_signed_by_the_key_of_the_deployment() -> None:
    public = boto3.client("kms").get_public_key(KeyId=REGISTER)["PublicKey"]
    evidence = S3Store(boto3.client("s3"), BUCKETS["evidence"])
    (stored,) = keys("evidence", "register/keys/")
    assert evidence.get(stored) == public


def test_a_number_that_cannot_be_written_comes_back_alone_and_its_reason_is_logged(
    run: Any, october: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run("close_period", {})
    run("issue_invoices", {})
    event = handed_over()
    event["Records"].insert(0, _record("lost", '{"seller_id": "nobody", "number": "X-1"}'))
    capsys.readouterr()
    assert run("render_invoice", event) == {"batchItemFailures": [{"itemIdentifier": "lost"}]}
    printed = lines(capsys)
    (logged,) = [line for line in printed if "error_code" in line]
    (measured,) = [line for line in printed if "documents_written" in line]
    assert "X-1" in logged["message"]
    assert (measured["documents_written"], measured["documents_not_written"]) == ([2.0], [1.0])


def test_what_waits_in_vain_is_told_and_measured(
    run: Any, october: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run("issue_invoices", {})
    (measured,) = lines_with(capsys, "oldest_unsealed_hours")
    names = ("invoices_issued", "accounts_held", "invoices_unsealed", "mails_failed")
    assert [measured[name] for name in names] == [[0.0]] * 4
    assert run("close_period", {"period": "2026-09"})["blocked_days"] == 0


def test_the_watch_measures_what_it_told(
    run: Any, october: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("watch_unattributed_costs", {}) == {"published": 0}
    (measured,) = lines_with(capsys, "unattributed_days")
    assert (measured["unattributed_days"], measured["unattributed_share"]) == ([0.0], [0.0])


def test_the_watch_logs_under_the_trace_of_its_invocation_and_alerts_under_that_of_the_fact(
    run: Any, october: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spend("2026-10-14", {"acme": "97", "": "3"})
    trace = "1-5759e988-bd862e3fe1be46a994272793"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={trace};Parent=53995c3f42cd8ad8;Sampled=1")
    assert run("watch_unattributed_costs", {}) == {"published": 1}
    printed = lines(capsys)
    (logged,) = [line for line in printed if "event_type" in line]
    (measured,) = [line for line in printed if "unattributed_days" in line]
    assert logged["event_type"] == "unattributed_cost_threshold_exceeded"
    assert logged["xray_trace_id"] == trace
    assert (logged["published"], logged["unattributed_share"]) == (1, "0.030000000000")
    assert measured["unattributed_share"] == [0.03]
    (alert,) = envelopes()
    assert alert["detail"]["trace_id"] == event_id("trace", alert["detail"]["alert_id"])


def test_usage_that_was_counted_and_has_not_come_is_told_once_and_measured(
    run: Any, october: None, capsys: pytest.CaptureFixture[str]
) -> None:
    count = {
        "module": "MOD-1",
        "UsageEventsRecorded": 3,
        "producer": "score/0123456789abcdef",
        "source": "/MOD-1/score",
        "first_sequence": "1",
        "last_sequence": "3",
        "recorded_at": "2026-10-14T09:30:12.123456Z",
    }
    key = "usage_counts/2026/10/14/09/meterbook-dev-usage-counts-1.jsonl.gz"
    body = gzip.compress(json.dumps(count).encode() + b"\n")
    S3Store(boto3.client("s3"), BUCKETS["landing"]).put_if_absent(key, body)
    told_now = run("watch_usage_gaps", {})
    assert told_now["gaps"] == 1
    assert run("watch_usage_gaps", {}) == {
        "gaps": 0,
        "silent_sources": 0,
        "failed_checks": 0,
    }
    assert ("meterbook", "usage_gap_detected") in told()
    measured = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    gaps = [one["UsageGapEvents"] for one in measured if "UsageGapEvents" in one]
    assert gaps == [[1.0], [0.0]]
    silent = [one["SilentUsageSources"] for one in measured if "SilentUsageSources" in one]
    assert silent == [[float(told_now["silent_sources"])], [0.0]]


def test_costs_are_fetched_landed_logged_and_measured(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = {"2026-10-01": {("AmazonEC2", "acme", "MOD-1"): "1.5", ("Tax", "", ""): "0.5"}}
    account = Account(date(2026, 10, 1), NOW.date(), costs, groups_a_page=50)
    cost_explorer(*in_order(account.answers()))
    fetched = run("fetch_aws_costs", {})
    assert fetched == {"delivery_id": fetched["delivery_id"], "rows": 2, "requests": 4}
    assert keys("landing", "deliveries/") == [f"deliveries/aws_cost/{fetched['delivery_id']}.json"]
    printed = lines(capsys)
    (logged,) = [line for line in printed if "event_type" in line]
    assert logged["event_type"] == "cost_explorer_fetch_completed"
    assert (logged["price_usd"], logged["write_back_s"]) == ("0.04", 0.0)
    (measured,) = [line for line in printed if "cost_explorer_requests_total" in line]
    assert {name: measured[name] for name in COST_MEASURES} == COST_MEASURES


def test_an_answer_without_any_cost_is_logged_as_empty(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cost_explorer(*in_order(Account(date(2026, 10, 1), NOW.date(), {}, groups_a_page=50).answers()))
    assert run("fetch_aws_costs", {})["rows"] == 0
    (logged,) = lines_with(capsys, "event_type")
    assert logged["event_type"] == "cost_explorer_empty"


def test_an_export_is_landed_when_its_manifest_is_there(run: Any) -> None:
    exports = S3Store(boto3.client("s3"), BUCKETS["exports"])
    place = "cur2/meterbook-dev-cur2/{}/BILLING_PERIOD=2026-10/e1/meterbook-dev-cur2{}"
    line = dict.fromkeys(COLUMNS, "") | {
        "payer": ACCOUNT,
        "usage_date": "2026-10-03T00:00:00.000Z",
        "cost": "1.5",
        "currency": "USD",
        "account": ACCOUNT,
    }
    data, manifest = (
        place.format("data", "-00001.csv.gz"),
        place.format("metadata", "-Manifest.json"),
    )
    text = ",".join(COLUMNS.values()) + "\n" + ",".join(line[name] for name in COLUMNS) + "\n"
    exports.put_if_absent(data, gzip.compress(text.encode()))
    listed = {"executionId": "e1", "dataFiles": [f"s3://{BUCKETS['exports']}/{data}"]}
    exports.put_if_absent(manifest, json.dumps(listed).encode())
    event = {"detail": {"bucket": {"name": BUCKETS["exports"]}, "object": {"key": manifest}}}
    assert run("land_cost_export", event) == run("land_cost_export", event)
    assert len(keys("landing", "deliveries/cur/")) == 1


def test_the_key_pair_comes_from_the_secret_and_the_place_from_the_settings(
    functions: dict[str, Deployed], monkeypatch: pytest.MonkeyPatch, secrets: None
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "close_period")
    told_by_ssm = {
        "METERBOOK_SNOWFLAKE_ACCOUNT": "locator",
        "METERBOOK_SNOWFLAKE_ROLE": "ingest",
        "METERBOOK_SNOWFLAKE_WAREHOUSE": "wh",
        "METERBOOK_SNOWFLAKE_DATABASE": "db",
    }
    settings = BookSettings.from_environment(functions["close_period"].variables | told_by_ssm)
    secret = {"user": "meterbook_jobs", "private_key": "pem", "role": "not-this-one"}
    boto3.client("secretsmanager").create_secret(
        Name=settings.snowflake_secret, SecretString=json.dumps(secret)
    )
    logins = []

    class Session:
        def close(self) -> None:
            logins.append("closed")

    def connect(told_secret: dict[str, str], **options: str) -> Session:
        logins.append((told_secret, options))
        return Session()

    monkeypatch.setattr(sockets, "connect", connect)
    with sockets.open_warehouse(settings):
        pass
    place = {"account": "locator", "role": "ingest", "warehouse": "wh", "database": "db"}
    assert logins == [({**secret, **place}, {"job": "close_period"}), "closed"]


@pytest.mark.parametrize("variable", ["METERBOOK_LANDING_BUCKET", "METERBOOK_SNOWFLAKE_SECRET"])
def test_a_setting_that_is_missing_is_named(functions: dict[str, Deployed], variable: str) -> None:
    variables = {k: v for k, v in functions["close_period"].variables.items() if k != variable}
    with pytest.raises(SettingMissing, match=variable):
        BookSettings.from_environment(variables)
