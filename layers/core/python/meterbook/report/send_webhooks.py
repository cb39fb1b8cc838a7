"""Tell addresses outside what was announced: signed, to each once, under the announcement's own id.

    webhooks/<webhook id>/<event id>.json     that it took the event, or refused it for good

The note is put after the answer: a crash between the two posts the event twice with one id, never
not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from meterbook.canonical import canonical_json
from meterbook.errors import MeterbookError, WebhookFailed, WebhookRefused
from meterbook.identifier import identifier
from meterbook.ports import Announcement, Clock, ObjectStore, WebhookSender
from meterbook.report.webhook_message import payload, signed_headers
from meterbook.report.webhooks import KEY, Webhook, read_webhooks

PREFIX = "webhooks/"
BYTES_BELOW = 20_000
TAKEN, REFUSED, FAILED = "taken", "refused", "failed"
GONE = 410
# Request timeout, conflict, too early, too many requests: the same request may pass later.
MAY_PASS = (408, 409, 425, 429)
# How long to wait after each try: two days together, and then a person looks at it.
PAUSES_SECONDS = (60, 300, 1800, 7200, 18_000, 36_000, 36_000, 36_000, 36_000)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who posts, what the names of secrets hold, what was answered so far, and the time."""

    sender: WebhookSender
    secrets: Callable[[str], str]
    answered: ObjectStore
    clock: Clock


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one event at one address: taken, refused for good, or failed for now."""

    webhook_id: str
    event_id: str
    state: str
    reason: str = ""


def announcement_of(envelope: Mapping[str, Any]) -> Announcement:
    """Read an announcement from EventBridge's envelope, or from a line of the outbox.

    EventBridge gives each event an id of its own; ours travels as the one entry of `resources`.
    """
    id_, *_ = envelope.get("resources") or [envelope["id"]]
    time = datetime.fromisoformat(envelope["time"])
    known_as = identifier(id_, "event id")
    return Announcement(
        known_as, envelope["source"], envelope["detail-type"], time, envelope["detail"]
    )


def send_message(desk: Desk, views: ObjectStore, message: str) -> list[Answer]:
    """Post what EventBridge has put on a queue to the addresses that are published.

    Errors: `WebhookFailed` before they were published for the first time.
    """
    try:
        webhooks = read_webhooks(views.get(KEY))
    except KeyError:
        raise WebhookFailed(host="Nobody", detail=f"{KEY} is not published yet") from None
    return send_webhooks(desk, webhooks, announcement_of(json.loads(message)))


def send_webhooks(desk: Desk, webhooks: Iterable[Webhook], event: Announcement) -> list[Answer]:
    """Post the event to every address that is due it and has not answered for good.

    One address that fails keeps the event from no other. Errors: `StoreUnavailable`.
    """
    today = desk.clock.now().date()
    due = [webhook for webhook in webhooks if webhook.is_due(event, today)]
    return [_noted(desk, _sent(desk, to, event)) for to in due if not _is_over(desk, to, event)]


def refused(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that no further try can change: a person has to be told of them."""
    return [answer for answer in answers if answer.state == REFUSED]


def must_not_have_failed(answers: Sequence[Answer]) -> None:
    """Fail where an address has to be tried again. Errors: `WebhookFailed`."""
    if failed := [answer for answer in answers if answer.state == FAILED]:
        raise WebhookFailed(
            host=" and ".join(answer.webhook_id for answer in failed),
            detail="; ".join(answer.reason.rstrip(".") for answer in failed),
        )


def _sent(desk: Desk, webhook: Webhook, event: Announcement) -> Answer:
    state, reason = FAILED, ""
    try:
        status = desk.sender.post(webhook.url, *_message(desk, webhook, event))
        state = _state(status)
        reason = f"it answered {status}" + (", so the address is gone" * (status == GONE))
    except WebhookRefused as error:
        state, reason = REFUSED, str(error)
    except MeterbookError as error:  # its secret is not there, or no answer came
        reason = str(error)
    return Answer(webhook.id, event.event_id, state, reason)


def _message(desk: Desk, webhook: Webhook, event: Announcement) -> tuple[dict[str, str], bytes]:
    body = payload(event)
    if len(body) >= BYTES_BELOW:
        detail = f"the event has {len(body)} bytes, and {BYTES_BELOW} are too many"
        raise WebhookRefused(host=webhook.id, detail=detail)
    now, secret = desk.clock.now(), desk.secrets(webhook.secret)
    return signed_headers(event.event_id, now, body, secret), body


def _state(status: int) -> str:
    if 200 <= status < 300:
        return TAKEN
    return REFUSED if 400 <= status < 500 and status not in MAY_PASS else FAILED


def _noted(desk: Desk, answer: Answer) -> Answer:
    if answer.state != FAILED:
        note = asdict(answer) | {"at": desk.clock.now()}
        key = _key(answer.webhook_id, answer.event_id)
        desk.answered.put_if_absent(key, canonical_json(note).encode() + b"\n")
    return answer


def _is_over(desk: Desk, webhook: Webhook, event: Announcement) -> bool:
    try:
        desk.answered.get(_key(webhook.id, event.event_id))
    except KeyError:
        return False
    return True


def _key(webhook_id: str, event_id: str) -> str:
    return f"{PREFIX}{webhook_id}/{event_id}.json"
