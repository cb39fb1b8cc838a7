"""Every quantity that is billed follows from the days, and every day from its events."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from meterbook.invoice.offline.ground import (
    EVENTS,
    PROOF,
    Bundle,
    Wrong,
    figure,
    place_of,
    repeats,
    sha256,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meterbook.invoice.offline.ground import Fields

METERED = ("levy", "variable")
# How the days of a metric may be counted so that its events alone tell them.
FROM_EVENTS = ("sum", "max", "distinct", "latest")
CREDITS = "snowflake_credits"  # metered by Snowflake: there are no events of it


_DAY = ("usage_date", "tenant_id", "module_id", "metric")


def check_usage(bundle: Bundle) -> Iterator[str]:
    """Every quantity that is billed follows from the days, and every day from its events."""
    proof, events = bundle.json(PROOF), bundle.lines(EVENTS)
    usage = Usage(proof, [event for event in events if not event["known_since"]])
    notes = [*usage.lines(), *usage.months(), *usage.days()]
    yield "{} quantities follow from {} days, and these from {} events".format(
        len(proof["quantities"]), len(proof["usage"]), len(usage.events)
    )
    yield from notes
    yield from _known_since(events)


class Usage:
    """What was billed, what the days say, and what the events say that were known at the close."""

    def __init__(self, proof: Fields, events: Sequence[Fields]) -> None:
        self.proof = proof
        self.events = events
        self.counted = {
            m["id"]: m["document"].get("aggregation") or "sum" for m in proof["metrics"]
        }

    def lines(self) -> Iterator[str]:
        """Each line bills what was used in the month."""
        months = {place_of(row): figure(row["quantity"]) for row in self.proof["quantities"]}
        for line in self.proof["lines"]:
            place = place_of(line)
            if line["line_kind"] not in METERED or months.get(place) == figure(line["quantity"]):
                continue
            if place in months or not repeats(self.proof):
                raise Wrong(PROOF, f"line {line['line_number']} bills another quantity")
            yield "the use of {} by {} is proven with the invoice".format(*reversed(place))

    def months(self) -> Iterator[str]:
        """Each month follows from its days, or from its events where days do not add up."""
        for row in self.proof["quantities"]:
            place, told = place_of(row), figure(row["quantity"])
            days = [figure(d["quantity"]) for d in self.proof["usage"] if place_of(d) == place]
            counted = self.counted[place[1]]
            if place[1] == CREDITS and not days:
                yield "{} of {} are metered by Snowflake, without events".format(*reversed(place))
            elif counted == "distinct":
                yield from self._heads(place, told)
            elif counted == "latest":
                of = [event for event in self.events if place_of(event) == place]
                if made_of(of, counted) != told:
                    yield from _differs(of, counted, " ".join(place), shown(told))
            else:
                if counted not in FROM_EVENTS:
                    yield "{} of {} is a level held over time: its days are as sealed".format(
                        *reversed(place)
                    )
                found = max([Fraction(0), *days]) if counted == "max" else sum(days, Fraction(0))
                if found != told:
                    what = "the days of {} {} come to {}, not {}"
                    raise Wrong(PROOF, what.format(*place, shown(found), shown(told)))

    def _heads(self, place: tuple[str, str], told: Fraction) -> Iterator[str]:
        """Each id counts once in the month, and their list is the one that was frozen."""
        of = [event for event in self.events if place_of(event) == place]
        ids = sorted({event["counted_id"] for event in of if not event["is_withdrawn"]})
        heads = [h["ids_sha256"] for h in self.proof["heads"] if place_of(h) == place]
        if len(ids) != told or (heads or [sha256("")]) != [sha256("\n".join(ids))]:
            yield from _differs(of, "distinct", " ".join(place), shown(told))

    def days(self) -> Iterator[str]:
        """Each day follows from its events."""
        events = defaultdict(list)
        for event in self.events:
            events[tuple(event[name] for name in _DAY)].append(event)
        days = {tuple(d[n] for n in _DAY): figure(d["quantity"]) for d in self.proof["usage"]}
        for day in sorted({*events, *days}):
            counted, told = self.counted[day[-1]], days.get(day, Fraction(0))
            if counted in FROM_EVENTS and made_of(events[day], counted) != told:
                place = " ".join(part for part in day if part)
                yield from _differs(events[day], counted, place, shown(told))


def _differs(events: Sequence[Fields], counted: str, place: str, told: str) -> Iterator[str]:
    found = shown(made_of(events, counted))
    # Of a peak or a head-count, what is withdrawn later can no longer be told apart.
    if counted == "sum" or not any(event["is_withdrawn"] for event in events):
        raise Wrong(EVENTS, f"the events of {place} come to {found}, and {told} was counted")
    yield f"known since: an event of {place} was withdrawn: {found} now, and {told} was counted"


def made_of(events: Sequence[Fields], counted: str) -> Fraction:
    """What events come to, by how their metric is counted."""
    valid = [event for event in events if not event["is_withdrawn"]]
    if counted == "latest":
        last = max(valid, key=lambda e: (e["event_time"], e["source"], e["event_id"]), default={})
        return figure(last.get("quantity", ""))
    if counted == "distinct":
        return Fraction(len({event["counted_id"] for event in valid}))
    if counted == "max":
        return max((figure(event["quantity"]) for event in valid), default=Fraction(0))
    return sum((figure(event["quantity"]) for event in events), Fraction(0))


def _known_since(events: Iterable[Fields]) -> Iterator[str]:
    """What has become known after the close: later documents bill it or give it back."""
    late = defaultdict(list)
    for event in events:
        if event["known_since"]:
            late[place_of(event)].append(event)
    for place, of in sorted(late.items()):
        told = len(of), *place, shown(made_of(of, "sum"))
        yield "known since, and not in this document: {} events of {} {}, together {}".format(*told)
