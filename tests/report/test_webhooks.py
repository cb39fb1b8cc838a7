"""A webhook says what was announced, to whom it belongs and once, so that the receiver can be sure.

What is posted is checked by the reference library of Standard Webhooks, not by our own code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from events.event_schemas import schema_of
from meterbook.catalog.webhook import EVENTS, OF_ACCOUNTS
from meterbook.errors import InputRefused, SettingMissing, WebhookFailed
from meterbook.http.webhooks import HttpWebhooks
from meterbook.ports import Announcement
from meterbook.report.send_webhooks import (
    FAILED,
    PAUSES_SECONDS,
    REFUSED,
    TAKEN,
    Answer,
    Desk,
    announcement_of,
    must_not_have_failed,
    refused,
    send_message,
    send_webhooks,
)
from meterbook.report.webhook_message import payload, signed_headers
from meterbook.report.webhooks import Webhook, read_webhooks
from meterbook_local.clock import FixedClock, SystemClock
from meterbook_local.folder import FolderStore
from ports.webhook_server import URL, Receiver, public, receiving
from standardwebhooks import Webhook as Reference
from standardwebhooks import WebhookVerificationError

DOCS = (Path(__file__).parents[2] / "docs/webhooks.md").read_text("utf-8")
OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "QUJD" * 11
SECRETS = {"acme-webhook": OLD, "both": f"{NEW} {OLD}", "none": "my password"}
ADDRESS = Webhook("erp", URL, EVENTS, "", "acme-webhook", "2026-01-01", "9999-12-31")
INVOICE = Announcement(
    "1b56cb294f1a93484eb32444591542f4", "meterbook", "invoice_issued",
    datetime(2026, 11, 5, tzinfo=UTC), schema_of("invoice_issued")["examples"][0],
)  # fmt: skip
GAP = replace(
    INVOICE, event_id="54e1c113b3ac7ebea433c5740d79a004", detail_type="usage_gap_detected",
    detail=schema_of("usage_gap_detected")["examples"][0],
)  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def desk(receiver: Receiver, tmp_path: Path) -> Desk:
    """A desk that posts now, as the reference library wants it, to the server of the test."""
    sender = HttpWebhooks(receiver.reach())
    return Desk(sender, SECRETS.__getitem__, FolderStore(tmp_path), FixedClock(SystemClock().now()))


# ---- the message -------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_published_example() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', OLD)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_reference_library_verifies_what_arrives(receiver: Receiver, desk: Desk) -> None:
    (answer,) = send_webhooks(desk, [ADDRESS], INVOICE)
    (posted,) = receiver.posted
    assert answer.state == TAKEN
    event = Reference(OLD).verify(posted.body, dict(posted.headers))
    assert event == {
        "type": "invoice_issued",
        "timestamp": "2026-11-05T00:00:00.000000Z",
        "data": dict(INVOICE.detail),
    }
    assert posted.headers["webhook-id"] == INVOICE.event_id


@pytest.mark.parametrize("what", ["body", "webhook-id", "webhook-timestamp"])
def test_one_changed_byte_is_refused(what: str) -> None:
    body = payload(INVOICE)
    headers = signed_headers(INVOICE.event_id, SystemClock().now(), body, OLD)
    if what == "body":
        body = body.replace(b"4812.37", b"4812.38")
    else:
        headers[what] = headers[what][:-1] + ("1" if headers[what][-1] != "1" else "2")
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Reference(OLD).verify(body, headers)


def test_another_secret_does_not_verify() -> None:
    headers = signed_headers(INVOICE.event_id, SystemClock().now(), b"{}", OLD)
    with pytest.raises(WebhookVerificationError):
        Reference(NEW).verify(b"{}", headers)


def test_while_a_key_is_exchanged_either_one_verifies(receiver: Receiver, desk: Desk) -> None:
    send_webhooks(desk, [replace(ADDRESS, secret="both")], INVOICE)  # noqa: S106 - its name
    (posted,) = receiver.posted
    for secret in (OLD, NEW):
        assert Reference(secret).verify(posted.body, dict(posted.headers))
    assert len(posted.headers["webhook-signature"].split(" ")) == 2


def test_what_is_posted_again_later_is_too_old_for_the_receiver() -> None:
    body, late = payload(INVOICE), SystemClock().now() - timedelta(minutes=6)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Reference(OLD).verify(body, signed_headers(INVOICE.event_id, late, body, OLD))


@pytest.mark.parametrize(
    "secret",
    ["", " ", "my password", "whsec_", "whsec_c2hvcnQ=", OLD.removeprefix("whsec_"), OLD + "!",
     "whsec_" + "QUJD" * 22, f"{OLD} my-password"],
)  # fmt: skip
def test_a_secret_that_is_none_signs_nothing_and_is_not_told(secret: str) -> None:
    with pytest.raises(InputRefused, match="24 to 64 bytes") as told:
        signed_headers("id", datetime(2026, 11, 5, tzinfo=UTC), b"{}", secret)
    assert "password" not in str(told.value)


def test_the_receiver_of_the_documentation_takes_an_event_once(
    receiver: Receiver, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    told: dict[str, Any] = {}
    exec(text, told)  # noqa: S102 - what the documentation tells others to run
    send_webhooks(desk, [ADDRESS], INVOICE)
    (posted,) = receiver.posted
    headers = {name.lower(): value for name, value in posted.headers.items()}
    seen: set[str] = set()
    answers = [told["receive"](headers, posted.body, OLD, seen) for _ in range(2)]
    assert answers == [204, 204]
    assert capsys.readouterr().out.count("invoice_issued") == 1
    assert told["receive"](headers, posted.body + b" ", OLD, seen) == 400


def test_the_documentation_lists_every_event_that_goes_out() -> None:
    assert {name for name in EVENTS if f"| `{name}` |" in DOCS} == set(EVENTS)
    assert all(schema_of(name) for name in EVENTS)
    minutes = [seconds // 60 for seconds in PAUSES_SECONDS]
    assert (minutes[:5], set(minutes[5:]), len(minutes)) == ([1, 5, 30, 120, 300], {600}, 9)


# ---- whose it is -------------------------------------------------------------------------------


def due(event: Announcement, **changes: Any) -> bool:
    return replace(ADDRESS, **changes).is_due(event, datetime(2026, 12, 1, tzinfo=UTC).date())


def test_an_account_is_told_of_itself_alone() -> None:
    assert due(INVOICE, account="larkspur")
    assert not due(INVOICE, account="rheinhafen")
    assert not due(INVOICE, account="larkspu")


def test_what_is_the_platforms_is_told_to_no_account() -> None:
    """Not even where a document that no reader has judged asks for it."""
    assert due(GAP)
    assert not due(GAP, account="larkspur")
    assert set(OF_ACCOUNTS) < set(EVENTS)


def test_an_address_gets_the_events_that_it_asked_for() -> None:
    assert not due(INVOICE, events=("credit_note_issued",))


def test_an_address_gets_the_events_of_its_days() -> None:
    assert not due(INVOICE, starts_on="2026-11-06")
    assert due(INVOICE, starts_on="2026-11-05", ends_on="2026-12-02")
    assert not due(INVOICE, ends_on="2026-12-01")


# ---- what comes of it --------------------------------------------------------------------------


def test_what_was_taken_is_not_posted_again(receiver: Receiver, desk: Desk) -> None:
    assert [one.state for one in send_webhooks(desk, [ADDRESS], INVOICE)] == [TAKEN]
    assert send_webhooks(desk, [ADDRESS], INVOICE) == []
    assert len(receiver.posted) == 1


def test_what_failed_is_posted_again_with_the_same_id_and_body(
    receiver: Receiver, desk: Desk
) -> None:
    receiver.statuses = [503, 204]
    states = [send_webhooks(desk, [ADDRESS], INVOICE)[0].state for _ in range(2)]
    assert states == [FAILED, TAKEN]
    one, other = receiver.posted
    assert one.headers["webhook-id"] == other.headers["webhook-id"]
    assert one.body == other.body


@pytest.mark.parametrize("status", [302, 408, 409, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(receiver: Receiver, desk: Desk, status: int) -> None:
    receiver.statuses = [status]
    answers = send_webhooks(desk, [ADDRESS], INVOICE)
    assert refused(answers) == []
    with pytest.raises(WebhookFailed, match=f"erp has not taken an event: it answered {status}"):
        must_not_have_failed(answers)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_what_was_refused_is_told_and_not_posted_again(
    receiver: Receiver, desk: Desk, status: int
) -> None:
    receiver.statuses = [status]
    answers = send_webhooks(desk, [ADDRESS], INVOICE)
    must_not_have_failed(answers)
    (told,) = refused(answers)
    assert told.reason.startswith(f"it answered {status}")
    assert ("gone" in told.reason) == (status == 410)
    assert send_webhooks(desk, [ADDRESS], INVOICE) == []
    assert len(receiver.posted) == 1


def test_an_address_that_leads_inside_is_refused_for_good(receiver: Receiver, desk: Desk) -> None:
    inside = replace(desk, sender=HttpWebhooks(public(receiver.reach(["10.0.0.7"]))))
    (told,) = send_webhooks(inside, [ADDRESS], INVOICE)
    assert (told.state, receiver.connections) == (REFUSED, 0)
    assert "not a public one" in told.reason


def test_one_address_that_fails_keeps_the_event_from_no_other(
    receiver: Receiver, desk: Desk
) -> None:
    def secrets(name: str) -> str:
        if name == "missing":
            raise SettingMissing(name=name)
        return SECRETS[name]

    receiver.statuses = [500, 204]
    hooks = [replace(ADDRESS, id=name) for name in ("a", "b", "c", "d")]
    hooks[1:3] = [replace(hooks[n], secret=name) for n, name in ((1, "missing"), (2, "none"))]
    answers = send_webhooks(replace(desk, secrets=secrets), hooks, INVOICE)
    assert [one.state for one in answers] == [FAILED, FAILED, FAILED, TAKEN]
    assert "my password" not in str(answers)
    again = send_webhooks(desk, [hooks[0], hooks[3]], INVOICE)
    assert [(one.webhook_id, one.state) for one in again] == [("a", TAKEN)]


def test_an_event_that_is_too_large_is_never_posted(receiver: Receiver, desk: Desk) -> None:
    large = replace(INVOICE, detail={"account_id": "x", "keys": ["k" * 20_000]})
    (told,) = send_webhooks(desk, [ADDRESS], large)
    assert (told.state, receiver.connections) == (REFUSED, 0)


@pytest.mark.parametrize("name", EVENTS)
def test_every_example_of_an_event_is_small_enough(name: str) -> None:
    for example in schema_of(name)["examples"]:
        assert len(payload(replace(INVOICE, detail_type=name, detail=example))) < 2_000


# ---- where it comes from -----------------------------------------------------------------------

BUS = {
    "version": "0", "id": "one of EventBridge's own", "detail-type": INVOICE.detail_type,
    "source": "meterbook", "account": "123456789012", "time": "2026-11-05T00:00:00Z",
    "region": "us-east-1", "resources": [INVOICE.event_id], "detail": dict(INVOICE.detail),
}  # fmt: skip
OUTBOX = {
    "id": INVOICE.event_id, "source": "meterbook", "detail-type": INVOICE.detail_type,
    "time": "2026-11-05T00:00:00.000000Z", "detail": dict(INVOICE.detail),
}  # fmt: skip


@pytest.mark.parametrize("envelope", [BUS, OUTBOX], ids=["bus", "outbox"])
def test_the_same_announcement_is_read_from_the_bus_and_from_the_outbox(envelope: Any) -> None:
    assert announcement_of(envelope) == INVOICE


def test_an_event_id_that_could_be_a_path_is_refused() -> None:
    with pytest.raises(InputRefused, match="event id"):
        announcement_of(BUS | {"resources": ["../closes/x"]})


def test_before_the_addresses_are_published_a_message_waits(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(WebhookFailed, match=r"webhooks\.json is not published yet"):
        send_message(desk, FolderStore(tmp_path / "views"), json.dumps(BUS))


def test_a_message_goes_to_the_addresses_that_are_published(desk: Desk, tmp_path: Path) -> None:
    views = FolderStore(tmp_path / "views")
    published = {"form": "meterbook.webhooks.1", "webhooks": [_document(ADDRESS)]}
    views.put_if_absent("webhooks.json", json.dumps(published).encode())
    assert read_webhooks(views.get("webhooks.json")) == [ADDRESS]
    answers = send_message(desk, views, json.dumps(BUS))
    assert answers == [Answer("erp", INVOICE.event_id, TAKEN, "it answered 204")]


def _document(webhook: Webhook) -> dict[str, object]:
    return {name: getattr(webhook, name) for name in Webhook.__slots__}
