"""What is held or greatest in a generated month: levels that carry on, end, change in a second."""

from __future__ import annotations

from oracle.month_parts import LEAVER, NEWCOMER, Pick, event
from oracle.records import Json

LEVELS = ("0", "0.000001", "1", "33.333333", "250", "1000000.5")


def level_events(pick: Pick[str]) -> list[Json]:
    """Levels of several sources and modules; each source's holds until its own next one."""

    def level(key: str, tenant: str, time: str, quantity: str = "", **more: str) -> Json:
        return event(
            key, tenant, more.pop("metric", "storage"), time, quantity or pick(LEVELS), **more
        )

    return [
        level("l1", "acme", "2026-09-28T18:00:00Z"),
        level("l2", "acme", "2026-10-30T00:00:00Z"),
        level("l3", "acme", "2026-10-02T23:59:59.999999Z", source="/M-1/g"),
        level("l4", "acme", "2026-10-11T00:00:00Z", "0", source="/M-1/g"),
        # Three of one second: the last of them holds, by time and then by id.
        level("l5", "9lives", "2026-10-03T06:00:00.2Z", "11"),
        level("l6", "9lives", "2026-10-03T06:00:00.2Z", "12"),
        level("l7", "9lives", "2026-10-03T06:00:00.1Z", "13"),
        # With the tenant and with the metric ends what they hold; a day before, a second before.
        level("l8", LEAVER, "2026-10-18T12:00:00Z", "7"),
        level("l9", LEAVER, "2026-10-19T23:59:59.5Z", "86400", source="/M-2/f"),
        level("v1", "b_2:x", "2026-10-10T00:00:01Z", "3", metric="vault"),
        level("v2", "b_2:x", "2026-10-11T23:59:59Z", "1", metric="vault"),
        level("v3", "b_2:x", "2026-10-12T00:00:00Z", "1", metric="vault"),
        # The series before is over when a module's other source goes on.
        level("n1", NEWCOMER, "2026-10-08T00:00:00Z", source="/M-2/f"),
        level("n2", NEWCOMER, "2026-10-09T00:00:00Z", source="/M-2/g"),
        event("s1", "9lives", "seats", "2026-10-04T12:00:00Z", "5"),
        # The greatest, and the last by time, source and id, told in three modules.
        *(
            event(f"g{number}-{metric}", "planless", metric, f"2026-10-0{day}T12:00:00Z", quantity,
                  source=f"/M-{module}/f")
            for metric in ("peak", "seats")
            for number, (day, module, quantity) in enumerate(
                ((2, 1, "5"), (2, 1, "4"), (2, 2, "9.5"), (8, 1, "9.25"), (8, 2, "1"), (8, 2, "2"))
            )
        ),
    ]  # fmt: skip
