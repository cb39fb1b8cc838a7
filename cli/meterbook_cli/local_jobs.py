"""The jobs that finance's buttons start: on one machine they run at once, where the page waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meterbook.close.close_period import close_when_ready
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.period import Period
from meterbook.ports import Clock
from meterbook_local.workspace import Workspace, open_workspace

from meterbook_cli.desk import desk_of
from meterbook_cli.publish import publish_views


@dataclass(frozen=True, slots=True)
class LocalJobs:
    """A `JobStarter` that holds the workspace while a job runs, and publishes what came of it.

    Errors of a job are those of the command that does the same.
    """

    root: Path
    clock: Clock
    event_source: str

    def start(self, job: str, payload: Mapping[str, object]) -> None:
        """Run a job to its end. Errors: `KeyError` for none of ours."""
        run = {"close_period": self._close_period, "issue_invoices": self._issue_invoices}[job]
        period = Period.parse(str(payload["period"])) if payload.get("period") else None
        with open_workspace(self.root, self.clock, job, create=False) as workspace:
            run(workspace, period)
            publish_views(workspace)

    def _close_period(self, workspace: Workspace, period: Period | None) -> None:
        out = workspace.outbox, workspace.announced, self.event_source
        close_when_ready(workspace.book, *out, period)

    def _issue_invoices(self, workspace: Workspace, period: Period | None) -> None:
        issue_invoices(workspace.book, desk_of(workspace, self.event_source), period)
