"""The events of a generated month: good ones, the same again, and every kind of bad one."""

from __future__ import annotations

from oracle.month_parts import (
    LEAVER,
    LEAVES,
    NEWCOMER,
    QUANTITIES,
    TENANTS,
    Pick,
    counting,
    event,
)
from oracle.records import Json


def good_events(pick: Pick[str], joins: str) -> list[Json]:
    """Good events of every metric; the days are those that have cost, and the month's edges."""
    days = ("2026-09-30", *(f"2026-10-0{day}" for day in range(1, 9)), "2026-10-31", "2026-11-01")
    metrics = ("calls", "gb", "weight", "weight", "exotic", "peak", "seats", "storage", "storage")
    events = []
    for number in range(80):
        tenant = pick(TENANTS)
        time = pick(days) + pick(("T00:00:00Z", " 23:59:59.999999999+00:00", "T12:30:00.5+0000"))
        if tenant == NEWCOMER and time[:10] < joins:
            tenant = "acme"
        if tenant == LEAVER:
            continue  # uses exactly what its month includes: see below
        key, module = f"e{number}", pick(("M-1", "M-2"))
        if number % 4 == 0:
            metric, counted = pick(("users", "sessions")), pick(("a", "b", "A", "ä"))
            events.append(counting(key, tenant, metric, time, counted, module))
        else:
            metric, quantity = pick(metrics), pick(QUANTITIES)
            events.append(event(key, tenant, metric, time, quantity, source=f"/{module}/f"))
    return events + _exactly_what_is_included() + _planted()


def _exactly_what_is_included() -> list[Json]:
    """60.5 + 39.5 = 100 calls and 100.000001 GB, of 100 that are included of each."""
    pairs = (("calls", "60.5"), ("calls", "39.5"), ("gb", "100"), ("gb", "0.000001"))
    return [
        event(f"x{number}", LEAVER, metric, "2026-10-19T23:59:59Z", quantity)
        for number, (metric, quantity) in enumerate(pairs)
    ]


def _planted() -> list[Json]:
    """A weight of zero on the second; weights that leave a remainder on the seventh; November."""
    weights = zip(("9lives", "Zeta.1", "acme", "b_2:x"), ("7", "11.000001", "13", "0"), strict=True)
    return [
        event("z1", "acme", "weight", "2026-10-02T01:00:00Z", "0"),
        event("z2", "acme", "calls", "2026-11-01T00:00:00Z", "1"),
        *(
            counting(f"s{hour}", "acme", "users", f"2026-10-04T0{hour}:00:00Z", "a", "M-1")
            for hour in range(3)
        ),
        *(
            event(f"p-{metric}-{tenant}", tenant, metric, "2026-10-07T08:00:00Z", quantity)
            for tenant, quantity in weights
            for metric in ("weight", "gb")
        ),
    ]


def told_twice(pick: Pick[Json], events: list[Json]) -> list[Json]:
    """The same again, some of it with another story, earlier or later."""
    again = [pick(events) for _ in range(8)]
    original = event("c1", "acme", "calls", "2026-10-05T10:00:00Z", "5")
    retold = {**original["data"], "quantity": "50"}
    later = {**original, "time": "2026-10-05T10:00:01Z", "data": retold}
    earlier = {**original, "time": "2026-10-04T23:59:59.999999Z", "data": retold}
    # The same id under another source or of another tenant is another event.
    elsewhere = [{**original, "source": "/M-2/f"}, {**original, "subject": "b_2:x"}]
    return [*again, original, later, *elsewhere, earlier, earlier, original]


def bad_events() -> list[Json]:
    """Each way in which an event cannot be billed, once; none may keep a good one from counting."""

    def bad(key: str, quantity: str = "1", **more: object) -> Json:
        return event(key, "acme", "calls", "2026-10-05T10:00:00Z", quantity) | more

    numbers = ("NaN", "1_000", "1,5", "1e400", "1e3", "", " 1", "Infinity", "0x1", "٣", "1.", ".5")
    times = ("yesterday", "", "2026-02-30T00:00:00Z", "2026-10-05", "2026-10-05T24:00:00Z")
    zones = ("2026-10-05T10:00:00", "2026-10-05T10:00:00+05:30", "2026-10-05T10:00:00-00:00")
    # Envelopes are of 08:00 on 5 November: the first is just believed.
    ahead = ("2026-11-05T08:15:00Z", "2026-11-05T08:15:00.000001Z", "2099-01-01T00:00:00Z")
    good = bad("c2")
    return [
        {"id": "m1", "source": "/M-1/f", "malformed": "{\"id\": \"m1"},
        {**good, "id": ""},
        {**good, "id": "m2", "source": "no slash"},
        {**good, "id": "m3", "source": "//f"},
        {key: value for key, value in bad("t1").items() if key != "subject"},
        bad("t2", subject="stranger"),
        bad("t3", subject=NEWCOMER, time="2026-10-01T23:59:59Z"),
        bad("t4", subject=LEAVER, time=f"{LEAVES}T00:00:00Z"),
        bad("n1", type="unheard"),
        bad("n2", type="retired", data={"quantity": "1", "unit": "piece"}),
        bad("u1", data={"quantity": "1", "unit": "calls"}),
        event("d1", "acme", "users", "2026-10-05T10:00:00Z", "1"),
        counting("d2", "acme", "sessions", "2026-10-05T10:00:00Z", "", "M-1"),
        *(bad(f"q{number}", text) for number, text in enumerate(numbers)),
        bad("q20", "0.0000001"),
        bad("q21", "1000000000000000"),
        bad("q22", "9" * 400),
        bad("q23", "-1"),
        bad("q24", "-0.000001"),
        *(bad(f"w{number}", time=text) for number, text in enumerate(times + zones)),
        *(bad(f"f{number}", time=text) for number, text in enumerate(ahead)),
        good,
        {**good, "time": "2026-10-05T10:00:00+02:00"},
    ]  # fmt: skip
