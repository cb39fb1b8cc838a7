"""A bundle: a document with all that proves it, for its buyer to check offline.

    invoice.json …    every sealed document but facts.json, which names other customers
    events.jsonl      the usage events behind the quantities
    register.json     the claim, the seal, and every sheet from the claim on, others' entries hashed
    verify.py         checks all of this with the standard library alone
    README.txt        what this is and how to check it
    SHA256SUMS        the digest of each file, as `sha256sum -c` reads it

Nothing in it is of another tenant. The same facts give the same bytes.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TypeVar

from meterbook.book import Book
from meterbook.canonical import canonical_json, sha256, text_of
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent, InputRefused, Refused
from meterbook.invoice.offline.evidence import KEPT
from meterbook.invoice.offline.ground import EVENTS, PROOF, REGISTER, SUMS, Bundle, Wrong, figure
from meterbook.invoice.offline.program import verify
from meterbook.invoice.offline.usage import made_of
from meterbook.invoice.register import (
    Claim,
    Register,
    Seal,
    Sheet,
    hashes,
    public_key_key,
    read_register,
)
from meterbook.invoice.single_file import single_file
from meterbook.invoice.verify import DOCUMENTS, sellers
from meterbook.period import Period
from meterbook.ports import ObjectStore, Row
from meterbook.sqlfiles import project_folder

FORM = "meterbook.bundle.1"
_SHOWN = (
    "usage_date", "module_id", "event_time", "source", "event_id", "counted_id", "quantity",
    "is_withdrawn",
)  # fmt: skip
_Entry = TypeVar("_Entry", Claim, Seal)


def bundle(book: Book, evidence: ObjectStore, number: str) -> bytes:
    """Put together what proves a sealed document, as a zip.

    Errors: `InputRefused` for a number that nobody has given, `Refused` before it is sealed,
    `BookInconsistent` when a document is not as it was sealed.
    """
    register, claimed = find_claim(evidence, number)
    if number not in register.sealed:
        raise Refused(detail=f"{number} has no sealed documents yet. Say `meterbook issue` first.")
    files = dict(_sealed(evidence, register.sealed[number]))
    proof = Bundle(files.__getitem__).json(PROOF)
    files[EVENTS] = _events(book, proof)
    files[REGISTER] = _told(evidence, register, claimed)
    files["verify.py"] = single_file().encode()
    files["README.txt"] = _readme(number, files)
    files[SUMS] = _sums(files)
    return _zipped(files)


def _sealed(evidence: ObjectStore, seal: Seal) -> Iterator[tuple[str, bytes]]:
    """The documents by their names, as they were sealed. Errors: `BookInconsistent`."""
    for key, digest in seal.files.items():
        name = key.removeprefix(f"{DOCUMENTS}{seal.number}/")
        try:
            body = evidence.get(key)
        except KeyError:
            body = b""
        if sha256(body) != digest:
            raise BookInconsistent(
                detail=f"{key} is not as it was sealed, so nothing can be proven with it. "
                "Bring it back from a copy of the evidence; `meterbook verify` says more."
            )
        if name != KEPT:
            yield name, body


def find_claim(evidence: ObjectStore, number: str) -> tuple[Register, Claim]:
    """The register that has given a number, and to what. Errors: `InputRefused` where none has."""
    for seller_id in sellers(evidence):
        register = read_register(evidence, seller_id)
        for claimed in register.claims:
            if claimed.number == number:
                return register, claimed
    raise InputRefused(detail=f"No register has given the number {number!r}.")


def unproven(packed: bytes) -> str:
    """What the verifier in a bundle will find wrong; "" when everything holds."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        try:
            list(verify(archive.read))
        except Wrong as wrong:
            return str(wrong)
    return ""


# ---- the register ----------------------------------------------------------------------------


def _told(evidence: ObjectStore, register: Register, claimed: Claim) -> bytes:
    """The two sheets that name the document, and the chain from the first of them to the head."""
    seal = register.sealed[claimed.number]
    first = next(sheet for sheet in register.sheets if claimed in sheet.claims)
    second = next(sheet for sheet in register.sheets if seal in sheet.sealed)
    chain = register.sheets[first.sheet - 1 :]
    told = {
        "form": FORM,
        "number": claimed.number,
        "claim": {"sheet": first.sheet, "entries": _redacted(first.claims, claimed)},
        "seal": {"sheet": second.sheet, "entries": _redacted(second.sealed, seal)},
        "chain": [{"head": sheet.head, "signature": sheet.signature} for sheet in chain],
        "keys": {id_: _public_key(evidence, id_) for id_ in _key_ids(chain)},
    }
    return canonical_json(told).encode() + b"\n"


def _redacted(entries: Sequence[_Entry], own: _Entry) -> list[object]:
    """One entry in the clear among the hashes of the others."""
    return [
        asdict(entry) if entry == own else hashed
        for entry, hashed in zip(entries, hashes(entries), strict=True)
    ]


def _key_ids(sheets: Sequence[Sheet]) -> set[str]:
    return {sheet.key_id for sheet in sheets}


def _public_key(evidence: ObjectStore, id_: str) -> str:
    return base64.b64encode(evidence.get(public_key_key(id_))).decode()


# ---- the events ------------------------------------------------------------------------------


def _events(book: Book, proof: Fields) -> bytes:
    """The events of every quantity, each with whether it was known when the month was closed."""
    counted = {found["id"]: found["document"].get("aggregation") for found in proof["metrics"]}
    rows = [
        row
        for place in proof["quantities"]
        for row in _of_metric(book, proof, place, str(counted[place["metric"]] or "sum"))
    ]
    return "".join(f"{canonical_json(row)}\n" for row in rows).encode()


def _of_metric(book: Book, proof: Fields, place: Fields, counted: str) -> Iterator[Fields]:
    period = Period.parse(proof["period"])
    binds = {name: place[name] for name in ("tenant_id", "metric")}
    found = book.query("explain_events", **binds, first_day=period.start, end_day=period.end)
    days: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in found:
        days[text_of(row["usage_date"]), str(row["module_id"])].append(row)
    frozen = {
        (row["usage_date"], row["module_id"]): row["quantity"]
        for row in proof["usage"]
        if all(row[name] == value for name, value in binds.items())
    }
    for day, rows in days.items():
        in_order = sorted(rows, key=_arrival)
        in_time = _in_time(in_order, frozen.get(day, "0"), counted)
        for number, row in enumerate(in_order):
            yield _shown(row) | binds | {"known_since": number >= in_time}


def _shown(row: Row) -> Fields:
    return {n: v if isinstance(v := row[n], bool) else text_of(v) for n in _SHOWN}


def _in_time(rows: Sequence[Row], frozen: str, counted: str) -> int:
    """How many of a day's events, in order of arrival, were known when the month was closed.

    What came later came in files of its own, and without them the day is what was frozen. All are
    in time where no such cut makes the day right: then the verifier says what differs.
    """
    told = [_shown(row) for row in rows]
    # A level that is held may stand on events of earlier months, so its days are told by no cut.
    for end in range(len(rows), -1, -1) if counted != "time_weighted" else ():
        inside_a_file = 0 < end < len(rows) and _file(rows, end) == _file(rows, end - 1)
        if not inside_a_file and made_of(told[:end], counted) == figure(frozen):
            return end
    return len(rows)


def _file(rows: Sequence[Row], place: int) -> object:
    return rows[place]["file_name"]


def _arrival(row: Row) -> tuple[str, str, int, int]:
    """When a file came: by its delivery's place in order, or by the hour in Firehose's name."""
    ordered_at, name = row["ordered_at"], str(row["file_name"])
    if isinstance(ordered_at, datetime):
        arrived = ordered_at.isoformat(timespec="microseconds")
    else:
        arrived = "{}-{}-{}T{}".format(*(*name.split("/")[1:], "", "", "", "")[:4])
    return arrived, name, int(str(row["file_row"])), int(str(row["ordinal"]))


# ---- the files -------------------------------------------------------------------------------


def _readme(number: str, files: Fields) -> bytes:
    text = (project_folder("web") / "bundle_readme.txt").read_text("utf-8")
    names = "\n".join(f"    {name}" for name in sorted(files) if name.startswith("invoice."))
    return text.replace("{number}", number).replace("{documents}", names).encode()


def _sums(files: Fields) -> bytes:
    return "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files)).encode()


def _zipped(files: dict[str, bytes]) -> bytes:
    """A zip that tells no time and no machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return packed.getvalue()
