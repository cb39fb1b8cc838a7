"""Every amount that is printed is the one in the document and in the e-invoice, on any invoice."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, pairwise
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from invoice.invoices import (
    BUYERS,
    GERMAN_SELLER,
    credit,
    discount,
    document_of,
    facility,
    frozen_period,
    metered,
    passthrough,
)
from invoice.printed import amounts_of
from lxml import etree
from meterbook.invoice.cii import cii_xml
from meterbook.invoice.document import document_bytes
from meterbook.invoice.facturx import embedded_xml
from meterbook.invoice.render import render_invoice

Fields = dict[str, Any]
_DIGITS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
_RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"


def _at_minor(amount: Decimal, currency: str) -> str:
    return str(amount.quantize(Decimal(1).scaleb(-_DIGITS[currency]), ROUND_HALF_UP))


@st.composite
def documents(draw: st.DrawFn) -> Fields:
    currency = draw(st.sampled_from(sorted(_DIGITS)))
    lines = [facility(_at_minor(draw(_decimals(0, 900)), currency))]
    for _ in range(draw(st.integers(0, 40))):
        quantity, price = draw(_decimals(0, 9_999_999)), draw(_decimals(0, 3, places=6))
        amount = _at_minor(quantity * price, currency)
        lines.append(metered(amount, f"{quantity:f}", f"{price:f}", tier=str(len(lines))))
    cost = draw(_decimals(-90, 900))
    lines.append(passthrough(_at_minor(cost, currency), f"{cost:f}"))
    if draw(st.booleans()):
        lines.append(discount(_at_minor(Decimal("-7.5"), currency), "7.5", "100"))
        lines.append(credit(_at_minor(Decimal(-3), currency)))
    account = BUYERS[draw(st.sampled_from(sorted(BUYERS)))]
    language = draw(st.sampled_from(["en", "de"]))
    return document_of(
        frozen_period(
            lines, currency, seller=GERMAN_SELLER, account=account | {"language": language}
        )
    )


def _decimals(least: int, most: int, places: int = 2) -> st.SearchStrategy[Decimal]:
    return st.decimals(least, most, places=places, allow_nan=False)


def _rows(document: Fields) -> list[Decimal]:
    """The amounts of all rows that add to the sum: lines, then what is taken off."""
    lines = [Decimal(line["amount"]) for group in document["groups"] for line in group["lines"]]
    return lines + [-Decimal(one["amount"]) for one in document["allowances"]]


def _column(document: Fields) -> list[Decimal]:
    """All that has to stand in the column of amounts, from the first line to the last sum."""
    totals, column = document["totals"], []
    for group in document["groups"]:
        column += [line["amount"] for line in group["lines"]]
        column += [group["subtotal"]] * (len(group["lines"]) > 1)
    column += [f"-{one['amount']}" for one in document["allowances"]]
    if document["allowances"]:
        column += [totals["lines"], f"-{totals['allowances']}"]
    if document["taxes"]:
        column += [totals["net"], *(tax["tax"] for tax in document["taxes"])]
        column += [totals["tax"]] * (len(document["taxes"]) > 1)
    return [Decimal(amount) for amount in [*column, totals["due"]]]


# An example prints a document: a failing one is shown as it is, and the same are drawn each time.
@settings(
    max_examples=20, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(documents())
def test_amounts_read_back_from_the_page_equal_those_of_document_and_e_invoice(
    document: Fields,
) -> None:
    xml = cii_xml(document, "en16931") if document["e_invoice"] else None
    pdf = render_invoice(document_bytes(document), xml)
    pages = amounts_of(pdf, document)
    assert [amount for page in pages for amount in page.amounts] == _column(document)
    _the_sum_is_carried_from_page_to_page(pages, document)
    assert embedded_xml(pdf) == xml
    if xml:
        _the_xml_says_the_same(xml, document)


def _the_sum_is_carried_from_page_to_page(pages: list[Any], document: Fields) -> None:
    sums = set(accumulate(_rows(document)))
    for page, following in pairwise(pages):
        assert page.carried == following.brought
        assert page.carried is None or page.carried in sums
    assert (pages[0].brought, pages[-1].carried) == (None, None)


def _the_xml_says_the_same(xml: bytes, document: Fields) -> None:
    root = etree.fromstring(xml)
    line_totals = root.iter(f"{_RAM}SpecifiedTradeSettlementLineMonetarySummation")
    lines = [Decimal(total[0].text or "") for total in line_totals]
    taken_off = root.iter(f"{_RAM}SpecifiedTradeAllowanceCharge")
    allowances = [-Decimal(one.findtext(f"{_RAM}ActualAmount") or "") for one in taken_off]
    assert lines + allowances == _rows(document)
    said = next(root.iter(f"{_RAM}SpecifiedTradeSettlementHeaderMonetarySummation"))
    for name, sum_ in (
        ("LineTotalAmount", "lines"), ("TaxBasisTotalAmount", "net"), ("TaxTotalAmount", "tax"),
        ("GrandTotalAmount", "gross"), ("DuePayableAmount", "due"),
    ):  # fmt: skip
        assert Decimal(said.findtext(f"{_RAM}{name}") or "") == Decimal(document["totals"][sum_])


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_an_amount_has_the_decimals_of_its_currency(currency: str) -> None:
    amount = _at_minor(Decimal("1234567"), currency)
    document = document_of(frozen_period([facility(amount)], currency))
    (page,) = amounts_of(render_invoice(document_bytes(document)), document)
    assert [str(figure) for figure in page.amounts] == [amount, amount]
