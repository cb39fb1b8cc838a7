"""Walk the registers and every document that they seal, and name what is not as it was written.

Nothing stops at the first thing that is wrong: what a person needs is the whole list.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from meterbook.canonical import sha256
from meterbook.identifier import is_identifier
from meterbook.invoice.register import (
    KEYS,
    PREFIX,
    Claim,
    Seal,
    Sheet,
    public_key_key,
    sheet_key,
    sheet_keys,
)
from meterbook.invoice.signature import is_signed, key_id
from meterbook.ports import ObjectStore

DOCUMENTS = "invoices/"
_KEY = re.compile(rf"{KEYS}[0-9a-f]{{64}}\.der")


@dataclass(frozen=True, slots=True, order=True)
class Doubt:
    """Something that is not as it should be: the sheet or the object, and how."""

    place: str
    what: str


@dataclass(slots=True)
class Verified:
    """What was walked, what is wrong with it, and which numbers have no sealed documents yet."""

    doubts: list[Doubt] = field(default_factory=list)
    pending: list[Claim] = field(default_factory=list)
    sheets: int = 0
    documents: int = 0
    key_ids: set[str] = field(default_factory=set)


def verify(
    evidence: ObjectStore, trusted_key_ids: Collection[str], known_sheets: Collection[str] = ()
) -> Verified:
    """Check the chain, signatures, numbers and seals of every register, and each stored document.

    A sheet that was signed by a key whose id is not among the trusted is a doubt, however true its
    signature. A register whose last sheets are gone is whole in itself: `known_sheets` are the keys
    of those that somebody else, such as the book, has seen.
    """
    walk = _Walk(evidence, trusted_key_ids)
    for seller_id in sellers(evidence):
        walk.register(seller_id)
    walk.purposes()
    walk.keys()
    walk.documents()
    walk.cut_off(known_sheets)
    walk.found.doubts.sort()
    return walk.found


def sellers(evidence: ObjectStore) -> list[str]:
    """Whose registers are there."""
    seen = {key.split("/")[1] for key in evidence.keys(PREFIX) if key.count("/") == 2}
    return sorted(one for one in seen if any(sheet_keys(evidence, one)))


class _Walk:
    """What has been seen so far on the way through the evidence store."""

    def __init__(self, evidence: ObjectStore, trusted_key_ids: Collection[str]) -> None:
        self.evidence = evidence
        self.trusted = frozenset(trusted_key_ids)
        self.found = Verified()
        self.claims: list[tuple[str, Claim]] = []  # each with its sheet
        self.seals: dict[str, tuple[str, Seal]] = {}  # by number, the same
        self.unread: set[str] = set()  # sheets whose entries nobody knows
        self._public_keys: dict[str, bytes] = {}

    def doubt(self, place: str, what: str) -> None:
        self.found.doubts.append(Doubt(place, what))

    # ---- a register --------------------------------------------------------------------------

    def register(self, seller_id: str) -> None:
        """The sheets of one seller, each by itself and after the one before it."""
        before: str | None = ""  # the hash of the sheet before, None where it cannot be read
        for number, key in enumerate(sheet_keys(self.evidence, seller_id), start=1):
            self.found.sheets += 1
            try:
                sheet, hashed = Sheet.read(self.evidence.get(key))
            except ValueError as error:
                self.doubt(key, str(error))
                self.unread.add(key)
                before = None
                continue
            if key != sheet_key(seller_id, number):
                self.doubt(key, f"stands where {sheet_key(seller_id, number)} should")
            if sheet.key != key or before not in (None, sheet.previous_sha256):
                self.doubt(key, "does not follow from the sheet before it")
            self._signature(sheet, hashed, key)
            self._entries(sheet, key)
            before = hashed

    def _signature(self, sheet: Sheet, hashed: str, key: str) -> None:
        self.found.key_ids.add(sheet.key_id)
        if sheet.key_id not in self.trusted:
            self.doubt(key, f"was signed by key {sheet.key_id}, which nobody trusts")
        try:
            signature = base64.b64decode(sheet.signature, validate=True)
        except ValueError:
            signature = b""
        if not is_signed(bytes.fromhex(hashed), signature, self._public_key(sheet.key_id)):
            self.doubt(key, f"does not carry the signature of key {sheet.key_id}")

    def _public_key(self, id_: str) -> bytes:
        if id_ not in self._public_keys:
            self._public_keys[id_] = self._stored(public_key_key(id_)) or b""
        return self._public_keys[id_]

    def _entries(self, sheet: Sheet, key: str) -> None:
        self.claims += [(key, claim) for claim in sheet.claims]
        for seal in sheet.sealed:
            if seal.number in self.seals:
                self.doubt(
                    key, f"seals {seal.number} again, which {self.seals[seal.number][0]} did"
                )
            else:
                self.seals[seal.number] = key, seal

    # ---- numbers -----------------------------------------------------------------------------

    def purposes(self) -> None:
        """Each number and each purpose once, no number left out, nothing sealed without a claim.

        While a sheet cannot be read nobody knows what it gave, so no other is blamed for that.
        """
        counted: Counter[tuple[str, str]] = Counter()
        given: set[object] = set()
        for key, claim in self.claims:
            seller, (series, _, number) = key.split("/")[1], claim.number.rpartition("-")
            counted[seller, series] += 1
            place = counted[seller, series]
            if number != f"{place:06d}" and not self.unread:
                self.doubt(key, f"gives {claim.number} as number {place} of its series")
            for what in (claim.number, (seller, *claim.purpose)):
                if what in given:
                    self.doubt(key, f"gives {claim.number} again, to {_purpose(claim)}")
                given.add(what)
        self.found.pending = [claim for _, claim in self.claims if claim.number not in self.seals]
        for number in sorted(self.seals.keys() - given):
            if not self.unread:
                self.doubt(self.seals[number][0], f"seals {number}, which no sheet has given")

    def cut_off(self, known_sheets: Collection[str]) -> None:
        """Nothing follows a register's last sheet, so that one is missed by who has seen it."""
        for key in known_sheets:
            if self._stored(key) is None:
                self.doubt(key, "is not there, and the book has rows of it")

    # ---- stored objects ----------------------------------------------------------------------

    def keys(self) -> None:
        """Each public key under its own id; nothing else stands among the registers."""
        for key in self.evidence.keys(PREFIX):
            parts = key.split("/")
            if _KEY.fullmatch(key):
                if key_id(self.evidence.get(key)) != parts[2].removesuffix(".der"):
                    self.doubt(key, "is not the key that its name says")
            elif len(parts) != 3 or not is_identifier(parts[1]) or not key.endswith(".json"):
                self.doubt(key, "is no part of a register")
        for id_ in sorted(self.found.key_ids):
            if self._stored(public_key_key(id_)) is None:
                self.doubt(public_key_key(id_), "is not there, and sheets were signed by it")

    def documents(self) -> None:
        """Each sealed object is there with its bytes, and no object is there that nobody sealed."""
        sealed: set[str] = set()
        for number, (sheet, seal) in sorted(self.seals.items()):
            for key, digest in sorted(seal.files.items()):
                sealed.add(key)
                if not key.startswith(f"{DOCUMENTS}{number}/"):
                    self.doubt(sheet, f"seals {key} as a document of {number}")
                self._sealed(key, digest, sheet)
        pending = {claim.number for claim in self.found.pending}
        for key in self.evidence.keys(DOCUMENTS):
            if key not in sealed and key.split("/")[1] not in pending and not self.unread:
                self.doubt(key, "is stored, and no sheet has sealed it")

    def _sealed(self, key: str, digest: str, sheet: str) -> None:
        body = self._stored(key)
        self.found.documents += 1
        if body is None:
            self.doubt(key, f"is not there, and {sheet} has sealed it")
        elif sha256(body) != digest:
            self.doubt(key, f"does not have the bytes that {sheet} has sealed")

    def _stored(self, key: str) -> bytes | None:
        try:
            return self.evidence.get(key)
        except KeyError:
            return None


def _purpose(claim: Claim) -> str:
    told = " ".join(part for part in (claim.kind, claim.subject) if part)
    return f"{told} of {claim.period} for account {claim.account_id}"
