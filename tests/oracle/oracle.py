"""What the book must say, worked out a second time: slowly, naively, in fractions.

Nothing in the oracle comes from Meterbook. What goes in are the landed records as they stand (catalog
rows, CloudEvents, counts of them, deliveries of cost and credits, decisions, closes); what comes out are the figures that the SQL has
to reach by its own way, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oracle.catalog import Catalog
from oracle.cost import attribute
from oracle.credits import attribute_credits
from oracle.deciding import judge_deliveries
from oracle.economics import economise, find_trends
from oracle.gaps import find_gaps
from oracle.quantities import sum_usage
from oracle.records import Answer, Delivered, Json
from oracle.tariff import price
from oracle.usage import count_usage

__all__ = ["Answer", "Delivered", "Json", "answer"]


def answer(
    catalog: Iterable[Json],
    events: Sequence[Json],
    deliveries: Sequence[Delivered] = (),
    counts: Sequence[Json] = (),
    decisions: Sequence[Json] = (),
    closes: Sequence[Json] = (),
) -> Answer:
    """The whole book, from the landed records."""
    book = Catalog(catalog)
    result = Answer()
    sum_usage(book, count_usage(book, events, result), result)
    find_gaps(events, counts, result)
    judge_deliveries(book, deliveries, decisions, result)
    attribute_credits(book, result)
    attribute(book, result)
    price(book, closes, result)
    economise(book, result)
    find_trends(result)
    return result
