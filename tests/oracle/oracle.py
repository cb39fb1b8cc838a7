"""What the book must say, worked out a second time: slowly, naively, in fractions.

Nothing in the oracle comes from Meterbook. What goes in are the landed records as they stand (catalog
rows, CloudEvents, cost deliveries); what comes out are the figures that the SQL has to reach by its
own way, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oracle.cost import attribute
from oracle.records import Answer, Catalog, CostDelivery, Json
from oracle.tariff import price
from oracle.usage import count_usage, sum_usage

__all__ = ["Answer", "CostDelivery", "Json", "answer"]


def answer(
    catalog: Iterable[Json], events: Iterable[Json], costs: Sequence[CostDelivery]
) -> Answer:
    """The whole book, from the landed records."""
    book = Catalog(catalog)
    result = Answer()
    counted = count_usage(book, list(events), result)
    sum_usage(book, counted, result)
    attribute(book, costs, result)
    price(book, result)
    return result
