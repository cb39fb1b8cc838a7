"""When AWS has written a Data Export (CUR 2.0): land what its manifest lists as one delivery.

The files are read here and landed as rows, like a bill that a person hands in: decision 5 says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from meterbook.canonical import canonical_json, sha256
from meterbook.costs.amortized import RULES
from meterbook.costs.coverage import Landed, landed_of
from meterbook.costs.cur_file import CurFile
from meterbook.costs.export_manifest import Manifest, read_manifest
from meterbook.costs.mapping import REQUIRED, CurMapping
from meterbook.costs.offer import Offer, read_offer
from meterbook.delivery import (
    ControlTotal,
    DeliveredFile,
    Delivery,
    close_delivery,
    closed_delivery,
    land_packed,
)
from meterbook.errors import FileRefused, Refused
from meterbook.mappingfile import Term
from meterbook.ports import DatedStore, ObjectStore
from meterbook.textfile import CsvShape

# What the export's query selects. Its tags are a map, so the query names the two that matter:
# `resource_tags.user_tenant_id as owner_tag, resource_tags.user_module_id as module_tag`.
COLUMNS = {
    "payer": "bill_payer_account_id",
    "usage_date": "line_item_usage_start_date",
    "cost": "line_item_unblended_cost",
    "currency": "line_item_currency_code",
    "service": "line_item_product_code",
    "account": "line_item_usage_account_id",
    "owner_tag": "owner_tag",
    "module_tag": "module_tag",
    "usage_type": "line_item_usage_type",
    "line_type": "line_item_line_item_type",
    "resource_id": "line_item_resource_id",
}
# What the amortized cost is told by. An export without one of these tells the unblended cost alone.
AMORTIZED = RULES["cur-2"]
# An export without its tag columns would make a whole bill untagged, so it is refused.
PRESENT = (*REQUIRED, "service", "account", "owner_tag", "module_tag")
STREAM = "cur"


def land_cost_export(landing: ObjectStore, exported: DatedStore, manifest_key: str) -> Delivery:
    """Land the export's month as one delivery, or return the one that has it already.

    Its place in order is the time at which the manifest was written. Errors: `FileRefused` for a
    file that is missing or a line that cannot be taken; `Refused` while AWS writes the export anew
    and for days that a person has imported. Nothing counts then.
    """
    manifest = read_manifest(exported, manifest_key)
    closed = closed_delivery(landing, STREAM, manifest.delivery_id)
    return closed or _land(landing, exported, manifest)


def _land(landing: ObjectStore, exported: DatedStore, manifest: Manifest) -> Delivery:
    with TemporaryDirectory() as folder:
        files = [
            _fetched(exported, manifest, key, Path(folder, str(number)))
            for number, key in enumerate(manifest.data_keys)
        ]
        offer = read_offer(files, cur2_mapping(manifest.export, amortized=_tell_amortized(files)))
        _refuse_imported(landing, offer)
    landed_files = land_packed(landing, STREAM, manifest.delivery_id, offer.packed)
    delivery = _delivery(landing, manifest, offer, landed_files)
    if close_delivery(landing, delivery):
        return delivery
    return closed_delivery(landing, STREAM, delivery.delivery_id) or delivery


def _tell_amortized(files: Sequence[Path]) -> bool:
    """Whether all files have all columns that the amortized cost hangs on."""
    headers = (CurFile(path, cur2_mapping("")).records()[0] for path in files)
    return all(set(AMORTIZED.values()).issubset(header) for header in headers)


def cur2_mapping(export: str, *, amortized: bool = False) -> CurMapping:
    """How the text of a CUR 2.0 export is read."""
    return CurMapping(
        export=export,
        sha256=sha256(canonical_json([COLUMNS, amortized])),
        shape=CsvShape(),
        null="",
        terms={field: Term(column=column) for field, column in COLUMNS.items()},
        present=PRESENT,
        amortized=AMORTIZED if amortized else {},
    )


def _fetched(exported: DatedStore, manifest: Manifest, key: str, folder: Path) -> Path:
    try:
        stored = exported.read(key)
    except KeyError:
        raise FileRefused(file=manifest.key, detail=f"it names {key}, which is not there") from None
    if stored.written_at > manifest.written_at:
        raise Refused(detail=f"{key} is newer than its manifest: AWS is writing the export anew.")
    folder.mkdir()
    path = folder / Path(key).name
    path.write_bytes(stored.body)
    return path


def _refuse_imported(landing: ObjectStore, offer: Offer) -> None:
    """A bill that a person imported under the export's name is the same cost told twice."""
    by_hand = landed_of(landing, offer.family, f"{offer.payer}.{offer.export}.")
    if twice := sorted(day for one in by_hand for day in one.days if day in offer.days):
        raise Refused(
            detail=f"{twice[0]} was imported by hand for {offer.family}; the export holds it too."
        )


def _delivery(
    landing: ObjectStore, manifest: Manifest, offer: Offer, files: Sequence[DeliveredFile]
) -> Delivery:
    of_the_month = landed_of(landing, offer.family, f"{manifest.export}.{manifest.period}.")
    return Delivery(
        delivery_id=manifest.delivery_id,
        stream=STREAM,
        family=offer.family,
        scope=f"{offer.family}:{manifest.period}",
        ordered_at=manifest.written_at,
        files=files,
        days=_days(of_the_month, manifest, offer.days),
        payer=offer.payer,
        origin={
            "content_sha256": offer.content_sha256,
            "execution_id": manifest.execution_id,
            "export": manifest.export,
            "files": list(manifest.data_keys),
            "manifest": manifest.key,
        },
    )


def _days(
    landed: Sequence[Landed], manifest: Manifest, days: dict[date, ControlTotal]
) -> list[ControlTotal]:
    """The export's days, and those that an earlier state of the month had and this one has not.

    A month is restated whole, and a day that is gone from it costs nothing any more; so a state
    that comes late, after a later one, covers no day which that one does not.
    """
    place = (manifest.written_at, manifest.delivery_id)
    covered = dict(days)
    amortized = all(total.amortized_usd is not None for total in days.values())
    nothing_usd = Decimal(0) if amortized else None
    for one in landed:
        if (one.ordered_at, one.delivery_id) < place:
            gone = {day: ControlTotal(day, Decimal(0), 0, nothing_usd) for day in one.days}
            covered = gone | covered
    for one in landed:
        if (one.ordered_at, one.delivery_id) > place:
            covered = {day: total for day, total in covered.items() if day in one.days}
    return list(covered.values())
