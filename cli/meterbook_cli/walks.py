"""`demo` and `real`: the whole walk from raw files to invoices, in a workspace made afresh."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from meterbook.book import Book
from meterbook.canonical import short
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.close.readiness import Parked
from meterbook.collect.ingest_usage import ingest_usage
from meterbook.collect.mapping import read_usage_mapping
from meterbook.costs.ingest_account_usage import ingest_account_usage
from meterbook.costs.ingest_cur import ingest_cur, read_cur_mapping
from meterbook.errors import FileRefused
from meterbook.invoice.issued import issued_documents
from meterbook.period import Period
from meterbook.report.summary import conservation_line, summarise
from meterbook.sqlfiles import project_folder
from meterbook.watch.watch_unattributed_costs import watch_unattributed_costs
from meterbook_local.clock import FixedClock
from meterbook_local.demo_month import write_demo_month
from meterbook_local.demo_platform import Brought
from meterbook_local.workspace import Workspace, clear_workspace, open_workspace

from meterbook_cli.afterwards import close_and_issue, settle, take_in_later
from meterbook_cli.closing import put_parked
from meterbook_cli.jobs import put_findings
from meterbook_cli.printing import put, put_table, say, step
from meterbook_cli.publish import publish_views
from meterbook_cli.published import SETS, write_json
from meterbook_cli.session import FINDINGS, session_of, verb_of
from meterbook_cli.setup import begin

Place = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The workspace; it is emptied first.")
]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a walk begins with, and the moment at which it takes place."""

    catalog: Path
    usage_files: Sequence[Path]
    usage_mapping: Path
    cost_files: Sequence[Path]
    cost_mapping: Path
    period: Period
    now: datetime
    credit_files: Sequence[Path] = ()
    later: Sequence[Brought] = ()


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    app.command()(demo)
    app.command()(real)


def demo(context: typer.Context, workspace: Place = None) -> None:
    """Turn a made-up month into invoices, in build/demo."""
    root = _root(context, workspace, "demo")
    clear_workspace(root, verb_of(context))
    with step("Making up a month"):
        month = write_demo_month(root / "source")
    inputs = Inputs(
        month.catalog,
        month.usage_files,
        month.usage_mapping,
        month.cost_files,
        month.cost_mapping,
        month.period,
        month.now,
        month.credit_files,
        month.later,
    )
    _walk(context, root, inputs, with_log_lines=False)


def real(
    context: typer.Context,
    workspace: Place = None,
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="The folder that holds aws-paired-day, and other published sets if you like.",
        ),
    ] = Path("../shared/data"),
) -> None:
    """Turn Amazon's published bill and access log of one day into invoices, in build/real.

    What else is there gets a book of its own beside it: Azure's trace of language models is metered
    (azure.json), two months of a bill of 2018 are attributed (cur.json).
    """
    log, bill = (data / "aws-paired-day" / name for name in ("Step1AccessLog.gz", "Step1CUR.gz"))
    for file in (log, bill):
        if not file.is_file():
            raise FileRefused(
                file=str(file),
                detail="the published data is not there",
                remedy="Name the folder that holds aws-paired-day with --data DIR.",
            )
    root = _root(context, workspace, "real")
    clear_workspace(root, verb_of(context))
    for read_set in SETS:
        read_set(verb_of(context), root, data)
    given = project_folder("examples") / "paired-day"
    moment = datetime(2019, 12, 5, 6, tzinfo=UTC)
    inputs = Inputs(
        given / "catalog",
        [log],
        given / "access-log.yaml",
        [bill],
        given / "cur.yaml",
        Period.parse("2019-11"),
        moment,
    )
    _walk(context, root, inputs, with_log_lines=True)


def _root(context: typer.Context, workspace: Path | None, name: str) -> Path:
    return workspace or session_of(context).workspace or Path("build") / name


def _walk(context: typer.Context, root: Path, inputs: Inputs, *, with_log_lines: bool) -> None:
    source = session_of(context).settings.event_source
    with open_workspace(root, FixedClock(inputs.now), verb_of(context)) as workspace:
        lines = _bring_in(workspace, inputs)
        if not with_log_lines:
            del lines["log_lines"]
        parked = _bill(workspace, inputs, source)
        if inputs.later:
            with step("Publishing"):
                publish_views(_at(workspace, inputs.later[-1].now))
        with step("Checking the book"):
            findings = workspace.book.check()
        summary = summarise(
            workspace.book,
            threshold_event=_was_announced(workspace),
            evidence="evidence",
            lines=lines,
        )
        write_json(root / "summary.json", summary)
        _put_summary(summary)
        put(conservation_line(workspace.book))
    say(f"The invoices and summary.json are in {root}.")
    if inputs.later:
        say("Look at the pages, as of the last day: " + _serve_line(root, inputs.later[-1].now))
    put_parked(parked)
    put_findings(findings)
    if parked or findings:
        raise typer.Exit(FINDINGS)


def _serve_line(root: Path, now: datetime) -> str:
    """The command that shows the pages at a moment: at any other they would be old, or ahead."""
    words = ["meterbook", "--workspace", str(root), "--now", f"{now:%Y-%m-%dT%H:%M:%SZ}", "serve"]
    return shlex.join(words)


def _bring_in(workspace: Workspace, inputs: Inputs) -> dict[str, int]:
    """Apply the catalog, take the files in, and say how many lines of usage were read."""
    book = workspace.book
    with step("Applying the catalog"):
        begin(workspace)
        apply_catalog(book, read_catalog(inputs.catalog))
    with step("Reading usage", "lines") as advance:
        usage = ingest_usage(
            book, inputs.usage_files, read_usage_mapping(inputs.usage_mapping), on_progress=advance
        )
    with step("Reading cost"):
        ingest_cur(book, inputs.cost_files, read_cur_mapping(inputs.cost_mapping))
        if inputs.credit_files:
            ingest_account_usage(book, inputs.credit_files)
    return {
        "log_lines": sum(file.lines for file in usage.files),
        "not_usage_lines": sum(file.not_usage_lines for file in usage.files),
    }


def _bill(workspace: Workspace, inputs: Inputs, source: str) -> Sequence[Parked]:
    """Watch, close, issue, and what happens to the bills then; return who was parked."""
    with step("Watching for cost without an owner"):
        out = workspace.outbox, workspace.announced, source
        watch_unattributed_costs(workspace.book, *out)
    parked = close_and_issue(workspace, source, inputs.period)
    settle(workspace, source, issued_documents(workspace.book))
    mappings = inputs.usage_mapping, inputs.cost_mapping
    for brought in inputs.later:
        then = _at(workspace, brought.now)
        parked = [*parked, *take_in_later(then, source, brought, *mappings)]
    return parked


def _at(workspace: Workspace, now: datetime) -> Workspace:
    """The same workspace at another moment."""
    book = Book(workspace.book.warehouse, workspace.landing, FixedClock(now))
    return replace(workspace, book=book)


def _was_announced(workspace: Workspace) -> bool:
    kind = "unattributed_cost_threshold_exceeded"
    return any(event["detail-type"] == kind for event in workspace.outbox.published())


_SHOWN = ("number", "kind", "account", "period", "total", "currency")


def _put_summary(summary: Mapping[str, Any]) -> None:
    """Tenants with what they used and cost, then the invoices."""
    usage, costs = summary["usage"], summary["attributed_usd"]
    put_table(
        ["tenant", "events", "attributed USD"],
        [
            (tenant, usage.get(tenant, {}).get("events", 0), short(costs.get(tenant, "0")))
            for tenant in sorted({*usage, *costs})
        ],
    )
    put()
    put_table(
        ["document", *_SHOWN[1:]],
        [[one[column] for column in _SHOWN] for one in summary["invoices"]],
    )
    put()
    over = summary["threshold_event"]
    days = "days above the threshold were announced" if over else "no day was above the threshold"
    put(f"{summary['rejected_events']} event(s) rejected")
    put(f"unattributed share {summary['unattributed_share']}; {days}")
