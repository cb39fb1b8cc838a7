"""`status` and `show`: how the book stands, and the rows of every published view."""

from __future__ import annotations

from typing import Annotated

import typer
from meterbook.book import Book
from meterbook.report.status import Status, book_status

from meterbook_cli.printing import put, put_csv, put_json, put_table, say
from meterbook_cli.session import workspace_of


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    app.command()(status)
    app.command()(show)


def status(context: typer.Context) -> None:
    """Tell how the book stands: what came in, what has no owner, how far each month has come."""
    with workspace_of(context) as workspace:
        workspace.book.update()
        stands = book_status(workspace.book)
    for name, line in _lines(stands):
        put(f"{name:<16}{line}")
    if stands.accounts:
        put()
        put_table(
            ["period", "account", "state", "total", "detail"],
            [
                (str(one.period), one.account_id or "(none)", one.state, one.total, one.detail)
                for one in stands.accounts
            ],
        )


def _lines(stands: Status) -> list[tuple[str, str]]:
    def counted(counts: dict[str, int]) -> str:
        return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"

    return [
        ("as of", f"{stands.as_of:%Y-%m-%d %H:%M:%S} UTC"),
        ("deliveries", counted(dict(stands.deliveries))),
        ("usage days", stands.usage_days),
        ("cost days", stands.cost_days),
        ("rejected", counted(dict(stands.rejects))),
        ("usage gaps", stands.usage_gaps),
        ("unattributed", stands.unattributed),
        ("suspicious", stands.suspicious),
        *((f"cost {source}", line) for source, line in stands.conservation.items()),
    ]


def show(
    context: typer.Context,
    view: Annotated[
        str | None, typer.Argument(help="A published view; without it, their names.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Only rows with this value.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many rows.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON array; decimals are text.")
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="CSV, safe to open in a spreadsheet.")
    ] = False,
) -> None:
    """Print the rows of a published view, or the names of all of them."""
    if as_json and as_csv:
        raise typer.BadParameter("Say --json or --csv, not both.")
    filters = _filters(where or [])
    with workspace_of(context) as workspace:
        columns, rows = _rows(workspace.book, view, filters, limit)
    put_rows = put_json if as_json else put_csv if as_csv else put_table
    put_rows(columns, rows)
    say(f"{len(rows)} row(s).")


def _rows(
    book: Book, view: str | None, filters: dict[str, str], limit: int | None
) -> tuple[list[str], list[list[object]]]:
    if view is None:
        names = [name.removeprefix("metering.") for name in book.views]
        return ["view"], [[name] for name in names]
    rows = book.show(view, filters, limit)
    name = view.lower() if "." in view else f"metering.{view.lower()}"
    return list(book.views[name]), [list(row.values()) for row in rows]


def _filters(where: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in where]
    filters = {column.strip(): value for column, mark, value in pairs if mark and column.strip()}
    if len(filters) != len(where):
        raise typer.BadParameter(
            "Say --where COLUMN=VALUE, each column once.", param_hint="--where"
        )
    return filters
