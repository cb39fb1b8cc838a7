"""Charts as SVG: presentation attributes and classes alone, so the page's own sheet colours them.

Lengths along a chart are percent of its width: a chart is as wide as its place and its text keeps
its size. Every series has a pattern of its own besides its colour, every chart a title and a
description, and the page puts the table of the same figures below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup, escape

MOST_SERIES = 8
_HEIGHT, _TOP, _BOTTOM = 250, 44, 24
_ROOM = _HEIGHT - _TOP - _BOTTOM
_STEPS = (1, 2, 5, 10)
_FULL = Decimal("1.4")  # the share at the end of a bar of what is used
# What lies over a series' colour: nothing, then lines and dots that are told apart in grey too.
_PATTERNS = (
    "",
    "<path class='hatch' d='M-1 1l2-2M0 6l6-6M5 7l2-2'/>",
    "<circle class='dot' cx='3' cy='3' r='1.3'/>",
    "<path class='hatch' d='M0 3h6'/>",
    "<path class='hatch' d='M-1 5l2 2M0 0l6 6M5-1l2 2'/>",
    "<path class='hatch' d='M3 0v6'/>",
    "<path class='hatch' d='M0 3h6M3 0v6'/>",
    "<path class='hatch' stroke-dasharray='2 2' d='M0 3h6'/>",
)


@dataclass(frozen=True, slots=True)
class Stacks:
    """What a chart of stacked days is drawn from.

    `series` is (name, one amount for each day), at most `MOST_SERIES` of them; `flags` says which
    days have a dashed line, and the letter on it; the first `former` days are drawn faintly.
    `hints` is what each day says when it is pointed at, `labels` what stands below some of them.
    """

    title: str
    description: str
    series: Sequence[tuple[str, Sequence[str]]]
    hints: Sequence[str]
    labels: Mapping[int, str]
    flags: Mapping[int, str] = field(default_factory=dict)
    former: int = 0


def trend_chart(stacks: Stacks, figure: Callable[[str], str], id_: str = "trend") -> Markup:
    """Days as stacked bars; what is less than nothing hangs below the axis.

    `figure` writes an amount of the axis, for example `Voice.figure`.
    """
    columns = [
        [Decimal(amounts[day]) for _, amounts in stacks.series] for day in range(len(stacks.hints))
    ]
    axis = _Axis.over(columns)
    drawn = [
        _opening("chart stacks", stacks.title, stacks.description, id_, f' height="{_HEIGHT}"'),
        "<defs>", *(_pattern(id_, at) for at in range(len(stacks.series))), "</defs>",
        *_levels(axis),
        *_amounts(axis, figure),
        *_bars(columns, axis, stacks.former, id_),
        *_days(stacks),
        "</svg>",
    ]  # fmt: skip
    return Markup("".join(drawn))  # noqa: S704 - every text in it was escaped where it was put in


def swatch(id_: str, at: int) -> Markup:
    """A small square with the colour and pattern of a series of the chart of that id."""
    fill = escape(f"url(#{id_}-{at})")
    return Markup(  # noqa: S704 - the id was escaped
        f'<svg aria-hidden="true"><rect width="12" height="12" fill="{fill}"/></svg>'
    )


def fill_bar(share: str, title: str) -> Markup:
    """How much of what is included is used, with ticks at 80, 95 and 100 percent.

    Every bar has one scale, so that the ticks of several stand in line; what is beyond its end
    shows a point, and the title and the text beside it say how much it is.
    """
    used = max(Decimal(share), Decimal(0))
    one = _percent(Decimal(1), _FULL)
    drawn = [
        f'<svg class="fill" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>',
        f'<rect class="track" y="4" width="{one}" height="10"/>',
        f'<rect class="used" y="4" width="{_percent(min(used, Decimal(1)), _FULL)}" height="10"/>',
    ]
    if used > 1:
        over = _percent(min(used, _FULL) - 1, _FULL)
        drawn.append(f'<rect class="beyond" x="{one}" y="4" width="{over}" height="10"/>')
    if used > _FULL:
        drawn.append(
            '<svg x="100%" overflow="visible"><path class="beyond" d="M0 4l5 5-5 5z"/></svg>'
        )
    for tick in ("0.8", "0.95", "1"):
        x, top = _percent(Decimal(tick), _FULL), 0 if tick == "1" else 2
        drawn.append(f'<line class="tick" x1="{x}" x2="{x}" y1="{top}" y2="{18 - top}"/>')
    return Markup("".join([*drawn, "</svg>"]))  # noqa: S704 - the title was escaped


def projection_band(so_far: str, low: str, expected: str, high: str, title: str) -> Markup:
    """What is used so far, the band in which the month may end, and what is expected."""
    scale = max(Decimal(high), Decimal(so_far), Decimal("0.01")) * Decimal("1.04")
    now, least, middle, most = (
        _percent(max(Decimal(amount), Decimal(0)), scale)
        for amount in (so_far, low, expected, high)
    )
    width = _percent(max(Decimal(high) - max(Decimal(low), Decimal(0)), Decimal(0)), scale)
    return Markup(  # noqa: S704 - the title is escaped, all else are numbers
        f'<svg class="chart" height="26" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>"
        '<rect class="track" y="8" width="100%" height="10"/>'
        f'<rect class="used" y="8" width="{now}" height="10"/>'
        f'<rect class="band" x="{least}" y="4" width="{width}" height="18"/>'
        f'<line class="tick" x1="{least}" x2="{least}" y1="4" y2="22"/>'
        f'<line class="tick" x1="{most}" x2="{most}" y1="4" y2="22"/>'
        f'<line class="expected" x1="{middle}" x2="{middle}" y1="1" y2="25"/></svg>'
    )


# ---- the axis -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Axis:
    """From `least` (nothing, or less) to `most`, with a line at every `step`."""

    least: Decimal
    most: Decimal
    step: Decimal

    @classmethod
    def over(cls, columns: Sequence[Sequence[Decimal]]) -> _Axis:
        tops = [sum(part for part in column if part > 0) for column in columns]
        depths = [sum(part for part in column if part < 0) for column in columns]
        highest, lowest = Decimal(max(tops, default=0)), Decimal(min(depths, default=0))
        step = _round_step((highest - lowest) / 4)
        return cls(lowest, max(highest, lowest + step), step)

    def y(self, amount: Decimal) -> int:
        """How far down the chart an amount stands."""
        return _TOP + int((self.most - amount) * _ROOM / (self.most - self.least))

    def levels(self) -> Iterator[Decimal]:
        """The amounts that have a line."""
        level = Decimal(int(self.least / self.step)) * self.step
        while level <= self.most:
            yield level
            level += self.step


def _round_step(rough: Decimal) -> Decimal:
    """The next of 1, 2, 5 times a power of ten."""
    if rough <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb(rough.adjusted())
    return next(power * step for step in _STEPS if power * step >= rough)


# ---- the parts of a chart -----------------------------------------------------------------------


def _opening(kind: str, title: str, description: str, id_: str, more: str) -> str:
    return (
        f'<svg class="{kind}" role="img" aria-labelledby="{id_}-t {id_}-d"{more}>'
        f'<title id="{id_}-t">{escape(title)}</title>'
        f'<desc id="{id_}-d">{escape(description)}</desc>'
    )


def _pattern(id_: str, at: int) -> str:
    return (
        f'<pattern id="{id_}-{at}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect class="s{at}" width="6" height="6"/>{_PATTERNS[at]}</pattern>'
    )


def _levels(axis: _Axis) -> Iterator[str]:
    for level in axis.levels():
        y, kind = axis.y(level), "axis" if level == 0 else "grid"
        yield f'<line class="{kind}" x2="100%" y1="{y}" y2="{y}"/>'


def _amounts(axis: _Axis, figure: Callable[[str], str]) -> Iterator[str]:
    """What the lines stand for, left of the days: the sheet leaves room there."""
    for level in filter(None, axis.levels()):
        y, said = axis.y(level) + 4, escape(figure(f"{level.normalize():f}"))
        yield f'<text x="-7" y="{y}" text-anchor="end">{said}</text>'


def _bars(
    columns: Sequence[Sequence[Decimal]], axis: _Axis, former: int, id_: str
) -> Iterator[str]:
    """One group of bars for each series, the fainter days apart from the others."""
    stacked = [list(_stack(column)) for column in columns]
    for faint, days in ((" class='former'", range(former)), ("", range(former, len(columns)))):
        for at in range(len(stacked[0]) if stacked else 0):
            bars = "".join(_bar(*stacked[day][at], axis, day, len(columns)) for day in days)
            if bars:
                yield f"<g fill='url(#{id_}-{at})'{faint}>{bars}</g>"


def _stack(column: Sequence[Decimal]) -> Iterator[tuple[Decimal, Decimal]]:
    """From where to where each part of a day goes: up from nothing, or down."""
    above = below = Decimal(0)
    for part in column:
        if part > 0:
            yield above, above + part
            above += part
        else:
            yield below + part, below
            below += part


def _bar(least: Decimal, most: Decimal, axis: _Axis, day: int, days: int) -> str:
    top, bottom = axis.y(most), axis.y(least)
    if bottom <= top:
        return ""
    return f'<rect {_across(day, days)} y="{top}" height="{bottom - top}"/>'


def _across(day: int, days: int) -> str:
    """A day's place: three quarters of its share of the width."""
    share = 10000 // max(days, 1)
    return (
        f'x="{_hundredths(day * 10000 // days + share // 8)}" width="{_hundredths(share * 3 // 4)}"'
    )


def _days(stacks: Stacks) -> Iterator[str]:
    days, raised = len(stacks.hints), _raised(stacks.flags)
    for day, hint in enumerate(stacks.hints):
        middle = _hundredths((2 * day + 1) * 5000 // days)
        if day in stacks.labels:
            yield _label(stacks.labels[day], day, days, middle)
        if day in stacks.flags:
            yield _flag(middle, stacks.flags[day], 2 if day in raised else 21)
        start, width = _hundredths(day * 10000 // days), _hundredths(10000 // days)
        yield (
            f'<rect class="over" x="{start}" y="{_TOP}" width="{width}" height="{_ROOM}">'
            f"<title>{escape(hint)}</title></rect>"
        )


def _label(text: str, day: int, days: int, middle: str) -> str:
    x, anchor = middle, "middle"
    if day in (0, days - 1):
        x, anchor = ("0", "start") if day == 0 else ("100%", "end")
    return f'<text x="{x}" y="{_HEIGHT - 6}" text-anchor="{anchor}">{escape(text)}</text>'


def _raised(flags: Mapping[int, str]) -> set[int]:
    """Flags that stand higher, because the one before is too near for both on a narrow screen."""
    raised: set[int] = set()
    for before, day in pairwise(sorted(flags)):
        if day - before <= 2 and before not in raised:
            raised.add(day)
    return raised


def _flag(middle: str, letter: str, y: int) -> str:
    return (
        f'<svg x="{middle}" overflow="visible">'
        f'<line class="mark" y1="{y + 16}" y2="{_HEIGHT - _BOTTOM}"/>'
        f'<rect class="flag" x="-9" y="{y}" width="18" height="16" rx="3"/>'
        f'<text class="flag-text" y="{y + 12}" text-anchor="middle">{escape(letter)}</text></svg>'
    )


def _percent(part: Decimal, whole: Decimal) -> str:
    return _hundredths(int(part * 10000 / whole))


def _hundredths(hundredths: int) -> str:
    """Hundredths of a percent as an attribute has them: 3333 is `33.33%`."""
    return f"{hundredths // 100}.{hundredths % 100:02d}%"
