"""What is known to be missing: numbers that a producer has given and that have not arrived."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from oracle.records import Answer, Gap, Json
from oracle.usage import read_time

NUMBER = re.compile(r"[0-9]{1,15}")
SINGLE = 1000  # a longer run of missing numbers is one row


def number_in(record: Json, name: str) -> int:
    """The number of a record, 0 where it has none."""
    written = record.get(name) or ""
    return int(written) if NUMBER.fullmatch(written) else 0


def find_gaps(events: Sequence[Json], counts: Sequence[Json], result: Answer) -> None:
    arrived: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    counted: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for event in events:
        if event.get("producer") and (number := number_in(event, "sequence")):
            arrived[event["producer"]][number].append(read_time(event.get("time", ""))[0])
    for count in counts:
        if count.get("producer") and (number := number_in(count, "last_sequence")):
            counted[count["producer"]].append((number, read_time(count["recorded_at"])[0]))
    for producer in arrived.keys() | counted.keys():
        for gap in gaps_of(arrived[producer], counted[producer]):
            result.gaps[producer, gap.first] = gap


def gaps_of(arrived: dict[int, list[str]], counted: Sequence[tuple[int, str]]) -> Iterator[Gap]:
    farthest = max(arrived, default=0)
    last = max([farthest, *(number for number, _ in counted)])
    for first, end in missing([0, *sorted(arrived), last + 1]):
        seen_by = "sequence" if end < farthest else "count"
        told = [time for number, time in counted if number >= first]
        times = times_after(arrived, end) if end < farthest else told
        after = min(filter(None, times), default="")
        rows = range(first, end + 1) if end - first < SINGLE else (first,)
        for number in rows:
            until = number if len(rows) > 1 else end
            yield Gap(number, until, until - number + 1, first, end, seen_by, after)


def missing(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The runs that are not there between numbers in their order, from and to."""
    for before, after in pairwise(numbers):
        if after - before > 1:
            yield before + 1, after - 1


def times_after(arrived: dict[int, list[str]], number: int) -> Iterator[str]:
    """The times of those that arrived next, up to the next gap."""
    while (number := number + 1) in arrived:
        yield from arrived[number]
