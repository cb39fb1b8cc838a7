"""The licensee's pages: published documents in, the text of a page out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meterbook.pages import licensee
from meterbook.pages.figures import Voice
from meterbook.pages.licensee import Document, Links, MetricShown
from meterbook.pages.render import Frame, page
from meterbook.pages.static import brand_css, static_files
from meterbook.report.event_steps import is_late

__all__ = [
    "View",
    "brand_css",
    "event_page",
    "events_page",
    "invoice_page",
    "invoices_page",
    "metric_page",
    "module_page",
    "overview",
    "problem_page",
    "static_files",
]

_MENU = (("overview", "menu_overview", "/"), ("invoices", "menu_invoices", "/invoices"))


@dataclass(frozen=True, slots=True)
class View:
    """Everything a licensee's page is made from.

    `months` begins with the one that is shown; the former one follows it for the trend. A tenant
    who has used nothing yet has none. `language` overrides the one of the tenant's account.
    """

    index: Mapping[str, Any]
    months: Sequence[Mapping[str, Any]]
    as_of: str
    next_due: str
    is_stale: bool
    csrf: str = ""
    actor: str = ""
    language: str | None = None

    @property
    def said_in(self) -> str:
        """The language of the page."""
        return self.language or str(self.index["language"])

    @property
    def month(self) -> Document:
        """The month that is shown. Errors: `KeyError` when there is none."""
        if not self.months:
            raise KeyError("month")
        return self.months[0]


def overview(view: View) -> str:
    """The whole of a month on one page: what it comes to, how old that is, what it is made of."""
    if not view.months:
        return _page(view, "empty.html", "overview")
    trend = licensee.trend(view.months, Voice(view.said_in))
    return _month_page(view, "overview.html", trend=trend, costs_by_day=licensee.costs_by_day)


def module_page(view: View, module_id: str) -> str:
    """What a module's amount is made of. Errors: `KeyError` for one that is not in the month."""
    wanted = "" if module_id == licensee.NO_MODULE else module_id
    module = licensee.the(view.month["modules"], "module_id", wanted)
    there = licensee.periods_with(view.months, "modules", "module_id", wanted)
    return _month_page(view, "module.html", module=module, there=there)


def metric_page(view: View, metric: str, module_id: str | None) -> str:
    """What was used of a metric, day by day, and how it is priced. Errors: `KeyError`."""
    shown = licensee.metric_shown(view.month, metric, module_id)
    stacks = licensee.quantities(shown, view.month, Voice(view.said_in))
    there = licensee.periods_with(view.months, "metrics", "metric", metric)
    grid = licensee.grid(shown)
    return _month_page(view, "metric.html", shown=shown, stacks=stacks, grid=grid, there=there)


def events_page(
    view: View,
    metric: str,
    day_document: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    next_cursor: str,
    filters: Mapping[str, str],
) -> str:
    """The events of a day, or the part of them that a cursor leads to.

    `filters` may hold `module` and `cursor`. Errors: `KeyError` for a metric that is not there.
    """
    shown = _shown(view, metric, filters.get("module") or None)
    day = str(day_document["day"])
    in_time = [event for event in events if not is_late(view.month, event)]
    counted = [event for event in in_time if not event["withdrawn"]]
    of_day = [one for one in shown.days if one["day"] == day]
    whole = not next_cursor and not filters.get("cursor")
    return _month_page(
        view,
        "events.html",
        shown=shown,
        day=day,
        events=in_time,
        late=[event for event in events if is_late(view.month, event)],
        on_page=licensee.sum_of(counted),
        of_day=licensee.sum_of(of_day) if shown.metric["adds_up"] and whole else "",
        next_cursor=next_cursor,
        is_first=not filters.get("cursor"),
    )


def event_page(view: View, explained: Mapping[str, Any]) -> str:
    """One event: where it came from, and what it does to the bill, step by step."""
    event = explained["event"]
    shown = _shown(view, event["metric"], None)
    return _month_page(
        view,
        "event.html",
        explained=explained,
        event=event,
        shown=shown,
        day=event["time"][:10],
        is_late=is_late(view.month, event),
    )


def invoices_page(view: View, invoices: Mapping[str, Any]) -> str:
    """The documents of the account, newest first."""
    return _page(view, "invoices.html", "invoices", entries=invoices["invoices"])


def invoice_page(view: View, entry: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """A document as it was sealed, with its files; `document` is its canonical JSON."""
    return _page(
        view,
        "invoice.html",
        "invoices",
        entry=entry,
        document=document,
        links=_links_of(view, entry),
    )


def problem_page(status: int, title: str, detail: str, language: str, home: str = "/") -> str:
    """What went wrong, in words, and the way back; nothing of anybody is on it."""
    frame = Frame(language=language, brand="Meterbook")
    return page("problem.html", frame, status=status, told=title, detail=detail, home=home)


def _shown(view: View, metric: str, module: str | None) -> MetricShown:
    return licensee.metric_shown(view.month, metric, module)


def _links_of(view: View, entry: Document) -> Links | None:
    """A document's lines lead to its own month, where that is the one at hand."""
    is_shown = view.months and view.months[0]["period"] == entry["period"]
    return Links(view.months[0]) if is_shown else None


def _month_page(view: View, template: str, **shown: object) -> str:
    month = view.month
    names = licensee.module_names([month], Voice(view.said_in))
    return _page(view, template, "overview", month=month, links=Links(month), names=names, **shown)


def _page(view: View, template: str, current: str, **shown: object) -> str:
    brand = view.index["brand"]
    frame = Frame(
        language=view.said_in,
        brand=brand["name"] or view.index["name"],
        current=current,
        menu=_MENU,
        logo="/logo" if brand["logo"] else "",
        as_of=view.as_of,
        next_due=view.next_due,
        is_stale=view.is_stale,
        actor=view.actor,
        csrf=view.csrf,
    )
    names = {"module_key": licensee.module_key, "module_name": licensee.module_name}
    return page(template, frame, index=view.index, **names, **shown)
