"""One changed byte in any sheet or document is found and named; what is whole has no finding."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from close.small_world import World
from meterbook.canonical import sha256
from meterbook.invoice.register import (
    Claim,
    Claimable,
    Register,
    Seal,
    Sheet,
    claim,
    next_sheet,
    read_register,
    seal,
)
from meterbook.invoice.signature import key_id
from meterbook.invoice.verify import Verified, sellers, verify
from meterbook.ports import Signer
from meterbook_local.folder import FolderStore
from report.planted import Planted
from signing import another_signer, signer

NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
NIMBUS, STRATUS = "register/nimbus/", "register/stratus/"


def _wanted(*accounts: str, series: str = "NIM") -> list[Claimable]:
    return [Claimable("2026-10", account, sha256(account), series) for account in accounts]


def _issue(evidence: FolderStore, seller: str, wanted: list[Claimable]) -> Register:
    """Claim, store two documents of each number, seal."""
    register = claim(evidence, signer(), seller, wanted, NOW)
    for pending in register.unsealed:
        for name in ("invoice.json", "invoice.pdf"):
            key = f"invoices/{pending.number}/{name}"
            evidence.put_if_absent(key, f"{name} of {pending.number}\n".encode() * 3)
    return seal(evidence, signer(), seller, _seals(evidence, register), NOW)


def _seals(evidence: FolderStore, register: Register) -> list[Seal]:
    def of(number: str) -> dict[str, str]:
        keys = evidence.keys(f"invoices/{number}/")
        return {key: sha256(evidence.get(key)) for key in keys}

    return [Seal(pending.number, of(pending.number)) for pending in register.unsealed]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """Two sellers, five sheets, six documents; the last number is not sealed yet."""
    evidence = FolderStore(tmp_path_factory.mktemp("whole") / "evidence")
    _issue(evidence, "nimbus", _wanted("acme", "birch"))
    _issue(evidence, "stratus", _wanted("acme", series="STR"))
    claim(evidence, signer(), "nimbus", _wanted("cedar"), NOW)
    evidence.put_if_absent("invoices/NIM-2026-000003/invoice.json", b"half a run")
    return evidence


@pytest.fixture
def evidence(whole: FolderStore, tmp_path: Path) -> FolderStore:
    shutil.copytree(whole.root, tmp_path / "evidence")
    return FolderStore(tmp_path / "evidence")


def _verified(evidence: FolderStore, *trusted: Signer) -> Verified:
    return verify(evidence, {key_id(one.public_key()) for one in (trusted or (signer(),))})


def _doubts(evidence: FolderStore) -> list[str]:
    return [f"{doubt.place} {doubt.what}" for doubt in _verified(evidence).doubts]


def _put(evidence: FolderStore, key: str, body: bytes) -> None:
    (evidence.root / key).parent.mkdir(parents=True, exist_ok=True)
    (evidence.root / key).write_bytes(body)


def test_what_is_whole_has_no_finding_and_what_is_not_sealed_yet_is_listed(
    whole: FolderStore,
) -> None:
    found = _verified(whole)
    assert found.doubts == []
    assert [pending.number for pending in found.pending] == ["NIM-2026-000003"]
    assert (found.sheets, found.documents) == (5, 6)
    assert found.key_ids == {key_id(signer().public_key())}
    assert sellers(whole) == ["nimbus", "stratus"]


def test_a_store_without_registers_has_nothing_to_find(tmp_path: Path) -> None:
    assert _verified(FolderStore(tmp_path / "none")) == Verified()


def test_one_changed_byte_of_any_object_is_found_and_named(
    whole: FolderStore, evidence: FolderStore
) -> None:
    """Every object that is sealed, or is a part of a register, at its ends and in between."""
    sealed = [key for key in whole.keys("") if not key.startswith("invoices/NIM-2026-000003")]
    assert len(sealed) == 5 + 6 + 1
    for key in sealed:
        body = whole.get(key)
        for place in {0, 1, *range(3, len(body), 89), len(body) - 2, len(body) - 1}:
            for bit in (0x01, 0x20):
                changed = bytearray(body)
                changed[place] ^= bit
                _put(evidence, key, bytes(changed))
                named = {doubt.place for doubt in _verified(evidence).doubts}
                assert key in named, f"byte {place} of {key}: {sorted(named)}"
        _put(evidence, key, body)
    assert _doubts(evidence) == []


def test_every_object_of_two_issued_months_is_watched(proven: World) -> None:
    evidence = proven.evidence
    (key,) = evidence.keys("register/keys/")
    trusted = {key.rpartition("/")[2].removesuffix(".der")}
    assert verify(evidence, trusted).doubts == []
    for stored in [*evidence.keys("invoices/"), *evidence.keys("register/")]:
        body = bytearray(evidence.get(stored))
        body[len(body) // 2] ^= 1
        found = verify(Planted(evidence, {stored: bytes(body)}), trusted)
        assert stored in {doubt.place for doubt in found.doubts}


def test_a_document_that_is_gone_or_was_never_sealed_is_named(evidence: FolderStore) -> None:
    (evidence.root / "invoices/NIM-2026-000001/invoice.pdf").unlink()
    _put(evidence, "invoices/NIM-2026-000001/invoice.txt", b"another invoice")
    _put(evidence, "invoices/NIM-2026-000009/invoice.json", b"an invoice without a number")
    assert _doubts(evidence) == [
        f"invoices/NIM-2026-000001/invoice.pdf is not there, and {NIMBUS}00000002.json has sealed it",
        "invoices/NIM-2026-000001/invoice.txt is stored, and no sheet has sealed it",
        "invoices/NIM-2026-000009/invoice.json is stored, and no sheet has sealed it",
    ]


def test_a_sheet_that_is_gone_is_named_by_the_one_that_stands_in_its_place(
    evidence: FolderStore,
) -> None:
    (evidence.root / f"{NIMBUS}00000002.json").unlink()
    told = _doubts(evidence)
    assert f"{NIMBUS}00000003.json stands where {NIMBUS}00000002.json should" in told
    assert f"{NIMBUS}00000003.json does not follow from the sheet before it" in told


def test_a_stranger_among_the_sheets_is_named(evidence: FolderStore) -> None:
    for key in ("register/note.txt", "register/nimbus/old/1.json", f"{NIMBUS}note.txt"):
        _put(evidence, key, b"{}")
    told = _doubts(evidence)
    for key in ("register/note.txt", "register/nimbus/old/1.json", f"{NIMBUS}note.txt"):
        assert any(doubt.startswith(f"{key} is no") for doubt in told), key


# ---- keys ----------------------------------------------------------------------------------------


def test_a_key_that_nobody_trusts_is_named_with_its_sheets(evidence: FolderStore) -> None:
    other = another_signer()
    claim(evidence, other, "nimbus", _wanted("dove"), NOW)
    (told,) = _doubts(evidence)
    assert told == (
        f"{NIMBUS}00000004.json was signed by key {key_id(other.public_key())}, which nobody trusts"
    )
    assert _verified(evidence, signer(), other).doubts == []


def test_a_forger_with_a_key_of_his_own_is_found(evidence: FolderStore) -> None:
    """He writes the last sheet anew and puts his key beside it; all fits but who he is."""
    forger, last = another_signer(), f"{STRATUS}00000002.json"
    (evidence.root / last).unlink()
    _put(evidence, "invoices/STR-2026-000001/invoice.json", b"pay somebody else")
    register = read_register(evidence, "stratus")
    seal(evidence, forger, "stratus", _seals(evidence, register), NOW)
    assert [doubt.partition(" was signed")[0] for doubt in _doubts(evidence)] == [last]


def test_a_sheet_whose_signature_is_of_another_sheet_is_named(evidence: FolderStore) -> None:
    first, third = (_sheet(evidence, f"{NIMBUS}0000000{n}.json") for n in (1, 3))
    forged = replace(third, signature=first.signature)
    _put(evidence, third.key, forged.body())
    (told,) = _doubts(evidence)
    assert told.startswith(f"{NIMBUS}00000003.json does not carry the signature of key ")


def test_a_public_key_that_is_gone_is_named(evidence: FolderStore) -> None:
    key = f"register/keys/{key_id(signer().public_key())}.der"
    (evidence.root / key).unlink()
    told = _doubts(evidence)
    assert f"{key} is not there, and sheets were signed by it" in told
    assert len(told) == 1 + 5  # no sheet's signature can be checked


# ---- what only somebody with the key can do -------------------------------------------------------


def _sheet(evidence: FolderStore, key: str) -> Sheet:
    sheet, _ = Sheet.read(evidence.get(key))
    return sheet


def _write(evidence: FolderStore, *claims: Claim, sealed: tuple[Seal, ...] = ()) -> str:
    """Put a well-formed next sheet of nimbus, signed, with whatever entries."""
    register = read_register(evidence, "nimbus")
    sheet = next_sheet(signer(), register, claims, sealed, NOW)
    _put(evidence, sheet.key, sheet.body())
    return sheet.key


def _claim(number: str, account: str = "dove") -> Claim:
    return Claim(number, account, "2026-10", "invoice", "", sha256(account), "2026-11-05")


SHEET = f"{NIMBUS}00000004.json"
MISDEEDS: dict[str, tuple[Callable[[FolderStore], str], str]] = {
    "a number is left out": (
        lambda evidence: _write(evidence, _claim("NIM-2026-000005")),
        f"{SHEET} gives NIM-2026-000005 as number 4 of its series",
    ),
    "a number is given twice": (
        lambda evidence: _write(evidence, _claim("NIM-2026-000003")),
        f"{SHEET} gives NIM-2026-000003 again, to invoice of 2026-10 for account dove",
    ),
    "two sellers give one number": (
        lambda evidence: _write(evidence, _claim("STR-2026-000001")),
        f"{STRATUS}00000001.json gives STR-2026-000001 again, to invoice of 2026-10 for account acme",
    ),
    "one purpose gets two numbers": (
        lambda evidence: _write(evidence, _claim("NIM-2026-000004", "acme")),
        f"{SHEET} gives NIM-2026-000004 again, to invoice of 2026-10 for account acme",
    ),
    "what was sealed is sealed anew": (
        lambda evidence: _write(evidence, sealed=(Seal("NIM-2026-000001", {}),)),
        f"{SHEET} seals NIM-2026-000001 again, which {NIMBUS}00000002.json did",
    ),
    "what has no number is sealed": (
        lambda evidence: _write(evidence, sealed=(Seal("NIM-2026-000009", {}),)),
        f"{SHEET} seals NIM-2026-000009, which no sheet has given",
    ),
    "another number's document is sealed": (
        lambda evidence: _write(evidence, sealed=(_seal_of_another(evidence),)),
        f"{SHEET} seals invoices/NIM-2026-000001/invoice.json as a document of NIM-2026-000003",
    ),
}


def _seal_of_another(evidence: FolderStore) -> Seal:
    key = "invoices/NIM-2026-000001/invoice.json"
    return Seal("NIM-2026-000003", {key: sha256(evidence.get(key))})


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_the_key_gives_no_right_to_break_the_rules(evidence: FolderStore, misdeed: str) -> None:
    deed, told = MISDEEDS[misdeed]
    deed(evidence)
    assert told in _doubts(evidence)
