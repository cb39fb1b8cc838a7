"""The register gives gapless numbers, each bound to one purpose, in a chain that shows tampering."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from close.disturbed import Disturbance, DisturbedStore
from hypothesis import given, settings
from hypothesis import strategies as st
from meterbook.canonical import canonical_json, sha256
from meterbook.errors import BadIdentifier, BookInconsistent, Refused
from meterbook.invoice.register import (
    ATTEMPTS,
    Claimable,
    Register,
    Seal,
    claim,
    read_register,
    seal,
)
from meterbook_local.folder import FolderStore
from signing import signer

NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
SELLER = "nimbus"


@pytest.fixture
def evidence(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "evidence")


def _wanted(*accounts: str, period: str = "2026-10", series: str = "NIM") -> list[Claimable]:
    return [Claimable(period, account, sha256(account), series) for account in accounts]


def _numbers(register: Register) -> list[str]:
    return [found.number for found in register.claims]


def _sheet(number: int) -> str:
    return f"register/{SELLER}/{number:08d}.json"


def test_numbers_are_given_in_order_of_account(evidence: FolderStore) -> None:
    register = claim(evidence, signer(), SELLER, _wanted("birch", "acme"), NOW)
    assert [(c.number, c.account_id) for c in register.claims] == [
        ("NIM-2026-000001", "acme"),
        ("NIM-2026-000002", "birch"),
    ]
    assert {c.issue_date for c in register.claims} == {"2026-11-05"}


def test_what_has_a_number_keeps_it(evidence: FolderStore) -> None:
    claim(evidence, signer(), SELLER, _wanted("birch"), NOW)
    register = claim(evidence, signer(), SELLER, _wanted("acme", "birch"), NOW)
    assert [(c.number, c.account_id) for c in register.claims] == [
        ("NIM-2026-000001", "birch"),
        ("NIM-2026-000002", "acme"),
    ]
    assert claim(evidence, signer(), SELLER, _wanted("acme", "birch"), NOW) == register
    assert len(register.sheets) == 2


def test_each_series_and_year_counts_for_itself(evidence: FolderStore) -> None:
    claim(evidence, signer(), SELLER, _wanted("a"), NOW)
    claim(evidence, signer(), SELLER, _wanted("b", series="NIMB"), NOW)
    claim(evidence, signer(), SELLER, _wanted("c"), datetime(2027, 1, 1, tzinfo=UTC))
    register = claim(evidence, signer(), SELLER, _wanted("d"), NOW)
    assert _numbers(register) == [
        "NIM-2026-000001", "NIMB-2026-000001", "NIM-2027-000001", "NIM-2026-000002",
    ]  # fmt: skip


def test_sellers_have_registers_of_their_own(evidence: FolderStore) -> None:
    claim(evidence, signer(), SELLER, _wanted("acme"), NOW)
    other = claim(evidence, signer(), f"{SELLER}2", _wanted("birch"), NOW)
    assert _numbers(other) == ["NIM-2026-000001"]
    assert len(read_register(evidence, SELLER).sheets) == 1


def test_a_seller_id_that_is_no_id_is_refused(evidence: FolderStore) -> None:
    with pytest.raises(BadIdentifier):
        read_register(evidence, "../elsewhere")


def _hash(value: object) -> str:
    return sha256(canonical_json(value))


def test_a_sheet_is_written_as_promised(evidence: FolderStore) -> None:
    claim(evidence, signer(), SELLER, _wanted("acme"), NOW)
    seals = [Seal("NIM-2026-000001", {"invoices/x.json": sha256("x")})]
    seal(evidence, signer(), SELLER, seals, NOW)
    first, second = (json.loads(evidence.get(_sheet(n))) for n in (1, 2))
    (claimed,) = first["claims"]
    assert claimed == {
        "number": "NIM-2026-000001",
        "account_id": "acme",
        "period": "2026-10",
        "kind": "invoice",
        "subject": "",
        "snapshot_sha256": sha256("acme"),
        "issue_date": "2026-11-05",
    }
    head = {
        "sheet": 1,
        "seller_id": SELLER,
        "previous_sha256": "",
        "written_at": "2026-11-05T08:00:00.000000Z",
        "key_id": sha256(signer().public_key()),
    }
    hashed = head | {"claims_sha256": _hash([_hash(claimed)]), "sealed_sha256": _hash([])}
    signature = base64.b64encode(signer().sign(canonical_json(hashed).encode())).decode()
    assert first == head | {
        "claims": [claimed],
        "sealed": [],
        "sha256": _hash(hashed),
        "signature": signature,
    }
    assert evidence.get(_sheet(1)) == canonical_json(first).encode() + b"\n"
    assert second["previous_sha256"] == first["sha256"]
    assert second["sealed"] == [
        {"number": "NIM-2026-000001", "files": {"invoices/x.json": sha256("x")}}
    ]


def test_the_public_half_of_the_key_lies_beside_the_sheets(evidence: FolderStore) -> None:
    claim(evidence, signer(), SELLER, _wanted("acme"), NOW)
    claim(evidence, signer(), "keys", _wanted("birch"), NOW)  # a seller may be called so
    claim(evidence, signer(), "keys", _wanted("cedar"), NOW)
    key = signer().public_key()
    assert evidence.get(f"register/keys/{sha256(key)}.der") == key
    assert len(read_register(evidence, "keys").sheets) == 2


def test_many_numbers_stand_on_few_sheets_and_no_sheet_holds_more_than_a_thousand(
    evidence: FolderStore,
) -> None:
    wanted = _wanted(*(f"account-{n:04d}" for n in range(2_500)))
    register = claim(evidence, signer(), SELLER, wanted, NOW)
    assert [len(sheet.claims) for sheet in register.sheets] == [1_000, 1_000, 500]
    assert _numbers(register)[-1] == "NIM-2026-002500"
    seals = [Seal(number, {f"invoices/{number}/x": "0" * 64}) for number in _numbers(register)]
    register = seal(evidence, signer(), SELLER, seals, NOW)
    assert [len(sheet.sealed) for sheet in register.sheets] == [0, 0, 0, 1_000, 1_000, 500]
    assert register.unsealed == []
    assert read_register(evidence, SELLER) == register


def test_what_is_wanted_twice_gets_one_number(evidence: FolderStore) -> None:
    assert _numbers(claim(evidence, signer(), SELLER, _wanted("a", "a"), NOW)) == [
        "NIM-2026-000001"
    ]


def test_a_series_that_looks_like_a_year_of_another_counts_for_itself(
    evidence: FolderStore,
) -> None:
    claim(evidence, signer(), SELLER, _wanted("a", series="NIM-2026"), NOW)
    register = claim(evidence, signer(), SELLER, _wanted("b"), NOW)
    assert _numbers(register) == ["NIM-2026-2026-000001", "NIM-2026-000001"]


@dataclass(frozen=True)
class Elsewhere:
    """A signer whose signature nobody could verify with the key that it shows."""

    def public_key(self) -> bytes:
        return signer().public_key()

    def sign(self, message: bytes) -> bytes:
        return signer().sign(message + b" ")


def test_a_sheet_that_nobody_could_verify_is_never_put(evidence: FolderStore) -> None:
    with pytest.raises(BookInconsistent, match=r"RSA-3072.*nothing was written"):
        claim(evidence, Elsewhere(), SELLER, _wanted("acme"), NOW)
    assert list(evidence.keys()) == []


def test_a_seal_is_written_once(evidence: FolderStore) -> None:
    claim(evidence, signer(), SELLER, _wanted("acme"), NOW)
    seals = [Seal("NIM-2026-000001", {"invoices/x.json": sha256("x")})]
    register = seal(evidence, signer(), SELLER, seals, NOW)
    assert seal(evidence, signer(), SELLER, seals, NOW) == register
    assert register.unsealed == []


# ---- tampering ----------------------------------------------------------------------------------


@pytest.fixture
def three_sheets(evidence: FolderStore) -> FolderStore:
    for account in ("a", "b", "c"):
        claim(evidence, signer(), SELLER, _wanted(account), NOW)
    return evidence


def _tamper(evidence: FolderStore, number: int, old: str, new: str) -> None:
    path = evidence.root / _sheet(number)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_changed_sheet_is_found_by_its_own_hash(three_sheets: FolderStore) -> None:
    _tamper(three_sheets, 1, sha256("a"), sha256("z"))
    with pytest.raises(BookInconsistent, match=r"00000001\.json does not hold what its hash says"):
        claim(three_sheets, signer(), SELLER, _wanted("d"), NOW)


def test_a_sheet_that_was_written_anew_is_found_by_the_one_that_follows(
    three_sheets: FolderStore, tmp_path: Path
) -> None:
    other = FolderStore(tmp_path / "other")
    claim(other, signer(), SELLER, _wanted("z"), NOW)
    (three_sheets.root / _sheet(1)).write_bytes(other.get(_sheet(1)))
    with pytest.raises(BookInconsistent, match=r"00000002\.json does not follow"):
        claim(three_sheets, signer(), SELLER, _wanted("d"), NOW)


def test_a_missing_sheet_is_found(three_sheets: FolderStore) -> None:
    (three_sheets.root / _sheet(2)).unlink()
    with pytest.raises(BookInconsistent, match=r"00000003\.json stands where .*00000002\.json"):
        read_register(three_sheets, SELLER)


def test_a_sheet_of_another_seller_is_found(three_sheets: FolderStore) -> None:
    claim(three_sheets, signer(), "stratus", _wanted("a"), NOW)
    (three_sheets.root / _sheet(3)).write_bytes(three_sheets.get("register/stratus/00000001.json"))
    with pytest.raises(BookInconsistent, match=r"00000003\.json does not follow"):
        read_register(three_sheets, SELLER)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"sheet"', '{"sheet":3,"claims":[{}]}'])
def test_what_is_not_a_sheet_is_named(three_sheets: FolderStore, text: str) -> None:
    (three_sheets.root / _sheet(3)).write_text(text, "utf-8")
    with pytest.raises(BookInconsistent, match=r"00000003\.json is not a sheet"):
        read_register(three_sheets, SELLER)


def test_a_sheet_with_other_spacing_is_found(three_sheets: FolderStore) -> None:
    _tamper(three_sheets, 3, '"sealed":[]', '"sealed": []')
    with pytest.raises(BookInconsistent, match=r"00000003\.json is not written as a sheet is"):
        read_register(three_sheets, SELLER)


# ---- races --------------------------------------------------------------------------------------


def test_a_writer_that_lost_the_race_reads_again(evidence: FolderStore) -> None:
    def other() -> Register:
        return claim(evidence, signer(), SELLER, _wanted("acme"), NOW)

    late = DisturbedStore(evidence, Disturbance(before=0, deed=other))
    register = claim(late, signer(), SELLER, _wanted("acme", "birch"), NOW)
    assert [(c.number, c.account_id) for c in register.claims] == [
        ("NIM-2026-000001", "acme"),
        ("NIM-2026-000002", "birch"),
    ]


def test_a_writer_that_always_loses_stops_and_says_so(evidence: FolderStore) -> None:
    class AlwaysLate(DisturbedStore):
        def put_if_absent(self, key: str, body: bytes) -> bool:
            taken = len(list(evidence.keys()))
            claim(evidence, signer(), SELLER, _wanted(f"other-{taken}"), NOW)
            return super().put_if_absent(key, body)

    late = AlwaysLate(evidence, Disturbance(before=-1))
    with pytest.raises(Refused, match=f"{ATTEMPTS} times in a row. Say this again"):
        claim(late, signer(), SELLER, _wanted("mine"), NOW)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_numbers_are_gapless_and_every_purpose_has_one_whoever_writes_when(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Writers come in any order, each in the middle of another's claim, wanting what they will."""
    evidence = FolderStore(tmp_path_factory.mktemp("register"))
    accounts = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True)

    def write(depth: int) -> None:
        wanted = _wanted(*data.draw(accounts))
        again = depth < 3 and data.draw(st.booleans())
        deed = Disturbance(before=0 if again else -1, deed=lambda: write(depth + 1))
        claim(DisturbedStore(evidence, deed), signer(), SELLER, wanted, NOW)

    for _ in range(data.draw(st.integers(1, 4))):
        write(0)
    register = read_register(evidence, SELLER)
    expected = [f"NIM-2026-{n:06d}" for n in range(1, len(register.claims) + 1)]
    assert _numbers(register) == expected
    assert len({found.purpose for found in register.claims}) == len(register.claims)
