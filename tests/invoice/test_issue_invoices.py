"""Whatever happens while invoices are issued, saying it again ends in the same numbers and bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from close.disturbed import Crash, Disturbance, DisturbedBus, DisturbedStore
from close.small_world import (
    NOW,
    SOURCE,
    World,
    account,
    event,
    metric,
    plan,
    rate,
    seller,
    tenant,
)
from invoice.invoices import pages_of
from meterbook.book import Book
from meterbook.canonical import sha256
from meterbook.close.close_period import close_period
from meterbook.errors import BookInconsistent
from meterbook.invoice.issue_invoices import DETAIL_TYPE, Issued, document_key, issue_invoices
from meterbook.invoice.register import read_register
from meterbook.period import Period

NOVEMBER = Period.parse("2026-11")
# The claim, two documents for each of two invoices, the seal, the rows and their closing record,
# then for each invoice the event and the note of it.
EFFECTS = 12
FORMS = ("json", "pdf")


def _evidence(world: World) -> dict[str, bytes]:
    return {key: world.evidence.get(key) for key in world.evidence.keys("")}


def _issue(
    world: World, disturbance: Disturbance, at: datetime = NOW, period: Period | None = None
) -> list[Issued]:
    clock = world.at(at).clock
    book = Book(world.warehouse, DisturbedStore(world.landing, disturbance), clock)
    return issue_invoices(
        book,
        DisturbedStore(world.evidence, disturbance),
        DisturbedBus(world.outbox, disturbance),
        DisturbedStore(world.announced, disturbance),
        SOURCE,
        period,
    )


def _ids(world: World) -> set[str]:
    return {told["id"] for told in world.told(DETAIL_TYPE)}


@pytest.fixture(scope="module")
def undisturbed(closed: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world in which both invoices were issued and nothing happened."""
    world = closed.copied_to(tmp_path_factory.mktemp("undisturbed") / "world")
    disturbance = Disturbance(before=-1)
    issued = _issue(world, disturbance)
    assert [(i.number, i.account_id, i.period, i.currency, i.total) for i in issued] == [
        ("NIM-2026-000001", "acme", "2026-10", "USD", "518.70"),
        ("NIM-2026-000002", "birch", "2026-10", "USD", "252.31"),
    ]
    assert disturbance.effects == EFFECTS
    return world


# ---- an undisturbed run -------------------------------------------------------------------------


def test_every_close_gets_an_invoice_whose_print_says_what_its_data_says(
    undisturbed: World,
) -> None:
    told = [event["detail"] for event in undisturbed.told(DETAIL_TYPE)]
    assert [detail["number"] for detail in told] == ["NIM-2026-000001", "NIM-2026-000002"]
    for detail in told:
        stored, printed = (undisturbed.evidence.get(detail[f"{form}_key"]) for form in FORMS)
        assert (sha256(stored), sha256(printed)) == (detail["json_sha256"], detail["pdf_sha256"])
        assert json.loads(stored)["total"] == detail["total"]
        assert f"Total USD {detail['total']}" in pages_of(printed)[-1]


def test_issuing_again_issues_and_tells_nothing(undisturbed: World) -> None:
    before = _evidence(undisturbed), undisturbed.outbox.published()
    assert undisturbed.issue() == []
    assert (_evidence(undisturbed), undisturbed.outbox.published()) == before


def test_the_register_claims_and_then_seals_what_is_stored(undisturbed: World) -> None:
    register = read_register(undisturbed.evidence, "nimbus")
    assert [(len(sheet.claims), len(sheet.sealed)) for sheet in register.sheets] == [(2, 0), (0, 2)]
    keys = [document_key("NIM-2026-000001", form) for form in FORMS]
    assert register.sealed["NIM-2026-000001"].files == {
        key: sha256(undisturbed.evidence.get(key)) for key in keys
    }


def test_the_book_shows_what_was_sealed(undisturbed: World) -> None:
    shown = undisturbed.book.show("v_invoices")
    assert [(row["number"], str(row["total"])) for row in shown] == [
        ("NIM-2026-000001", "518.7000"),
        ("NIM-2026-000002", "252.3100"),
    ]
    sealed = read_register(undisturbed.evidence, "nimbus").sealed
    for row in shown:
        key = document_key(str(row["number"]), "pdf")
        assert row["pdf_sha256"] == sealed[str(row["number"])].files[key]
    assert undisturbed.book.check() == []


# ---- what is asked for, and what comes in between -----------------------------------------------


def test_a_period_can_be_issued_alone(world: World) -> None:
    _close_november(world)
    issued = _issue(world, Disturbance(before=-1), period=NOVEMBER)
    assert [(i.number, i.period) for i in issued] == [
        ("NIM-2026-000001", "2026-11"),
        ("NIM-2026-000002", "2026-11"),
    ]
    assert [i.number for i in world.issue()] == ["NIM-2026-000003", "NIM-2026-000004"]


def _close_november(world: World) -> None:
    world.use("november", [_november("acme", 1), _november("birch", 2)])
    book = world.at(NOW + timedelta(days=30))
    close_period(book, world.outbox, world.announced, SOURCE, NOVEMBER)


def _november(tenant_id: str, number: int) -> dict[str, object]:
    return event(tenant_id, "api_calls", "5000", 100 + number) | {"time": "2026-11-09T00:00:00Z"}


@pytest.mark.parametrize("effect", [1, 5, 6, 7])
def test_issuing_one_period_finishes_what_stopped_in_another(world: World, effect: int) -> None:
    with suppress(Crash):
        _issue(world, Disturbance(before=effect))
    _close_november(world)
    issued = _issue(world, Disturbance(before=-1), period=NOVEMBER)
    shown = [(row["number"], str(row["period_start"])) for row in world.book.show("v_invoices")]
    assert shown == [
        ("NIM-2026-000001", "2026-10-01"),
        ("NIM-2026-000002", "2026-10-01"),
        ("NIM-2026-000003", "2026-11-01"),
        ("NIM-2026-000004", "2026-11-01"),
    ]
    assert [invoice.number for invoice in issued] == [number for number, _ in shown]


def test_what_the_catalog_says_later_changes_no_invoice(world: World) -> None:
    world.apply(
        seller(series="OTHER"), tenant("acme", "Renamed"), plan(rates=[rate("api_calls", "9")]),
        metric("api_calls", "Renamed calls"), account("acme", ["acme"], name="Renamed Ltd"),
    )  # fmt: skip
    first, _ = world.issue()
    assert first.number == "NIM-2026-000001"
    assert b"Renamed" not in world.evidence.get(first.json_key)


def test_sellers_with_one_series_are_kept_apart(world: World) -> None:
    world.apply(
        seller("stratus", "NIM"), tenant("cedar"), account("cedar", ["cedar"], seller_id="stratus")
    )
    world.use("cedars", [event("cedar", "api_calls", "5000", 1)])
    world.close_october()
    with pytest.raises(BookInconsistent, match="Every seller needs an invoice series of its own"):
        world.issue()
    stored = world.evidence.get(document_key("NIM-2026-000001", "json"))
    assert json.loads(stored)["seller"]["id"] == "nimbus"


def test_ids_of_the_greatest_length_can_be_issued(world: World) -> None:
    long_id = "s" * 128
    world.apply(
        seller(long_id, "LONG"), tenant("cedar"), account("c" * 128, ["cedar"], seller_id=long_id)
    )
    world.use("cedars", [event("cedar", "api_calls", "5000", 1)])
    world.close_october()
    assert "LONG-2026-000001" in [invoice.number for invoice in world.issue()]


# ---- what is stored is kept ---------------------------------------------------------------------


def test_a_stored_document_is_kept_and_never_compared(world: World) -> None:
    key = document_key("NIM-2026-000001", "pdf")
    world.evidence.put_if_absent(key, b"%PDF from another processor")
    first, _ = world.issue()
    assert world.evidence.get(key) == b"%PDF from another processor"
    assert first.pdf_sha256 == sha256(b"%PDF from another processor")


def test_a_broken_register_gives_no_number(world: World) -> None:
    world.evidence.put_if_absent("register/nimbus/00000001.json", b"{}")
    with pytest.raises(BookInconsistent, match=r"register/nimbus/00000001\.json is not a sheet"):
        world.issue()
    assert list(world.evidence.keys("invoices/")) == []


# ---- crashes and races --------------------------------------------------------------------------


def _must_be_as_undisturbed(world: World, undisturbed: World) -> None:
    assert _evidence(world) == _evidence(undisturbed)
    assert _ids(world) == _ids(undisturbed)
    assert world.book.show("v_invoices") == undisturbed.book.show("v_invoices")


@pytest.mark.parametrize("effect", range(EFFECTS + 1))
def test_a_run_that_stops_anywhere_is_finished_by_the_next_and_does_no_harm_when_it_wakes(
    world: World, undisturbed: World, effect: int
) -> None:
    """To the second run, an issuer that died before an effect and one that sleeps look the same."""

    def second_run() -> None:
        world.issue()
        _must_be_as_undisturbed(world, undisturbed)

    _issue(world, Disturbance(before=effect, deed=second_run))
    _must_be_as_undisturbed(world, undisturbed)
    assert world.issue() == []


@pytest.mark.parametrize("effect", [1, 4, 7])
def test_a_repair_in_another_year_keeps_number_and_documents(
    world: World, undisturbed: World, effect: int
) -> None:
    with suppress(Crash):
        _issue(world, Disturbance(before=effect))
    _issue(world, Disturbance(before=-1), at=datetime(2027, 2, 1, tzinfo=UTC))
    documents = {key for key in _evidence(undisturbed) if key.startswith("invoices/")}
    assert {key: world.evidence.get(key) for key in documents} == {
        key: undisturbed.evidence.get(key) for key in documents
    }
    assert _ids(world) == _ids(undisturbed)


@pytest.mark.parametrize("effect", [0, 3, 6, 9])
def test_an_issuer_that_dies_beside_a_second_one_leaves_no_trace(
    world: World, undisturbed: World, effect: int
) -> None:
    def second_issuer_and_then_death() -> None:
        with suppress(Crash):
            _issue(world, Disturbance(before=EFFECTS - effect))
        raise Crash

    with suppress(Crash):
        _issue(world, Disturbance(before=effect, deed=second_issuer_and_then_death))
    world.issue()
    _must_be_as_undisturbed(world, undisturbed)
