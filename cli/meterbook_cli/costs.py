"""`accept`, `reconcile`, `unattributed`: what people decide and look into about cost."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer
from meterbook.canonical import short
from meterbook.costs.accept_delivery import accept_delivery
from meterbook.costs.reconcile_costs import Verdict, reconcile_costs
from meterbook.period import Period
from meterbook.report.unattributed import Unattributed
from meterbook.report.unattributed import unattributed as find_unattributed

from meterbook_cli.printing import put, put_table, say
from meterbook_cli.session import FINDINGS, workspace_of

FOUND = ["state", "day", "of", "name", "cost explorer", "bill", "book", "difference"]
UNOWNED = [
    "cost",
    "source",
    "service",
    "account",
    "resource",
    "owner tag",
    "guess",
    "because",
    "fix",
]


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    for verb in (accept, reconcile, unattributed):
        app.command()(verb)


def accept(
    context: typer.Context,
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why its figures are right.")] = "",
    actor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who decides [default: your login name].")
    ] = None,
) -> None:
    """Let the suspicious days of a delivery count; who decided it, and why, is kept."""
    name = _login_name() if actor is None else actor
    with workspace_of(context) as workspace:
        changed = accept_delivery(workspace.book, delivery, actor=name, reason=reason)
    if changed:
        put_table(
            ["day", "held USD", "counts USD"],
            [
                (
                    day.usage_date,
                    None if day.held_usd is None else short(day.held_usd),
                    short(day.counts_usd),
                )
                for day in changed
            ],
        )
    say(f"{name.strip()} has accepted {delivery}; {len(changed)} day(s) have another total now.")


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # nobody of that number has a name here
        return ""


def reconcile(
    context: typer.Context,
    period: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month to look into.")],
) -> None:
    """Hold Cost Explorer, the bill and the book against each other, and keep the verdict."""
    with workspace_of(context) as workspace:
        found = reconcile_costs(workspace.book, Period.parse(period))
    if found.findings:
        put_table(FOUND, _findings(found))
    put(
        f"{period} {found.verdict}: {found.count('differs')} difference(s) above "
        f"{short(found.tolerance_usd)} USD in {found.compared_count} comparison(s) of "
        f"{found.day_count} day(s), {found.count('incomplete')} day(s) of one source alone"
    )
    say(f"The verdict is kept as {found.verdict_id}.")
    if found.count("differs"):
        raise typer.Exit(FINDINGS)


def _findings(found: Verdict) -> list[list[object]]:
    return [
        [
            of.state,
            of.usage_date,
            of.grain,
            of.name or "(nobody)",
            *(None if usd is None else short(usd) for usd in (*of.figures, of.difference_usd)),
        ]
        for of in found.findings
    ]


def unattributed(
    context: typer.Context,
    period: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Only this month's cost.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the dearest so many.")] = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the documents alone, to keep in the catalog.")
    ] = False,
) -> None:
    """List cost that nobody owns, guess whose it is, and print what would move it from today on."""
    wanted = Period.parse(period) if period else None
    with workspace_of(context) as workspace:
        found = find_unattributed(workspace.book, wanted, limit)
    if as_yaml:
        sys.stdout.write(found.yaml())
    elif found.lines:
        _put_unowned(found)
    say(
        f"{short(found.cost_usd)} USD has no owner; {len(found.documents)} document(s) would have "
        f"moved {short(found.movable_usd)} USD of it."
    )
    if found.lines and not as_yaml:
        raise typer.Exit(FINDINGS)


def _put_unowned(found: Unattributed) -> None:
    charges = ((line.charge, line.guess, line.fix) for line in found.lines)
    put_table(
        UNOWNED,
        [
            (short(of.cost_usd), of.source, of.service, of.account, of.resource, of.owner_tag,
             guess.tenant_id, guess.reason, fix)
            for of, guess, fix in charges
        ],
    )  # fmt: skip
    if found.documents:
        put()
        sys.stdout.write(found.yaml())
