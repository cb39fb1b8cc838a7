"""What a licensee's programs can ask: the figures of the pages, as JSON.

Every figure is a text, every answer says what time it is of. All comes from what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, wraps
from typing import Any

from meterbook.report.csv_cells import csv_text
from meterbook.serve.asked import Answer, Asked, csv_answer, json_answer, see_other
from meterbook.serve.cursors import Cursors, Order, page_of
from meterbook.serve.routes import CURSOR, DAY, IDENTIFIER, LIMIT, PERIOD, Param, Routes
from meterbook.serve.tenant_desk import Document, Published, TenantDesk
from meterbook.sqlfiles import project_folder

USAGE, INVOICES = "usage:read", "invoices:read"
METRIC = Param("metric", "A metric's id", IDENTIFIER)
MODULE = Param(
    "module",
    "A module's id; - for what is of no module",
    r"^(-|[A-Za-z0-9][A-Za-z0-9._:-]{0,127})$",
)
NUMBER = Param("number", "An invoice's number", IDENTIFIER)
_DAYS = Param("days", "How many days, up to the newest", default="30", at_most=90)
_FORMAT = Param("format", "The kind of file", default="csv", one_of=("csv", "parquet"))
_LONGEST_NAME = 100  # a producer's names may be of any length, and a cursor stands in an address
_BY_TIME = Order(
    lambda event: (
        event["time"],
        event["source"][:_LONGEST_NAME],
        event["id"][:_LONGEST_NAME],
        event["ref"],
    )
)
_NEWEST_FIRST = Order(lambda entry: (entry["issue_date"], entry["number"]), newest_first=True)

_LINE_COLUMNS = (
    "period", "group", "line_number", "tenant_id", "tenant_name", "module_id", "metric",
    "description", "detail", "plan_id", "plan_version", "tier", "used", "included", "billable",
    "unit", "unit_price", "unit_size", "amount", "currency", "tax_category", "tax_percent",
)  # fmt: skip
_LINE_FIGURES = ("used", "included", "billable", "unit_price", "unit_size", "amount", "tax_percent")

routes: Routes[TenantDesk] = Routes()
Told = Callable[[Published, Asked], Answer]


def remembered(tell: Told) -> Callable[[TenantDesk, Asked], Answer]:
    """A route over one published set: an answer is made once and given until the set changes."""

    @wraps(tell)
    def run(desk: TenantDesk, asked: Asked) -> Answer:
        published = desk.open(asked.identity.tenant_id)
        question = (tell, tuple(sorted(asked.values.items())), asked.csrf, asked.identity)
        name = (published.mark, question)
        if (answer := desk.answers.get(name)) is None:
            answer = tell(published, asked).kept()
            desk.answers.put(name, answer, len(answer.body) + len(answer.packed) + 1024)
        return answer

    return run


# ---- what was used, and what it comes to ---------------------------------------------------------


@routes.get("/v1/usage", USAGE, query=(PERIOD,), answer="Usage")
@remembered
def usage(published: Published, asked: Asked) -> Answer:
    """What was used of each metric in a month, by module and day."""
    return _of_month(published, asked, "metrics", "modules")


@routes.get("/v1/estimate", USAGE, query=(PERIOD,), answer="Estimate")
@remembered
def estimate(published: Published, asked: Asked) -> Answer:
    """What a month comes to so far: the bill as it stands, and where it is going."""
    return _of_month(
        published, asked, "net", "tax", "total", "overage", "projection", "nearest_quota", "bill",
        "modules", "infrastructure", "documents", "faults",
    )  # fmt: skip


@routes.get("/v1/trend", USAGE, query=(_DAYS,), answer="Trend")
@remembered
def trend(published: Published, asked: Asked) -> Answer:
    """What the last days came to, by module, with what happened on them."""
    wanted = int(asked.get("days"))
    newest = published.month()
    days: list[Document] = []
    notes: list[Document] = []
    for entry in published.periods():
        if len(days) >= wanted or entry["currency"] != newest["currency"]:
            break
        told = published.document(entry["key"])["trend"]
        days[:0], notes[:0] = told["days"], told["annotations"]
    shown = days[-wanted:]
    since = [note for note in notes if shown and note["day"] >= shown[0]["day"]]
    said = {"currency": newest["currency"], "days": shown, "annotations": since}
    return json_answer(_dated(published) | said | {"ahead": newest["trend"].get("ahead")})


@routes.get("/v1/plans", USAGE, answer="Plans")
@remembered
def plans(published: Published, asked: Asked) -> Answer:
    """The plans that apply, with their prices."""
    document = published.document(published.index["plans"])
    return json_answer(_dated(published) | {n: v for n, v in document.items() if n != "form"})


@routes.get(
    "/v1/usage/events", USAGE, query=(PERIOD, DAY, METRIC, MODULE, LIMIT, CURSOR), answer="Events"
)
@remembered
def events(published: Published, asked: Asked) -> Answer:
    """Single events of a month or a day in the order of their time, page by page."""
    period = published.month(asked.get("period") or asked.get("day")[:7])["period"]
    chosen = [one for one in sorted(published.days(period)) if asked.get("day") in ("", one)]
    page, more = events_page(published, asked, chosen)
    return _paged(published, {"events": page}, more)


def events_page(
    published: Published, asked: Asked, days: Sequence[str]
) -> tuple[list[Document], str | None]:
    """The events of some days that are asked for, and a cursor to those that follow."""
    of = ("events", *(asked.get(name) for name in ("period", "day", "metric", "module")))
    cursors, cursor = cursors_of(published, of), asked.get("cursor")
    begun = cursors.read(cursor)[0][:10] if cursor else ""
    documents = (published.day(day) for day in days if day >= begun)
    rows = (row for one in documents for row in _BY_TIME.sorted(one["events"]))
    wanted = (row for row in rows if _is_asked_for(row, asked))
    return page_of(wanted, _BY_TIME, cursors, cursor, int(asked.get("limit")))


def cursors_of(published: Published, of: Sequence[str]) -> Cursors:
    """The cursors of a list of this tenant."""
    return Cursors(published.desk.signing_key, (str(published.index["tenant_id"]), *of))


def _is_asked_for(event: Document, asked: Asked) -> bool:
    module = asked.get("module")
    is_module = not module or event["module_id"] == ("" if module == "-" else module)
    return is_module and asked.get("metric") in ("", event["metric"])


# ---- documents and files -------------------------------------------------------------------------


@routes.get("/v1/invoices", INVOICES, query=(LIMIT, CURSOR), answer="Invoices")
@remembered
def invoices(published: Published, asked: Asked) -> Answer:
    """The invoices and credit notes, newest first, page by page."""
    rows = _NEWEST_FIRST.sorted(published.invoices())
    cursors = cursors_of(published, ("invoices",))
    page, more = page_of(rows, _NEWEST_FIRST, cursors, asked.get("cursor"), int(asked.get("limit")))
    return _paged(published, {"invoices": [_entry(row) for row in page]}, more)


@routes.get("/v1/invoices/<number>", INVOICES, path=(NUMBER,), answer="Invoice")
@remembered
def invoice(published: Published, asked: Asked) -> Answer:
    """An invoice as it was sealed."""
    entry = published.invoice(asked.get("number"))
    document = published.document(entry["files"]["json"])
    return json_answer(_dated(published) | {"invoice": _entry(entry), "document": document})


@routes.get("/v1/invoices/<number>/pdf", INVOICES, path=(NUMBER,))
def invoice_pdf(desk: TenantDesk, asked: Asked) -> Answer:
    """The way to an invoice's PDF, for five minutes."""
    return to_file(desk, asked, "pdf")


@routes.get("/v1/invoices/<number>/xml", INVOICES, path=(NUMBER,))
def invoice_xml(desk: TenantDesk, asked: Asked) -> Answer:
    """The way to an invoice's e-invoice, for five minutes."""
    return to_file(desk, asked, "xml")


@routes.get("/v1/invoices/<number>/bundle", INVOICES, path=(NUMBER,))
def invoice_bundle(desk: TenantDesk, asked: Asked) -> Answer:
    """The way to all that proves an invoice, for five minutes."""
    return to_file(desk, asked, "bundle")


def to_file(desk: TenantDesk, asked: Asked, kind: str) -> Answer:
    """Lead to a file of an invoice. Errors: `KeyError` where there is none of this kind."""
    published = desk.open(asked.identity.tenant_id)
    key = published.invoice(asked.get("number"))["files"][kind]
    return see_other(published.store.link(key, f"{asked.get('number')}.{key.rpartition('.')[2]}"))


@routes.get("/v1/export/focus", INVOICES, query=(PERIOD, _FORMAT))
def export_focus(desk: TenantDesk, asked: Asked) -> Answer:
    """The way to a month's charges in the FOCUS form, for five minutes."""
    published = desk.open(asked.identity.tenant_id)
    period = asked.get("period") or max(published.index["focus"], default="")
    kind = asked.get("format")
    name = f"focus-{published.index['tenant_id']}-{period}.{kind}"
    return see_other(published.store.link(published.index["focus"][period][kind], name))


@routes.get("/v1/export/lines", INVOICES, query=(PERIOD,), answer="text/csv")
@remembered
def export_lines(published: Published, asked: Asked) -> Answer:
    """The lines of a month's bill as a table for a spreadsheet; they add up to its net."""
    month = published.month(asked.get("period"))
    text = csv_text(_LINE_COLUMNS, _lines(month))
    return csv_answer(text, f"lines-{month['tenant_id']}-{month['period']}.csv")


def _lines(month: Document) -> Iterator[dict[str, object]]:
    """The lines, then what is taken off them, which is below zero."""
    same = {"period": month["period"], "currency": month["currency"]}
    for group in month["bill"]["groups"]:
        for line in group["lines"]:
            figures = {name: _number(line.get(name)) for name in _LINE_FIGURES}
            yield {**line, **figures, **same, "group": group["title"]}
    for off in month["bill"]["allowances"]:
        yield {**off, **same, "line_number": None, "amount": -Decimal(off["amount"])}


def _number(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


# ---- how it is said ------------------------------------------------------------------------------


def _of_month(published: Published, asked: Asked, *names: str) -> Answer:
    month = published.month(asked.get("period"))
    said = ("period", "first_day", "last_day", "state", "currency", *names)
    return json_answer(_dated(published) | {name: month[name] for name in said})


def _dated(published: Published) -> dict[str, Any]:
    tenant = {"tenant_id": published.index["tenant_id"]}
    return tenant | {"as_of": published.as_of, "is_stale": published.is_stale}


def _paged(published: Published, rows: Mapping[str, Any], more: str | None) -> Answer:
    return json_answer(_dated(published) | {**rows, "next_cursor": more})


def _entry(entry: Document) -> dict[str, Any]:
    """A document of the list, with the addresses of its files instead of where they lie."""
    address = f"/v1/invoices/{entry['number']}"
    files = {
        kind: f"{address}/{kind}" for kind in ("pdf", "xml", "bundle") if kind in entry["files"]
    }
    return {**entry, "files": files}


# ---- what this service is ------------------------------------------------------------------------


@routes.get("/openapi.json", answer="application/json")
def openapi(desk: TenantDesk, asked: Asked) -> Answer:
    """The description of all that can be asked."""
    return _openapi()


@cache
def _openapi() -> Answer:
    text = (project_folder("web") / "openapi.json").read_text("utf-8")
    return Answer(200, text, headers={"cache-control": "public, max-age=300"}).kept()
