"""The documents of an account as its tenant is handed them: sealed files, bundles, exports."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from meterbook.book import Book
from meterbook.close.snapshot import Fields
from meterbook.invoice.bundle import bundle
from meterbook.invoice.files import CII, DOCUMENT, PRINT, document_key
from meterbook.invoice.issued import Issued
from meterbook.money import Money
from meterbook.ports import ObjectStore
from meterbook.report.focus import focus_csv, focus_parquet, focus_rows
from meterbook.report.tenant_folder import TenantFolder
from meterbook.report.tenant_view import INVOICES_FORM

_SHOWN = (
    "number", "kind", "period", "issue_date", "due_date", "currency", "net", "tax", "total",
    "refers_to",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Archive:
    """What is issued to whom, where it is stored, and what is still owed of it, by number."""

    book: Book
    evidence: ObjectStore
    issued: Mapping[str, Sequence[Issued]]
    owed: Mapping[str, str]

    @classmethod
    def of(cls, book: Book, evidence: ObjectStore, issued: Sequence[Issued]) -> Archive:
        """Read beside it what others report as paid."""
        owed = {
            str(row["number"]): str(Money.of(str(row["open_amount"]), str(row["currency"])))
            for row in book.show("V_OPEN_INVOICES")
        }
        by_account: defaultdict[str, list[Issued]] = defaultdict(list)
        for one in issued:
            by_account[one.account_id].append(one)
        return cls(book, evidence, by_account, owed)

    def of_accounts(self, accounts: Iterable[str]) -> list[Issued]:
        """The documents of some accounts, in order of seller and number."""
        found = [one for account in accounts for one in self.issued.get(account, ())]
        return sorted(found, key=lambda one: (one.seller_id, one.number))

    def document(self, number: str) -> Fields:
        """The canonical JSON of a document."""
        found: Fields = json.loads(self.evidence.get(document_key(number, DOCUMENT)))
        return found


def write_invoices(archive: Archive, accounts: Iterable[str], folder: TenantFolder) -> str:
    """Put the list of some accounts' documents, newest first, and the files of the new ones."""
    former = _former(folder)
    entries = [
        _entry(archive, one, former.get(one.number), folder)
        for one in archive.of_accounts(accounts)
    ]
    in_order = sorted(entries, key=lambda one: (one["issue_date"], one["number"]), reverse=True)
    return folder.document({"form": INVOICES_FORM, "invoices": in_order})


def _former(folder: TenantFolder) -> dict[str, Fields]:
    key = folder.former.get("invoices")
    listed = folder.read(key)["invoices"] if key else []
    return {one["number"]: one for one in listed}


def _entry(archive: Archive, one: Issued, former: Fields | None, folder: TenantFolder) -> Fields:
    """A document of the list. What is sealed never changes, so its files are put once."""
    told = {name: getattr(one, name) for name in _SHOWN}
    told["open"] = archive.owed.get(one.number)
    if former:
        return told | {"lines": former["lines"], "files": former["files"]}
    document = archive.document(one.number)
    lines = sum(len(group["lines"]) for group in document["groups"])
    return told | {"lines": lines, "files": dict(_files(archive, one, folder))}


def _files(archive: Archive, one: Issued, folder: TenantFolder) -> Iterator[tuple[str, str]]:
    names = {"json": DOCUMENT, "pdf": PRINT, **({"xml": CII} if one.e_invoice else {})}
    for suffix, name in names.items():
        yield suffix, folder.file(archive.evidence.get(document_key(one.number, name)), suffix)
    yield "bundle", folder.file(bundle(archive.book, archive.evidence, one.number), "zip")


def write_exports(archive: Archive, accounts: Iterable[str], folder: TenantFolder) -> Fields:
    """Put the FOCUS export of each month with a document; a month as it was is not made again."""
    months: defaultdict[str, list[str]] = defaultdict(list)
    for one in archive.of_accounts(accounts):
        months[one.period].append(one.number)
    return {
        month: _export(archive, numbers, folder.former.get("focus", {}).get(month), folder)
        for month, numbers in sorted(months.items())
    }


def _export(
    archive: Archive, numbers: Sequence[str], former: Fields | None, folder: TenantFolder
) -> Fields:
    if former and former["numbers"] == list(numbers):
        return former
    rows = [row for number in numbers for row in focus_rows(archive.document(number))]
    return {
        "numbers": list(numbers),
        "csv": folder.file(focus_csv(rows), "csv"),
        "parquet": folder.file(focus_parquet(rows), "parquet"),
    }
