"""Money is exact: nothing is rounded in secret, and a split loses nothing and invents nothing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterbook.errors import CurrencyMismatch, UnknownCurrency
from meterbook.money import Money, minor_digits, split_whole, total

AMOUNTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.lists(st.integers(-5, 10**12) | st.just(0), max_size=12)
always_the_same = settings(derandomize=True, deadline=None)


# ---- amounts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("518.7", "USD", 51870), ("-0.01", "EUR", -1), ("12", "JPY", 12), ("1.234", "KWD", 1234)],
)
def test_an_amount_is_a_whole_number_of_minor_units(text: str, currency: str, minor: int) -> None:
    assert Money.of(text, currency) == Money(currency, minor)
    assert Money.of(Decimal(text), currency).amount == Decimal(text)


@pytest.mark.parametrize(("text", "currency"), [("0.001", "USD"), ("0.5", "JPY"), ("1E-4", "KWD")])
def test_an_amount_finer_than_the_minor_unit_is_refused(text: str, currency: str) -> None:
    with pytest.raises(CurrencyMismatch, match=f"{text} is finer than the minor unit"):
        Money.of(text, currency)


@pytest.mark.parametrize("currency", ["", "usd", "BTC", "XAU", "DOLLAR"])
def test_a_currency_without_a_minor_unit_is_unknown(currency: str) -> None:
    for ask in (minor_digits, lambda code: Money.of("1", code)):
        with pytest.raises(UnknownCurrency, match="ISO 4217"):
            ask(currency)


def test_amounts_are_written_with_the_decimals_of_their_currency() -> None:
    written = [str(Money(currency, -5)) for currency in ("USD", "JPY", "KWD")]
    assert written == ["-0.05", "-5", "-0.005"]


def test_different_currencies_are_never_added() -> None:
    with pytest.raises(CurrencyMismatch, match="USD and EUR cannot be added"):
        Money("USD", 1) + Money("EUR", 1)
    with pytest.raises(CurrencyMismatch):
        total([Money("EUR", 1)], "USD")


@always_the_same
@given(st.lists(AMOUNTS))
def test_a_total_is_the_sum_of_the_minor_units(amounts: list[int]) -> None:
    assert total((Money("USD", minor) for minor in amounts), "USD") == Money("USD", sum(amounts))


@always_the_same
@given(AMOUNTS)
def test_what_is_written_reads_back_and_cancels_its_opposite(minor: int) -> None:
    for amount in (Money(currency, minor) for currency in ("USD", "JPY", "KWD")):
        assert Money.of(str(amount), amount.currency) == amount
        assert amount + -amount == Money(amount.currency, 0)


# ---- splits -------------------------------------------------------------------------------------


@always_the_same
@given(AMOUNTS, WEIGHTS)
def test_the_parts_of_a_split_sum_to_the_whole(minor: int, weights: list[int]) -> None:
    parts = Money("USD", minor).split(weights)
    if any(weight > 0 for weight in weights):
        assert len(parts) == len(weights)
        assert total(parts, "USD") == Money("USD", minor)
    else:
        assert parts == []


@always_the_same
@given(AMOUNTS, WEIGHTS)
def test_only_a_weight_above_zero_gets_a_part_and_none_of_the_other_sign(
    minor: int, weights: list[int]
) -> None:
    parts = Money("USD", minor).split(weights)
    assert parts == Money("USD", minor).split([max(weight, 0) for weight in weights])
    for part, weight in zip(parts, weights if parts else [], strict=True):
        assert weight > 0 or part.minor == 0
        assert part.minor * minor >= 0


@always_the_same
@given(AMOUNTS, WEIGHTS)
def test_a_negative_amount_is_split_like_its_opposite(minor: int, weights: list[int]) -> None:
    amount = Money("USD", minor)
    assert (-amount).split(weights) == [-part for part in amount.split(weights)]


@always_the_same
@given(AMOUNTS.map(abs), WEIGHTS)
def test_parts_lie_between_cuts_of_shares_with_twelve_digits(
    whole: int, weights: list[int]
) -> None:
    running = list(accumulate(max(weight, 0) for weight in weights))
    if running and running[-1]:
        shares = [Fraction(floor(Fraction(r, running[-1]) * 10**12), 10**12) for r in running]
        cuts = [floor(whole * share) for share in shares]
        assert list(accumulate(split_whole(whole, weights))) == cuts


def test_a_share_is_cut_at_its_twelfth_digit_before_it_is_taken() -> None:
    # A third of 3 * 10**12 + 3 is 10**12 + 1; 0.333333333333 of it is, cut, two less.
    assert split_whole(3 * 10**12 + 3, [1, 2]) == [10**12 - 1, 2 * 10**12 + 4]
    assert split_whole(100, [1, 1, 1]) == [33, 33, 34]
