"""The deployed function posts what is on its queue, and what failed comes back after a pause.

As deployed: the handler and its variables from the assembly, AWS on moto, the address outside on
this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from close.small_world import NOW
from functions.test_run_on_moto import (
    ACCOUNT,
    BUS,
    REGION,
    WEBHOOKS,
    cloud,
    envelopes,
    keys,
    lines,
    run,
)
from meterbook.announce import event_id
from meterbook.aws.eventbridge import EventBridge
from meterbook.http.webhooks import HttpWebhooks
from meterbook.ports import Announcement
from meterbook.report.send_webhooks import PAUSES_SECONDS
from meterbook_plugs import sockets
from moto.sqs import sqs_backends
from ports.webhook_server import URL, Receiver, receiving
from standardwebhooks import Webhook

__all__ = ["cloud", "run"]  # fixtures
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the published example's
ID = event_id("invoice_issued", "nimbus", "NIM-2026-000001")
NOTE = f"announced/webhooks/erp/{ID}.json"


@pytest.fixture
def receiver(cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """An address that is published, with its secret, and an announcement on the function's queue."""
    name = "meterbook-dev/webhooks/acme"
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=SECRET)
    address = {
        "id": "erp", "url": URL, "events": ["invoice_issued"], "account": "acme", "secret": "acme",
        "starts_on": "1900-01-01", "ends_on": "9999-12-31",
    }  # fmt: skip
    sockets.bucket(f"meterbook-dev-views-{ACCOUNT}").put_if_absent(
        "webhooks.json", json.dumps({"form": "", "webhooks": [address]}).encode()
    )
    detail = {"account_id": "acme", "number": "NIM-2026-000001", "total": "4812.37"}
    event = Announcement(ID, "meterbook", "invoice_issued", NOW.replace(microsecond=0), detail)
    EventBridge(boto3.client("events"), BUS).publish(event)
    (envelope,) = envelopes()
    boto3.client("sqs").send_message(QueueUrl=WEBHOOKS, MessageBody=json.dumps(envelope))
    with receiving() as receiver:
        reach = receiver.reach()
        monkeypatch.setattr(sockets, "HttpWebhooks", lambda: HttpWebhooks(reach))
        yield receiver


def taken(tries: int = 1) -> dict[str, Any]:
    """The message that waits, as Lambda hands it to the function at its n-th try."""
    (message,) = boto3.client("sqs").receive_message(QueueUrl=WEBHOOKS)["Messages"]
    record = {
        "messageId": "one", "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": str(tries)}, "messageAttributes": {},
        "md5OfBody": "", "eventSource": "aws:sqs", "awsRegion": REGION,
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{WEBHOOKS}",
    }  # fmt: skip
    return {"Records": [record]}


def test_it_posts_what_was_announced_signed_and_once(run: Any, receiver: Receiver) -> None:
    event = taken()
    assert run("send_webhooks", event) == {"batchItemFailures": []}
    assert run("send_webhooks", event) == {"batchItemFailures": []}
    (posted,) = receiver.posted
    at = datetime.fromtimestamp(int(posted.headers["webhook-timestamp"]), UTC)
    signed = Webhook(SECRET).sign(ID, at, posted.body.decode())
    assert (posted.headers["webhook-id"], posted.headers["webhook-signature"]) == (ID, signed)
    assert json.loads(posted.body)["data"]["total"] == "4812.37"
    assert keys("landing", "announced/") == [NOTE]


@pytest.mark.parametrize("tries", [1, 4, 9, 10])
def test_what_failed_comes_back_after_the_pause_of_its_try(
    run: Any, receiver: Receiver, capsys: Any, tries: int
) -> None:
    receiver.statuses = [503]
    failed = {"batchItemFailures": [{"itemIdentifier": "one"}]}
    assert run("send_webhooks", taken(tries)) == failed
    (message,) = sqs_backends[ACCOUNT][REGION].queues[WEBHOOKS]._messages
    waits = message.visible_at / 1000 - message.sent_timestamp / 1000
    assert waits == pytest.approx(PAUSES_SECONDS[min(tries, 9) - 1], abs=20)
    (line,) = [line for line in lines(capsys) if "error_code" in line]
    assert (line["error_code"], line["retryable"]) == ("WEBHOOK_FAILED", True)
    assert keys("landing", "announced/") == []


def test_what_was_refused_is_measured_and_told_and_does_not_come_back(
    run: Any, receiver: Receiver, capsys: Any
) -> None:
    receiver.statuses = [410]
    assert run("send_webhooks", taken()) == {"batchItemFailures": []}
    told = lines(capsys)
    (measured,) = [line for line in told if "webhooks_refused" in line]
    (logged,) = [line for line in told if "answer" in line]
    assert measured["webhooks_refused"] == [1.0]
    assert (logged["answer"]["webhook_id"], logged["level"]) == ("erp", "ERROR")
    assert SECRET not in json.dumps(told)
    assert keys("landing", "announced/") == [NOTE]
