"""What a licensee's people open in a browser: the same published documents, as pages."""

from __future__ import annotations

from functools import lru_cache

from meterbook.pages import view as pages
from meterbook.report.event_steps import explained_event
from meterbook.serve.asked import Answer, Asked, Cookie, page_answer, see_other
from meterbook.serve.front import cookie_name
from meterbook.serve.headers import FOR_EVER, PRIVATE, SEALED
from meterbook.serve.problems import Problem
from meterbook.serve.routes import CURSOR, DAY, IDENTIFIER, LIMIT, PERIOD, PLAIN_TEXT, Param, Routes
from meterbook.serve.sign_in import SignIn
from meterbook.serve.tenant_api import (
    INVOICES,
    METRIC,
    MODULE,
    NUMBER,
    USAGE,
    events_page,
    remembered,
    to_file,
)
from meterbook.serve.tenant_desk import Published, TenantDesk

_MODULE_ID = Param("module_id", MODULE.text, MODULE.pattern)
_REF = Param("ref", "An event's reference", r"^[0-9a-f]{24}$")
_NAME = Param("name", "A file's name", IDENTIFIER)
_TO = Param("to", "The page to come back to", longest=1024)
_BACK = tuple(
    Param(name, "What the hosted sign-in gives", PLAIN_TEXT, longest=2048)
    for name in ("code", "state", "error", "error_description", "error_uri", "iss", "session_state")
)

routes: Routes[TenantDesk] = Routes()


@routes.page("/", USAGE, query=(PERIOD,))
@remembered
def overview(published: Published, asked: Asked) -> Answer:
    """A month on one page."""
    return page_answer(pages.overview(_view(published, asked, asked.get("period"))))


@routes.page("/modules/<module_id>", USAGE, path=(_MODULE_ID,), query=(PERIOD,))
@remembered
def module(published: Published, asked: Asked) -> Answer:
    """What a module's amount is made of."""
    view = _view(published, asked, asked.get("period"))
    return page_answer(pages.module_page(view, asked.get("module_id")))


@routes.page("/metrics/<metric>", USAGE, path=(METRIC,), query=(PERIOD, MODULE))
@remembered
def metric(published: Published, asked: Asked) -> Answer:
    """What was used of a metric, day by day."""
    view = _view(published, asked, asked.get("period"))
    return page_answer(pages.metric_page(view, asked.get("metric"), asked.get("module") or None))


@routes.page("/metrics/<metric>/<day>", USAGE, path=(METRIC, DAY), query=(MODULE, CURSOR, LIMIT))
@remembered
def metric_day(published: Published, asked: Asked) -> Answer:
    """The events of a day."""
    day = asked.get("day")
    view = _view(published, asked, day[:7])
    rows, more = events_page(published, asked, [day])
    chosen = {name: asked.get(name) for name in ("module", "cursor") if asked.get(name)}
    html = pages.events_page(
        view, asked.get("metric"), published.day(day), rows, more or "", chosen
    )
    return page_answer(html)


@routes.page("/events/<day>/<ref>", USAGE, path=(DAY, _REF))
@remembered
def event(published: Published, asked: Asked) -> Answer:
    """One event, and what it does to the bill."""
    day = asked.get("day")
    view = _view(published, asked, day[:7])
    explained = explained_event(view.month, published.day(day), asked.get("ref"))
    return page_answer(pages.event_page(view, explained))


@routes.page("/invoices", INVOICES)
@remembered
def invoices(published: Published, asked: Asked) -> Answer:
    """The invoices and credit notes."""
    listed = published.document(published.index["invoices"])
    return page_answer(pages.invoices_page(_view(published, asked), listed))


@routes.page("/invoices/<number>", INVOICES, path=(NUMBER,))
@remembered
def invoice(published: Published, asked: Asked) -> Answer:
    """An invoice as it was sealed."""
    entry = published.invoice(asked.get("number"))
    view = _view(published, asked, entry["period"], must=False)
    document = published.document(entry["files"]["json"])
    return page_answer(pages.invoice_page(view, entry, document))


@routes.page("/invoices/<number>/pdf", INVOICES, path=(NUMBER,))
def invoice_pdf(desk: TenantDesk, asked: Asked) -> Answer:
    """The way to its PDF."""
    return to_file(desk, asked, "pdf")


@routes.page("/invoices/<number>/xml", INVOICES, path=(NUMBER,))
def invoice_xml(desk: TenantDesk, asked: Asked) -> Answer:
    """The way to its e-invoice."""
    return to_file(desk, asked, "xml")


@routes.page("/invoices/<number>/bundle", INVOICES, path=(NUMBER,))
def invoice_bundle(desk: TenantDesk, asked: Asked) -> Answer:
    """The way to all that proves it."""
    return to_file(desk, asked, "bundle")


def _view(published: Published, asked: Asked, period: str = "", *, must: bool = True) -> pages.View:
    """The month and the one before it; a tenant without any month has neither."""
    try:
        months = published.periods(period)[:2]
    except KeyError:
        if must and period:
            raise
        months = []
    return pages.View(
        published.index,
        [published.document(one["key"]) for one in months],
        published.as_of,
        str(published.told["next"]),
        published.is_stale,
        asked.csrf,
        asked.identity.actor,
    )


# ---- what pages load -----------------------------------------------------------------------------


@routes.page("/static/<name>", path=(_NAME,))
def static(desk: TenantDesk, asked: Asked) -> Answer:
    """A file that is named by its content."""
    return _static(asked.path)


@lru_cache(maxsize=64)
def _static(path: str) -> Answer:
    media_type, body = pages.static_files()[path]
    return Answer(200, body.decode(), media_type, {"cache-control": FOR_EVER}).kept()


@routes.page("/brand.css")
def brand(desk: TenantDesk, asked: Asked) -> Answer:
    """The colour of who the pages stand for."""
    tenant_id = asked.identity.tenant_id
    try:
        colour = desk.open(tenant_id).index["brand"]["colour"] if tenant_id else ""
    except KeyError:  # nothing is published for this tenant yet
        colour = ""
    css = pages.brand_css(colour)
    return Answer(200, css, "text/css; charset=utf-8", {"cache-control": PRIVATE})


@routes.page("/logo", USAGE)
def logo(desk: TenantDesk, asked: Asked) -> Answer:
    """The sign of who the pages stand for."""
    published = desk.open(asked.identity.tenant_id)
    sign = published.index["brand"]["logo"]
    sealed = {"cache-control": PRIVATE, "content-security-policy": SEALED}
    return Answer(200, published.store.get(sign["key"]), sign["media_type"], sealed)


# ---- in and out ----------------------------------------------------------------------------------


@routes.page("/sign-in", query=(_TO,))
def sign_in(desk: TenantDesk, asked: Asked) -> Answer:
    """The way to who signs people in."""
    there = _hosted(desk).start(asked.get("to") or "/")
    return see_other(there.location, there.cookies)


@routes.page("/sign-in/callback", query=_BACK)
def signed_in(desk: TenantDesk, asked: Asked) -> Answer:
    """The way back from there."""
    back = _hosted(desk).callback(asked.values, asked.cookies)
    return see_other(back.location, back.cookies)


@routes.form("/sign-out")
def sign_out(desk: TenantDesk, asked: Asked) -> Answer:
    """The end of a session, here and where it was begun."""
    ended = (Cookie(cookie_name(desk), "", 0),)
    if desk.sign_in is None:
        return see_other("/sign-in", ended)
    # A page that goes on by itself: no form of ours may lead to another host (form-action).
    words = _SIGNED_OUT["de" if asked.is_german else "en"]
    html = pages.problem_page(200, *words, "de" if asked.is_german else "en")
    away = {"refresh": f"0; url={desk.sign_in.out().location}"}
    return Answer(200, html, "text/html; charset=utf-8", away, ended)


_SIGNED_OUT = {
    "en": ("Signed out", "You have been signed out of this service."),
    "de": ("Abgemeldet", "Sie sind von diesem Dienst abgemeldet."),
}


def _hosted(desk: TenantDesk) -> SignIn:
    if desk.sign_in is None:
        raise KeyError("sign-in")
    return desk.sign_in


def wrong_page(asked: Asked, problem: Problem) -> Answer:
    """What went wrong, as a page."""
    language = "de" if asked.is_german else "en"
    home = "/finance" if asked.path.startswith("/finance") else "/"
    html = pages.problem_page(problem.status, problem.title, problem.detail, language, home)
    return Answer(problem.status, html, "text/html; charset=utf-8")
