"""A licensee's overview: how soon it is there, what it weighs, and how soon its function starts.

The pages are those of the demo's largest tenant, in an open month, asked for over HTTP in a session
from the server that `meterbook serve` starts, which has one processor; who asks has the other.
Every answer is compared, byte by byte, with the one before it. The file that it is measured against
is the page's own text: as large, and as well compressed.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import sched_getaffinity
from pathlib import Path
from statistics import median

from bench.ground import PROJECT, Ground, Unequal, job
from bench.measure import Measure, times_as_much, times_better
from bench.page_server import FILE, serving
from bench.readers import USERS, ask, signed_in

_PAGE, _STATIC, _DISK, _FIRST, _QUERY = (
    "/", "/beside/file", "/file", "/beside/first", "/beside/query",
)  # fmt: skip
_REQUESTS, _ROUNDS = 4_000, 5
_MOST_BYTES, _MOST_MILLISECONDS = 100_000, 400
_LOADED = re.compile(rb'<(?:link|script|img)\b[^>]*?\b(?:href|src)="([^"]+)"')
_IMPORTED = re.compile(r"^import time: +\d+ \| +(\d+) \|( +)(\S+)$", re.MULTILINE)
Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Shop:
    """A server that runs, and the session of the tenant that is looked at."""

    port: int
    cookie: str
    tenant_id: str
    reader_core: int

    def headers(self, encoding: str) -> dict[str, str]:
        """What a browser of the session sends."""
        return {"accept-encoding": encoding, "accept": "text/html", "cookie": self.cookie}


def measures(ground: Ground) -> Iterator[Measure]:
    """The page under load, the page by query, its weight, and the start of its function."""
    root = ground.empty("work/shop")
    _demo(root)
    server_core, *others = sorted(sched_getaffinity(0))
    with serving(root, server_core) as port:
        shop = _largest(root, port, (others or [server_core])[0])
        _put_file(root, shop)
        yield _by_query(ground, shop)
        for encoding in ("gzip, deflate, br", "identity"):
            yield from _under_load(ground, shop, encoding)
        yield _weight(shop)
    yield _start(ground)


def _demo(root: Path) -> None:
    """The demo's workspace; it ends in the middle of its open month, and with publishing it."""
    command = [sys.executable, "-c", "from meterbook_cli.main import run; run()", "demo"]
    subprocess.run([*command, "--workspace", str(root)], check=True, capture_output=True)


def _largest(root: Path, port: int, reader_core: int) -> Shop:
    """The session of the tenant whose overview is the longest."""
    tenants = sorted(path.name for path in (root / "views/tenants").iterdir())
    shops = [Shop(port, signed_in(port, tenant), tenant, reader_core) for tenant in tenants]
    return max(shops, key=lambda shop: len(_text(shop, _PAGE)))


def _text(shop: Shop, path: str) -> bytes:
    reply = ask(shop.port, path, shop.headers("identity"))
    if reply.status != 200:
        raise ValueError(f"{path} was answered with {reply.status}")
    return reply.body


def _put_file(root: Path, shop: Shop) -> None:
    text = _text(shop, _PAGE)
    (root / FILE).write_bytes(text)
    (root / f"{FILE}.gz").write_bytes(gzip.compress(text, mtime=0))


# ---- the page by query ---------------------------------------------------------------------------


def _by_query(ground: Ground, shop: Shop) -> Measure:
    texts = {_text(shop, path) for path in (_PAGE, _FIRST, _QUERY)}
    if len(texts) > 1:
        raise Unequal("the page from documents and the page by query differ")

    def one_after_another(path: str, requests: int) -> float:
        return _load(ground, shop, path, "gzip", requests, users=1)["p50"]

    queried = min(one_after_another(_QUERY, 5) for _ in range(2))
    first = min(one_after_another(_FIRST, 40) for _ in range(2))
    again = min(one_after_another(_PAGE, 400) for _ in range(2))
    return times_better(
        "tenant page from published documents against the page by query, one user",
        first, queried,
        f"ms, the first time that a set is read; again {again:.2f}; the book is open and warm; the "
        "former month is read from its document on both sides; the HTML is equal",
        target=10,
    )  # fmt: skip


# ---- under load ----------------------------------------------------------------------------------


def _under_load(ground: Ground, shop: Shop, encoding: str) -> Iterator[Measure]:
    """The page and both files in turns; the median of what the rounds say."""
    turns = [
        [_load(ground, shop, path, encoding, _REQUESTS) for path in (_PAGE, _STATIC, _DISK)]
        for _ in range(_ROUNDS)
    ]
    page, static, disk = (_median(side) for side in zip(*turns, strict=True))
    wire = ask(shop.port, _PAGE, shop.headers(encoding)).wire_bytes
    coded = f"{'gzip' if 'gzip' in encoding else 'as it is'}, {wire / 1000:.1f} kB"
    yield times_as_much(
        f"tenant page for {USERS} users at once, p99, against a static file of its size ({coded})",
        page["p99"], static["p99"], f"ms; both by the app, on one core; {_more(page, static)}",
        target=1.5,
    )  # fmt: skip
    yield times_as_much(
        f"the same against a file that the server reads from the disk itself ({coded})",
        page["p99"], disk["p99"], f"ms; no app, no identity, no checks; {_more(page, disk)}",
    )  # fmt: skip


def _median(turns: Sequence[Figures]) -> dict[str, float]:
    return {name: median(turn[name] for turn in turns) for name in turns[0]}


def _more(ours: Figures, theirs: Figures) -> str:
    return (
        f"p50 {ours['p50']:.1f} and {theirs['p50']:.1f} ms, "
        f"{ours['rate']:.0f} and {theirs['rate']:.0f} a second"
    )


def _load(
    ground: Ground, shop: Shop, path: str, encoding: str, requests: int, users: int = USERS
) -> dict[str, float]:
    told: dict[str, float] = job(
        ground, "bench.readers:load", port=shop.port, path=path, headers=shop.headers(encoding),
        requests=requests, users=users, core=shop.reader_core,
    ).answer  # fmt: skip
    return told


# ---- weight --------------------------------------------------------------------------------------


def _weight(shop: Shop) -> Measure:
    """The page and all that it makes a browser load, as it comes over the wire."""
    text = _text(shop, _PAGE)
    paths = [_PAGE, *loaded_by(text)]
    packed = [ask(shop.port, path, shop.headers("gzip, deflate, br")) for path in paths]
    plain = [ask(shop.port, path, shop.headers("identity")) for path in paths]
    if wrong := [one.status for one in (*packed, *plain) if one.status != 200]:
        raise ValueError(f"what the page loads was answered with {wrong}")
    page, whole = (sum(one.wire_bytes for one in some) / 1000 for some in (packed[:1], packed))
    return times_as_much(
        "weight of a tenant's page with all that it loads",
        whole, _MOST_BYTES / 1000,
        f"kB with gzip and heads of answers, {len(paths)} requests, {shop.tenant_id}'s; the page "
        f"is {page:.1f} of them; {sum(one.wire_bytes for one in plain) / 1000:.0f} kB as it is",
        target=1,
    )  # fmt: skip


def loaded_by(text: bytes) -> list[str]:
    """What a browser fetches by itself when it has a page: styles, scripts, pictures."""
    return list(dict.fromkeys(path.decode() for path in _LOADED.findall(text)))


# ---- the start of the function -------------------------------------------------------------------


def _start(ground: Ground) -> Measure:
    """What importing the handler takes, without what every Lambda has."""
    told = [import_times("tenant_api") for _ in range(10)]
    own, whole = (min(one[name] for one in told) for name in ("own", "whole"))
    return times_as_much(
        "cold start of the tenant API: importing its handler",
        own, _MOST_MILLISECONDS,
        f"ms, best of 10, compiled before, on one core of this machine; boto3, which the runtime "
        f"brings, is not in it: with it {whole:.0f} ms",
        target=1,
    )  # fmt: skip


def import_times(function: str) -> dict[str, float]:
    """Milliseconds that importing a function's handler takes: all of it, and all but boto3."""
    found = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import handler"],
        capture_output=True, text=True, check=True, cwd=PROJECT / "functions" / function,
    )  # fmt: skip
    return read_import_times(found.stderr)


def read_import_times(told: str) -> dict[str, float]:
    """The same from what `-X importtime` writes: a line for each module, below what it imported."""
    whole = brought = 0
    outermost = sys.maxsize  # how deep the boto3 lies to which the next lines belong
    for took, indent, name in reversed(_IMPORTED.findall(told)):
        if name == "handler":
            whole = int(took)
        if len(indent) > outermost:
            continue
        is_brought = name.partition(".")[0] in ("boto3", "botocore")
        outermost = len(indent) if is_brought else sys.maxsize
        brought += int(took) if is_brought else 0
    return {"whole": whole / 1000, "own": (whole - brought) / 1000}
