"""Months, invoices, credits and corrections survive a death before and after every single effect.

One history is told: two months are closed and issued, something is credited, late facts come, an
invoice is corrected and another one reversed. It is told once undisturbed. Then every command of it
dies as soon as it has changed one thing, and is said again, and dies again, until it has come to its
end: so each state that a crash can leave is met, and each repair is itself cut short. Then two do
everything at once and take turns at every effect. Each time the same must have come out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Condition, Thread

import pytest
from close.disturbed import Crash
from close.small_world import NOW, SOURCE, World, event, founded_in
from invoice.taxed_world import DECEMBER, make_taxed, november
from meterbook.book import Book
from meterbook.canonical import sha256
from meterbook.close.close_period import close_period
from meterbook.errors import Refused
from meterbook.invoice.correct_invoice import correct_invoice
from meterbook.invoice.credit_invoice import credit_invoice
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.invoice.mail import Post
from meterbook.invoice.register import read_register
from meterbook.invoice.render_invoice import Archive, render_invoice
from meterbook.period import Period
from meterbook.ports import Announcement, Mail, ObjectStore
from meterbook_local.clock import FixedClock
from meterbook_local.pool import RenderPool


class Effects:
    """Who may change the world now; the base lets everybody."""

    def next(self) -> None:
        """Wait for leave to change one thing, or die."""


@dataclass
class Store:
    """An `ObjectStore` in which an effect is an object that was not there."""

    store: ObjectStore
    effects: Effects

    def put_if_absent(self, key: str, body: bytes) -> bool:
        if key not in set(self.store.keys(key)):
            self.effects.next()
        return self.store.put_if_absent(key, body)

    def get(self, key: str) -> bytes:
        return self.store.get(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self.store.keys(prefix)


class Out:
    """The bus and the mailer: every message is an effect, and its id is noted."""

    def __init__(self, world: World, effects: Effects) -> None:
        self.world, self.effects = world, effects

    def publish(self, event: Announcement) -> None:
        self.effects.next()
        self.world.outbox.publish(event)

    def send(self, mail: Mail) -> None:
        self.effects.next()
        self.world.mailbox.send(mail)


class Clerk:
    """Somebody who says the commands of the history, and whose every effect is seen."""

    def __init__(self, world: World, effects: Effects) -> None:
        self.world, self.effects = world, effects
        self.landing, self.evidence, self.announced = (
            Store(store, effects) for store in (world.landing, world.evidence, world.announced)
        )
        self.out = Out(world, effects)
        self.clock = FixedClock(NOW)

    @property
    def book(self) -> Book:
        return Book(self.world.warehouse, self.landing, self.clock)

    def close(self, month: str) -> None:
        close_period(self.book, self.out, self.announced, SOURCE, Period.parse(month))

    def issue(self) -> None:
        pool = RenderPool(
            partial(render_invoice, Archive(self.evidence, self.landing)), processes=1
        )
        desk = replace(
            self.world.desk,
            evidence=self.evidence,
            queue=pool,
            bus=self.out,
            announced=self.announced,
            post=Post(self.out),
        )
        run = issue_invoices(self.book, desk)
        assert (run.held, run.unsealed, run.unmailed) == ([], [], [])

    def credit(self, number: str, amount: str | None = None) -> None:
        credit_invoice(
            self.book, self.evidence, number, amount=amount, actor="Ada", reason="outage"
        )

    def correct(self, number: str) -> None:
        correct_invoice(self.book, self.evidence, number, actor="Ada", reason="wrong address")


Step = Callable[[Clerk], None]
ACME, BIRCH = "NIM-2026-000001", "NIM-2026-000002"


def _late_facts(clerk: Clerk) -> None:
    """More of October for one account, less for the other, and a November for both."""
    world = clerk.world
    world.use("late", [event("acme", "api_calls", "10000", 50)])
    reversal = event("birch", "api_calls", "-1500", 51)
    reversal["data"]["reverses"] = "birch-api_calls-1"
    world.use("reversed", [reversal])
    world.use("november", [november("acme", "5000"), november("birch", "5000")])
    clerk.clock = FixedClock(DECEMBER)


def _let_pass(month: str) -> Step:
    return lambda clerk: clerk.world.let_pass(Period.parse(month))


def _issue(clerk: Clerk) -> None:
    clerk.issue()


# What a person or a clock says; what is not disturbed (facts that come, decisions) begins with it.
HISTORY: tuple[tuple[str, Step], ...] = (
    ("close october", lambda clerk: clerk.close("2026-10")),
    ("issue october", _issue),
    ("credit in part", lambda clerk: clerk.credit(BIRCH, "10")),
    ("issue the credit", _issue),
    ("facts", _late_facts),
    ("facts", _let_pass("2026-11")),
    ("close november", lambda clerk: clerk.close("2026-11")),
    ("issue november", _issue),
    ("correct", lambda clerk: clerk.correct(BIRCH)),
    ("issue the correction", _issue),
    ("reverse", lambda clerk: clerk.credit(ACME)),
    ("issue the reversal", _issue),
)


# ---- what has come out ---------------------------------------------------------------------------


def _outcome(world: World) -> dict[str, object]:
    """Everything that somebody outside can hold in hand, and what the book shows of it."""
    evidence = {key: world.evidence.get(key) for key in world.evidence.keys("")}
    frozen = [key for key in world.landing.keys("deliveries/closes/") if "/basis." not in key]
    return {
        "evidence": {key: body for key, body in evidence.items() if "/register" not in f"/{key}"},
        "numbers": [
            (claim.number, claim.purpose, claim.issue_date)
            for claim in read_register(world.evidence, "nimbus").claims
        ],
        "frozen": frozen,
        "events": {told["id"] for told in world.outbox.published()},
        "mails": {mail["X-Meterbook-Mail"] for mail in world.mailbox.sent()},
        "open": world.book.show("v_open_invoices"),
    }


def _must_be_sound(world: World) -> None:
    """No gap, no number twice, what is stored is what was sealed, one announcement for each."""
    register = read_register(world.evidence, "nimbus")
    assert register.unsealed == []
    numbers = [claim.number for claim in register.claims]
    for series, count in Counter(number.rpartition("-")[0] for number in numbers).items():
        wanted = [f"{series}-{n:06d}" for n in range(1, count + 1)]
        assert [number for number in numbers if number.startswith(f"{series}-")] == wanted
    for sealed in register.sealed.values():
        for key, digest in sealed.files.items():
            assert sha256(world.evidence.get(key)) == digest
    told = [(e["id"], e["detail"]["number"]) for e in _issued_events(world)]
    assert len(set(told)) == len({number for _, number in told}) == len(numbers)
    _credits_must_not_exceed(world)
    assert world.book.check() == []


def _issued_events(world: World) -> list[dict[str, object]]:
    return [*world.told("invoice_issued"), *world.told("credit_note_issued")]


def _credits_must_not_exceed(world: World) -> None:
    for row in world.book.show("v_open_invoices"):
        assert 0 <= Decimal(str(row["credited"])) <= Decimal(str(row["total"]))
        documents = [
            json.loads(world.evidence.get(key))
            for key in world.evidence.keys("invoices/")
            if key.endswith("/invoice.json")
        ]
        notes = [d for d in documents if d["kind"] == "credit_note"]
        of_it = [d for d in notes if d["preceding"][0]["number"] == row["number"]]
        given = sum((Decimal(d["totals"]["tax"]) for d in of_it), Decimal(0))
        asked = next(d for d in documents if d["number"] == row["number"])
        assert given <= Decimal(asked["totals"]["tax"])


# ---- the worlds ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world before its first close."""
    founded = founded_in(tmp_path_factory.getbasetemp())
    world = make_taxed(founded.copied_to(tmp_path_factory.mktemp("begun") / "world"))
    world.let_pass(Period.parse("2026-10"))
    return world


@pytest.fixture(scope="module")
def undisturbed(begun: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What comes out when nothing happens."""
    world = begun.copied_to(tmp_path_factory.mktemp("undisturbed") / "world")
    clerk = Clerk(world, Effects())
    for _, step in HISTORY:
        step(clerk)
    _must_be_sound(world)
    return _outcome(world)


def test_the_history_has_documents_of_all_kinds(undisturbed: dict[str, object]) -> None:
    numbers = undisturbed["numbers"]
    assert isinstance(numbers, list)
    assert [(number, kind, subject) for number, (_, _, kind, subject), _ in numbers] == [
        (ACME, "invoice", ""),
        (BIRCH, "invoice", ""),
        ("NIMC-2026-000001", "credit_note", "credit.1"),
        ("NIM-2026-000003", "invoice", ""),
        ("NIM-2026-000004", "invoice", ""),
        ("NIMC-2026-000002", "credit_note", "late.2026-11"),
        ("NIMC-2026-000003", "credit_note", f"reversal.{BIRCH}"),
        ("NIM-2026-000005", "corrected_invoice", BIRCH),
        ("NIMC-2026-000004", "credit_note", f"reversal.{ACME}"),
    ]


# ---- a death after every effect ------------------------------------------------------------------


class Mortal(Effects):
    """Lets so many effects happen and then dies."""

    left = 0

    def next(self) -> None:
        if self.left == 0:
            raise Crash
        self.left -= 1


def _said_until_done(step: Step, clerk: Clerk, mortal: Mortal) -> int:
    """Say a command again and again, each time with one effect more of life; count the deaths.

    A message that went out is sent again when the note of it was not written: then two effects are
    needed to come on.
    """
    deaths = 0
    for life in _lives(clerk.world):
        mortal.left = life
        try:
            step(clerk)
        except Crash:
            deaths += 1
        else:
            step(clerk)  # whoever had no answer says it once more
            return deaths
    raise AssertionError("the lives never end")


def _lives(world: World) -> Iterator[int]:
    yield 0
    while True:
        before = _size(world)
        yield 1
        if _size(world) == before:
            yield 2


def _size(world: World) -> int:
    """How many objects there are; a message alone adds none."""
    stores = (world.landing, world.evidence, world.announced)
    return sum(1 for store in stores for _ in store.keys(""))


def test_a_history_whose_every_command_dies_after_each_effect_comes_to_the_same_end(
    begun: World, undisturbed: dict[str, object], tmp_path: Path
) -> None:
    world = begun.copied_to(tmp_path / "world")
    mortal = Mortal()
    clerk = Clerk(world, mortal)
    deaths = 0
    for name, step in HISTORY:
        if name == "facts":
            step(clerk)
        else:
            deaths += _said_until_done(step, clerk, mortal)
    assert deaths > 100
    _must_be_sound(world)
    assert _outcome(world) == undisturbed


# ---- two at once ---------------------------------------------------------------------------------


class Turns:
    """Two that never work at the same time, and hand over to each other before every effect."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._place = 0
        self._alive = {"a", "b"}
        self._condition = Condition()

    def of(self, name: str) -> Effects:
        turns = self

        class Turn(Effects):
            def next(self) -> None:
                turns.hand_over(name)

        return Turn()

    def wait(self, name: str) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._whose() == name)

    def hand_over(self, name: str) -> None:
        with self._condition:
            self._place += 1
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._whose() == name)

    def end(self, name: str) -> None:
        with self._condition:
            self._alive.discard(name)
            self._condition.notify_all()

    def _whose(self) -> str:
        wanted = self._pattern[self._place % len(self._pattern)]
        return wanted if wanted in self._alive else next(iter(self._alive), wanted)


def _both(world: World, step: Step, pattern: str, clock: FixedClock) -> None:
    """Two clerks say the same command, taking turns."""
    turns = Turns(pattern)
    failures: list[BaseException] = []

    def work(name: str) -> None:
        clerk = Clerk(world, turns.of(name))
        clerk.clock = clock
        turns.wait(name)
        try:
            step(clerk)
        except Refused as refused:
            if "Somebody else has just frozen" not in str(refused):
                failures.append(refused)
        except BaseException as failure:
            failures.append(failure)
        finally:
            turns.end(name)

    threads = [Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("pattern", ["ab", "aabbb"])
def test_two_that_take_turns_at_every_effect_come_to_the_same_end(
    begun: World, undisturbed: dict[str, object], tmp_path: Path, pattern: str
) -> None:
    world = begun.copied_to(tmp_path / "world")
    clerk = Clerk(world, Effects())
    for name, step in HISTORY:
        if name == "facts":
            step(clerk)
        else:
            _both(world, step, pattern, clerk.clock)
    _must_be_sound(world)
    assert _outcome(world) == undisturbed
