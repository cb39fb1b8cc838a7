"""The events of each tenant, day by day: written again only for the days on which one arrived."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from meterbook.book import Book
from meterbook.canonical import canonical_json, plain, sha256, short
from meterbook.close.snapshot import Fields
from meterbook.ports import Row
from meterbook.report.explained import place_of
from meterbook.report.tenant_folder import TenantFolder
from meterbook.report.tenant_view import DAYS_FORM, EVENTS_FORM

_MARKS = ("event_count", "withdrawn_count", "quantity", "places", "first_file", "last_file")
_REF_DIGITS = 24
_Days = dict[str, Fields]


def write_events(book: Book, folders: Mapping[str, TenantFolder]) -> dict[str, Fields]:
    """Write the days that have changed; tenant → what its index says of them, month by month."""
    marks = _marks(book)
    months = {tenant: _months(folder, marks.get(tenant, {})) for tenant, folder in folders.items()}
    changed: defaultdict[str, set[str]] = defaultdict(set)
    for tenant, of in months.items():
        for month in of.values():
            for day, told in month.days.items():
                if "key" not in told:
                    changed[day].add(tenant)
    for day, tenants in sorted(changed.items()):
        for tenant, document in _events_of(book, date.fromisoformat(day), tenants).items():
            told = months[tenant][day[:7]].days[day]
            told["key"] = folders[tenant].events(document)
    return {
        tenant: {name: month.told(folders[tenant], name) for name, month in sorted(of.items())}
        for tenant, of in months.items()
    }


class _Month:
    """One month of a tenant's days: as it was where no mark has changed, else day by day."""

    def __init__(self, former: Fields | None, marks: Mapping[str, Fields]) -> None:
        self.mark = sha256(canonical_json(marks))
        self.former = former if former and former["mark"] == self.mark else None
        self.days: _Days = {} if self.former else {day: dict(of) for day, of in marks.items()}

    def told(self, folder: TenantFolder, name: str) -> Fields:
        if self.former:
            return self.former
        document = {"form": DAYS_FORM, "period": name, "days": self.days}
        return {"key": folder.document(document), "mark": self.mark}


def _months(folder: TenantFolder, marks: Mapping[str, Fields]) -> dict[str, _Month]:
    by_month: defaultdict[str, dict[str, Fields]] = defaultdict(dict)
    for day, of in marks.items():
        by_month[day[:7]][day] = of
    former = folder.former.get("days", {})
    found = {}
    for name, days in by_month.items():
        month = found[name] = _Month(former.get(name), days)
        if name in former and month.days:
            _keep_unchanged(folder, former[name]["key"], month.days)
    return found


def _keep_unchanged(folder: TenantFolder, key: str, days: _Days) -> None:
    for day, was in folder.read(key)["days"].items():
        if day in days and was["mark"] == days[day]["mark"]:
            days[day]["key"] = was["key"]


def _marks(book: Book) -> dict[str, dict[str, Fields]]:
    """Tenant → day → how many events, and the mark that changes with them."""
    found: defaultdict[str, dict[str, Fields]] = defaultdict(dict)
    for row in book.query("publish_event_days"):
        mark = canonical_json([row[name] for name in _MARKS])
        told = {"count": int(str(row["event_count"])), "mark": sha256(mark)[:_REF_DIGITS]}
        found[str(row["tenant_id"])][str(row["usage_date"])] = told
    return found


def _events_of(book: Book, day: date, tenants: Iterable[str]) -> dict[str, Fields]:
    """The documents of some tenants for one day."""
    events: defaultdict[str, list[Fields]] = defaultdict(list)
    wanted = set(tenants)
    for row in book.query("publish_events", usage_date=day):
        if row["tenant_id"] in wanted:
            events[str(row["tenant_id"])].append(_event(row))
    return {
        tenant: {
            "form": EVENTS_FORM,
            "tenant_id": tenant,
            "day": day.isoformat(),
            "events": sorted(of, key=lambda one: (one["time"], one["source"], one["id"])),
        }
        for tenant, of in events.items()
    }


def _event(row: Row) -> dict[str, Any]:
    id_, source = str(row["event_id"]), str(row["source"])
    return {
        "ref": event_ref(source, id_),
        "id": id_,
        "source": source,
        "metric": row["metric"],
        "module_id": row["module_id"],
        "time": plain(row["event_time"]),
        "quantity": short(row["quantity"]),
        "unit": row["unit"],
        "counted_id": row["counted_id"] or "",
        "withdrawn": bool(row["is_withdrawn"]),
        "place": place_of(row),
        "received": plain(row["ordered_at"]) if row["ordered_at"] else "",
    }


def event_ref(source: str, event_id: str) -> str:
    """What an event is called in a link: ids are whatever a producer has written."""
    return sha256(f"{source}\n{event_id}")[:_REF_DIGITS]
