"""Which delivery decides a day: the latest that is whole, unless a person has to look at it first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from oracle.catalog import Catalog
from oracle.records import Answer, CoveredDay, Delivered, Json


def place(delivery: Delivered) -> tuple[str, str]:
    return delivery.record["ordered_at"], delivery.record["delivery_id"]


def is_settled(book: Catalog, ordered_at: str, day: str) -> bool:
    """Whether enough hours had passed since the day's end."""
    ended = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)
    settles = ended + timedelta(hours=int(book.config("settle_hours", day)))
    return settles <= datetime.fromisoformat(ordered_at)


def judge_deliveries(
    book: Catalog, deliveries: Iterable[Delivered], decisions: Iterable[Json], result: Answer
) -> None:
    """Hold each day of each delivery against the highest total that was told of it before."""
    accepted = {(one["stream"], one["subject"]) for one in decisions}
    told: dict[tuple[str, str, str], list[Delivered]] = defaultdict(list)
    for delivery in sorted(deliveries, key=place):
        record = delivery.record
        for total in record["days"]:
            told[record["stream"], record["scope"], total["usage_date"]].append(delivery)
    for (*_, day), covering in told.items():
        result.covered[day] += judge_in_order(book, day, covering, accepted)


def judge_in_order(
    book: Catalog, day: str, covering: Sequence[Delivered], accepted: set[tuple[str, str]]
) -> Iterator[CoveredDay]:
    since_accepted: list[Fraction] = []
    for delivery in covering:
        record, control = delivery.record, Fraction(delivery.total(day)["control_usd"])
        highest = max(since_accepted, default=Fraction(0))
        is_accepted = record["replaces"] or (record["stream"], record["delivery_id"]) in accepted
        halved = highest > 0 and 2 * control < highest
        held = halved and not is_accepted and is_settled(book, record["ordered_at"], day)
        yield CoveredDay(delivery, control, held)
        since_accepted = [*([] if is_accepted else since_accepted), control]


def waiting(result: Answer) -> set[tuple[str, str, str, str]]:
    """The suspicious days that nothing good of the scope, and nothing that replaces, has followed."""
    return {
        (*scope_of(one), day, one.delivery.record["delivery_id"])
        for day, covered in result.covered.items()
        for one in covered
        if one.is_suspicious and not any(settles(other, one) for other in covered)
    }


def scope_of(one: CoveredDay) -> tuple[str, str]:
    return one.delivery.record["stream"], one.delivery.record["scope"]


def settles(other: CoveredDay, one: CoveredDay) -> bool:
    """Whether a day as told later makes an earlier telling of it void."""
    record, held = other.delivery.record, one.delivery.record
    same_family = (record["stream"], record["family"]) == (held["stream"], held["family"])
    is_good = not other.is_suspicious and place(other.delivery) > place(one.delivery)
    return is_good and (
        scope_of(other) == scope_of(one) or bool(same_family and record["replaces"])
    )


def deciding(book: Catalog, covered: Sequence[CoveredDay], day: str) -> list[Delivered]:
    """The latest good delivery of each scope that nothing later retires, of the sources that count."""
    winners: dict[tuple[str, str, str], Delivered] = {}
    for one in sorted(covered, key=lambda one: place(one.delivery)):
        record = one.delivery.record
        if one.is_suspicious or not is_source(book, record, day):
            continue
        family = record["stream"], record["family"]
        if record["replaces"]:
            winners = {key: value for key, value in winners.items() if key[:2] != family}
        winners[*family, record["scope"]] = one.delivery
    return list(winners.values())


def is_source(book: Catalog, record: Json, day: str) -> bool:
    """Whether this is the source that counts for its payer: one bill, told by two, counts once."""
    if record["stream"] not in ("cur", "aws_cost"):
        return True
    of_all = book.config("cost_source", day)
    return book.config(f"cost_source:{record['payer']}", day, of_all) == record["stream"]
