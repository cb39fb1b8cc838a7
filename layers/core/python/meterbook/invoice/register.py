"""The register: who got which number, in one append-only log per legal entity.

    register/<seller id>/<8-digit sheet>.json
    register/keys/<key id>.der                  the public half of each key that has signed

A sheet claims numbers or seals documents, carries the hash of the sheet before it, and is signed.
It is put only if absent, by a writer that has read every sheet before it: so no number is skipped
or given twice, nothing is claimed twice, and a sheet that is changed later breaks the chain and is
found. The hash is that of a sheet's head, in which its entries stand by their hashes: one entry can
be shown to somebody with nothing but the hashes of its neighbours. These tell nothing, as each
entry holds a digest that nobody can guess.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Any

from meterbook.canonical import canonical_json, sha256
from meterbook.errors import BookInconsistent, Refused
from meterbook.identifier import identifier
from meterbook.invoice.signature import is_signed, key_id
from meterbook.ports import ObjectStore, Signer

PREFIX = "register/"
KEYS = f"{PREFIX}keys/"
# A writer that loses this many races in a row stops and says so.
ATTEMPTS = 20
# A sheet is read by everyone who writes after it, so one claim of many makes several.
ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Claimable:
    """Something that shall get a number of a series, and the snapshot that it is made from."""

    period: str
    account_id: str
    snapshot_sha256: str
    series: str
    kind: str = "invoice"
    subject: str = ""

    @property
    def purpose(self) -> tuple[str, str, str, str]:
        """What can be claimed only once."""
        return self.account_id, self.period, self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Claim:
    """A number, bound for ever to what it was given for."""

    number: str
    account_id: str
    period: str
    kind: str
    subject: str
    snapshot_sha256: str
    issue_date: str

    @property
    def purpose(self) -> tuple[str, str, str, str]:
        """What can be claimed only once."""
        return self.account_id, self.period, self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Seal:
    """The stored documents of a number: the sha256 of each object's bytes, by its key."""

    number: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One entry of the log; the signature is base64, "" as long as there is none."""

    sheet: int
    seller_id: str
    previous_sha256: str
    written_at: str
    key_id: str
    claims: tuple[Claim, ...] = ()
    sealed: tuple[Seal, ...] = ()
    signature: str = ""

    @property
    def key(self) -> str:
        """Where the sheet lies."""
        return sheet_key(self.seller_id, self.sheet)

    @property
    def head(self) -> dict[str, object]:
        """What is hashed and signed: of the entries, the hash of the list of their hashes."""
        return {
            "sheet": self.sheet,
            "seller_id": self.seller_id,
            "previous_sha256": self.previous_sha256,
            "written_at": self.written_at,
            "key_id": self.key_id,
            "claims_sha256": sha256(canonical_json(hashes(self.claims))),
            "sealed_sha256": sha256(canonical_json(hashes(self.sealed))),
        }

    def body(self) -> bytes:
        """The sheet as it is stored, with the hash of its head."""
        head = canonical_json(self.head)
        return canonical_json(asdict(self) | {"sha256": sha256(head)}).encode() + b"\n"

    @classmethod
    def read(cls, body: bytes) -> tuple[Sheet, str]:
        """Read a stored sheet and its hash. Errors: `ValueError` telling how it is none."""
        try:
            found: dict[str, Any] = dict(json.loads(body))
            claims = tuple(Claim(**claim) for claim in found.pop("claims"))
            sealed = tuple(Seal(**seal) for seal in found.pop("sealed"))
            told = str(found.pop("sha256"))
            sheet = cls(**found, claims=claims, sealed=sealed)
            written, hashed = sheet.body(), sha256(canonical_json(sheet.head))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ValueError("is not a sheet") from None
        if told != hashed:
            raise ValueError("does not hold what its hash says")
        if written != body:
            raise ValueError("is not written as a sheet is")
        return sheet, hashed


@dataclass(frozen=True, slots=True)
class Register:
    """All sheets of one seller, their chain verified, and the hash of the last."""

    seller_id: str
    sheets: tuple[Sheet, ...] = ()
    head_sha256: str = ""

    @property
    def claims(self) -> list[Claim]:
        """All claims, in order of their sheets."""
        return [claim for sheet in self.sheets for claim in sheet.claims]

    @property
    def sealed(self) -> dict[str, Seal]:
        """The seals by number."""
        return {seal.number: seal for sheet in self.sheets for seal in sheet.sealed}

    @property
    def unsealed(self) -> list[Claim]:
        """Claims whose documents are not sealed yet: what a repair has to finish."""
        sealed = self.sealed
        return [claim for claim in self.claims if claim.number not in sealed]

    @property
    def next_key(self) -> str:
        """The key of the sheet that comes next."""
        return sheet_key(self.seller_id, len(self.sheets) + 1)

    def followed_by(self, sheet: Sheet) -> Register:
        """The register with one more sheet."""
        hashed = sha256(canonical_json(sheet.head))
        return Register(self.seller_id, (*self.sheets, sheet), hashed)


def sheet_key(seller_id: str, sheet: int) -> str:
    """Where a sheet of a seller lies."""
    return f"{PREFIX}{seller_id}/{sheet:08d}.json"


def public_key_key(id_: str) -> str:
    """Where the public half of a key lies."""
    return f"{KEYS}{id_}.der"


def sheet_keys(evidence: ObjectStore, seller_id: str) -> Iterator[str]:
    """The keys of a seller's sheets; a seller may be called `keys`."""
    for key in evidence.keys(f"{PREFIX}{seller_id}/"):
        if not (key.startswith(KEYS) and key.endswith(".der")):
            yield key


def hashes(entries: Iterable[Claim | Seal]) -> list[str]:
    """The hash of each entry of a sheet."""
    return [sha256(canonical_json(asdict(entry))) for entry in entries]


def read_register(evidence: ObjectStore, seller_id: str) -> Register:
    """Read a seller's sheets. Errors: `BookInconsistent` naming the first that breaks the chain.

    Whose signature a sheet carries is asked by `verify`.
    """
    register = Register(identifier(seller_id, "seller id"))
    for key in sheet_keys(evidence, seller_id):
        try:
            sheet, _ = Sheet.read(evidence.get(key))
        except ValueError as error:
            raise _broken(register, f"{key} {error}") from None
        if key != register.next_key:
            raise _broken(register, f"{key} stands where {register.next_key} should")
        if (sheet.key, sheet.previous_sha256) != (key, register.head_sha256):
            raise _broken(register, f"{key} does not follow from the sheet before it")
        register = register.followed_by(sheet)
    return register


def claim(
    evidence: ObjectStore,
    signer: Signer,
    seller_id: str,
    wanted: Iterable[Claimable],
    at: datetime,
) -> Register:
    """Give a number to everything wanted that has none yet, in order; return the register after it.

    The issue date is the day of `at`, and its year counts the sequence.
    """
    in_order = sorted(wanted, key=lambda one: (one.period, one.account_id, one.kind, one.subject))

    def entries(register: Register) -> tuple[Sequence[Claim], Sequence[Seal]]:
        taken = {claim.purpose for claim in register.claims}
        fresh = {one.purpose: one for one in in_order if one.purpose not in taken}
        return _number(register, islice(fresh.values(), ENTRIES), at.date()), ()

    return _append(evidence, signer, seller_id, at, entries)


def seal(
    evidence: ObjectStore, signer: Signer, seller_id: str, seals: Sequence[Seal], at: datetime
) -> Register:
    """Write down the hashes of stored documents that are not sealed yet; return the register."""

    def entries(register: Register) -> tuple[Sequence[Claim], Sequence[Seal]]:
        sealed = register.sealed
        missing = {made.number: made for made in seals if made.number not in sealed}
        return (), list(islice(missing.values(), ENTRIES))

    return _append(evidence, signer, seller_id, at, entries)


def _number(register: Register, fresh: Iterable[Claimable], day: date) -> list[Claim]:
    """The next numbers of each series: gapless, because whoever counts has read every sheet."""
    counted = Counter(claimed.number.rpartition("-")[0] for claimed in register.claims)
    claims = []
    for wanted in fresh:
        series = f"{wanted.series}-{day.year}"
        counted[series] += 1
        claims.append(
            Claim(
                number=f"{series}-{counted[series]:06d}",
                account_id=wanted.account_id,
                period=wanted.period,
                kind=wanted.kind,
                subject=wanted.subject,
                snapshot_sha256=wanted.snapshot_sha256,
                issue_date=day.isoformat(),
            )
        )
    return claims


def _append(
    evidence: ObjectStore,
    signer: Signer,
    seller_id: str,
    at: datetime,
    entries: Callable[[Register], tuple[Sequence[Claim], Sequence[Seal]]],
) -> Register:
    """Write sheets until there is nothing to write; after a lost race, read again."""
    register, lost = read_register(evidence, seller_id), 0
    while any(found := entries(register)):
        sheet = next_sheet(signer, register, *found, at)
        _put_key(evidence, signer, register, sheet)
        if evidence.put_if_absent(sheet.key, sheet.body()):
            register, lost = register.followed_by(sheet), 0
        elif lost == ATTEMPTS - 1:
            raise Refused(
                detail=f"Others wrote the register of {seller_id} {ATTEMPTS} times in a row. "
                "Say this again."
            )
        else:
            register, lost = read_register(evidence, seller_id), lost + 1
    return register


def next_sheet(
    signer: Signer,
    register: Register,
    claims: Sequence[Claim],
    sealed: Sequence[Seal],
    at: datetime,
) -> Sheet:
    """The sheet that follows a register, signed and not put yet.

    Errors: `BookInconsistent` for a key whose signatures nobody could verify.
    """
    sheet = Sheet(
        sheet=len(register.sheets) + 1,
        seller_id=register.seller_id,
        previous_sha256=register.head_sha256,
        written_at=f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
        key_id=key_id(signer.public_key()),
        claims=tuple(claims),
        sealed=tuple(sealed),
    )
    message = canonical_json(sheet.head).encode()
    signature = signer.sign(message)
    if not is_signed(bytes.fromhex(sha256(message)), signature, signer.public_key()):
        raise BookInconsistent(
            detail=f"The key {sheet.key_id} signs in another way than RSA-3072, PKCS#1 v1.5 with "
            "SHA-256. Give the register a key of that kind; nothing was written."
        )
    return replace(sheet, signature=base64.b64encode(signature).decode())


def _put_key(evidence: ObjectStore, signer: Signer, register: Register, sheet: Sheet) -> None:
    """Keep the public key before the first sheet that it signed."""
    if all(known.key_id != sheet.key_id for known in register.sheets):
        evidence.put_if_absent(public_key_key(sheet.key_id), signer.public_key())


def _broken(register: Register, what: str) -> BookInconsistent:
    return BookInconsistent(
        detail=f"The register of {register.seller_id} is broken: {what}. No number is given until "
        "the sheet is put back as it was written."
    )
