"""`ingest usage`, `cur`, `external` and `account-usage`: the ways in for files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from meterbook.book import Book
from meterbook.collect.ingest_usage import FileIngested, UsageIngested, ingest_usage
from meterbook.collect.mapping import read_usage_mapping
from meterbook.costs.ingest_cur import Overlap, ingest_cur, read_cur_mapping
from meterbook.costs.mapping import CurMapping, shipped
from meterbook.report.rejects import line_of

from meterbook_cli import bring
from meterbook_cli.printing import put_table, say, step
from meterbook_cli.session import FINDINGS, workspace_of

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="The files, gzipped or not.")]
Mapping = Annotated[Path, typer.Option(metavar="M", help="What the columns mean (YAML).")]
CostMapping = Annotated[
    Path,
    typer.Option(
        metavar="M",
        help="What the columns mean: a YAML file, or one that ships: " + ", ".join(shipped()) + ".",
    ),
]
Adds = Annotated[bool, typer.Option("--adds", help="Both are part of the bill.")]
Replaces = Annotated[
    bool, typer.Option("--replaces", help="These files stand in the place of earlier ones.")
]


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    ingest = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    ingest.command("usage")(usage)
    ingest.command("cur")(cur)
    ingest.command("external")(external)
    ingest.command("account-usage")(bring.account_usage)
    app.add_typer(ingest, name="ingest", help="Bring files into the book, each line once.")


def usage(
    context: typer.Context,
    files: Files,
    mapping: Mapping,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Take the file as one of this name.")
    ] = None,
) -> None:
    """Bring in usage: logs by pattern, CSV, JSON lines, Parquet, CloudEvents."""
    wanted = read_usage_mapping(mapping)
    with workspace_of(context) as workspace:
        with step("Reading usage", "lines") as advance:
            done = ingest_usage(workspace.book, files, wanted, name=name, on_progress=advance)
        rejects = rejects_of(workspace.book, done.files)
    say_ingested(done)
    if rejects:
        put_table(["reason", "events", "first"], rejects)
        raise typer.Exit(FINDINGS)


def say_ingested(done: UsageIngested) -> None:
    """Tell, file by file, what came in."""
    for file in done.files:
        if file.unchanged:
            say(f"{file.name}: nothing new.")
        else:
            say(
                f"{file.name}: {file.new_lines} new line(s) of {file.lines}, "
                f"{file.events} event(s), {file.not_usage_lines} line(s) that are no usage."
            )


def rejects_of(book: Book, files: Sequence[FileIngested]) -> list[tuple[str, int, str]]:
    """Why events of these files are not billed: reason, count, and where the first one stands."""
    landed = {name: file for file in files for name in file.file_names}
    found: dict[str, tuple[int, str]] = {}
    for row in book.query("rejects_of_files"):
        if file := landed.get(str(row["file_name"])):
            count, first = found.get(str(row["reason"]), (0, _place(file, row["first_event_id"])))
            found[str(row["reason"])] = count + int(str(row["event_count"])), first
    return sorted((reason, *counted) for reason, counted in found.items())


def _place(file: FileIngested, event_id: object) -> str:
    """An imported event has its line in its id; one with an id of its own is named by that."""
    line = line_of(str(event_id), file.identity)
    return f"{file.name}:{line}" if line else f"{file.name}, event {event_id}"


def cur(
    context: typer.Context,
    files: Files,
    mapping: CostMapping,
    owner_tag: Annotated[
        str, typer.Option(metavar="C", help="The column of the owner, or COLUMN[KEY] in JSON.")
    ] = "",
    module_tag: Annotated[
        str, typer.Option(metavar="C", help="The column of the module, or COLUMN[KEY] in JSON.")
    ] = "",
    adds: Adds = False,
    replaces: Replaces = False,
) -> None:
    """Bring in the bill of AWS: cost and usage reports or FOCUS, as CSV or Parquet."""
    wanted = read_cur_mapping(mapping, owner_tag=owner_tag, module_tag=module_tag)
    _ingest_costs(context, files, wanted, _overlap(adds, replaces))


def external(
    context: typer.Context,
    files: Files,
    mapping: Mapping,
    adds: Adds = False,
    replaces: Replaces = False,
) -> None:
    """Bring in what another provider charged, as CSV or Parquet."""
    wanted = read_cur_mapping(mapping, "external_cost")
    _ingest_costs(context, files, wanted, _overlap(adds, replaces))


def _overlap(adds: bool, replaces: bool) -> Overlap:
    if adds and replaces:
        raise typer.BadParameter("Say --adds or --replaces, not both.")
    return Overlap.ADD if adds else Overlap.REPLACE if replaces else Overlap.REFUSE


def _ingest_costs(
    context: typer.Context, files: Sequence[Path], mapping: CurMapping, overlap: Overlap
) -> None:
    with workspace_of(context) as workspace, step("Reading cost"):
        done = ingest_cur(workspace.book, files, mapping, overlap=overlap)
    if done.unchanged:
        say("Nothing new: these rows are in the book already.")
    else:
        say(f"{done.rows} row(s), {done.control_usd:f} USD, as delivery {done.delivery_id}.")
    if done.left_out:
        say(f"{done.left_out} row(s) are left out by the mapping's `where`.")
