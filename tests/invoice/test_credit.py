"""A credit note gives back what was asked for, never more, and all of it to the cent."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from close.small_world import World
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from invoice.generated_bills import bills, body_of
from invoice.invoices import document_of
from meterbook.close.frozen import FrozenDocument, frozen
from meterbook.close.late import numbered, sum_of
from meterbook.errors import BookInconsistent, InputRefused, Refused
from meterbook.invoice.amend import hand_line
from meterbook.invoice.checks import problems
from meterbook.invoice.credit_invoice import (
    Note,
    credit_invoice,
    figures_left,
    less,
    lines_left,
    stated,
)
from meterbook.invoice.files import document_key
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.invoice.issued import CREDIT_TYPE, Issued
from meterbook.money import Money, minor_digits

PLAIN, TAXED = "NIM-2026-000001", "NIM-2026-000002"  # 518.70 without tax, 252.31 + 47.94


@pytest.fixture(scope="module")
def issued_once(closed_with_tax: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = closed_with_tax.copied_to(tmp_path_factory.mktemp("credited") / "world")
    world.issue()
    return world


@pytest.fixture
def world(issued_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return issued_once.copied_to(tmp_path_factory.mktemp("credit") / "world")


def _credit(world: World, number: str, amount: str | None = None, reason: str = "outage") -> None:
    credit_invoice(world.book, world.evidence, number, amount=amount, actor="Ada", reason=reason)


def _credited(world: World, number: str, amount: str | None = None) -> Issued:
    _credit(world, number, amount)
    (made,) = world.issue()
    return made


def _document(world: World, number: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(world.evidence.get(document_key(number, "invoice.json")))
    return found


def _money(world: World, number: str) -> Counter[str]:
    """What a document states: its sums, and base and tax by category and percent."""
    document = _document(world, number)
    totals, taxes = document["totals"], document["taxes"]
    stated = Counter({name: Decimal(totals[name]) for name in ("net", "tax", "gross")})
    for tax in taxes:
        for name in ("base", "tax"):
            stated[f"{tax['category']} {tax['percent']} {name}"] += Decimal(tax[name])
    return stated


def _sum(world: World, numbers: list[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for number in numbers:
        for name, figure in _money(world, number).items():
            total[name] += figure
    return total


@pytest.mark.parametrize("number", [PLAIN, TAXED])
def test_a_full_credit_is_the_invoice_line_by_line_and_tax_by_tax(
    world: World, number: str
) -> None:
    made = _credited(world, number)
    assert (made.kind, made.subject, made.refers_to) == (
        "credit_note", f"reversal.{number}", number,
    )  # fmt: skip
    assert _money(world, made.number) == _money(world, number)
    assert _document(world, made.number)["groups"] == _document(world, number)["groups"]


def test_credit_notes_have_the_series_of_their_seller(world: World) -> None:
    assert _credited(world, TAXED).number == "NIMC-2026-000001"


def test_a_credit_note_is_told_as_one(world: World) -> None:
    made = _credited(world, TAXED, "10")
    (told,) = world.told(CREDIT_TYPE)
    assert told["detail"]["number"] == made.number
    assert (told["detail"]["net"], told["detail"]["total"]) == ("10.00", "11.90")


def test_an_invoice_and_its_credits_come_to_nothing_whatever_the_cents(world: World) -> None:
    """19 % of 50.55 is 9.60 and of what is left 38.33, but the invoice has 47.94 of tax."""
    part, rest = _credited(world, TAXED, "50.55"), _credited(world, TAXED)
    assert (part.tax, rest.net, rest.tax) == ("9.60", "201.76", "38.34")
    assert _sum(world, [part.number, rest.number]) == _money(world, TAXED)
    (open_invoice,) = world.book.show("v_open_invoices", {"number": TAXED})
    assert open_invoice["open_amount"] == 0


def test_a_reversal_shows_what_was_credited_before(world: World) -> None:
    first = _credited(world, PLAIN, "18.70")
    made = _credited(world, PLAIN)
    lines = [
        (line["description"], line["amount"])
        for group in _document(world, made.number)["groups"]
        for line in group["lines"]
        if group["kind"] == "adjustment"
    ]
    assert lines == [(f"Already credited in {first.number}", "-18.70")]
    assert made.total == "500.00"


def test_a_second_reversal_is_refused(world: World) -> None:
    made = _credited(world, PLAIN)
    with pytest.raises(Refused, match=f"{PLAIN} has been reversed by {made.number}"):
        _credit(world, PLAIN)
    with pytest.raises(Refused, match="has been reversed"):
        _credit(world, PLAIN, "1")


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("518.71", "more than the 518.70 that are left"),
        ("518.70", "leave --amount away"),
    ],
)
def test_more_than_the_invoice_is_refused(world: World, amount: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        _credit(world, PLAIN, amount)
    assert list(world.landing.keys("deliveries/closes/2026-10.acme.credit_note")) == []


def test_more_than_is_left_is_refused(world: World) -> None:
    _credited(world, PLAIN, "500")
    with pytest.raises(Refused, match=r"more than the 18\.70 that are left"):
        _credit(world, PLAIN, "18.71")


def test_many_small_credits_never_give_back_more_tax_than_there_was(world: World) -> None:
    """A cent is rounded up to a cent of tax: the tax would be gone before the net amount."""
    _credited(world, TAXED, "252.27")  # 4 cents are left, and 1 cent of tax
    _credited(world, TAXED, "0.03")
    with pytest.raises(Refused, match="leave --amount away"):
        _credit(world, TAXED, "0.01")
    _credited(world, TAXED)
    (open_invoice,) = world.book.show("v_open_invoices", {"number": TAXED})
    assert open_invoice["open_amount"] == 0


@pytest.mark.parametrize(
    "amount", ["0", "-5", "ten", "1_000", "1e3", "5.001", "NaN", "\u0661", "9" * 16, ""]
)
def test_what_is_no_amount_is_refused(world: World, amount: str) -> None:
    with pytest.raises(InputRefused, match=r"no amount in USD|below zero"):
        _credit(world, PLAIN, amount)


@pytest.mark.parametrize("number", ["NIM-2026-000009", "", "x/../y"])
def test_a_number_that_is_not_issued_is_refused(world: World, number: str) -> None:
    with pytest.raises(Refused, match="is issued"):
        _credit(world, number)


def test_a_credit_note_cannot_be_credited(world: World) -> None:
    made = _credited(world, PLAIN, "10")
    with pytest.raises(Refused, match="is a credit note"):
        _credit(world, made.number)


@pytest.mark.parametrize(("actor", "reason"), [("", "outage"), ("Ada", " ")])
def test_a_credit_needs_a_name_and_a_reason(world: World, actor: str, reason: str) -> None:
    with pytest.raises(InputRefused, match=r"--actor|--reason"):
        credit_invoice(world.book, world.evidence, PLAIN, actor=actor, reason=reason)


def test_the_same_said_twice_before_it_is_issued_is_one_credit(world: World) -> None:
    for amount in ("10", "10.00"):
        _credit(world, PLAIN, amount)
    with pytest.raises(Refused, match=r"credit\.1 of NIM-2026-000001 waits for its number"):
        _credit(world, PLAIN, "20")
    assert [made.total for made in world.issue()] == ["10.00"]
    _credit(world, PLAIN, "10")
    assert [made.subject for made in world.issue()] == ["credit.2"]


def test_a_credit_that_a_race_has_made_too_much_gets_no_number(world: World) -> None:
    """Each of two clerks has seen an invoice without credits, and both have frozen one."""
    other = world.copied_to(world.root.with_name("other"))
    _credit(other, PLAIN)
    world = World(world.root)
    _credit(world, PLAIN, "100")
    for prefix in ("closes/", "deliveries/closes/"):
        for key in other.landing.keys(prefix):
            world.landing.put_if_absent(key, other.landing.get(key))
    run = issue_invoices(world.book, world.desk)
    assert [(made.subject, made.total) for made in run.issued] == [(f"reversal.{PLAIN}", "518.70")]
    (held,) = run.held
    assert held.subject == "credit.1"
    assert "618.70 USD would be given back of NIM-2026-000001" in held.reasons[0]


def test_nothing_is_credited_of_a_document_that_is_not_what_was_sealed(world: World) -> None:
    path = world.evidence.root / document_key(PLAIN, "invoice.json")
    path.write_bytes(path.read_bytes().replace(b"518.70", b"918.70"))
    with pytest.raises(BookInconsistent, match=f"{PLAIN}/invoice.json is gone or is not what"):
        _credit(world, PLAIN)


@settings(max_examples=150)
@given(bill=bills(), shares=st.lists(st.integers(1, 999), min_size=1, max_size=3))
def test_any_invoice_and_its_credits_come_to_nothing(
    bill: FrozenDocument, shares: list[int]
) -> None:
    """Several rates, discounts, commercial credits, currencies without cents: to the last unit."""
    body = bill.body | body_of("invoice")
    invoice, currency = document_of(frozen(body)), body["currency"]
    assume(Decimal(invoice["total"]) >= 0)
    notes: list[Note] = []
    for share in shares:
        left = figures_left(invoice, notes)
        amount = Decimal(share) / 1000 * left.get(("sum", "", "net"), Decimal(0))
        given = Money.of(amount.quantize(Decimal(1).scaleb(-minor_digits(currency))), currency)
        lines = [hand_line(str(given), "outage")]
        credit = _credit_note(body, lines, [])
        if given.minor > 0 and min(less(left, stated(credit)).values(), default=0) >= 0:
            notes.append(Note(f"NIMC-{len(notes)}", numbered(lines), credit))
    reversal = _credit_note(body, lines_left(body, notes), [note.credited for note in notes])
    assert less(figures_left(invoice, notes), stated(reversal)) == {}
    assert problems(reversal) == []


def _credit_note(body: Any, lines: list[Any], credited: list[Any]) -> Any:
    changes = {"lines": numbered(lines), "total": sum_of(lines, body["currency"])}
    told = body_of("credit_note") | {"credited": credited, "reason": "outage"}
    return document_of(frozen(body | told | changes))
