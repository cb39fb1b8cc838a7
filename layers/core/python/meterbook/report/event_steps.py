"""One event, followed to the lines that it is part of: which units of the month it is.

Events of what adds up stand one behind the other in the order of their time: the first units of
the month are those that the plan includes, the next are in the first tier, and so on. What an
event contributes is exact and is not rounded; a line is, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from meterbook.canonical import short
from meterbook.invoice.words import shown_figure
from meterbook.report.explained import number, written
from meterbook.report.steps import step_words

_Document = Mapping[str, Any]
_STANDS_FOR_ITSELF = ("max", "latest", "time_weighted")


def explained_event(month: _Document, day: _Document, ref: str) -> dict[str, Any]:
    """An event of a day's document with its rating steps; `position` are the units it is.

    Errors: `KeyError` for an event that the day does not have.
    """
    events: Sequence[_Document] = day["events"]
    event = next((one for one in events if one["ref"] == ref), None)
    if event is None:
        raise KeyError(ref)
    metric = next((one for one in month["metrics"] if one["metric"] == event["metric"]), None)
    came_late = is_late(month, event)
    numbers = metric["line_numbers"] if metric and not came_late else []
    lines = [line for line in _lines(month) if line["line_number"] in numbers]
    position = None if came_late else _position(month, metric, day, event)
    return {
        "event": dict(event),
        "position": position,
        "steps": list(_steps(month, metric, event, position, lines)),
        "lines": lines,
    }


def _lines(month: _Document) -> Iterator[dict[str, Any]]:
    for group in month["bill"]["groups"]:
        yield from group["lines"]


def _position(
    month: _Document, metric: _Document | None, day: _Document, event: _Document
) -> dict[str, str] | None:
    """Which units of the month an event is: from and to, both counted from zero."""
    if metric is None or metric["aggregation"] != "sum" or event["withdrawn"]:
        return None
    before = sum(
        (number(one, "quantity") for one in metric["days"] if one["day"] < day["day"]), Fraction()
    )
    for one in day["events"]:
        if one["ref"] == event["ref"]:
            break
        # One that is withdrawn counts until the entry that takes it back.
        if one["metric"] == event["metric"] and not is_late(month, one):
            before += number(one, "quantity")
    return {"from": written(before), "to": written(before + number(event, "quantity"))}


def is_late(month: _Document, event: _Document) -> bool:
    """Whether an event came when its month was closed: it is in no figure of that month."""
    return bool(month["closed_at"]) and event["received"] > month["closed_at"]


def _steps(
    month: _Document,
    metric: _Document | None,
    event: _Document,
    position: Mapping[str, str] | None,
    lines: Sequence[_Document],
) -> Iterator[str]:
    said, language = step_words(month["language"]), month["language"]
    if event["withdrawn"]:
        yield said["event_withdrawn"]
    elif is_late(month, event):
        yield said["event_late"]
    elif metric is None or not lines:
        yield said["event_unrated"].format(metric=event["metric"])
    elif metric["aggregation"] == "distinct":
        yield said["event_distinct"].format(id=event["counted_id"])
    elif metric["aggregation"] in _STANDS_FOR_ITSELF:
        yield said["event_level"]
    if position and lines:
        for reached in _stretches(position, lines):
            yield _told(reached, month, language)


def _stretches(
    position: Mapping[str, str], lines: Sequence[_Document]
) -> Iterator[tuple[str, Fraction, Fraction, _Document]]:
    """The parts of an event that lie in what is included and in each tier."""
    start, end = Fraction(position["from"]), Fraction(position["to"])
    above = Fraction(lines[0]["included"] or 0)
    if start < above:
        yield "event_included", start, min(end, above), lines[0]
    for at, line in enumerate(lines):
        is_last = at == len(lines) - 1
        until = end if is_last else above + Fraction(line["billable"] or 0)
        first, last = max(start, above), min(end, until)
        if first < last:
            word = "event_packaged" if line["pricing"] == "package" else "event_billed"
            yield word, first, last, line
        above = until


def _told(
    reached: tuple[str, Fraction, Fraction, _Document], month: _Document, language: str
) -> str:
    word, first, last, line = reached
    amount = (last - first) * Fraction(line["unit_price"]) / Fraction(line["unit_size"])

    def figure(value: Fraction) -> str:
        text = written(value)
        return text if "/" in text else shown_figure(short(text), language)

    return step_words(language)[word].format(
        first=figure(first),
        last=figure(last),
        included=figure(Fraction(line["included"] or 0)),
        quantity=figure(last - first),
        price=f"{shown_figure(line['unit_price'], language)} {month['currency']}",
        size=shown_figure(line["unit_size"], language),
        amount=figure(amount),
        currency=month["currency"],
    )
