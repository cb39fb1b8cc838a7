"""`refresh`, `watch`, `check`: the daily jobs, one verb each."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from meterbook.book import Finding
from meterbook.watch.watch_unattributed_costs import watch_unattributed_costs
from meterbook.watch.watch_usage_gaps import watch_usage_gaps

from meterbook_cli.printing import put, put_table, say
from meterbook_cli.session import FINDINGS, session_of, workspace_of


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    for verb in (refresh, watch, check):
        app.command()(verb)


def refresh(context: typer.Context) -> None:
    """Load what has landed, bring every model up to date, and check the book if any has changed."""
    with workspace_of(context) as workspace:
        loaded, models = workspace.book.update()
        changed = [model for model in models if model.how != "unchanged"]
        findings = workspace.book.check() if changed else []
    if loaded:
        columns = ["delivery", "stream", "rows"]
        put_table(columns, [(one.delivery_id, one.stream, one.row_count) for one in loaded])
    if changed:
        put_table(["model", "refreshed"], [(model.name, model.how) for model in changed])
    say(f"{len(loaded)} delivery(ies) loaded, {len(changed)} of {len(models)} models changed.")
    put_findings(findings)
    if findings:
        raise typer.Exit(FINDINGS)


def watch(context: typer.Context) -> None:
    """Announce days with too much unowned cost, usage that is missing, and sources gone silent."""
    source = session_of(context).settings.event_source
    with workspace_of(context) as workspace:
        out = workspace.outbox, workspace.announced, source
        days = watch_unattributed_costs(workspace.book, *out).published
        usage = watch_usage_gaps(workspace.book, *out)
        findings = workspace.book.check() if usage.failed_checks else []
    say(f"{days} day(s) announced with too much cost without an owner.")
    say(f"{usage.gaps} gap(s) announced in what producers have recorded.")
    say(f"{usage.silent_sources} day(s) announced on which a source has gone silent.")
    put_findings(findings)
    if days or usage.gaps or usage.silent_sources or findings:
        raise typer.Exit(FINDINGS)


def check(context: typer.Context) -> None:
    """Run every check on the book; what it prints does not hold."""
    with workspace_of(context) as workspace:
        workspace.book.update()
        findings = workspace.book.check()
    put_findings(findings)
    if findings:
        raise typer.Exit(FINDINGS)
    say("Every check holds.")


def put_findings(findings: Sequence[Finding]) -> None:
    """Write what each check promises, and the rows that break it."""
    for finding in findings:
        put(f"{finding.check}: {finding.promise}", "bold")
        put_table(list(finding.rows[0]), [list(row.values()) for row in finding.rows])
