"""The small charts of the finance pages, beside those that every page has."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup, escape

_WIDTH, _HEIGHT, _EDGE = 96, 24, 3


def sparkline(figures: Sequence[str], title: str) -> Markup:
    """A line over figures, and the line of nothing where they cross it; the last has a dot."""
    values = [Decimal(figure) for figure in figures]
    if not values:
        return Markup("")
    low, high = min(*values, Decimal(0)), max(*values, Decimal(0))
    room = (high - low) or Decimal(1)
    steps = max(len(values) - 1, 1)
    points = [
        (
            _WIDTH - _EDGE - (len(values) - 1 - at) * (_WIDTH - 2 * _EDGE) // steps,
            _EDGE + int((high - value) * (_HEIGHT - 2 * _EDGE) / room),
        )
        for at, value in enumerate(values)
    ]
    zero = _EDGE + int(high * (_HEIGHT - 2 * _EDGE) / room)
    line = " ".join(f"{x},{y}" for x, y in points)
    x, y = points[-1]
    end = "loss" if values[-1] < 0 else "used"
    return Markup(  # noqa: S704 - the title is escaped, all else are numbers
        f'<svg class="spark" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>'
        f'<line class="axis" x2="{_WIDTH}" y1="{zero}" y2="{zero}"/>'
        f'<polyline class="line" points="{line}"/>'
        f'<circle class="{end}" cx="{x}" cy="{y}" r="2.5"/></svg>'
    )
