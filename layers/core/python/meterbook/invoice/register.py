"""The register: who got which number, in one append-only log per legal entity.

    register/<seller id>/<8-digit sheet>.json

A sheet claims numbers or seals documents, and carries the hash of the sheet before it. It is put
only if absent, by a writer that has read every sheet before it: so no number is skipped or given
twice, nothing is claimed twice, and a sheet that is changed later breaks the chain and is found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from meterbook.canonical import canonical_json, sha256
from meterbook.errors import BookInconsistent, Refused
from meterbook.identifier import identifier
from meterbook.ports import ObjectStore

PREFIX = "register/"
# A writer that loses this many races in a row stops and says so.
ATTEMPTS = 20


@dataclass(frozen=True, slots=True, order=True)
class Claimable:
    """Something that shall get a number of a series, and the snapshot that it is made from."""

    period: str
    account_id: str
    snapshot_sha256: str
    series: str
    kind: str = "invoice"
    subject: str = ""


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
    """One entry of the log."""

    sheet: int
    seller_id: str
    previous_sha256: str
    written_at: str
    claims: tuple[Claim, ...] = ()
    sealed: tuple[Seal, ...] = ()

    def body(self) -> bytes:
        """The sheet as it is stored."""
        return canonical_json(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, body: bytes) -> Sheet:
        """Read a stored sheet. Errors: `ValueError`, `TypeError`, `KeyError` when it is none."""
        found: dict[str, Any] = dict(json.loads(body))
        claims = tuple(Claim(**claim) for claim in found.pop("claims"))
        sealed = tuple(Seal(**seal) for seal in found.pop("sealed"))
        return cls(**found, claims=claims, sealed=sealed)


@dataclass(frozen=True, slots=True)
class Register:
    """All sheets of one seller, verified, and the hash of the last."""

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

    def followed_by(self, sheet: Sheet) -> Register:
        """The register with one more sheet."""
        return Register(self.seller_id, (*self.sheets, sheet), sha256(sheet.body()))


def read_register(evidence: ObjectStore, seller_id: str) -> Register:
    """Read a seller's sheets. Errors: `BookInconsistent` naming the first that breaks the chain."""
    register = Register(identifier(seller_id, "seller id"))
    for key in evidence.keys(f"{PREFIX}{seller_id}/"):
        body = evidence.get(key)
        try:
            sheet = Sheet.read(body)
        except (ValueError, TypeError, KeyError):
            raise _broken(register, f"{key} is not a sheet") from None
        if key != _key(register) or sheet.sheet != len(register.sheets) + 1:
            raise _broken(register, f"{key} stands where {_key(register)} should")
        if (sheet.seller_id, sheet.previous_sha256) != (seller_id, register.head_sha256):
            raise _broken(register, f"{key} does not follow from the sheet before it")
        if sheet.body() != body:
            raise _broken(register, f"{key} is not written as a sheet is")
        register = register.followed_by(sheet)
    return register


def claim(
    evidence: ObjectStore, seller_id: str, wanted: Iterable[Claimable], at: datetime
) -> Register:
    """Give a number to everything wanted that has none yet, in order; return the register after it.

    The issue date is the day of `at`, and its year counts the sequence.
    """
    in_order = sorted(wanted)

    def numbered(register: Register) -> Sequence[Claim]:
        taken = {claim.purpose for claim in register.claims}
        fresh = [w for w in in_order if (w.account_id, w.period, w.kind, w.subject) not in taken]
        return _number(register, fresh, at.date())

    return _append(evidence, seller_id, at, lambda register: (numbered(register), ()))


def seal(evidence: ObjectStore, seller_id: str, seals: Sequence[Seal], at: datetime) -> Register:
    """Write down the hashes of stored documents that are not sealed yet; return the register."""

    def missing(register: Register) -> Sequence[Seal]:
        sealed = register.sealed
        return [made for made in seals if made.number not in sealed]

    return _append(evidence, seller_id, at, lambda register: ((), missing(register)))


def _number(register: Register, fresh: Sequence[Claimable], day: date) -> list[Claim]:
    """The next numbers of each series: gapless, because whoever counts has read every sheet."""
    counted: dict[str, int] = {}
    claims = []
    for wanted in fresh:
        series = f"{wanted.series}-{day.year}-"
        if series not in counted:
            counted[series] = sum(found.number.startswith(series) for found in register.claims)
        counted[series] += 1
        claims.append(
            Claim(
                number=f"{series}{counted[series]:06d}",
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
    seller_id: str,
    at: datetime,
    entries: Callable[[Register], tuple[Sequence[Claim], Sequence[Seal]]],
) -> Register:
    """Write the next sheet if there is anything to write; after a lost race, read again."""
    for _ in range(ATTEMPTS):
        register = read_register(evidence, seller_id)
        claims, sealed = entries(register)
        if not claims and not sealed:
            return register
        sheet = Sheet(
            sheet=len(register.sheets) + 1,
            seller_id=seller_id,
            previous_sha256=register.head_sha256,
            written_at=f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
            claims=tuple(claims),
            sealed=tuple(sealed),
        )
        if evidence.put_if_absent(_key(register), sheet.body()):
            return register.followed_by(sheet)
    raise Refused(
        detail=f"Others wrote the register of {seller_id} {ATTEMPTS} times in a row. "
        "Say this again."
    )


def _key(register: Register) -> str:
    """The key of the sheet that comes next."""
    return f"{PREFIX}{register.seller_id}/{len(register.sheets) + 1:08d}.json"


def _broken(register: Register, what: str) -> BookInconsistent:
    return BookInconsistent(
        detail=f"The register of {register.seller_id} is broken: {what}. No number is given until "
        "the sheet is put back as it was written."
    )
