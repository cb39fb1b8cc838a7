"""Replay: write an issued document once more, from what was frozen, and say what has changed.

    frozen facts → the tariff's SQL → lines → JSON → XML, each held against what is stored

The answer is one of three. `the facts changed` comes first, because facts that are not those that
were numbered say nothing about the program; what nobody can write twice (the PDF) is verified by
its sealed hash alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest

from meterbook.canonical import canonical_json, sha256
from meterbook.close.basis import Basis, read_basis
from meterbook.close.frozen import CORRECTED, INVOICE, LATE, FrozenDocument, landed_document
from meterbook.close.late import KIND as ADJUSTMENT
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent, InputRefused, MeterbookError, SqlRefused
from meterbook.invoice.cii import cii_xml
from meterbook.invoice.document import document_bytes, invoice_document
from meterbook.invoice.einvoice import einvoice_profile
from meterbook.invoice.facts import NOTHING, Difference, differences, differing, shortened
from meterbook.invoice.files import CII, DOCUMENT, FACTS, PRINT, PROOF, UBL
from meterbook.invoice.proof import proof_bytes
from meterbook.invoice.register import Claim, Register, Seal, read_register
from meterbook.invoice.render_invoice import facts_bytes, preceding_of
from meterbook.invoice.ubl import ubl_xml
from meterbook.invoice.verify import sellers
from meterbook.period import Period
from meterbook.ports import ObjectStore, Recalculator, Row

EQUAL = "equal"
FACTS_CHANGED = "the facts changed"
TEXT_CHANGED = "the program text changed"

_AT_ONCE = 250  # documents, in memory with all that they were made from
_LINE_KEY = ("tenant_id", "kind", "module_id", "metric", "tier")
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)
"""What reading a changed fact may end in."""
_ELEMENT = re.compile(rb"(?<=>)")
"""What an XML text is cut at, to name the first piece that differs."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found: `answer` is one of three, `differences` what it rests on.

    `changed` names the models and writers whose text is not the one that the document was made by;
    with the answer `equal` it is a note, for their result is the same.
    """

    number: str
    answer: str
    differences: tuple[Difference, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Writers:
    """What writes a document: the program of today, unless somebody asks about another one."""

    document: Callable[[FrozenDocument, Claim, Claim | None], Fields] = invoice_document
    cii: Callable[[Fields, str], bytes] = cii_xml
    ubl: Callable[[Fields, str], bytes] = ubl_xml

    def files(
        self, frozen: FrozenDocument, claim: Claim, preceding: Claim | None
    ) -> dict[str, bytes]:
        """The documents that can be written again, by the name under which each is stored."""
        document = self.document(frozen, claim, preceding)
        files = {
            FACTS: facts_bytes(frozen),
            PROOF: proof_bytes(frozen.body),
            DOCUMENT: document_bytes(document),
        }
        if profile := einvoice_profile(document):
            files[CII] = self.cii(document, profile)
            files[UBL] = self.ubl(document, profile)
        return files


def replay(
    evidence: ObjectStore,
    landing: ObjectStore,
    recalculator: Recalculator,
    number: str,
    *,
    today: Basis | None = None,
    writers: Writers | None = None,
) -> Replayed:
    """Write a numbered document again and compare it with the stored one; see `replay_all`."""
    stores = evidence, landing
    (found,) = replay_all(*stores, recalculator, [number], today=today, writers=writers)
    return found


def replay_all(
    evidence: ObjectStore,
    landing: ObjectStore,
    recalculator: Recalculator,
    numbers: Sequence[str],
    *,
    today: Basis | None = None,
    writers: Writers | None = None,
) -> Iterator[Replayed]:
    """Do so with many documents, in their order; their lines are worked out together.

    `today` and `writers` are the program that writes them, by default the one that runs. Errors:
    `InputRefused` for a number that is not in a register or whose document is not sealed yet.
    """
    registers = [read_register(evidence, seller_id) for seller_id in sellers(evidence)]
    given = {claim.number: (found, claim) for found in registers for claim in found.claims}
    seals = {number: seal for found in registers for number, seal in found.sealed.items()}
    for number in numbers:
        _must_be_sealed(number, given, seals)
    today, writers = today or Basis.now(), writers or Writers()
    for first in range(0, len(numbers), _AT_ONCE):
        some = numbers[first : first + _AT_ONCE]
        cases = [_opened(evidence, landing, *given[number], seals[number]) for number in some]
        lines = _lines(recalculator, [case for case in cases if case.is_recalculated])
        for case in cases:
            yield _judged(case, lines.get(case.claim.number, []), today, writers)


def _must_be_sealed(number: str, given: Collection[str], seals: Collection[str]) -> None:
    if number not in given:
        raise InputRefused(detail=f"No register has given the number {number}.")
    if number not in seals:
        raise InputRefused(
            detail=f"{number} has its number but is not sealed yet. Run `meterbook issue` first."
        )


def _judged(case: _Case, lines: list[Row] | SqlRefused, today: Basis, writers: Writers) -> Replayed:
    number = case.claim.number
    if case.frozen is None or case.then is None or case.changed:
        return Replayed(number, FACTS_CHANGED, case.changed)
    found = (*_relined(case.frozen.body, lines), *_rewritten(case, case.frozen, writers))
    answer = TEXT_CHANGED if found else EQUAL
    return Replayed(number, answer, found, _changed_texts(case.then, today))


def _lines(
    recalculator: Recalculator, cases: Sequence[_Case]
) -> Mapping[str, list[Row] | SqlRefused]:
    """The lines that today's tariff gives, by number; or why it gives none."""
    try:
        return _given(recalculator, cases)
    except SqlRefused as error:
        return {case.claim.number: error for case in cases}


def _given(recalculator: Recalculator, cases: Sequence[_Case]) -> dict[str, list[Row]]:
    results = recalculator.results([case.frozen.body for case in cases if case.frozen])
    return {case.claim.number: found.lines for case, found in zip(cases, results, strict=True)}


# ---- the facts -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored file: its name, its bytes (None: it is gone), and the hash that was sealed."""

    name: str
    body: bytes | None
    sealed_sha256: str

    @property
    def is_sealed(self) -> bool:
        return self.body is not None and sha256(self.body) == self.sealed_sha256


@dataclass(frozen=True, slots=True)
class _Case:
    """A number with all that it is judged by; `changed` are the facts that are not what they were.

    `frozen` and `then`, the program that the document was made by, are None where they cannot be
    read.
    """

    register: Register
    claim: Claim
    stored: Sequence[_Stored]
    frozen: FrozenDocument | None
    then: Basis | None
    changed: tuple[Difference, ...] = ()

    @property
    def is_recalculated(self) -> bool:
        """Whether the tariff gives its lines, and not other documents or a person."""
        return bool(self.frozen and not self.changed and self.frozen.kind in (INVOICE, CORRECTED))


def _opened(
    evidence: ObjectStore, landing: ObjectStore, register: Register, claim: Claim, seal: Seal
) -> _Case:
    stored = [
        _Stored(key.rpartition("/")[2], _body(evidence, key), digest)
        for key, digest in seal.files.items()
    ]
    frozen, then = None, None
    place = Period.parse(claim.period), claim.account_id, claim.kind, claim.subject
    try:
        frozen = landed_document(landing, *place)
        changed = tuple(_changed_facts(frozen, claim, stored))
        if not changed:
            then = read_basis(landing, str(frozen.body["basis_sha256"]))
    except (BookInconsistent, *_UNREADABLE) as error:
        changed = (Difference("what was frozen", claim.snapshot_sha256, str(error)),)
    return _Case(register, claim, stored, frozen, then, changed)


def _body(evidence: ObjectStore, key: str) -> bytes | None:
    try:
        return evidence.get(key)
    except KeyError:
        return None


def _changed_facts(
    frozen: FrozenDocument, claim: Claim, stored: Sequence[_Stored]
) -> Iterator[Difference]:
    """Row by row what was numbered against what lies there, then the stored files by their hash."""
    files = {file.name: file for file in stored}
    facts = files.get(FACTS)
    if frozen.snapshot_sha256 != claim.snapshot_sha256:
        if facts and facts.is_sealed and facts.body:
            yield from _compared(facts.body, frozen.body)
        yield Difference("what was frozen", claim.snapshot_sha256, frozen.snapshot_sha256)
    elif facts and facts.body and not facts.is_sealed:
        for found in _compared(canonical_json(frozen.body).encode(), facts.body):
            yield found.of(f"stored {FACTS}")
    for file in stored:
        if not file.is_sealed:
            told = sha256(file.body) if file.body is not None else "it is gone"
            yield Difference(f"stored {file.name}", file.sealed_sha256, told)


def _compared(before: bytes, after: bytes | Fields) -> list[Difference]:
    try:
        new = json.loads(after) if isinstance(after, bytes) else after
        return list(differences(json.loads(before), new))
    except _UNREADABLE:
        return []  # it has not the form of facts any more; its hash says so


def _changed_texts(then: Basis, now: Basis) -> tuple[str, ...]:
    """The models and writers whose text differs, or that one side does not have."""
    pairs = ((then.models, now.models), (then.writers, now.writers))
    return tuple(
        name
        for old, new in pairs
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


# ---- the lines -------------------------------------------------------------------------------


def _relined(body: Fields, lines: Sequence[Row] | SqlRefused) -> Iterator[Difference]:
    """Hold every frozen line against what gives it: the tariff, or the arithmetic of a close."""
    yield from _composed(body)
    if isinstance(lines, SqlRefused):
        yield Difference("the lines", "as they were billed", str(lines))
        return
    if body["kind"] not in (INVOICE, CORRECTED):
        return  # it says what other documents or a person have said
    kept = {_place(line): line for line in body["lines"] if _is_of_the_tariff(line)}
    given = {_place(row): row for row in lines}
    for place in [*kept, *sorted(given.keys() - kept.keys())]:
        yield from _line(kept.get(place), given.get(place))


def _is_of_the_tariff(line: Fields) -> bool:
    """Not a line of another month, nor one that a person has put in words."""
    return line["line_kind"] != ADJUSTMENT and not line["text"]


def _place(row: Mapping[str, object]) -> tuple[str, ...]:
    kind = row.get("line_kind", row.get("kind"))
    texts = row | {"kind": kind} if isinstance(row, dict) else {}
    return tuple(str(texts[name]) for name in _LINE_KEY)


def _line(kept: Fields | None, given: Row | None) -> Iterator[Difference]:
    if given is None or kept is None:
        named: Mapping[str, object] = kept or given or {}
        number = f"{kept['line_number']} " if kept else ""
        sides = (NOTHING if side is None else str(side["amount"]) for side in (kept, given))
        yield Difference(f"line {number}({_called(named)})", *map(shortened, sides))
        return
    told = (name for name in kept if name in given and name != "amount")
    for name in ("amount", *told):
        old, new = str(kept[name]), str(given[name])
        if not _same(old, new):
            what = f"line {kept['line_number']} {name} ({_called(kept)})"
            yield Difference(what, shortened(old), shortened(new))


def _called(line: Mapping[str, object]) -> str:
    kind = line.get("line_kind", line.get("kind"))
    parts = (line["tenant_id"], kind, line["module_id"], line["metric"])
    return " ".join(str(part) for part in parts if part)


def _same(old: str, new: str) -> bool:
    """Equal as texts, or as numbers that are written with another count of zeros."""
    if old == new:
        return True
    try:
        return Decimal(old) == Decimal(new)
    except ArithmeticError:
        return False


def _composed(body: Fields) -> Iterator[Difference]:
    """Adjustments are known less billed; a credit note states what it gives back as positive."""
    # A reversal says the lines of its invoice as they are; a close writes what it gives back anew.
    sign = -1 if str(body["subject"]).startswith(LATE) else 1
    for line in body["lines"]:
        if line["line_kind"] == ADJUSTMENT and line["known_amount"]:
            known, billed = Decimal(line["known_amount"]), Decimal(line["billed_amount"])
            if sign * (known - billed) != Decimal(line["amount"]):
                what = f"line {line['line_number']} amount ({_called(line)})"
                yield Difference(what, line["amount"], str(sign * (known - billed)))


# ---- the texts -------------------------------------------------------------------------------


def _rewritten(case: _Case, frozen: FrozenDocument, writers: Writers) -> Iterator[Difference]:
    kept = {file.name: file.body for file in case.stored if file.name != PRINT}
    try:
        preceding = preceding_of(frozen, case.register)
        files = writers.files(frozen, case.claim, preceding)
    except MeterbookError as error:
        yield Difference("the document", "written", str(error))
        return
    for name in sorted(kept.keys() | files.keys()):
        yield from _file(name, kept.get(name), files.get(name))


def _file(name: str, old: bytes | None, new: bytes | None) -> Iterator[Difference]:
    if old is None or new is None:
        yield Difference(name, *("no file" if side is None else "a file" for side in (old, new)))
    elif old != new and name.endswith(".json"):
        for found in differing(json.loads(old), json.loads(new)):
            yield found.of(name)
    elif old != new:
        pieces = zip_longest(_ELEMENT.split(old), _ELEMENT.split(new), fillvalue=b"")
        before, after = next(pair for pair in pieces if pair[0] != pair[1])
        yield Difference(name, before.decode(), after.decode())
