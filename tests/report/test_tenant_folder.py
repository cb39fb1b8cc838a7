"""A tenant's folder: what a set has retired goes with the next one, and never what is named again.

A run that was cut short leaves the former set whole, and the next one brings about what it would
have.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from meterbook.report.tenant_folder import Put, TenantFolder
from meterbook_local.views import FolderViews

PREFIX = "tenants/birch/"


class CutShort(Exception):
    """The machine is gone."""


class Breaking:
    """Views that take so many writes, and then no more."""

    def __init__(self, views: FolderViews, writes: int) -> None:
        self._views, self._left = views, writes

    def get(self, key: str) -> bytes:
        return self._views.get(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self._views.keys(prefix)

    def replace(self, key: str, body: bytes) -> None:
        self._spend()
        self._views.replace(key, body)

    def remove(self, key: str) -> None:
        self._spend()
        self._views.remove(key)

    def _spend(self) -> None:
        if not self._left:
            raise CutShort
        self._left -= 1


@pytest.fixture
def views(tmp_path: Path) -> FolderViews:
    return FolderViews(tmp_path)


def put(views: FolderViews | Breaking, *months: str, as_of: str = "now") -> Put:
    """Publish a set of months, each a document that names a file, and read the former first."""
    folder = TenantFolder(views, "birch")
    for key in folder.former.get("months", ()):
        folder.read(key)
    keys = [
        folder.document({"month": month, "file": folder.file(month.encode(), "csv")})
        for month in months
    ]
    return folder.publish({"months": keys}, as_of)


def there(views: FolderViews) -> int:
    """How many documents there are besides the index."""
    return len([key for key in views.keys(PREFIX) if not key.endswith("index.json")])


def whole(views: FolderViews, *months: str) -> bool:
    """Whether the set in force is that of these months, and all that it names can be read."""
    folder = TenantFolder(views, "birch")
    documents = [folder.read(key) for key in folder.former["months"]]
    files = [views.get(PREFIX + document["file"]).decode() for document in documents]
    return files == list(months) == [document["month"] for document in documents]


def test_what_is_retired_is_removed_once_when_the_next_set_is_put(views: FolderViews) -> None:
    put(views, "october")
    assert put(views, "november").removed == 0
    assert whole(views, "november")
    assert there(views) == 4, "who holds the former index can still read its month"
    assert put(views, "december").removed == 2
    assert put(views, "january").removed == 2


def test_what_was_retired_and_comes_back_stays(views: FolderViews) -> None:
    for months in (("october",), ("november",), ("october",)):
        put(views, *months)
        assert whole(views, *months)
    put(views, "october", "december")
    assert whole(views, "october", "december")


def test_what_an_index_names_again_without_putting_it_stays(views: FolderViews) -> None:
    put(views, "october")
    kept = TenantFolder(views, "birch").former["months"]
    for as_of in ("later", "later still"):
        folder = TenantFolder(views, "birch")
        folder.publish({"months": kept, "told": as_of}, as_of)
    assert whole(views, "october")


@pytest.mark.parametrize("writes", range(6))
def test_a_run_that_is_cut_short_leaves_a_whole_set_and_is_repeated(
    views: FolderViews, writes: int
) -> None:
    put(views, "october")
    put(views, "november")
    try:
        put(Breaking(views, writes), "november", "december")
    except CutShort:
        assert whole(views, "november") or whole(views, "november", "december")
    put(views, "november", "december", as_of="later")
    assert whole(views, "november", "december")
