"""Finance's app: figures that add up, decisions in the asker's own name, and nothing done twice.

Only who speaks for no tenant and has the scope gets in; every read and every write leaves a record;
the book is let go of before a job is started.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from close.small_world import PERIOD, World, account, event, founded_in, plan, tenant
from meterbook.period import Period
from meterbook.serve.admin_app import ROUTES
from meterbook.serve.admin_schemas import SCHEMAS
from serve.finance_desk import READER, WRITER, Finance, Form, over

DECEMBER = datetime(2026, 12, 5, 8, tzinfo=UTC)
CLOSE = "/finance/close/2026-10"


@pytest.fixture(scope="session")
def founded_here(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = founded_in(tmp_path_factory.mktemp("finance"))
    world.use("wrong", [event("acme", "api_calls", "many", 1)])
    world.book.update()
    return world


@pytest.fixture
def world(founded_here: World, tmp_path: Path) -> World:
    """October with one event that cannot be billed, which nobody has let pass."""
    return founded_here.copied_to(tmp_path / "world")


@pytest.fixture(scope="session")
def read_only(proven: World, tmp_path_factory: pytest.TempPathFactory) -> Finance:
    """Finance over two closed months; it is asked, never told."""
    return Finance(proven.at(DECEMBER), tmp_path_factory.mktemp("finance"), DECEMBER)


def reads() -> list[Any]:
    return [route for route in ROUTES if route.method == "GET"]


def place(route: Any) -> str:
    return str(route.rule).replace("<period>", "2026-10")


# ---- who gets in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.rule}")
def test_nobody_gets_in_without_a_good_token_of_our_own_people(
    read_only: Finance, route: Any
) -> None:
    method, kind = route.method, {"content-type": "application/json"}
    asked = {"method": method, "headers": kind}
    strangers = {
        "no scope": (read_only.token("usage:read invoices:read"), 403),
        "of a tenant": (read_only.token(WRITER, **{"custom:tenant_id": "acme"}), 403),
        "forged": (read_only.token(WRITER)[:-6] + "AAAAAA", 401),
        "none": ("", 401),
    }
    if method == "POST":
        strangers["reader"] = (read_only.token(READER), 403)
    before = len(read_only.jobs.started)
    for who, (token, status) in strangers.items():
        said = read_only.ask(place(route), **asked, token=token or " ")
        expected = 303 if status == 401 and route.kind != "api" else status
        assert said.status == expected, who
        assert "acme" not in said.body
    assert len(read_only.jobs.started) == before


@pytest.mark.parametrize("route", reads(), ids=lambda route: route.rule)
def test_every_read_answers_and_is_written_down_with_its_asker(
    read_only: Finance, route: Any
) -> None:
    said = read_only.ask(place(route))
    assert said.status == 200, said.body[:300]
    found = read_only.audit()
    assert [one for one in found if (one["actor"], one["route"]) == ("paula", route.rule)]
    assert read_only.token(READER).split(".")[2] not in json.dumps(found)


def test_a_question_with_an_unknown_word_in_it_is_refused(read_only: Finance) -> None:
    assert read_only.ask("/v1/tenants?tenant_id=acme").status == 400
    assert read_only.ask("/v1/allocation?period=2026-13").status == 400
    assert read_only.ask("/v1/periods/october/readiness").status == 404


# ---- what is told --------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["2026-10", "2026-11", "2031-01"])
@pytest.mark.parametrize("route", [r for r in reads() if r.kind == "api"], ids=lambda r: r.rule)
def test_an_answer_is_as_documented_and_every_decimal_is_a_text(
    read_only: Finance, route: Any, period: str
) -> None:
    path = str(route.rule).replace("<period>", period)
    asked = f"?period={period}" if route.query else ""
    jsonschema.validate(read_only.ask(path + asked).json(), SCHEMAS[route.answer])


def usd(rows: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal())


def test_the_allocation_of_a_month_comes_to_what_its_sources_told(read_only: Finance) -> None:
    told = read_only.ask("/v1/allocation?period=2026-10").json()
    law = told["conservation"]
    assert usd(told["rows"], "cost_usd") == Decimal(law["control_usd"]) > 0
    assert usd(told["days"], "control_usd") == Decimal(law["control_usd"])
    for part in ("attributed", "kept", "unattributed"):
        rows = [row for row in told["rows"] if row["disposition"] == part]
        assert usd(rows, "cost_usd") == Decimal(law[f"{part}_usd"])
    assert law["line"].endswith("residual 0") and law["is_conserved"]


def test_modules_come_to_their_tenant_and_tenants_to_all(read_only: Finance) -> None:
    told = read_only.ask("/v1/unit-economics?period=2026-10").json()
    shown = read_only.book.show("v_unit_economics", {"period_start": "2026-10-01"})
    for name in ("cost_to_serve_usd", "revenue_usd", "margin_usd"):
        for one in told["tenants"]:
            own = [row[name] for row in shown if row["tenant_id"] == one["tenant_id"]]
            if None in own:
                assert one[name] is None
            else:
                assert Decimal(one[name]) == sum(own) == usd(one["modules"], name)
    for children in (told["tenants"], told["modules"]):
        assert usd(children, "cost_to_serve_usd") == Decimal(told["total"]["cost_to_serve_usd"])


def test_a_margin_is_not_known_while_a_currency_has_no_rate(world: World) -> None:
    world.apply(
        plan("euro", currency="EUR"), tenant("birch", plan_id="euro"),
        account("birch", ["birch"], "EUR"),
    )  # fmt: skip
    world.book.update()
    finance = over(world)
    told = finance.ask("/v1/unit-economics?period=2026-10").json()
    birch, *others = told["tenants"]  # what is not known comes first
    assert birch["currency"] == "EUR" and Decimal(birch["revenue"]) > 0
    assert (birch["revenue_usd"], birch["margin_usd"], told["total"]["margin_usd"]) == (None,) * 3
    assert all(one["margin_usd"] for one in others)
    assert finance.look("/finance/tenants?period=2026-10").body.count("not known") >= 4


def test_the_lowest_margin_comes_first_and_what_is_not_known_before_it(read_only: Finance) -> None:
    told = read_only.ask("/v1/unit-economics?period=2026-10").json()["tenants"]
    shares = [one["margin_share"] and Decimal(one["margin_share"]) for one in told]
    known = [share for share in shares if share is not None]
    assert shares == [None] * (len(shares) - len(known)) + sorted(known)


def test_tenants_are_told_with_their_plan_and_who_pays(read_only: Finance) -> None:
    told = {one["tenant_id"]: one for one in read_only.ask("/v1/tenants").json()["tenants"]}
    assert told["acme-nz"]["account_id"] == "acme"
    assert told["acme-nz"]["state"] == "active" and told["acme-nz"]["plan_id"]


# ---- what is decided -----------------------------------------------------------------------------


def decisions(world: World) -> list[tuple[str, str, str]]:
    """What was decided here; the world was founded with a decision of Ada's."""
    rows = world.book.query("close_decisions", period="2026-10")
    told = [(str(row["subject"]), str(row["actor"]), str(row["reason"])) for row in rows]
    return [one for one in told if one[1] != "Ada"]


def test_a_decision_is_taken_in_the_name_of_the_token_and_of_nobody_else(world: World) -> None:
    finance, path = over(world), "/v1/periods/2026-10/decisions"
    body = {"point": "rejects", "reason": "a test of theirs"}
    assert finance.ask(path, WRITER, "POST", body | {"actor": "bob"}, key="0").status == 400
    said = finance.ask(path, WRITER, "POST", body)
    assert said.status == 201 and said.json()["actor"] == "paula"
    jsonschema.validate(said.json(), SCHEMAS["Decision"])
    assert decisions(world) == [("2026-10.rejects.1", "paula", "a test of theirs")]
    told = finance.ask("/v1/periods/2026-10/readiness").json()
    point = next(one for one in told["points"] if one["point"] == "rejects")
    assert (point["state"], point["decided_by"]) == ("waived", "paula")


def test_a_repeat_under_the_same_key_is_answered_and_not_done_again(world: World) -> None:
    finance, path = over(world), "/v1/periods/2026-10/decisions"
    body = {"point": "rejects", "reason": "a test of theirs"}
    first, again = (finance.ask(path, WRITER, "POST", body, key="k") for _ in range(2))
    assert again.body == first.body and again.headers["idempotency-replayed"] == "true"
    other = finance.ask(path, WRITER, "POST", body | {"reason": "another"}, key="k")
    assert other.status == 422
    anew = finance.ask(path, WRITER, "POST", body, key="l")
    assert anew.status == 409 and "decided already" in anew.body
    assert len(decisions(world)) == 1


def test_a_write_without_a_key_or_without_a_reason_is_refused(world: World) -> None:
    finance, path = over(world), "/v1/periods/2026-10/decisions"
    bare = {"content-type": "application/json"}
    assert finance.ask(path, WRITER, "POST", headers=bare).status == 400
    assert "Idempotency-Key" in finance.ask(
        "/v1/periods/2026-10/close", WRITER, "POST", headers=bare
    ).body  # fmt: skip
    for reason in ("", "   ", "x" * 501):
        body = {"point": "rejects", "reason": reason}
        assert finance.ask(path, WRITER, "POST", body).status == 400
    assert decisions(world) == []


def test_what_is_mended_elsewhere_is_let_pass_by_nobody(world: World) -> None:
    body = {"point": "conservation", "reason": "please"}
    said = over(world).ask("/v1/periods/2026-10/decisions", WRITER, "POST", body)
    assert said.status == 409 and decisions(world) == []


def test_a_close_is_started_when_nothing_is_in_its_way_and_not_before(world: World) -> None:
    finance, path = over(world), "/v1/periods/2026-10/close"
    said = finance.ask(path, WRITER, "POST", {}, key="a")
    assert said.status == 409 and "rejects" in said.body
    assert finance.jobs.started == []
    world.let_pass(PERIOD)
    for _ in range(2):  # what was refused was not done, what was done is not done again
        said = finance.ask(path, WRITER, "POST", {}, key="a")
        assert said.status == 202 and said.json()["job"] == "close_period"
    assert finance.jobs.started == [("close_period", {"period": "2026-10"})]


def test_a_month_that_is_not_over_is_not_closed(world: World) -> None:
    finance = over(world, datetime(2026, 10, 31, 8, tzinfo=UTC))
    said = finance.ask("/v1/periods/2026-10/close", WRITER, "POST", {})
    assert said.status == 409 and "is not over" in said.body


def test_issuing_is_started_when_a_document_waits_and_not_before(world: World) -> None:
    finance, path = over(world), "/v1/periods/2026-10/issue"
    assert finance.ask(path, WRITER, "POST", {}, key="a").status == 409
    world.close_october()
    said = finance.ask(path, WRITER, "POST", {}, key="b")
    assert said.status == 202
    assert finance.jobs.started == [("issue_invoices", {"period": "2026-10"})]


def test_a_bill_far_from_the_others_waits_for_an_approval_and_gets_it(world: World) -> None:
    november = Period.parse("2026-11")
    world.close_october()
    day = {"time": "2026-11-03T12:00:00Z"}
    world.use("november", [event("birch", "api_calls", "900000", 501) | day])
    world.book = world.at(DECEMBER)
    world.let_pass(november)
    world.close(november)
    finance = over(world, DECEMBER)
    page = finance.look("/finance/close/2026-11", WRITER).body
    form = Form(page).to("/finance/close/2026-11/approve", account_id="birch")
    said = finance.send("/finance/close/2026-11/approve", form | {"reason": "their launch"})
    assert (said.status, said.headers["location"]) == (303, "/finance/close/2026-11")
    told = finance.ask("/v1/periods/2026-11/readiness").json()["accounts"]
    birch = next(one for one in told if one["account_id"] == "birch")
    assert (birch["state"], birch["approved_by"]) == ("approved", "paula")
    body = {"account_id": "birch", "reason": "again"}
    assert finance.ask("/v1/periods/2026-11/approvals", WRITER, "POST", body).status == 409


# ---- the forms of the close ----------------------------------------------------------------------


def test_who_may_only_read_has_no_form_of_the_close(world: World) -> None:
    finance = over(world)
    acts = [place for place, _ in Form(finance.look(CLOSE).body).forms if place != "/sign-out"]
    assert acts == []
    acts = [place for place, _ in Form(finance.look(CLOSE, WRITER).body).forms]
    assert {f"{CLOSE}/decide", f"{CLOSE}/close", f"{CLOSE}/issue"} <= set(acts)


def test_a_form_decides_once_however_often_it_is_sent(world: World) -> None:
    finance = over(world)
    form = Form(finance.look(CLOSE, WRITER).body).to(f"{CLOSE}/decide", point="rejects")
    filled = form | {"reason": "a test of theirs"}
    answers = [finance.send(f"{CLOSE}/decide", filled) for _ in range(2)]
    assert [(one.status, one.headers["location"]) for one in answers] == [(303, CLOSE)] * 2
    assert decisions(world) == [("2026-10.rejects.1", "paula", "a test of theirs")]
    assert "a test of theirs" in finance.look(CLOSE, WRITER).body


def test_a_form_that_is_not_of_our_page_does_nothing(world: World) -> None:
    finance = over(world)
    form = Form(finance.look(CLOSE, WRITER).body).to(f"{CLOSE}/decide", point="rejects")
    filled = form | {"reason": "mischief"}
    assert finance.send(f"{CLOSE}/decide", filled | {"csrf": "AAAA"}).status == 403
    foreign = {"sec-fetch-site": "cross-site"}
    said = finance.ask(f"{CLOSE}/decide", WRITER, "POST", headers=foreign)
    assert said.status == 403
    assert finance.send(f"{CLOSE}/decide", filled, READER).status == 403
    assert decisions(world) == []


def test_a_refusal_is_told_on_a_page(world: World) -> None:
    finance = over(world)
    form = Form(finance.look(CLOSE, WRITER).body).to(f"{CLOSE}/close")
    said = finance.send(f"{CLOSE}/close", form)
    assert said.status == 409 and said.headers["content-type"].startswith("text/html")
    assert "rejects" in said.body and finance.jobs.started == []


def test_a_page_says_the_same_each_time_and_in_both_languages(read_only: Finance) -> None:
    one, other = (read_only.look("/finance").body for _ in range(2))
    assert one == other
    german = read_only.look("/finance", **{"accept-language": "de-DE,de"}).body
    assert '<html lang="de">' in german and "Bereitstellungskosten" in german
