"""Every object store keeps this contract: written once, whole or not at all, listed in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from aws.moto_cloud import store as s3_store
from meterbook.errors import InputRefused
from meterbook.ports import DatedStore
from meterbook_local.folder import FolderStore

pytestmark = pytest.mark.usefixtures("cloud")

ADAPTERS: dict[str, Callable[[Path], DatedStore]] = {
    "folder": lambda place: FolderStore(place / "bucket"),
    "s3": lambda _: s3_store(),
    "s3, locked, below a prefix": lambda _: s3_store(prefix="landing/", locked_days=1),
}

HOSTILE_KEYS = [
    "", "/", "/etc/passwd", "../up", "a/../../up", "a/..", "a//b", "a/", "./a", "a/.", "a\\b",
    "a\0b", ".hidden", "a/.hidden/b",
]  # fmt: skip


@pytest.fixture(params=ADAPTERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DatedStore:
    return ADAPTERS[request.param](tmp_path)


def test_an_object_comes_back_as_it_was_put(store: DatedStore) -> None:
    assert store.put_if_absent("cur/2019/part.jsonl.gz", b"rows") is True
    assert store.get("cur/2019/part.jsonl.gz") == b"rows"


def test_an_object_knows_in_utc_when_it_was_written(store: DatedStore) -> None:
    store.put_if_absent("first", b"1")
    store.put_if_absent("second", b"2")
    first, second = store.read("first"), store.read("second")
    assert (first.body, second.body) == (b"1", b"2")
    assert first.written_at.tzinfo is UTC
    assert timedelta(0) <= second.written_at - first.written_at < timedelta(minutes=1)
    with pytest.raises(KeyError):
        store.read("third")


def test_a_second_put_is_told_so_and_changes_nothing(store: DatedStore) -> None:
    store.put_if_absent("a/b", b"first")
    assert store.put_if_absent("a/b", b"second") is False
    assert store.get("a/b") == b"first"


@pytest.mark.parametrize("body", [b"", b"\0\xff\r\n\x1a", bytes(range(256)) * 5_000])
def test_a_body_may_be_empty_binary_or_large(store: DatedStore, body: bytes) -> None:
    store.put_if_absent("body", body)
    assert store.get("body") == body


def test_of_many_writers_at_once_exactly_one_is_told_that_it_wrote(store: DatedStore) -> None:
    for turn in range(10):
        bodies = [f"writer {number}".encode() * 2_000 for number in range(8)]
        with ThreadPoolExecutor(len(bodies)) as writers:
            told = list(
                writers.map(lambda body, key=f"r/{turn}": store.put_if_absent(key, body), bodies)
            )
        assert told.count(True) == 1
        assert store.get(f"r/{turn}") == bodies[told.index(True)]
    assert len(list(store.keys())) == 10


def test_an_object_that_is_not_there_is_a_key_error(store: DatedStore) -> None:
    store.put_if_absent("folder/object", b"")
    for key in ("nothing", "folder", "folder/object/below"):
        with pytest.raises(KeyError):
            store.get(key)


def test_keys_come_in_the_order_of_their_bytes(store: DatedStore) -> None:
    keys = [
        "a/b",
        "a-b",
        "a.b",
        "a/b.c",
        "B",
        "a/é",
        "a/z",
        "a/𝄞",
        "a/\uffee",
        "a b",
        "a/10",
        "a/9",
    ]
    for key in keys:
        store.put_if_absent(key, b"")
    assert list(store.keys()) == sorted(keys, key=str.encode)


def test_a_prefix_is_text_and_needs_no_slash(store: DatedStore) -> None:
    for key in ("cur/x/1", "cur/xy/1", "cur/xy/2", "curious", "usage/x"):
        store.put_if_absent(key, b"")
    assert list(store.keys("cur/x")) == ["cur/x/1", "cur/xy/1", "cur/xy/2"]
    assert list(store.keys("cur/xy/")) == ["cur/xy/1", "cur/xy/2"]
    assert list(store.keys("cur/xy/2")) == ["cur/xy/2"]
    assert list(store.keys("c")) == ["cur/x/1", "cur/xy/1", "cur/xy/2", "curious"]
    assert list(store.keys("nothing/there")) == []


def test_a_store_without_objects_has_no_keys(store: DatedStore) -> None:
    assert list(store.keys()) == []


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_hostile_key_is_refused_and_nothing_is_written(
    store: DatedStore, key: str, tmp_path: Path
) -> None:
    with pytest.raises(InputRefused):
        store.put_if_absent(key, b"x")
    with pytest.raises(InputRefused):
        store.get(key)
    assert list(store.keys()) == []
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("prefix", ["../", "/", "/etc/", "a/../../", "..", "\\", "\0/"])
def test_a_hostile_prefix_lists_nothing(store: DatedStore, prefix: str, tmp_path: Path) -> None:
    store.put_if_absent("a/b", b"")
    (tmp_path / "beside").write_text("not ours")
    assert list(store.keys(prefix)) == []
