"""`replay`, `explain`, `backtest`: where a figure comes from, and what another plan would say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from meterbook.canonical import short
from meterbook.invoice.replay import EQUAL, Replayed, replay_all
from meterbook.money import Money, total
from meterbook.report.backtest import Tried, read_plan
from meterbook.report.backtest import backtest as try_plan
from meterbook.report.explain import Explanation
from meterbook.report.explain import explain as explain_document
from meterbook.report.explained import ExplainedLine, Later, Part, written
from meterbook_local.recalculator import TariffRecalculator

from meterbook_cli.printing import put, put_json, put_table, say
from meterbook_cli.session import FINDINGS, workspace_of

_SHOWN = 6  # parts of a part in words, and of each line of a whole document; JSON has all of them
_LAST = 3  # what is included, what other tiers bill, rounding
_TOLD = 12  # differences of a document
TRIED = [
    "period", "tenant", "currency", "billed", "would be", "difference", "cost USD", "margin USD",
    "would be margin", "obstacle",
]  # fmt: skip


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    for verb in (replay, explain, backtest):
        app.command()(verb)


def replay(
    context: typer.Context,
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER…", help="Issued documents.")],
) -> None:
    """Write documents again from what was frozen, and say what has changed since, if anything."""
    with workspace_of(context) as workspace:
        stores = workspace.evidence, workspace.landing
        found = list(replay_all(*stores, TariffRecalculator(), numbers))
    for one in found:
        _put_replayed(one)
    if any(one.answer != EQUAL for one in found):
        raise typer.Exit(FINDINGS)


def _put_replayed(found: Replayed) -> None:
    put(f"{found.number}: {found.answer}", "green" if found.answer == EQUAL else "red")
    for difference in found.differences[:_TOLD]:
        put(f"  {difference}")
    if len(found.differences) > _TOLD:
        put(f"  and {len(found.differences) - _TOLD} more")
    if found.changed:
        what = "with other texts, and the same result" if found.answer == EQUAL else "other texts"
        put(f"  {what}: {', '.join(found.changed)}")


def explain(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="An issued document.")],
    line: Annotated[int | None, typer.Option(min=1, help="Only this line.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="All of it as JSON; decimals are text.")
    ] = False,
) -> None:
    """Take the lines of a document apart, step by step, down to events and rows of cost."""
    with workspace_of(context) as workspace:
        workspace.book.update()
        found = explain_document(workspace.book, number, line)
    if as_json:
        sys.stdout.write(json.dumps(_explained(found), ensure_ascii=False, indent=1) + "\n")
        return
    put(f"{found.number}  {found.kind} {found.period}  account {found.account_id}", "bold")
    for one in found.lines:
        _put_line(one, found.currency, is_all=line is not None)
    if line is None:
        put(f"The {len(found.lines)} line(s) sum to {found.total} {found.currency}.")


def _put_line(explained: ExplainedLine, currency: str, *, is_all: bool) -> None:
    """Write a line with all its parts and what is below them, or with few of its parts."""
    line = explained.line
    named = " ".join(
        str(part)
        for part in (line["tenant_id"], line["line_kind"], line["module_id"], line["metric"])
        if part
    )
    put()
    put(f"line {line['line_number']}  {named}: {line['amount']} {currency}", "bold")
    for step in explained.steps:
        put(f"  {step}")
    shown, left = _few(explained.parts, len(explained.parts) if is_all else _SHOWN)
    for part in shown:
        _put_part(part, 2, is_all=is_all)
    _put_left(left, 2)
    if left:
        for part in explained.parts[-_LAST:]:
            _put_part(part, 2, is_all=is_all)
    for later in explained.later:
        put(f"  since then, in no part of it: {_later(later)}")


def _few(parts: Sequence[Part], most: int) -> tuple[Sequence[Part], Sequence[Part]]:
    """The parts that are shown, and those that are only summed; the last ones are always shown."""
    cut = max(most - _LAST, 0)
    return (parts, ()) if len(parts) <= most else (parts[:cut], parts[cut:-_LAST])


def _put_part(part: Part, depth: int, *, is_all: bool) -> None:
    quantity = "" if part.quantity is None else f"{written(part.quantity)} {part.unit}".strip()
    told = "  ".join(text for text in (part.what, quantity, part.place) if text)
    put(f"{' ' * depth}{_amount(part.amount):>16}  {told}")
    if is_all:
        for one in part.parts[:_SHOWN]:
            _put_part(one, depth + 2, is_all=True)
        _put_left(part.parts[_SHOWN:], depth + 2)


def _put_left(parts: Sequence[Part], depth: int) -> None:
    if parts:
        left = _amount(sum((one.amount for one in parts), Fraction()))
        put(f"{' ' * depth}{left:>16}  {len(parts)} more; --json shows each")


def _amount(value: Fraction) -> str:
    """An amount in full, or cut behind nine digits where a decimal never ends."""
    text = written(value)
    if "/" not in text:
        return text
    cut = Decimal(value.numerator * 10**9 // value.denominator).scaleb(-9)
    return f"{cut:f}…"


def _later(later: Later) -> str:
    quantity = f"{written(later.quantity)} {later.unit}".strip()
    return "  ".join(text for text in (later.what, quantity, later.place) if text)


def _explained(found: Explanation) -> dict[str, object]:
    return {
        "number": found.number,
        "account": found.account_id,
        "period": found.period,
        "kind": found.kind,
        "currency": found.currency,
        "total": found.total,
        "lines": [
            {
                "line": one.line,
                "steps": list(one.steps),
                "parts": [_part(part) for part in one.parts],
                "later": [
                    {
                        "what": later.what,
                        "quantity": written(later.quantity),
                        "unit": later.unit,
                        "place": later.place,
                    }
                    for later in one.later
                ],
            }
            for one in found.lines
        ],
    }


def _part(part: Part) -> dict[str, object]:
    told: dict[str, object] = {"what": part.what, "amount": written(part.amount)}
    if part.quantity is not None:
        told |= {"quantity": written(part.quantity), "unit": part.unit}
    if part.place:
        told["place"] = part.place
    if part.parts:
        told["parts"] = [_part(one) for one in part.parts]
    return told


def backtest(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="A file with one plan.")],
    months: Annotated[int, typer.Option(min=1, help="The last so many closed months.")] = 6,
    tenant: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only on this tenant.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON array; decimals are text.")
    ] = False,
) -> None:
    """Tell what a plan would have billed for closed months, and what was left over after cost."""
    proposed = read_plan(plan)
    with workspace_of(context) as workspace:
        workspace.book.update()
        tried = try_plan(workspace.book, TariffRecalculator(), proposed, months, tenant or ())
    (put_json if as_json else put_table)(TRIED, [_row(one) for one in tried])
    for currency, billed, would in _totals(tried):
        say(f"{proposed.title}: {would} {currency} instead of {billed} {currency}.")
    if any(one.obstacles for one in tried):
        raise typer.Exit(FINDINGS)


def _row(one: Tried) -> list[object]:
    return [
        str(one.period),
        one.tenant_id,
        one.currency,
        str(one.billed),
        str(one.would_bill),
        str(one.difference),
        short(one.cost_usd),
        _short(one.margin_usd),
        _short(one.would_margin_usd),
        "; ".join(one.obstacles),
    ]


def _short(value: Decimal | None) -> str | None:
    return None if value is None else short(value)


def _totals(tried: Sequence[Tried]) -> Iterator[tuple[str, Money, Money]]:
    for currency in sorted({one.currency for one in tried}):
        own = [one for one in tried if one.currency == currency]
        yield (
            currency,
            total((one.billed for one in own), currency),
            total((one.would_bill for one in own), currency),
        )
