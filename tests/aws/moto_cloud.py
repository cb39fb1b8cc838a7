"""A cloud for one test: moto in this process, and what the tests need that AWS would give or do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from meterbook.aws.cost_explorer import CostExplorerClient
from meterbook.aws.eventbridge import EventBridge
from meterbook.aws.s3 import S3Store
from meterbook.canonical import canonical_json
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber

if TYPE_CHECKING:
    from mypy_boto3_ce import CostExplorerClient as CeClient
    from mypy_boto3_s3 import S3Client

REGION = "eu-west-2"
ACCOUNT = "123456789012"
QUICK = Config(retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=50)
AT_ONCE = (0.0, 0.0, 0.0)


def new_client(service: str, config: Config = QUICK) -> Any:
    """A client of the mocked cloud; by default it repeats nothing by itself."""
    made: Any = boto3.client(service, region_name=REGION, config=config)  # type: ignore[call-overload]
    return made


client = cache(
    new_client
)  # making one takes a tenth of a second; a test that disturbs makes its own


# ------------------------------------------------------------------------------------------ S3


def new_bucket(name: str = "bucket", locked_days: int = 0) -> S3Client:
    """A versioned bucket; with days, one that locks whatever is put into it."""
    s3: S3Client = client("s3")
    s3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=bool(locked_days),
    )
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if locked_days:
        s3.put_object_lock_configuration(
            Bucket=name,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": locked_days}},
            },
        )
    return s3


def store(name: str = "bucket", prefix: str = "", locked_days: int = 0) -> S3Store:
    return S3Store(new_bucket(name, locked_days), name, prefix, AT_ONCE)


# ---------------------------------------------------------------------------------- EventBridge


class Wire:
    """A bus whose every event a rule passes on to a queue, where tests can read it."""

    def __init__(self, bus_name: str = "wire") -> None:
        self.events = client("events")
        self._sqs = client("sqs")
        self.events.create_event_bus(Name=bus_name)
        self._queue = self._sqs.create_queue(QueueName=f"{bus_name}-tap")["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{bus_name}-tap"
        self.events.put_rule(
            Name="all", EventBusName=bus_name, EventPattern=canonical_json({"account": [ACCOUNT]})
        )
        self.events.put_targets(
            Rule="all", EventBusName=bus_name, Targets=[{"Id": "tap", "Arn": arn}]
        )
        self.bus = EventBridge(self.events, bus_name, AT_ONCE)
        self._told: list[dict[str, Any]] = []

    def envelopes(self) -> list[dict[str, Any]]:
        """What came out on the other side so far, as EventBridge words it."""
        while messages := self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10
        ).get("Messages"):
            self._told += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
        return self._told


# --------------------------------------------------------------------------------- Cost Explorer


def cost_explorer(*pages: dict[str, Any], config: Config = QUICK) -> CeClient:
    """Cost Explorer with these pages to give, one for each different request."""
    requests.post(
        "http://motoapi.amazonaws.com/moto-api/static/ce/cost-and-usage-results",
        json={"results": list(pages)},
        timeout=5,
    )
    ce: CeClient = boto3.client("ce", region_name="us-east-1", config=config)
    return ce


def costs_of(*pages: dict[str, Any]) -> CostExplorerClient:
    return CostExplorerClient(cost_explorer(*pages))


# ----------------------------------------------------------------------------------------- faults


@dataclass(frozen=True)
class Fault:
    """What a caller is told instead of AWS's answer; the request may have had its effect."""

    status: int
    body: str
    kind: str = "application/json"
    took_effect: bool = False

    def response(self, url: str) -> AWSResponse:
        headers = {"Content-Type": self.kind, "x-amzn-requestid": "r"}
        return AWSResponse(url, self.status, headers, Raw(self.body))


@dataclass(frozen=True)
class Raw:
    """A body as botocore reads it from the wire."""

    text: str

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.text.encode()


def disturb(made: Any, operation: str, *faults: Fault) -> list[Any]:
    """Let the first requests of an operation go wrong, each in its way.

    Returns the list in which every request of the operation is noted. It works on what botocore is
    about to send, so all code of ours runs.
    """
    sent: list[Any] = []
    todo = list(faults)

    def send(request: Any, **_: object) -> AWSResponse | None:
        sent.append(request)
        if not todo:
            return None
        fault = todo.pop(0)
        # Botocore asks all handlers, whatever one of them says; moto, the next one, must not act.
        botocore_stubber.enabled = fault.took_effect
        return fault.response(request.url)

    def sent_off(**_: object) -> None:
        botocore_stubber.enabled = True

    events, service = made.meta.events, made.meta.service_model.service_id.hyphenize()
    events.register_first(f"before-send.{service}.{operation}", send)
    events.register_last("before-send", sent_off)
    return sent


def disturb_all(monkeypatch: pytest.MonkeyPatch, operation: str, *faults: Fault) -> list[Any]:
    """The same for all clients, whoever makes them and when; `service.Operation`."""
    sent: list[Any] = []
    todo = list(faults)
    answer = BotocoreStubber.__call__

    def call(self: BotocoreStubber, event_name: str, request: Any, **more: Any) -> Any:
        asked = event_name == f"before-send.{operation}"
        if asked:
            sent.append(request)
        fault = todo.pop(0) if asked and todo else None
        if fault is None or fault.took_effect:
            answered = answer(self, event_name, request, **more)
        return fault.response(request.url) if fault else answered

    monkeypatch.setattr(BotocoreStubber, "__call__", call)
    return sent


def s3_error(status: int, code: str, *, took_effect: bool = False) -> Fault:
    text = f"<Error><Code>{code}</Code><Message>m</Message></Error>"
    return Fault(status, text, "text/xml", took_effect)


def aws_error(status: int, code: str) -> Fault:
    return Fault(status, canonical_json({"__type": code, "message": "m"}))
