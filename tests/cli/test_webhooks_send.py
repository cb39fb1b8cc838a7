"""`meterbook webhooks send` posts what was announced to whom it belongs, and says what came of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.saying import Run
from cli.tiny_month import TinyMonth
from events.event_schemas import schema_of
from meterbook.http.webhooks import HttpWebhooks
from meterbook.ports import Announcement
from meterbook_cli import webhooks
from meterbook_local.outbox import Outbox
from ports.webhook_server import URL, Receiver, receiving
from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the published example's
CATALOG = f"""
{{kind: webhook, id: acme-erp, account: acme, url: "{URL}", events: [invoice_issued], secret: erp}}
---
{{kind: webhook, id: desk, url: "{URL}", events: [usage_gap_detected], secret: erp, from: 2026-11-01}}
"""
INVOICE = Announcement(
    "1b56cb294f1a93484eb32444591542f4", "meterbook", "invoice_issued",
    datetime(2026, 11, 5, tzinfo=UTC), schema_of("invoice_issued")["examples"][0] | {"account_id": "acme"},
)  # fmt: skip
OF_ANOTHER = replace(
    INVOICE, event_id="2" * 32, detail={**INVOICE.detail, "account_id": "birch"}
)  # fmt: skip
GAP = replace(
    INVOICE, event_id="3" * 32, detail_type="usage_gap_detected",
    detail=schema_of("usage_gap_detected")["examples"][0],
)  # fmt: skip


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """The address of the catalog, which is in truth on this machine."""
    monkeypatch.setenv("METERBOOK_SECRET_ERP", SECRET)
    with receiving() as receiver:
        monkeypatch.setattr(webhooks, "HttpWebhooks", lambda: HttpWebhooks(receiver.reach()))
        yield receiver


@pytest.fixture
def announced(run: Run, workspace: Path, month: TinyMonth, tmp_path: Path) -> None:
    """A book with two webhooks, and an outbox with four announcements."""
    catalog = shutil.copytree(month.catalog, tmp_path / "catalog")
    (catalog / "webhooks.yaml").write_text(CATALOG, "utf-8")
    applied = run("apply", catalog)
    assert applied.exit_code == 0, applied.output
    outbox = Outbox(workspace / "outbox.jsonl")
    early = replace(GAP, event_id="4" * 32, time=datetime(2026, 10, 31, tzinfo=UTC))
    for event in (INVOICE, OF_ANOTHER, GAP, early):
        outbox.publish(event)


def test_each_address_gets_its_own_and_what_failed_the_next_time(
    run: Run, announced: None, receiver: Receiver
) -> None:
    receiver.statuses = [503, 204]
    first = run("webhooks", "send")
    assert first.exit_code == 3
    assert "it answered 503" in first.output
    assert "1 of 2 post(s) to 2 webhook(s) were taken." in first.output
    second = run("webhooks", "send")
    assert (second.exit_code, "1 of 1 post(s)" in second.output) == (0, True)
    assert "0 of 0 post(s)" in run("webhooks", "send").output
    ids = [posted.headers["webhook-id"] for posted in receiver.posted]
    assert ids == [INVOICE.event_id, GAP.event_id, INVOICE.event_id]


def test_a_post_is_signed_with_the_secret_of_the_environment(
    run: Run, announced: None, receiver: Receiver
) -> None:
    """At the moment of `--now`, which the reference library would call old or new."""
    run("webhooks", "send")
    posted = receiver.posted[0]
    at = datetime.fromtimestamp(int(posted.headers["webhook-timestamp"]), UTC)
    assert at == datetime(2026, 11, 5, 8, tzinfo=UTC)
    signed = Webhook(SECRET).sign(INVOICE.event_id, at, posted.body.decode())
    assert posted.headers["webhook-signature"] == signed


def test_without_its_secret_nothing_is_posted_and_its_variable_is_named(
    run: Run, announced: None, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("METERBOOK_SECRET_ERP")
    done = run("webhooks", "send")
    assert done.exit_code == 3
    assert "METERBOOK_SECRET_ERP" in done.output
    assert receiver.connections == 0
