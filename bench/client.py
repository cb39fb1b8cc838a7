"""What a host pays to say what its tenants use: the layer against boto3, in CPU of the client.

Both send the same events to the same bus in another process. boto3 sends ten entries a call, one
event each, which is the most that a call takes. The layer fills packs when a host records much
between two flushes; a host that flushes after every ten events is a row of its own.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from time import process_time

import boto3
from meterbook_usage import UsageMeter

from bench.answers import Answer
from bench.bus import bus
from bench.generate import BUCKETS, tenants
from bench.ground import Ground, duel, job
from bench.measure import Measure, times_better

EVENTS = 11_000  # what a process may record in its life
FULL = 1_100  # events that fill the four packs which one call carries
_HOST = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "eu-west-2",
    "METERBOOK_USAGE_BUS": "usage",
    "METERBOOK_USAGE_DEADLINE_SECONDS": "60",  # a busy machine must not lose a pack to the log
}


def measures(ground: Ground) -> Iterator[Measure]:
    """CPU of the client per event, with full packs and with flushes after ten events."""
    with bus() as address:
        yield _pair(ground, address, FULL, 20)
        yield _pair(ground, address, 10, None)


def _pair(ground: Ground, address: str, a_flush: int, target: float | None) -> Measure:
    ours, theirs = duel(
        EVENTS,
        lambda: job(ground, "bench.client:layer", address=address, a_flush=a_flush),
        lambda: job(ground, "bench.client:single_entries", address=address),
    )
    return times_better(
        f"client CPU per event, {a_flush} recorded a flush, against put_events of ten entries",
        ours.answer["seconds"] / EVENTS * 1e6, theirs.answer["seconds"] / EVENTS * 1e6,
        f"µs of CPU, all threads; boto3 {boto3.__version__}; the bus is another process",
        target=target,
    )  # fmt: skip


def layer(address: str, a_flush: int) -> Answer:
    """Record all events with the layer, flushing after each so many."""
    os.environ.update(_HOST, AWS_ENDPOINT_URL=address)
    meter, used = UsageMeter("MOD-042", function="serve"), _used()

    def send(first: int, last: int) -> None:
        for metric, tenant, quantity in used[first:last]:
            meter.record(metric, tenant_id=tenant, quantity=quantity, unit="call")
        meter.flush()

    return _timed(address, a_flush, send)


def single_entries(address: str) -> Answer:
    """Put all events on the bus with boto3, each in an entry, ten a call."""
    os.environ.update(_HOST, AWS_ENDPOINT_URL=address)
    client, used = boto3.client("events"), _used()

    def send(first: int, last: int) -> None:
        client.put_events(
            Entries=[
                {
                    "EventBusName": "usage",
                    "Source": "meterbook",
                    "DetailType": "usage_recorded",
                    "Detail": json.dumps(_event(n, *used[n])),
                }
                for n in range(first, last)
            ]
        )

    return _timed(address, 10, send)


def _used() -> list[tuple[str, str, str]]:
    """What there is to record: four metrics, tenants as in the generated month, quantities."""
    drawn = tenants()
    return [
        (f"metric_{n % 4}", f"tenant-{drawn[n * 40_503 % BUCKETS]:04d}", f"{n}.25")
        for n in range(EVENTS)
    ]


def _event(n: int, metric: str, tenant: str, quantity: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"0123456789abcdef0123456789abcdef-{n}",
        "source": "/MOD-042/serve",
        "type": metric,
        "subject": tenant,
        "time": "2026-10-14T09:30:12.123456Z",
        "data": {"quantity": quantity, "unit": "call"},
    }


def _timed(address: str, step: int, send: Callable[[int, int], None]) -> Answer:
    """CPU of this process for all events, without what its first call costs once."""
    send(0, 10)
    _taken(address)
    begun = process_time()
    for first in range(0, EVENTS, step):
        send(first, first + step)
    return {"seconds": process_time() - begun, "digest": _taken(address)}


def _taken(address: str) -> str:
    """The digest of all that the bus has taken since it was last asked."""
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - the bus above
        return str(json.load(answer)["digest"])
