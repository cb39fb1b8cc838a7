"""Whatever is in the way of one document, the others are issued, each once and as it was frozen."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from close.disturbed import Crash, Disturbance, DisturbedStore
from close.small_world import NOW, World, account, event, metric, plan, rate, seller, tenant
from invoice.invoices import pages_of
from invoice.taxed_world import DECEMBER, close_month, november
from meterbook.canonical import sha256
from meterbook.close.frozen import read_document
from meterbook.errors import BookInconsistent, QueueUnavailable
from meterbook.invoice.correct_invoice import debit_invoice
from meterbook.invoice.files import document_key
from meterbook.invoice.issue_invoices import IssueRun, issue_invoices
from meterbook.invoice.issued import DETAIL_TYPE, known_sheets
from meterbook.invoice.register import read_register
from meterbook.invoice.render_invoice import Archive, render_invoice
from meterbook.invoice.verify import Doubt, verify
from meterbook.period import Period
from meterbook_local.pool import RenderPool

OCTOBER, NOVEMBER = Period.parse("2026-10"), Period.parse("2026-11")
FIRST, SECOND = "NIM-2026-000001", "NIM-2026-000002"
FILES = ("facts.json", "invoice.json", "invoice.pdf", "proof.json")


def _evidence(world: World) -> dict[str, bytes]:
    return {key: world.evidence.get(key) for key in world.evidence.keys("")}


def _issue(world: World, at: datetime = NOW, period: Period | None = None) -> IssueRun:
    return issue_invoices(world.at(at), world.desk, period)


def _issue_until(world: World, effect: int) -> None:
    """Issue, and die before an effect on the evidence."""
    disturbed = DisturbedStore(world.evidence, Disturbance(before=effect))
    pool = RenderPool(partial(render_invoice, Archive(disturbed, world.landing)), processes=1)
    with suppress(Crash):
        issue_invoices(world.book, replace(world.desk, evidence=disturbed, queue=pool))


@pytest.fixture(scope="module")
def issued(closed: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world in which both invoices were issued; nothing is changed in it."""
    world = closed.copied_to(tmp_path_factory.mktemp("issued") / "world")
    assert [(i.number, i.account_id, i.period, i.currency, i.total) for i in world.issue()] == [
        (FIRST, "acme", "2026-10", "USD", "518.70"),
        (SECOND, "birch", "2026-10", "USD", "252.31"),
    ]
    return world


# ---- an undisturbed run -------------------------------------------------------------------------


def test_every_close_gets_an_invoice_whose_print_says_what_its_data_says(issued: World) -> None:
    told = [event["detail"] for event in issued.told(DETAIL_TYPE)]
    assert [detail["number"] for detail in told] == [FIRST, SECOND]
    for detail in told:
        stored, printed = (issued.evidence.get(detail[f"{form}_key"]) for form in ("json", "pdf"))
        assert (sha256(stored), sha256(printed)) == (detail["json_sha256"], detail["pdf_sha256"])
        assert json.loads(stored)["total"] == detail["total"]
        assert detail["total"] in pages_of(printed)[-1]
        assert detail["keys"] == [document_key(detail["number"], name) for name in FILES]


def test_issuing_again_issues_and_tells_nothing(issued: World) -> None:
    before = _evidence(issued), issued.outbox.published()
    assert issued.issue() == []
    assert (_evidence(issued), issued.outbox.published()) == before


def test_the_register_claims_and_then_seals_what_is_stored(issued: World) -> None:
    register = read_register(issued.evidence, "nimbus")
    assert [(len(sheet.claims), len(sheet.sealed)) for sheet in register.sheets] == [(2, 0), (0, 2)]
    keys = [document_key(FIRST, name) for name in FILES]
    assert register.sealed[FIRST].files == {key: sha256(issued.evidence.get(key)) for key in keys}


def test_the_book_shows_what_was_sealed(issued: World) -> None:
    shown = issued.book.show("v_invoices")
    assert [(row["number"], str(row["total"])) for row in shown] == [
        (FIRST, "518.7000"),
        (SECOND, "252.3100"),
    ]
    sealed = read_register(issued.evidence, "nimbus").sealed
    for row in shown:
        key = document_key(str(row["number"]), "invoice.pdf")
        assert row["pdf_sha256"] == sealed[str(row["number"])].files[key]
    assert issued.book.check() == []


def test_beside_the_document_lies_what_it_was_made_from(issued: World) -> None:
    facts = json.loads(issued.evidence.get(document_key(FIRST, "facts.json")))
    assert facts == read_document(issued.landing, OCTOBER, "acme").body


def test_an_account_with_tax_gets_its_e_invoice_in_both_syntaxes(taxed: World) -> None:
    _, second = taxed.issue()
    names = [key.rpartition("/")[2] for key in second.keys]
    assert names == sorted([*FILES, "invoice.cii.xml", "invoice.ubl.xml"])
    assert (second.net, second.tax, second.total) == ("252.31", "47.94", "300.25")
    assert b"300.25" in taxed.evidence.get(document_key(second.number, "invoice.ubl.xml"))


# ---- what is asked for, and what comes in between -----------------------------------------------


def test_a_period_can_be_issued_alone(world: World) -> None:
    _close_november(world)
    run = _issue(world, period=NOVEMBER)
    assert [(i.number, i.period) for i in run.issued] == [(FIRST, "2026-11"), (SECOND, "2026-11")]
    assert [i.number for i in world.issue()] == ["NIM-2026-000003", "NIM-2026-000004"]


def _close_november(world: World) -> None:
    world.use("november", [november("acme", "5000"), november("birch", "5000")])
    assert close_month(world, world.at(DECEMBER), "2026-11") == ["acme", "birch"]


def test_issuing_one_period_finishes_what_stopped_in_another(world: World) -> None:
    _issue_until(world, 5)
    _close_november(world)
    run = _issue(world, period=NOVEMBER)
    shown = [(row["number"], str(row["period_start"])) for row in world.book.show("v_invoices")]
    assert shown == [
        (FIRST, "2026-10-01"),
        (SECOND, "2026-10-01"),
        ("NIM-2026-000003", "2026-11-01"),
        ("NIM-2026-000004", "2026-11-01"),
    ]
    assert [made.number for made in run.issued] == [number for number, _ in shown]


def test_what_the_catalog_says_later_changes_no_invoice(world: World) -> None:
    world.apply(
        seller(series="OTHER"), tenant("acme", "Renamed"), plan(rates=[rate("api_calls", "9")]),
        metric("api_calls", "Renamed calls"), account("acme", ["acme"], name="Renamed Ltd"),
    )  # fmt: skip
    first, _ = world.issue()
    assert first.number == FIRST
    assert b"Renamed" not in world.evidence.get(first.json_key)


def test_a_repair_in_another_year_keeps_number_and_documents(world: World, issued: World) -> None:
    _issue_until(world, 4)
    _issue(world, at=datetime(2027, 2, 1, tzinfo=UTC))
    documents = {key for key in _evidence(issued) if key.startswith("invoices/")}
    assert {key: world.evidence.get(key) for key in documents} == {
        key: issued.evidence.get(key) for key in documents
    }


def test_ids_of_the_greatest_length_can_be_issued(world: World) -> None:
    long_id = "s" * 128
    world.apply(
        seller(long_id, "LONG"), tenant("cedar"), account("c" * 128, ["cedar"], seller_id=long_id)
    )
    world.use("cedars", [event("cedar", "api_calls", "5000", 1)])
    world.close_october()
    assert "LONG-2026-000001" in [made.number for made in world.issue()]


# ---- what is held -------------------------------------------------------------------------------


def test_a_bill_that_is_far_from_those_before_it_waits_and_the_others_go_out(world: World) -> None:
    world.use("much", [november("acme", "9000000"), november("birch", "3000")])
    close_month(world, world.at(DECEMBER), "2026-11")
    run = _issue(world)
    assert [(i.account_id, i.period) for i in run.issued] == [
        ("acme", "2026-10"), ("birch", "2026-10"), ("birch", "2026-11"),
    ]  # fmt: skip
    (waiting,) = run.unapproved
    assert (waiting.account_id, waiting.period) == ("acme", "2026-11")
    assert "meterbook approve 2026-11 acme" in waiting.reasons[0]


def test_what_was_frozen_and_is_damaged_is_held_with_the_reason_and_gets_no_number(
    world: World,
) -> None:
    (key,) = world.landing.keys("closes/2026-10.acme/")
    (world.landing.root / key).write_bytes(b"junk")
    run = _issue(world)
    assert [made.account_id for made in run.issued] == ["birch"]
    (held,) = run.held
    assert (held.account_id, held.period, held.kind) == ("acme", "2026-10", "invoice")
    assert "missing or damaged" in held.reasons[0]
    assert [claim.account_id for claim in read_register(world.evidence, "nimbus").claims] == [
        "birch"
    ]


# ---- what is stored is kept ---------------------------------------------------------------------


def test_a_stored_document_is_kept_and_never_compared(world: World) -> None:
    key = document_key(FIRST, "invoice.pdf")
    world.evidence.put_if_absent(key, b"%PDF from another processor")
    first, _ = world.issue()
    assert world.evidence.get(key) == b"%PDF from another processor"
    assert first.pdf_sha256 == sha256(b"%PDF from another processor")


def test_a_broken_register_gives_no_number(world: World) -> None:
    world.evidence.put_if_absent("register/nimbus/00000001.json", b"{}")
    with pytest.raises(BookInconsistent, match=r"register/nimbus/00000001\.json is not a sheet"):
        world.issue()
    assert list(world.evidence.keys("invoices/")) == []


def test_a_register_that_was_cut_off_is_found_and_gives_no_number_twice(world: World) -> None:
    """As when the evidence comes back from an older copy than the book."""
    world.issue()
    debit_invoice(world.book, FIRST, "10", actor="Ada", reason="support")
    shutil.rmtree(world.evidence.root)
    told = verify(world.evidence, (), known_sheets(world.landing)).doubts
    assert told == [
        Doubt("register/nimbus/00000002.json", "is not there, and the book has rows of it")
    ]
    with pytest.raises(BookInconsistent, match=r"of nimbus ends before register/nimbus/00000002"):
        world.issue()
    assert list(world.evidence.keys("")) == []


def test_sellers_with_one_series_are_kept_apart_and_the_first_ones_invoices_go_out(
    world: World,
) -> None:
    world.apply(
        seller("stratus", "NIM"), tenant("cedar"), account("cedar", ["cedar"], seller_id="stratus")
    )
    world.use("cedars", [event("cedar", "api_calls", "5000", 1)])
    world.close_october()
    with pytest.raises(BookInconsistent, match="Every seller needs an invoice series of its own"):
        world.issue()
    assert [told["detail"]["account_id"] for told in world.told(DETAIL_TYPE)] == ["acme", "birch"]


# ---- who writes the documents -------------------------------------------------------------------


class _Elsewhere:
    """A queue whose documents are written later."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def send(self, seller_id: str, numbers: list[str]) -> None:
        self.asked += [(seller_id, number) for number in numbers]


class _Down:
    def send(self, seller_id: str, numbers: list[str]) -> None:
        raise QueueUnavailable(queue="documents", count=len(numbers), detail="no answer")


def test_documents_that_are_written_elsewhere_are_sealed_by_the_run_after(
    world: World, issued: World
) -> None:
    queue = _Elsewhere()
    desk = replace(world.desk, queue=queue)
    run = issue_invoices(world.book, desk)
    assert (run.issued, run.unsealed, run.unsealed_hours) == ([], [FIRST, SECOND], 0)
    archive = Archive(world.evidence, world.landing)
    for seller_id, number in queue.asked[1:]:
        render_invoice(archive, seller_id, number)
    run = issue_invoices(world.at(NOW + timedelta(hours=5)), desk)
    assert ([made.number for made in run.issued], run.unsealed) == ([SECOND], [FIRST])
    assert (run.unsealed_hours, queue.asked[2:]) == (5, [("nimbus", FIRST)])
    render_invoice(archive, "nimbus", FIRST)
    assert [made.number for made in issue_invoices(world.book, desk).issued] == [FIRST]
    for number in (FIRST, SECOND):
        for name in FILES:
            key = document_key(number, name)
            assert world.evidence.get(key) == issued.evidence.get(key)


def test_a_queue_that_is_down_is_told_and_loses_nothing(world: World) -> None:
    with pytest.raises(QueueUnavailable):
        issue_invoices(world.book, replace(world.desk, queue=_Down()))
    assert [made.number for made in world.issue()] == [FIRST, SECOND]


def test_processes_beside_this_one_write_the_same_documents(world: World, issued: World) -> None:
    archive = Archive(world.evidence, world.landing)
    pool = RenderPool(partial(render_invoice, archive), few=0, processes=2)
    issue_invoices(world.book, replace(world.desk, queue=pool))
    assert _evidence(world) == _evidence(issued)


def test_a_document_that_fails_in_another_process_is_named_after_the_others_are_written(
    world: World,
) -> None:
    world.evidence.put_if_absent(document_key(FIRST, "invoice.json"), b'{"seller":{"id":"x"},'
        b'"number":"y","snapshot_sha256":"z"}')  # fmt: skip
    archive = Archive(world.evidence, world.landing)
    pool = RenderPool(partial(render_invoice, archive), few=0, processes=2)
    with pytest.raises(BookInconsistent, match=f"{FIRST}/invoice.json is a document of seller x"):
        issue_invoices(world.book, replace(world.desk, queue=pool))
    assert [told["detail"]["number"] for told in world.told(DETAIL_TYPE)] == [SECOND]
