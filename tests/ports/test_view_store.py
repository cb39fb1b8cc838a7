"""Every store of published documents keeps these contracts: written over whole, and read by tenant.

What one tenant's store can reach is below that tenant's prefix, and a link opens one document, for
five minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aws.moto_cloud import client, new_bucket
from meterbook.aws.tenant_views import AssumedTenantStores
from meterbook.aws.views import S3ViewStore
from meterbook.errors import InputRefused
from meterbook.ports import TenantStores, ViewStore
from meterbook_local.clock import FixedClock
from meterbook_local.views import FILES, FolderTenants, FolderViews
from ports.test_object_store import HOSTILE_KEYS

pytestmark = pytest.mark.usefixtures("cloud")

NOON = datetime(2026, 12, 15, 12, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/reader"
Pair = tuple[ViewStore, TenantStores]


def folder(place: Path) -> Pair:
    return FolderViews(place / "views"), FolderTenants(place / "views", b"k" * 32, FixedClock(NOON))


def s3(place: Path) -> Pair:
    made = new_bucket()
    clock = FixedClock(datetime(2020, 1, 1, tzinfo=UTC))
    stores = AssumedTenantStores(client("sts"), ROLE, "bucket", lambda _: made, clock)
    return S3ViewStore(made, "bucket"), stores


ADAPTERS: dict[str, Callable[[Path], Pair]] = {"folder": folder, "s3": s3}


@pytest.fixture(params=ADAPTERS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    return ADAPTERS[request.param](tmp_path)


@pytest.fixture
def views(pair: Pair) -> ViewStore:
    return pair[0]


@pytest.fixture
def tenants(pair: Pair) -> TenantStores:
    pair[0].replace("published.json", b"told")
    pair[0].replace("tenants/cedar/index.json", b"cedar's")
    pair[0].replace("tenants/cedar/files/a.pdf", b"%PDF")
    pair[0].replace("tenants/birch/index.json", b"birch's")
    return pair[1]


def test_a_document_is_written_over(views: ViewStore) -> None:
    views.replace("a/b.json", b"first")
    views.replace("a/b.json", b"")
    assert views.get("a/b.json") == b""


def test_a_document_is_taken_away_once_and_again(views: ViewStore) -> None:
    views.replace("a/b.json", b"first")
    for _ in range(2):
        views.remove("a/b.json")
    with pytest.raises(KeyError):
        views.get("a/b.json")
    assert list(views.keys()) == []


def test_keys_come_in_the_order_of_their_bytes(views: ViewStore) -> None:
    for key in ("b", "a/c", "a/b", "a-b"):
        views.replace(key, b"")
    assert list(views.keys()) == ["a-b", "a/b", "a/c", "b"]
    assert list(views.keys("a/")) == ["a/b", "a/c"]


def test_whoever_reads_meanwhile_has_one_of_both_whole(views: ViewStore) -> None:
    bodies = [bytes([letter]) * 200_000 for letter in b"ab"]
    views.replace("index.json", bodies[0])
    with ThreadPoolExecutor(4) as hands:
        written = [hands.submit(views.replace, "index.json", bodies[at % 2]) for at in range(20)]
        read = [hands.submit(views.get, "index.json") for _ in range(20)]
    assert [one.result() for one in written] == [None] * 20
    assert {one.result() for one in read} <= set(bodies)
    assert list(views.keys()) == ["index.json"]


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_hostile_key_is_refused(views: ViewStore, tenants: TenantStores, key: str) -> None:
    for hand in (views.get, views.remove, tenants.open("cedar").get):
        with pytest.raises(InputRefused):
            hand(key)
    with pytest.raises(InputRefused):
        views.replace(key, b"x")


def test_a_tenant_reaches_its_own_and_what_is_told_to_all(tenants: TenantStores) -> None:
    cedar = tenants.open("cedar")
    assert (cedar.get("index.json"), cedar.published()) == (b"cedar's", b"told")


@pytest.mark.parametrize("key", ["nothing.json", "birch/index.json", "tenants/birch/index.json"])
def test_a_tenant_reaches_nothing_else(tenants: TenantStores, key: str) -> None:
    with pytest.raises(KeyError):
        tenants.open("cedar").get(key)


@pytest.mark.parametrize("name", ["", "..", "cedar/../birch", "birch/", "a b", ".hidden"])
def test_what_is_no_tenants_id_opens_nothing(tenants: TenantStores, name: str) -> None:
    with pytest.raises(InputRefused):
        tenants.open(name)


def test_a_link_names_the_document_and_differs_from_all_others(tenants: TenantStores) -> None:
    cedar = tenants.open("cedar")
    links = {cedar.link(key, name) for key in ("files/a.pdf", "files/b.pdf") for name in ("a", "b")}
    assert len(links) == 4


def test_before_anything_is_published_nothing_is_told(pair: Pair) -> None:
    with pytest.raises(KeyError):
        pair[1].open("cedar").published()


# ---- the links of one machine --------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "opens"), [(0, True), (300, True), (301, False)])
def test_a_link_of_this_machine_opens_for_five_minutes(
    tmp_path: Path, seconds: int, opens: bool
) -> None:
    views, tenants = folder(tmp_path)
    views.replace("tenants/cedar/files/a.pdf", b"%PDF")
    token = tenants.open("cedar").link("files/a.pdf", "NL-1.pdf").removeprefix(FILES)
    later = FixedClock(datetime.fromtimestamp(NOON.timestamp() + seconds, UTC))
    then = FolderTenants(tmp_path / "views", b"k" * 32, later)
    if opens:
        assert then.opened(token) == (b"%PDF", "NL-1.pdf")
    else:
        with pytest.raises(KeyError):
            then.opened(token)


def test_a_link_that_was_changed_or_made_elsewhere_opens_nothing(tmp_path: Path) -> None:
    views, tenants = folder(tmp_path)
    views.replace("tenants/cedar/files/a.pdf", b"%PDF")
    token = tenants.open("cedar").link("files/a.pdf", "a.pdf").removeprefix(FILES)
    theirs = FolderTenants(tmp_path / "views", b"j" * 32, FixedClock(NOON))
    bent = [token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :]
            for at, letter in enumerate(token)]  # fmt: skip
    for forged in (
        "",
        ".",
        "é.é",
        token[:-1],
        theirs.open("cedar").link("files/a.pdf", "a"),
        *bent,
    ):
        with pytest.raises(KeyError):
            FolderTenants(tmp_path / "views", b"k" * 32, FixedClock(NOON)).opened(forged)
