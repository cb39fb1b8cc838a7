"""What finance's programs can ask and do: the figures of its pages as JSON, and its four acts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from meterbook.book import Book
from meterbook.period import Period
from meterbook.report import finance
from meterbook.serve import admin_acts
from meterbook.serve.admin_desk import ACCOUNT, POINT, READ, REASON, WRITE, AdminDesk, chosen_period
from meterbook.serve.asked import Answer, Asked, json_answer
from meterbook.serve.idempotency import HEADER
from meterbook.serve.problems import bad_request
from meterbook.serve.routes import PERIOD, Param, Routes

routes: Routes[AdminDesk] = Routes(tenant=False)
Read = Callable[[Book, Period], finance.Document]
Act = Callable[[AdminDesk, Asked], admin_acts.Said]


def of_month(read: Read) -> Callable[[AdminDesk, Asked], Answer]:
    """A route that reads one month of the book."""

    @wraps(read)
    def run(desk: AdminDesk, asked: Asked) -> Answer:
        with desk.open_book() as book:
            document = read(book, chosen_period(book, asked))
        return json_answer({"as_of": desk.as_of, **document})

    return run


@routes.get("/v1/allocation", READ, query=(PERIOD,), answer="Allocation")
@of_month
def allocation(book: Book, period: Period) -> finance.Document:
    """Who has a month's cost by which rule, each day's totals, and whether cost is conserved."""
    return finance.allocation(book, period)


@routes.get("/v1/unit-economics", READ, query=(PERIOD,), answer="UnitEconomics")
@of_month
def unit_economics(book: Book, period: Period) -> finance.Document:
    """What was earned with a month and what it cost to serve, by tenant and module."""
    return finance.unit_economics(book, period)


@routes.get("/v1/unattributed", READ, query=(PERIOD,), answer="Unattributed")
@of_month
def unattributed(book: Book, period: Period) -> finance.Document:
    """A month's cost without an owner, whose it may be, and the documents that would own it."""
    return finance.unowned(book, period)


@routes.get("/v1/periods/<period>/readiness", READ, path=(PERIOD,), answer="Readiness")
@of_month
def readiness(book: Book, period: Period) -> finance.Document:
    """Every point of the close's checklist as it stands, and what each account waits for."""
    return finance.close_checklist(book, period)


@routes.get("/v1/tenants", READ, answer="Tenants")
def tenants(desk: AdminDesk, asked: Asked) -> Answer:
    """Who is a tenant, on which plan, and who pays."""
    with desk.open_book() as book:
        return json_answer({"as_of": desk.as_of, **finance.tenants(book)})


def _enter(verb: str, status: int, answer: str, act: Act, *body: Param) -> None:
    """An act as an address, only for who can say that a repeat is no second wish."""
    rule = f"/v1/periods/<period>/{verb}"

    @routes.post(rule, WRITE, path=(PERIOD,), body=body, answer=answer)
    @wraps(act)
    def run(desk: AdminDesk, asked: Asked) -> Answer:
        if not asked.headers.get(HEADER):
            raise bad_request("Send an Idempotency-Key, the same when this is sent again.")
        return json_answer({"as_of": desk.as_of, **act(desk, asked)}, status)


_enter("approvals", 201, "Approval", admin_acts.approve_bill, ACCOUNT, REASON)
_enter("decisions", 201, "Decision", admin_acts.let_point_pass, POINT, REASON)
_enter("close", 202, "Started", admin_acts.start_close)
_enter("issue", 202, "Started", admin_acts.start_issue)
