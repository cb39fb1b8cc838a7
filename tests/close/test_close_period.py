"""A close freezes what each account's bill is made from, once, and parks what cannot be billed."""

from __future__ import annotations

import gzip
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from close.disturbed import Crash, Disturbance, DisturbedBus, DisturbedStore
from close.small_world import (
    PERIOD,
    SOURCE,
    World,
    account,
    event,
    metric,
    plan,
    rate,
    tenant,
)
from meterbook.book import Book
from meterbook.canonical import canonical_json, sha256
from meterbook.close.close_period import (
    DETAIL_TYPE,
    Parked,
    PeriodClosed,
    close_period,
    document_now,
)
from meterbook.close.frozen import read_document
from meterbook.close.snapshot import INVOICE
from meterbook.errors import BookInconsistent, NothingToClose, PeriodNotOver
from meterbook.invoice.amend import hand_line
from meterbook.period import Period

# What the run is made by, and two accounts: for each the rows and the claim, then for each the event and the note of it.
EFFECTS = 10


def _close_disturbed(world: World, disturbance: Disturbance) -> PeriodClosed:
    book = Book(world.warehouse, DisturbedStore(world.landing, disturbance), world.book.clock)
    bus = DisturbedBus(world.outbox, disturbance)
    announced = DisturbedStore(world.announced, disturbance)
    return close_period(book, bus, announced, SOURCE, PERIOD)


@pytest.fixture(scope="module")
def undisturbed(founded: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world whose October was closed and nothing happened."""
    world = founded.copied_to(tmp_path_factory.mktemp("undisturbed") / "world")
    disturbance = Disturbance(before=-1)
    done = _close_disturbed(world, disturbance)
    assert [(c.account_id, c.currency, c.total) for c in done.closed] == [
        ("acme", "USD", "518.70"),
        ("birch", "USD", "252.31"),
    ]
    assert (done.parked, done.already_closed) == ([], [])
    assert disturbance.effects == EFFECTS
    return world


def _closes(world: World) -> dict[str, bytes]:
    return {key: world.landing.get(key) for key in world.landing.keys("closes/")}


def _add_unrated_usage(world: World) -> None:
    world.apply(metric("reports", "Reports"))
    world.use("more", [event("birch", "reports", "7", 1)])


def test_an_amount_that_is_too_large_to_be_exact_parks_its_account_alone(world: World) -> None:
    dear = plan("dear", rates=[rate("api_calls", price="999999999999", included="0", size="1")])
    world.apply(dear, tenant("colossus", plan_id="dear"), account("colossus", ["colossus"]))
    world.use("giant", [event("colossus", "api_calls", "99999999999999", n) for n in range(30)])
    done = world.close_october()
    assert [closed.account_id for closed in done.closed] == ["acme", "birch"]
    (parked,) = done.parked
    assert parked.account_id == "colossus"
    assert [reason.partition(":")[0] for reason in parked.reasons] == ["amount_out_of_range"]
    assert world.book.check() == []


def test_a_close_whose_rows_are_damaged_is_named(world: World) -> None:
    world.close_october()
    (key, *_) = _closes(world)
    (world.landing.root / key).write_bytes(b"junk")
    with pytest.raises(BookInconsistent, match=r"closes/2026-10\.acme/.* is missing or damaged"):
        read_document(world.landing, PERIOD, "acme")


# ---- what is frozen -----------------------------------------------------------------------------


def test_the_snapshot_holds_what_the_bill_is_made_from(undisturbed: World) -> None:
    frozen = read_document(undisturbed.landing, PERIOD, "acme")
    snapshot = frozen.body
    assert frozen.snapshot_sha256 == sha256(canonical_json(snapshot))
    assert [
        (line["line_kind"], line["tenant_id"], line["amount"]) for line in snapshot["lines"]
    ] == [
        ("levy", "acme", "1.75"),
        ("facility", "acme", "250.00"),
        ("facility", "acme-nz", "250.00"),
        ("variable", "acme", "4.60"),
        ("variable", "acme-nz", "0.00"),
        ("passthrough", "acme", "12.35"),
    ]
    assert [line["line_number"] for line in snapshot["lines"]] == [1, 2, 3, 4, 5, 6]
    assert {
        "usage_date": "2026-10-03", "tenant_id": "acme-nz", "module_id": "MOD-1",
        "metric": "api_calls", "quantity": "999.500000",
    } in snapshot["usage"]  # fmt: skip
    (cost,) = snapshot["costs"]
    assert (cost["cost_usd"], cost["rule_id"], cost["rule_version"]) == (
        "12.345678901000", "tagged", "1",
    )  # fmt: skip
    assert snapshot["seller"]["document"]["invoice_series"] == "NIM"
    assert snapshot["account"]["document"]["payment_days"] == "30"
    assert [found["id"] for found in snapshot["tenants"]] == ["acme", "acme-nz"]
    assert [(found["id"], found["revision"]) for found in snapshot["plans"]] == [("growth:1", 1)]
    assert [found["id"] for found in snapshot["rules"]] == ["tagged:1"]
    assert [found["id"] for found in snapshot["metrics"]] == ["active_customers", "api_calls"]
    assert "unattributed_threshold" in [found["id"] for found in snapshot["config"]]
    assert snapshot["catalog_revision"] == 1


def test_a_snapshot_names_no_tenant_of_another_account(undisturbed: World) -> None:
    frozen = read_document(undisturbed.landing, PERIOD, "acme")
    assert "birch" not in canonical_json(frozen.body)


def test_nobody_is_billed_twice_for_one_thing(undisturbed: World) -> None:
    twice = [hand_line("12.50", "express support")] * 2
    with pytest.raises(BookInconsistent, match="birch would be billed twice for adjustment"):
        document_now(undisturbed.book, PERIOD, "birch", INVOICE, twice)


def test_the_book_shows_the_frozen_lines(undisturbed: World) -> None:
    shown = undisturbed.book.show("v_invoice_lines", {"account_id": "acme"})
    assert [str(row["amount"]) for row in shown] == [
        "1.7500", "250.0000", "250.0000", "4.6000", "0.0000", "12.3500",
    ]  # fmt: skip
    assert undisturbed.book.check() == []


def test_amounts_have_the_decimals_of_their_currency(world: World) -> None:
    world.apply(
        plan("yen", currency="JPY", passthrough=False, rates=[rate("api_calls", "40.5")]),
        plan("dinar", currency="KWD", passthrough=False, rates=[rate("api_calls", "0.1234")]),
        tenant("edo", plan_id="yen"),
        tenant("kuwait", plan_id="dinar"),
        account("edo", ["edo"], currency="JPY"),
        account("kuwait", ["kuwait"], currency="KWD"),
    )
    world.use("abroad", [event(t, "api_calls", "2500", 1) for t in ("edo", "kuwait")])
    totals = {done.account_id: done.total for done in world.close_october().closed}
    assert (totals["edo"], totals["kuwait"]) == ("311", "250.185")


def test_what_is_changed_after_the_close_changes_nothing_in_it(world: World) -> None:
    world.close_october()
    before = _closes(world)
    world.apply(tenant("acme", "Another name"), plan(rates=[rate("api_calls", "9.99")]))
    world.use("late", [event("acme", "api_calls", "50000", 99)])
    done = world.close_october()
    assert done == PeriodClosed([], [], ["acme", "birch"])
    assert _closes(world) == before


def test_frozen_bytes_that_were_changed_are_found(world: World) -> None:
    world.close_october()
    (key,) = world.landing.keys("closes/2026-10.birch/")
    path = world.root / "landing" / key
    path.write_bytes(
        gzip.compress(gzip.decompress(path.read_bytes()).replace(b"252.31", b"252.30"))
    )
    with pytest.raises(BookInconsistent, match=r"account birch in 2026-10 has been changed"):
        read_document(world.landing, PERIOD, "birch")


# ---- what is refused ----------------------------------------------------------------------------


def test_a_period_that_is_not_over_is_refused(world: World) -> None:
    book = world.at(datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC))
    with pytest.raises(PeriodNotOver, match="--allow-open"):
        close_period(book, world.outbox, world.announced, SOURCE, PERIOD)
    done = close_period(book, world.outbox, world.announced, SOURCE, PERIOD, allow_open=True)
    assert len(done.closed) == 2


def test_a_period_without_lines_is_refused(world: World) -> None:
    with pytest.raises(NothingToClose, match="2020-01"):
        close_period(world.book, world.outbox, world.announced, SOURCE, Period.parse("2020-01"))


def test_a_day_that_does_not_sum_to_its_source_stops_the_close(world: World) -> None:
    world.spend("cut", [(date(2026, 10, 9), "acme", "5")], control_off_by="0.000000000001")
    with pytest.raises(
        BookInconsistent, match=r"2026-10-09 from source aws .* residual of 0\.0*1 "
    ):
        world.close_october()
    assert _closes(world) == {}


def test_a_day_that_turns_red_after_the_close_does_not_reopen_it(world: World) -> None:
    world.close_october()
    world.spend("cut", [(date(2026, 10, 9), "acme", "5")], control_off_by="1")
    assert world.close_october() == PeriodClosed([], [], ["acme", "birch"])


def test_a_red_day_of_another_month_does_not_stop_the_close(world: World) -> None:
    world.spend("cut", [(date(2026, 11, 1), "acme", "5")], control_off_by="1")
    assert len(world.close_october().closed) == 2


# ---- what is parked -----------------------------------------------------------------------------


def test_an_account_with_unrated_usage_is_parked_and_the_others_close(world: World) -> None:
    _add_unrated_usage(world)
    done = world.close_october()
    assert [closed.account_id for closed in done.closed] == ["acme"]
    (parked,) = done.parked
    assert (parked.account_id, parked.tenant_id) == ("birch", "birch")
    assert parked.reasons == ("unrated_usage: no card of the period has a rate for metric reports",)


def test_closing_again_closes_what_has_become_whole_and_then_says_that_all_is_closed(
    world: World,
) -> None:
    _add_unrated_usage(world)
    world.close_october()
    world.apply(plan("later", rates=[rate("reports", "2", "0", "1")]))
    kind, id_, document = tenant("birch")
    later = {
        "plan_id": "later",
        "plan_version": "1",
        "starts_on": "2026-10-20",
        "ends_on": "9999-12-31",
    }
    first = document["subscriptions"][0] | {"ends_on": "2026-10-20"}
    world.apply((kind, id_, document | {"subscriptions": [first, later]}))
    again = world.close_october()
    assert [(c.account_id, c.total) for c in again.closed] == [("birch", "266.31")]
    assert (again.parked, again.already_closed) == ([], ["acme"])
    assert world.close_october() == PeriodClosed([], [], ["acme", "birch"])


def test_a_tenant_that_nobody_pays_for_is_reported_as_parked(world: World) -> None:
    world.apply(tenant("orphan"))
    world.use("orphans", [event("orphan", "api_calls", "1", 1)])
    done = world.close_october()
    assert done.parked == [
        Parked("", "orphan", ("tenant_without_account: no account pays for this tenant",))
    ]
    assert len(done.closed) == 2


def test_a_fault_after_the_close_does_not_park_what_is_closed(world: World) -> None:
    world.close_october()
    _add_unrated_usage(world)
    assert world.close_october() == PeriodClosed([], [], ["acme", "birch"])


def test_accounts_that_are_asked_for_one_by_one_are_closed_once_each(
    world: World, undisturbed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meterbook.close.close_period.ACCOUNTS_AT_ONCE", 1)
    done = world.close_october()
    assert [closed.account_id for closed in done.closed] == ["acme", "birch"]
    assert (done.parked, done.already_closed) == ([], [])
    assert _closes(world) == _closes(undisturbed)


# ---- what is told, whatever happens -------------------------------------------------------------


def test_each_closed_account_is_announced_once(undisturbed: World) -> None:
    undisturbed.close_october()
    told = undisturbed.told(DETAIL_TYPE)
    assert [found["detail"]["account_id"] for found in told] == ["acme", "birch"]
    assert [found["detail"]["total"] for found in told] == ["518.70", "252.31"]
    for detail in (found["detail"] for found in told):
        frozen = read_document(undisturbed.landing, PERIOD, detail["account_id"])
        assert detail["snapshot_sha256"] == frozen.snapshot_sha256


def _must_be_as_undisturbed(world: World, undisturbed: World) -> None:
    assert _closes(world) == _closes(undisturbed)
    assert {e["id"] for e in world.told(DETAIL_TYPE)} == {
        e["id"] for e in undisturbed.told(DETAIL_TYPE)
    }


@pytest.mark.parametrize("effect", range(EFFECTS))
def test_a_close_that_stops_anywhere_is_finished_by_the_next_and_does_no_harm_when_it_wakes(
    world: World, undisturbed: World, effect: int
) -> None:
    """To the second run, a closer that died before an effect and one that sleeps look the same."""
    second: list[PeriodClosed] = []

    def second_run() -> None:
        second.append(world.close_october())
        _must_be_as_undisturbed(world, undisturbed)

    first = _close_disturbed(world, Disturbance(before=effect, deed=second_run))
    _must_be_as_undisturbed(world, undisturbed)
    winners = [[closed.account_id for closed in run.closed] for run in (first, *second)]
    assert sorted(winners[0] + winners[1]) == ["acme", "birch"]
    assert first.already_closed == winners[1]
    assert world.close_october() == PeriodClosed([], [], ["acme", "birch"])


def test_a_close_whose_process_died_leaves_nothing_half_done(
    world: World, undisturbed: World
) -> None:
    with suppress(Crash):
        _close_disturbed(world, Disturbance(before=3))
    world.close_october()
    _must_be_as_undisturbed(world, undisturbed)
