"""Months that are small and nasty: what goes wrong in a real one, packed into a few dozen rows.

Every month has every trap in it (the traps are planted, their sizes are drawn): lines that come
twice or contradict each other, events that come late, rejects of every kind, a newcomer, a plan
changed in mid-month, a tenant who leaves, reversals of all that can be reversed and of what cannot,
levels that carry on over the month's edge, numbers of producers that never arrive, pools with and without usage, refunds, tags that nobody
knows, aliases that end and begin, rules whose versions change, deliveries that restate, add,
replace, arrive cut or come back halved, amortized cost, other providers, credits of warehouses that
are shared, alone or idle, a day exactly on the threshold and one just over it, currencies of no, two
and three decimals, prices of zero, a month used up to the last unit, prices in tiers and packages,
minimums, parts of a month, mark-ups, discounts, credits that are too large, and closes whose terms
the catalog has forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from meterbook.ports import ObjectStore
from oracle.landed import land_catalog, land_events, stream_counts, stream_events, stream_rows
from oracle.month_catalog import catalog_rows
from oracle.month_closes import closes, land_closed
from oracle.month_corrections import originals, otherwise_told, reversals, unmatched
from oracle.month_costs import cost_pieces, land_cost
from oracle.month_credits import exports, land_export
from oracle.month_levels import level_events
from oracle.month_parts import JOINS, Pick, T
from oracle.month_producers import a_pack_with_a_hole, counts, no_packs, producers
from oracle.month_usage import bad_events, good_events, told_twice

Piece = Callable[[ObjectStore], None]


def a_month(pick: Pick[Any]) -> list[Piece]:
    """A month with every trap, in pieces that come in any order; `pick` takes one of some values."""
    costs = [partial(land_cost, piece=piece) for piece in cost_pieces(pick)]
    credits = [partial(land_export, export=export) for export in exports(pick)]
    closed = [partial(land_closed, close=close) for close in closes(pick)]
    return _in_any_order(pick, [*usage_pieces(pick), *costs, *credits, *closed])


def usage_pieces(pick: Pick[Any]) -> list[Piece]:
    """The catalog and the usage of such a month."""
    joins = pick(JOINS)
    events = good_events(pick, joins)
    usage = [events[0::3], events[1::3] + told_twice(pick, events), events[2::3] + bad_events()]
    streamed = [originals() + producers()[0::2], reversals() + level_events(pick), unmatched(),
                producers()[1::2] + otherwise_told(), a_pack_with_a_hole()]  # fmt: skip
    return [
        *(partial(land_catalog, revision=n, rows=rows)
          for n, rows in enumerate(catalog_rows(pick, joins), 1)),
        *(partial(land_events, name=f"usage-{n}", events=events)
          for n, events in enumerate(usage, 1)),
        *(partial(stream_events, name=f"stream-{n}", events=events)
          for n, events in enumerate(streamed, 1)),
        partial(stream_rows, stream="usage", name="no-packs", rows=no_packs()),
        *(partial(stream_counts, name=f"counts-{n}", counts=counts()[n::2]) for n in range(2)),
    ]  # fmt: skip


def _in_any_order(pick: Pick[Any], pieces: Sequence[T]) -> list[T]:
    left, taken = list(pieces), []
    while left:
        taken.append(left.pop(pick(range(len(left)))))
    return taken
