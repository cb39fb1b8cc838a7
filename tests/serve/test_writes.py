"""A write is done by who may, from where they are, once; and it is written down who did it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from meterbook.serve.asked import Answer, json_answer, read_event
from meterbook.serve.idempotency import Once
from meterbook.serve.problems import Problem
from serve.published_world import event_of
from serve.written_desk import OURS, Office, mark_of


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


# ---- from our own pages ----------------------------------------------------------------------


def test_a_form_of_our_page_is_taken(office: Office) -> None:
    token = office.token()
    said = office.submit(f"reason=why&csrf={mark_of(token)}", token=token, origin=OURS)
    assert (said.status, said.headers["location"]) == (303, "/finance")
    assert office.desk.done == [{"reason": "why"}]


def test_the_mark_may_come_as_a_header(office: Office) -> None:
    token = office.token()
    assert office.submit("reason=why", token=token, x_csrf_token=mark_of(token)).status == 303


@pytest.mark.parametrize("mark", ["", "csrf=", "csrf=x", "another's", "csrf=é"])
def test_a_form_without_the_mark_of_its_session_is_refused(office: Office, mark: str) -> None:
    if mark == "another's":
        mark = f"csrf={mark_of(office.token(actor='mallory'))}"
    said = office.submit(f"reason=why&{mark}".rstrip("&"))
    assert said.status in (400, 403)
    assert office.desk.done == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"{OURS}.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": OURS},
    ],
)
def test_what_another_site_sends_is_refused_even_with_the_mark(
    office: Office, headers: dict[str, str]
) -> None:
    token = office.token()
    said = office.submit(f"reason=why&csrf={mark_of(token)}", token=token, **headers)
    assert (said.status, office.desk.done) == (403, [])


def test_json_in_a_session_needs_the_mark_too_and_a_token_by_hand_does_not(office: Office) -> None:
    token, kind = office.token(), "application/json"
    place, body = "/v1/things/2026-12", '{"reason": "why"}'
    assert office.submit(body, place, token, content_type=kind).status == 403
    marked = office.submit(body, place, token, content_type=kind, x_csrf_token=mark_of(token))
    assert marked.status == 201
    assert office.post().status == 201


# ---- once ------------------------------------------------------------------------------------


def test_a_repeat_under_one_key_is_answered_and_not_done_again(office: Office) -> None:
    first, second = office.post(key="k1"), office.post(key="k1")
    assert (first.status, second.status, len(office.desk.done)) == (201, 201, 1)
    assert second.body == first.body
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


def test_without_a_key_and_under_another_it_is_done_again(office: Office) -> None:
    for key in ("", "", "k1", "k2"):
        office.post(key=key)
    assert len(office.desk.done) == 4


def test_a_key_is_of_one_body_and_of_one_person(office: Office) -> None:
    office.post(key="k1")
    other = office.post("something else", key="k1")
    assert (other.status, other.json["code"]) == (422, "KEY_REUSED")
    place, body = "/v1/things/2026-12", {"reason": "because"}
    hers = office.ask("POST", place, body, office.token(actor="ada"), idempotency_key="k1")
    assert (hers.status, len(office.desk.done)) == (201, 2)


def test_who_asks_while_it_is_being_done_is_told_to_wait(office: Office) -> None:
    once, told = Once(office.records, office.clock), []
    asked = replace(READ, headers={"idempotency-key": "k1"})

    def ask_again() -> Answer:
        with pytest.raises(Problem) as waiting:
            once.run(asked, lambda: json_answer({"done": "twice"}))
        told.append((waiting.value.status, waiting.value.code))
        return json_answer({"done": "once"})

    assert once.run(asked, ask_again).body == '{"done":"once"}'
    assert told == [(409, "IN_FLIGHT")]


def test_what_was_begun_and_never_ended_may_be_tried_again_later(office: Office) -> None:
    once = Once(office.records, office.clock)
    asked = replace(READ, headers={"idempotency-key": "k1"})
    once.run(asked, lambda: json_answer({}))
    (answer,) = (key for key in office.records.keys("") if key.endswith("answer.json"))
    (office.records.root / answer).unlink()  # as a crash leaves it
    with pytest.raises(Problem):
        once.run(asked, lambda: json_answer({}))
    office.clock.wait(minutes=16)
    assert once.run(asked, lambda: json_answer({"done": "now"})).body == '{"done":"now"}'


READ = read_event(event_of("POST", "/v1/things/2026-12", {}))


@pytest.mark.parametrize(("hours", "times"), [(23.9, 1), (24.1, 2)])
def test_an_answer_is_kept_for_a_day(office: Office, hours: float, times: int) -> None:
    office.post(key="k1")
    office.clock.wait(hours=hours)
    office.post(key="k1")
    assert len(office.desk.done) == times


@pytest.mark.parametrize(("reason", "status"), [("guard", 409), ("bug", 500)])
def test_what_was_refused_or_failed_may_be_tried_again_at_once(
    office: Office, reason: str, status: int
) -> None:
    for _ in range(2):
        assert office.post(reason, key="k1").status == status
    assert len(office.desk.done) == 2


@pytest.mark.parametrize("key", ["a b", "é", "x" * 256])
def test_a_key_of_another_form_is_refused(office: Office, key: str) -> None:
    assert (office.post(key=key).status, office.desk.done) == (400, [])


# ---- written down ----------------------------------------------------------------------------


def test_every_write_and_every_read_of_ours_is_written_down(office: Office) -> None:
    office.post()
    office.clock.wait(seconds=1)
    office.ask("GET", "/v1/look?period=2026-12")
    assert [one["status"] for one in office.log] == [201, 200]
    assert office.log[0] == {
        "at": "2026-12-15T12:00:00.000000Z",
        "actor": "grace",
        "tenant_id": "",
        "method": "POST",
        "route": "/v1/things/<period>",
        "status": 201,
        "request_id": "request-1",
        "parameters": {"period": "2026-12", "reason": "because"},
    }
    assert next(office.records.keys("audit/")).startswith("audit/2026/12/15/120000.000000-")


def test_what_was_refused_is_written_down_with_its_status(office: Office) -> None:
    office.post("guard")
    office.ask("GET", "/v1/look", token=office.token("admin:write"))
    office.submit("reason=why")
    assert sorted(one["status"] for one in office.log) == [403, 403, 409]


def test_two_alike_in_one_moment_are_two(office: Office) -> None:
    office.post()
    office.post()
    assert len(office.log) == 2


def test_no_token_and_no_mark_is_in_the_log(office: Office) -> None:
    token = office.token()
    office.submit(f"reason=why&csrf={mark_of(token)}", token=token)
    kept = b"".join(office.records.get(key) for key in office.records.keys("")).decode()
    assert "why" in kept
    assert token not in kept
    assert mark_of(token) not in kept


def test_what_cannot_be_written_down_is_not_shown(office: Office) -> None:
    office.desk.records = None
    assert office.ask("GET", "/v1/look").status == 500
