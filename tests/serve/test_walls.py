"""What somebody who means harm tries at the front: nothing of it gets through, or into a log."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest
from meterbook.serve.asked import Answer, Asked, page_answer, read_event
from meterbook.serve.front import front_app
from meterbook.serve.memory import Memory
from meterbook.serve.routes import Routes
from meterbook.serve.tenant_api import remembered
from meterbook.serve.tenant_desk import Published, TenantDesk
from meterbook_local.views import FolderViews
from serve.published_world import PublishedWorld, event_of, said_by, usage_event, write_events
from serve.written_desk import Hand, Office, mark_of, wrong

NAME = "__Host-meterbook"


@pytest.fixture
def world(tmp_path: Path) -> PublishedWorld:
    made = PublishedWorld(tmp_path, tmp_path / "views")
    write_events(made.views_root, [usage_event("2026-12-01T10:00:00Z", "e1")])
    return made


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.mark.parametrize("blank", ["\u2000", "\u00a0", "\u0085", "\u3000", "\x1c"])
def test_a_cookie_that_only_looks_like_ours_takes_nobodys_place(blank: str) -> None:
    """A browser lets a neighbouring host set it: to it, its name does not begin with `__Host-`."""
    cookies = [f"{NAME}=ours", f"{blank}{NAME}=theirs", f" {NAME}-sign-in=waiting"]
    found = read_event(event_of("GET", "/", {}, cookies)).cookies
    assert (found[NAME], found[f"{NAME}-sign-in"]) == ("ours", "waiting")


@pytest.mark.parametrize("half", ["\\ud800", "why \\udfff"])
def test_half_a_letter_is_refused_and_the_refusal_is_written_down(
    office: Office, half: str
) -> None:
    said = office.ask("POST", "/v1/things/2026-12", f'{{"reason": "{half}"}}'.encode())
    assert (said.status, office.desk.done) == (400, [])
    assert [entry["status"] for entry in office.log] == [400]


def test_a_set_that_names_another_tenant_is_shown_to_nobody(world: PublishedWorld) -> None:
    """As a folder of a disk that takes `Cedar` for `cedar` would hand it out."""
    views = FolderViews(world.views_root)
    views.replace("tenants/Cedar/index.json", views.get("tenants/cedar/index.json"))
    assert world.ask("/v1/usage/events", "cedar").status == 200
    assert world.ask("/v1/usage/events", "Cedar").status == 404


@pytest.mark.parametrize("letter", ["x", "ä", "😀", "\x01", '"'])
def test_a_list_goes_on_behind_an_event_whatever_its_producer_calls_it(
    world: PublishedWorld, letter: str
) -> None:
    events = [usage_event("2026-12-01T10:00:00Z", letter * 3000 + end) for end in "abc"]
    write_events(world.views_root, [{**one, "source": "/MOD-1/" + letter * 3000} for one in events])
    shown, cursor = [], ""
    for _ in events:
        said = world.ask(f"/v1/usage/events?limit=1{cursor and f'&cursor={cursor}'}")
        shown += [one["id"] for one in said.json["events"]]
        cursor = said.json["next_cursor"] or ""
    assert (sorted(shown), cursor) == ([one["id"] for one in events], "")


@pytest.mark.parametrize("query", ["a=" + "x" * 1500, "to=//evil.example%0d%0aSet-Cookie:a=b"])
def test_whoever_has_to_sign_in_first_is_led_to_an_address_that_takes_him(
    world: PublishedWorld, query: str
) -> None:
    led = world.ask(f"/invoices?{query}", "").headers["location"]
    assert "\r" not in led and "\n" not in led
    assert world.ask(led, "").status == 404  # nobody signs people in here; it is no 400


def test_an_address_is_never_said_to_take_the_method_it_was_asked_with(
    world: PublishedWorld,
) -> None:
    said = said_by(world.app, event_of("GET", '/invoices/MB"1', {}))
    assert (said.status, "allow" in said.headers) == (404, False)


def test_what_is_written_down_is_one_line_whatever_was_asked(office: Office) -> None:
    office.ask("GET", "/v1/look?period=2026-12%0A%7B%22actor%22:%22eve%22%7D")
    (key,) = office.records.keys("audit/")
    assert b"\n" not in office.records.get(key)
    assert json.loads(office.records.get(key))["actor"] == "grace"


def test_one_key_for_two_addresses_is_two_wishes(office: Office) -> None:
    for month in ("2026-11", "2026-12"):
        office.ask("POST", f"/v1/things/{month}", {"reason": "why"}, idempotency_key="k1")
    assert [done["period"] for done in office.desk.done] == ["2026-11", "2026-12"]


def test_no_other_site_signs_a_reader_out(world: PublishedWorld) -> None:
    sent = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site"}
    said = said_by(world.app, event_of("POST", "/sign-out", sent, [f"{NAME}=token"], b""))
    assert (said.status, said.cookies) == (403, [])


# ---- what a process remembers --------------------------------------------------------------------

routes: Routes[TenantDesk] = Routes()


@routes.page("/page", "usage:read")
@remembered
def page(published: Published, asked: Asked) -> Answer:
    """What is different for each session, and once more whose it is."""
    return page_answer(f"{published.index['tenant_id']} {asked.identity.actor} {asked.csrf}")


def test_each_session_gets_its_own_page_however_many_ask_at_once(world: PublishedWorld) -> None:
    write_events(world.views_root, [usage_event("2026-12-01T10:00:00Z", "b1")], "birch")
    app = front_app(world.desk, routes, wrong)
    people = [
        (tenant, actor, world.token(tenant, actor=actor))
        for tenant, actor, _ in product(("cedar", "birch"), ("ada", "bob"), ("desk", "telephone"))
    ]
    with_cookies = [True, True, False]

    def ask(turn: int) -> tuple[str, str]:
        tenant, actor, token = people[turn % len(people)]
        by_hand = {} if with_cookies[turn % 3] else {"authorization": f"Bearer {token}"}
        cookies = [f"{NAME}={token}"] if with_cookies[turn % 3] else []
        said = said_by(app, event_of("GET", "/page", by_hand, cookies))
        return said.text, f"{tenant} {actor} {mark_of(token) if cookies else ''}"

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as hands:
            answers = list(hands.map(ask, range(240)))
    finally:
        sys.setswitchinterval(before)
    assert [said for said, _ in answers] == [wanted for _, wanted in answers]


def test_a_document_that_one_tenant_has_read_is_not_there_for_another(
    world: PublishedWorld,
) -> None:
    write_events(world.views_root, [], "birch")
    cedar, birch = world.desk.open("cedar"), world.desk.open("birch")
    key = cedar.index["days"]["2026-12"]["key"]
    assert cedar.document(key)["days"]
    with pytest.raises(KeyError):
        birch.document(key)


def test_figures_get_old_in_memory_too(tmp_path: Path) -> None:
    clock = Hand()
    world = PublishedWorld(tmp_path, tmp_path / "views", clock)
    write_events(world.views_root, [], as_of="2026-12-15T08:00:00Z")
    bearer = {"authorization": f"Bearer {world.token('cedar')}"}
    seen = []
    for _ in range(2):
        seen.append(said_by(world.app, event_of("GET", "/v1/usage/events", bearer)).json)
        clock.wait(hours=1)
    assert [one["is_stale"] for one in seen] == [False, True]


def test_a_memory_keeps_to_its_room_and_forgets_what_was_asked_for_longest_ago() -> None:
    memory: Memory[int] = Memory(8)
    for at in range(8):
        memory.put(at, at)
    assert memory.get(0) == 0
    memory.put("two", 2, 2)
    assert [memory.get(name) for name in (0, 1, 2, 3, "two")] == [0, None, None, 3, 2]
    memory.put("two", 3)
    memory.put("half", 4, 4)
    assert (memory.get("half"), memory.get("two"), memory.get(3)) == (None, 3, 3)
