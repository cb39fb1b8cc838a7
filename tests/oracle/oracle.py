"""What the book must say, worked out a second time: slowly, naively, in fractions.

Nothing in the oracle comes from Meterbook. What goes in are the landed records as they stand (catalog
rows, CloudEvents, counts of them, cost deliveries); what comes out are the figures that the SQL has
to reach by its own way, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oracle.cost import attribute
from oracle.gaps import find_gaps
from oracle.quantities import sum_usage
from oracle.records import Answer, Catalog, CostDelivery, Json
from oracle.tariff import price
from oracle.usage import count_usage

__all__ = ["Answer", "CostDelivery", "Json", "answer"]


def answer(
    catalog: Iterable[Json],
    events: Sequence[Json],
    costs: Sequence[CostDelivery] = (),
    counts: Sequence[Json] = (),
) -> Answer:
    """The whole book, from the landed records."""
    book = Catalog(catalog)
    result = Answer()
    sum_usage(book, count_usage(book, events, result), result)
    find_gaps(events, counts, result)
    attribute(book, costs, result)
    price(book, result)
    return result
