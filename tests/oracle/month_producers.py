"""Who recorded what in a generated month: numbers that are missing, come late, or are told wrong."""

from __future__ import annotations

from collections.abc import Iterable

from oracle.month_parts import event
from oracle.records import Json


def numbered(producer: str, numbers: Iterable[int | str], **more: object) -> list[Json]:
    """Events of a producer, a minute apart in the order in which they are given."""
    return [
        event(f"{producer}#{number}", "acme", "calls", f"2026-10-06T{at // 60:02}:{at % 60:02}:00Z",
              "1", producer=producer, sequence=str(number), **more)
        for at, number in enumerate(numbers)
    ]  # fmt: skip


def count(producer: str, last: str, at: str) -> Json:
    """What the layer has printed when it sent what it had recorded."""
    return {
        "_aws": {"Timestamp": 1, "CloudWatchMetrics": []},
        "module": "M-1",
        "UsageEventsRecorded": 1,
        "producer": producer,
        "source": "/M-1/f",
        "first_sequence": last,
        "last_sequence": last,
        "recorded_at": f"2026-10-06T{at}Z",
    }


def producers() -> list[Json]:
    """Single numbers missing, runs of just a thousand and of one more; some told backwards."""
    whole = numbered("f/whole", range(1, 8))
    return [
        *whole[::-1],
        *numbered("f/holes", (9, 8, 12, 2, 5, 13)),
        *numbered("f/first", (3, 4)),
        *numbered("f/thousand", (1, 1002)),
        *numbered("f/more", (1, 1003, 1005)),
        *numbered("f/far", (1, "5000", "007")),
        *numbered("f/tail", (1, 2, 4)),
        *numbered("f/one", (1, 2)),
        # Numbers that are none; a line that is refused has arrived all the same.
        *numbered("f/odd", ("x", "-1", "1.5", "", "0", " 4", "9" * 16, "٣", 2)),
        *numbered("f/refused", (2, 4), subject="stranger"),
        {**numbered("f/bad", (2,))[0], "data": {"quantity": "NaN"}},
        *numbered("", (7,)),
        {**numbered("f/late", (3,))[0], "time": "yesterday"},
    ]


def a_pack_with_a_hole() -> list[Json]:
    """Three events of one pack: the second is nobody's, and a number is missing in its place."""
    first, last = numbered("f/hole", (1, 3))
    return [first, event("f/hole#2", "acme", "calls", "2026-10-06T00:00:30Z", "1"), last]


def counts() -> list[Json]:
    """Of producers that have a tail missing, or everything; one of them told twice."""
    told = count("f/tail", "6", "08:00:00")
    return [
        *(told, told),
        *(count("f/tail", last, at) for last, at in (("5", "07:30:00.000001"), ("3", "07:00:00"))),
        count("f/one", "3", "08:00:00"),
        count("f/whole", "7", "08:00:00.000001"),
        count("f/silent", "2", "09:00:00.5"),
        count("f/long", "1001", "09:00:00"),
        {**count("f/broken", "x", "09:00:00"), "first_sequence": "1"},
        count("", "3", "09:00:00"),
    ]


def no_packs() -> list[Json]:
    """Records among the packs that are none, or hold what is no event."""
    return [
        {"detail": "cut"},
        {"time": "2026-11-05T08:00:00Z"},
        {"time": "2026-11-05T08:00:00Z", "detail": {"count": 1, "events": {"id": "x"}}},
        {"detail": {"count": 3, "events": [None, "x", ["y"]]}},
    ]
