"""Applying a catalog brings the book to what it says, whole, once, and never over another apply."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from catalog.catalog_sample import NOW, SAMPLE, Opening, Reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meterbook.book import Book
from meterbook.catalog.apply_catalog import AppliedCatalog, apply_catalog, default_documents
from meterbook.catalog.document import Document
from meterbook.catalog.read_catalog import read_catalog
from meterbook.delivery import Delivery, close_delivery, closing_records, land_rows
from meterbook.errors import CatalogRefused, Refused
from meterbook_local.folder import FolderStore

DEFAULTS = len(default_documents())


@pytest.fixture
def landing(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "landing")


@pytest.fixture
def book(landing: FolderStore, open_book: Opening) -> Book:
    return open_book(landing)


def rows(landing: FolderStore, revision: int) -> list[dict[str, object]]:
    files = [landing.get(key) for key in landing.keys(f"catalog/{revision:08d}/")]
    return [json.loads(line) for file in files for line in gzip.decompress(file).splitlines()]


def kinds_of(applied: AppliedCatalog) -> list[tuple[str, str, str]]:
    return [(change.action, change.kind, change.id) for change in applied.changes]


def without(kind: str, documents: list[Document]) -> list[Document]:
    return [document for document in documents if document.kind != kind]


def test_a_catalog_lands_as_one_revision_and_is_in_the_book(
    book: Book, landing: FolderStore, read: Reading
) -> None:
    applied = apply_catalog(book, read(SAMPLE), commit="abc123")
    assert (applied.revision, len(applied.changes)) == (1, 7 + DEFAULTS)
    (record,) = closing_records(landing, "catalog")
    assert (record["delivery_id"], record["family"], record["origin"]) == (
        "00000001",
        "catalog",
        {"commit": "abc123"},
    )
    module = next(row for row in rows(landing, 1) if row["kind"] == "module")
    assert module == {
        "revision": 1,
        "kind": "module",
        "id": "MOD-042",
        "removed": False,
        "commit": "abc123",
        "document": {
            "id": "MOD-042",
            "name": "Document vault",
            "tax_class": "standard",
            "starts_on": "1900-01-01",
            "ends_on": "9999-12-31",
        },
    }
    cards = book.warehouse.query("select tenant_id, plan_id, starts_on from billing.tenant_tiers")
    assert cards == [{"tenant_id": "acme", "plan_id": "growth", "starts_on": date(2026, 1, 1)}]


def test_applying_again_does_nothing(book: Book, landing: FolderStore, read: Reading) -> None:
    apply_catalog(book, read(SAMPLE))
    assert apply_catalog(book, read(SAMPLE)) == AppliedCatalog(1, [])
    assert len(list(closing_records(landing, "catalog"))) == 1


def test_a_dry_run_says_the_same_and_lands_nothing(
    book: Book, landing: FolderStore, read: Reading
) -> None:
    promised = apply_catalog(book, read(SAMPLE), dry_run=True)
    assert list(landing.keys()) == []
    assert apply_catalog(book, read(SAMPLE)) == promised


def test_a_new_book_has_the_defaults(book: Book) -> None:
    assert apply_catalog(book, default_documents()).revision == 1
    found = book.warehouse.query("select config_key, value from metering.config order by 1")
    assert [tuple(row.values()) for row in found] == [
        ("approval_band", "0.5"),
        ("cost_metric", "unblended"),
        ("cost_source", "cur"),
        ("cost_window_months", "1"),
        ("reconcile_tolerance_usd", "0.01"),
        ("settle_hours", "48"),
        ("unattributed_threshold", "0.02"),
    ]


def test_only_what_changed_lands(book: Book, landing: FolderStore, read: Reading) -> None:
    apply_catalog(book, read(SAMPLE))
    applied = apply_catalog(book, read(SAMPLE.replace("Document vault", "Safe")))
    assert kinds_of(applied) == [("change", "module", "MOD-042")]
    assert applied.changes[0].details == ["name Document vault → Safe"]
    assert [(row["revision"], row["id"]) for row in rows(landing, 2)] == [(2, "MOD-042")]


def test_a_removal_lands_a_tombstone_that_ends_today(
    book: Book, landing: FolderStore, read: Reading
) -> None:
    documents = read(SAMPLE)
    apply_catalog(book, documents)
    applied = apply_catalog(book, without("account", documents))
    assert kinds_of(applied) == [("remove", "account", "acme")]
    (row,) = rows(landing, 2)
    assert (row["removed"], row["document"]["ends_on"]) == (True, "2026-11-05")
    links = book.warehouse.query("select tenant_id, ends_on from billing.account_links")
    assert links == [{"tenant_id": "acme", "ends_on": NOW.date()}]
    assert apply_catalog(book, without("account", documents)).changes == []


def test_a_removal_may_name_its_end_and_be_taken_back(book: Book, read: Reading) -> None:
    documents = read(SAMPLE)
    apply_catalog(book, documents)
    applied = apply_catalog(book, without("account", documents), ends_on=date(2026, 12, 1))
    assert applied.changes[0].details == ["ends on 2026-12-01"]
    assert kinds_of(apply_catalog(book, documents)) == [("add", "account", "acme")]
    assert apply_catalog(book, documents) == AppliedCatalog(3, [])


def test_an_end_date_that_ends_nothing_is_refused(book: Book, read: Reading) -> None:
    documents = read(SAMPLE)
    apply_catalog(book, documents)
    with pytest.raises(Refused, match="2026-12-01 ends nothing"):
        apply_catalog(book, documents, ends_on=date(2026, 12, 1))


def test_what_others_lean_on_cannot_be_removed(book: Book, read: Reading) -> None:
    documents = read(SAMPLE)
    apply_catalog(book, documents)
    with pytest.raises(CatalogRefused, match="tenant acme, modules: the catalog has no module"):
        apply_catalog(book, [of for of in documents if of.kind not in ("module", "plan")])


def renamed_account(documents: list[Document], read: Reading, days: str = "") -> list[Document]:
    text = "{kind: account, id: acme-group, name: Acme, seller: north, currency: USD, "
    return without("account", documents) + read(f"{text} tenants: [acme]{days}}}")


def test_an_account_cannot_take_over_days_of_the_one_that_it_replaces(
    book: Book, read: Reading
) -> None:
    documents = read(SAMPLE)
    apply_catalog(book, documents)
    renamed = renamed_account(documents, read)
    says = r"^catalog/all.yaml, line 1: tenant acme has two accounts that overlap until 2026-11-05"
    with pytest.raises(CatalogRefused, match=says):
        apply_catalog(book, renamed)
    assert apply_catalog(book, documents).changes == []
    later = renamed_account(documents, read, ", from: 2026-11-05")
    assert len(apply_catalog(book, later).changes) == 2
    with pytest.raises(CatalogRefused, match=r"\(the other one is in the book, revision 2\)"):
        apply_catalog(book, renamed)


def test_a_document_removed_from_its_first_day_on_leaves_its_place_free(
    book: Book, read: Reading
) -> None:
    documents = read(SAMPLE)
    apply_catalog(book, documents)
    renamed = renamed_account(documents, read)
    assert len(apply_catalog(book, renamed, ends_on=date(1900, 1, 1)).changes) == 2
    assert apply_catalog(book, renamed).changes == []


def test_a_document_removed_before_it_began_is_in_nobodys_way(book: Book, read: Reading) -> None:
    documents = read(SAMPLE)
    apply_catalog(book, renamed_account(documents, read, ", from: 2026-12-01"))
    links = apply_catalog(book, documents)
    assert kinds_of(links) == [("add", "account", "acme"), ("remove", "account", "acme-group")]
    assert links.changes[1].details == ["ends on 2026-12-01"]


def land_close(book: Book, period: str) -> None:
    """Close a period of one account as `close_period` would, as far as the catalog can see."""
    delivery_id = f"{period}.acme"
    close = {
        "kind": "close",
        "period": period,
        "account_id": "acme",
        "seller_id": "north",
        "currency": "USD",
        "total": "250.00",
        "snapshot_sha256": "00",
        "closed_at": "2026-11-02T00:00:00.000000Z",
        "snapshot": {},
    }
    files = land_rows(book.landing, "closes", delivery_id, [close])
    delivery = Delivery(delivery_id, "closes", delivery_id, delivery_id, NOW, files)
    assert close_delivery(book.landing, delivery)
    book.update()


def test_a_removal_that_reaches_into_a_closed_period_is_refused(book: Book, read: Reading) -> None:
    documents = read(SAMPLE)
    apply_catalog(book, documents)
    for period in ("2026-10", "2026-09"):
        land_close(book, period)
    fewer = without("account", documents)
    with pytest.raises(Refused, match="the days before 2026-11-01 are closed"):
        apply_catalog(book, fewer, ends_on=date(2026, 10, 31))
    assert apply_catalog(book, fewer, ends_on=date(2026, 11, 1)).revision == 2


def test_a_refused_catalog_leaves_the_book_as_it_was(
    book: Book, landing: FolderStore, read: Reading
) -> None:
    apply_catalog(book, read(SAMPLE))
    keys = list(landing.keys())
    with pytest.raises(CatalogRefused, match=r"growth version 3 is published and never changes"):
        apply_catalog(book, read(SAMPLE.replace("0.40", "0.45").replace("vault", "safe")))
    assert list(landing.keys()) == keys
    assert apply_catalog(book, read(SAMPLE)) == AppliedCatalog(1, [])


class Overtaken(FolderStore):
    """A bucket in which somebody else is quicker: they act just before a claim is put."""

    meanwhile: Callable[[], object] | None = None

    def put_if_absent(self, key: str, body: bytes) -> bool:
        act, self.meanwhile = self.meanwhile, None
        if act and key.startswith("deliveries/"):
            act()
        elif act:
            self.meanwhile = act
        return super().put_if_absent(key, body)


def test_of_two_people_who_apply_at_once_the_second_is_told_so(
    tmp_path: Path, open_book: Opening, read: Reading
) -> None:
    bucket = Overtaken(tmp_path / "landing")
    mine, theirs = open_book(bucket), open_book(FolderStore(tmp_path / "landing"))
    first, second = read(SAMPLE), read(SAMPLE.replace("Document vault", "Safe"))
    bucket.meanwhile = lambda: apply_catalog(theirs, first)
    with pytest.raises(Refused) as refused:
        apply_catalog(mine, second)
    assert str(refused.value) == (
        "Somebody else applied revision 1 of the catalog in the meantime; nothing of yours has "
        "landed. Run apply again to see what is left to change."
    )
    assert kinds_of(apply_catalog(mine, second)) == [("change", "module", "MOD-042")]
    assert kinds_of(apply_catalog(theirs, first)) == [("change", "module", "MOD-042")]
    assert [row["document"]["name"] for row in rows(bucket, 3)] == ["Document vault"]


METRICS = ("gb", "calls", "users")
MODULES = ("MOD-1", "MOD-2", "MOD-3")
DAYS = ("2026-01-01", "2026-03-15", "2026-07-01", "2026-11-01")


@st.composite
def catalogs(draw: st.DrawFn) -> str:
    """A random catalog in YAML: what may vary from apply to apply does."""
    parts = ["{kind: seller, id: north, name: North, invoice_series: NL}"]
    parts += [f"{{kind: metric, id: {metric}, unit: unit}}" for metric in METRICS]
    parts += [f"{{kind: module, id: {module}}}" for module in MODULES]
    # A version's number tells its prices, because a version that is published never changes.
    cards = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True))
    for version in cards:
        rates = f"[{{metric: {METRICS[version % 3]}, unit_price: 0.{version}, per: 10}}]"
        card = f"kind: plan, id: card, version: {version}, currency: USD"
        parts.append(f"{{{card}, rates: {rates}, facility_fees: {{MOD-1: {version}.50}}}}")
    for tenant in draw(st.sets(st.sampled_from("abc"))):
        days = draw(st.lists(st.sampled_from(DAYS), unique=True))
        entries = [
            f"{{plan: card, version: {draw(st.sampled_from(cards))}, from: {d}}}" for d in days
        ]
        modules = draw(st.lists(st.sampled_from(MODULES), unique=True))
        body = f"modules: [{', '.join(modules)}], subscriptions: [{', '.join(entries)}]"
        parts.append(f"{{kind: tenant, id: {tenant}, {body}}}")
        payer = f"kind: account, id: of-{tenant}, name: N, seller: north, currency: USD"
        parts.append(f"{{{payer}, tenants: [{tenant}]}}")
    if draw(st.booleans()):
        parts.append(f"{{kind: config, id: settle_hours, value: {draw(st.integers(0, 99))}}}")
    return "\n---\n".join(draw(st.permutations(parts)))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=catalogs())
def test_after_applying_any_catalog_there_is_nothing_to_apply(
    text: str, book: Book, folder: Path
) -> None:
    # One book sees all examples, so each is applied on top of those before it.
    (folder / "all.yaml").write_text(text)
    documents = read_catalog(folder)
    promised = apply_catalog(book, documents, dry_run=True)
    applied = apply_catalog(book, documents)
    assert applied == promised
    assert apply_catalog(book, documents) == AppliedCatalog(applied.revision, [])
    live = book.query("catalog_documents")
    assert sum(not row["removed"] for row in live) == len(
        {document.key for document in documents + default_documents()}
    )
