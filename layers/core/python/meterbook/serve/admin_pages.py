"""What finance opens in a browser: the same documents as pages, and the forms of the close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from meterbook.book import Book
from meterbook.pages import finance as pages
from meterbook.period import Period
from meterbook.report import finance
from meterbook.serve import admin_acts
from meterbook.serve.admin_desk import ACCOUNT, POINT, READ, REASON, WRITE, AdminDesk, chosen_period
from meterbook.serve.asked import Answer, Asked, page_answer, see_other
from meterbook.serve.csrf import FIELD
from meterbook.serve.idempotency import HEADER, Once
from meterbook.serve.routes import IDENTIFIER, PERIOD, Param, Routes

_TENANT = Param("tenant", "A tenant's id", IDENTIFIER)
_STARTED = Param("started", "The job that was started", one_of=("close_period", "issue_invoices"))
_KEY = Param("idempotency_key", "What makes two clicks one", r"^[0-9a-f]{32}$", required=True)
_CSRF = Param(FIELD, "The mark of the page", longest=256)
_FORM = (_KEY, _CSRF)

routes: Routes[AdminDesk] = Routes(tenant=False)
Show = Callable[[Book, Period, pages.FinanceView, Asked], str]
Act = Callable[[AdminDesk, Asked], admin_acts.Said]


def shown(show: Show) -> Callable[[AdminDesk, Asked], Answer]:
    """A route that shows one month of the book."""

    @wraps(show)
    def run(desk: AdminDesk, asked: Asked) -> Answer:
        with desk.open_book() as book:
            period = chosen_period(book, asked)
            return page_answer(show(book, period, _view(desk, book, period, asked), asked))

    return run


def _view(desk: AdminDesk, book: Book, period: Period, asked: Asked) -> pages.FinanceView:
    return pages.FinanceView(
        str(period),
        finance.known_periods(book),
        desk.as_of,
        asked.identity.actor,
        asked.csrf,
        # Whoever has no session of a browser could not send a form anyway.
        may_write=WRITE in asked.identity.scopes and bool(asked.csrf),
        language="de" if asked.is_german else "en",
        scores=finance.scores(book, period),
        is_over=period.is_over(desk.clock.now()),
    )


@routes.page("/finance", READ, query=(PERIOD,))
@shown
def overview(book: Book, period: Period, view: pages.FinanceView, asked: Asked) -> str:
    """How a month stands."""
    economics = finance.unit_economics(book, period)
    conserved = finance.conserved(book, period)
    return pages.overview(view, economics, conserved, finance.close_checklist(book, period))


@routes.page("/finance/tenants", READ, query=(PERIOD, _TENANT))
@shown
def tenants(book: Book, period: Period, view: pages.FinanceView, asked: Asked) -> str:
    """Margin by tenant, or one tenant's by module."""
    return pages.tenants_page(view, finance.unit_economics(book, period), asked.get("tenant"))


@routes.page("/finance/costs", READ, query=(PERIOD,))
@shown
def costs(book: Book, period: Period, view: pages.FinanceView, asked: Asked) -> str:
    """What the platform costs, by month, source, module, customer and service."""
    return pages.costs_page(view, finance.costs(book, period), finance.unit_economics(book, period))


@routes.page("/finance/unattributed", READ, query=(PERIOD,))
@shown
def unattributed(book: Book, period: Period, view: pages.FinanceView, asked: Asked) -> str:
    """Cost that nobody owns."""
    return pages.unattributed_page(view, finance.unowned(book, period))


@routes.page("/finance/conservation", READ, query=(PERIOD,))
@shown
def conservation(book: Book, period: Period, view: pages.FinanceView, asked: Asked) -> str:
    """Whether cost is conserved, day by day, and the verdicts on the month."""
    verdicts = finance.reconciliations(book, period)
    return pages.conservation_page(view, finance.conserved(book, period), verdicts)


@routes.page("/finance/close/<period>", READ, path=(PERIOD,), query=(_STARTED,))
@shown
def close(book: Book, period: Period, view: pages.FinanceView, asked: Asked) -> str:
    """The checklist of the close, with its buttons."""
    return pages.close_page(view, finance.close_checklist(book, period), asked.get("started"))


def _form(verb: str, act: Act, *body: Param) -> None:
    """Where a form of the close is sent to; back on its page, a reload repeats nothing."""
    place = f"/finance/close/<period>/{verb}"

    @routes.form(place, WRITE, path=(PERIOD,), body=(*body, *_FORM))
    @wraps(act)
    def run(desk: AdminDesk, asked: Asked) -> Answer:
        keyed = replace(asked, headers={**asked.headers, HEADER: asked.get(_KEY.name)})
        return Once(desk.records, desk.clock).run(keyed, lambda: _back(act(desk, asked)))


def _back(said: admin_acts.Said) -> Answer:
    started = f"?started={said['job']}" if "job" in said else ""
    return see_other(f"/finance/close/{said['period']}{started}")


_form("approve", admin_acts.approve_bill, ACCOUNT, REASON)
_form("decide", admin_acts.let_point_pass, POINT, REASON)
_form("close", admin_acts.start_close)
_form("issue", admin_acts.start_issue)
