"""A bundle proves its document offline, to the event, and tells nothing about anybody else."""

from __future__ import annotations

import ast
import base64
import io
import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from close.small_world import NOW, World
from meterbook.canonical import canonical_json, sha256
from meterbook.errors import BookInconsistent, InputRefused, Refused
from meterbook.invoice.bundle import bundle, unproven
from meterbook.invoice.offline.ground import SUMS, Wrong
from meterbook.invoice.offline.program import verify
from meterbook.invoice.proof import proof_bytes
from meterbook.invoice.register import Claimable, claim, read_register
from meterbook.invoice.single_file import single_file
from meterbook_local.folder import FolderStore
from report.planted import Planted
from signing import signer

Files = dict[str, bytes]
ACME, BIRCH, CEDAR = "NIM-2026-000001", "NIM-2026-000002", "NIM-2026-000003"
# What an account and its tenants are called; nobody else's bundle may say it.
NAMES = {
    "acme": ("acme", "acme-nz", "Acme Ltd", "Acme-Nz"),
    "birch": ("birch", "Birch Ltd"),
    "cedar": ("cedar", "Cedar Ltd"),
}


@pytest.fixture(scope="module")
def packed(proven: World) -> dict[str, bytes]:
    """The bundle of every number of two months: all prices, late facts, a credit note."""
    numbers = [found.number for found in read_register(proven.evidence, "nimbus").claims]
    return {number: bundle(proven.book, proven.evidence, number) for number in numbers}


def _unpacked(body: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def acme(packed: dict[str, bytes]) -> Files:
    return _unpacked(packed[ACME])


@pytest.fixture
def cedar(packed: dict[str, bytes]) -> Files:
    return _unpacked(packed[CEDAR])


def _wrong(files: Files, *keys: str) -> str:
    """What the verifier finds wrong; "" when everything holds."""
    try:
        list(verify(files.__getitem__, keys))
    except Wrong as wrong:
        return str(wrong)
    return ""


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "verify.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# ---- what holds ----------------------------------------------------------------------------------


def test_the_verifier_runs_alone_in_the_folder_and_says_what_it_checked(
    packed: dict[str, bytes], tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(packed[CEDAR])) as archive:
        archive.extractall(tmp_path)
    (key,) = json.loads((tmp_path / "register.json").read_bytes())["keys"]
    done = _run(tmp_path, "--key", key)
    assert (done.returncode, done.stderr) == (0, "")
    held = [line.removeprefix("holds  ") for line in done.stdout.splitlines()]
    assert held == [
        "7 files have the bytes that SHA256SUMS tells",
        f"{CEDAR} was claimed on sheet 1 of nimbus's register and sealed on sheet 2",
        "sheets 1 to 5 follow from each other, each signed",
        f"signed by key {key} (a key that you named)",
        "invoice.json, invoice.pdf, proof.json are as they were sealed",
        f"{CEDAR} is the invoice of 2026-10 for account cedar",
        held[6],
        held[7],
        held[8],
        "stored of cedar is a level held over time: its days are as sealed",
        "known since, and not in this document: 1 events of cedar api_calls, together 100",
        "Everything holds.",
    ]
    assert re.fullmatch(r"\d+ lines come to their amounts by the price lists, .* EUR", held[6])
    assert re.fullmatch(r"net .*, tax 0\.00, total .* EUR follow from the lines", held[7])
    assert re.fullmatch(r"\d+ quantities follow from \d+ days, and these from \d+ events", held[8])


def test_every_document_of_two_months_is_proven(packed: dict[str, bytes]) -> None:
    assert {number: unproven(body) for number, body in packed.items()} == dict.fromkeys(packed, "")


def test_same_facts_same_bytes(proven: World, packed: dict[str, bytes]) -> None:
    assert bundle(proven.book, proven.evidence, CEDAR) == packed[CEDAR]


def test_no_byte_of_a_bundle_names_another_tenant_or_account(packed: dict[str, bytes]) -> None:
    for number, body in packed.items():
        files = _unpacked(body)
        own = json.loads(files["invoice.json"])["buyer"]["id"]
        texts = {name: text.decode("utf-8", "replace") for name, text in files.items()}
        texts["the print"] = _printed(files["invoice.pdf"])
        assert NAMES[own][0] in texts["proof.json"]
        others = [name for account in NAMES.keys() - {own} for name in NAMES[account]]
        for other in others:
            for file, text in texts.items():
                found = re.search(rf"(?<![\w+/]){re.escape(other)}(?![\w+/=])", text)
                assert found is None, f"{file} of {number} names {other}"


def _printed(pdf: bytes) -> str:
    pages = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in pages)


def test_the_entries_of_others_are_hashes(proven: World, acme: Files) -> None:
    told = json.loads(acme["register.json"])
    first, second = read_register(proven.evidence, "nimbus").sheets[:2]
    shown = [entry for entry in told["claim"]["entries"] if not isinstance(entry, str)]
    assert [entry["number"] for entry in shown] == [ACME]
    assert len(told["claim"]["entries"]) == len(first.claims) == 3
    assert len([e for e in told["seal"]["entries"] if isinstance(e, str)]) == len(second.sealed) - 1
    assert all(re.fullmatch("[0-9a-f]{64}", e) for e in told["claim"]["entries"][1:])


def test_what_came_after_the_close_is_marked(acme: Files) -> None:
    events = [json.loads(line) for line in acme["events.jsonl"].splitlines()]
    since = [event for event in events if event["known_since"]]
    assert [(event["metric"], event["quantity"]) for event in since] == [
        ("api_calls", "4000.000000")
    ]
    assert len(events) == 8


def test_the_verifier_is_plain_python_3_8_and_leans_on_the_standard_library_alone() -> None:
    tree = ast.parse(single_file(), feature_version=(3, 8))
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {str(name).partition(".")[0] for name in imported} <= sys.stdlib_module_names
    younger = r"\.removeprefix|\.removesuffix|strict=|pairwise|@cache|bit_count|match "
    assert not re.search(younger, single_file())


def test_no_part_of_the_verifier_takes_a_name_from_another() -> None:
    body = ast.parse(single_file()).body
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assigned = [node.targets[0] for node in body if isinstance(node, ast.Assign)]
    defined += [leaf.id for one in assigned for leaf in ast.walk(one) if isinstance(leaf, ast.Name)]
    assert [name for name, count in Counter(defined).items() if count > 1] == []


# ---- what does not -------------------------------------------------------------------------------


def test_one_changed_byte_of_any_file_is_found_and_named(cedar: Files) -> None:
    for name, body in cedar.items():
        step = 7 if name == SUMS else max(len(body) // 12, 1)
        for place in {0, *range(5, len(body), step), len(body) - 1}:
            changed = bytearray(body)
            changed[place] ^= 0x01
            told = _wrong(cedar | {name: bytes(changed)})
            assert name in told or SUMS in told, f"byte {place} of {name}: {told}"


def test_a_byte_changed_after_unpacking_fails_the_run(
    packed: dict[str, bytes], tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(packed[BIRCH])) as archive:
        archive.extractall(tmp_path)
    pdf = bytearray((tmp_path / "invoice.pdf").read_bytes())
    pdf[len(pdf) // 2] ^= 1
    (tmp_path / "invoice.pdf").write_bytes(pdf)
    done = _run(tmp_path)
    assert done.returncode == 1
    assert done.stdout == "WRONG  invoice.pdf: does not have the bytes that SHA256SUMS tells\n"
    (tmp_path / "invoice.pdf").unlink()
    assert _run(tmp_path).stdout == "WRONG  invoice.pdf: is listed in SHA256SUMS and is not here\n"


def test_another_key_than_the_one_that_was_named_is_refused(cedar: Files) -> None:
    assert _wrong(cedar, "0" * 64).startswith(
        "register.json: sheet 1 of nimbus was signed by anoth"
    )


def _summed(files: Files) -> Files:
    """The files with sums that fit, as a forger would hand them over."""
    rest = {name: body for name, body in files.items() if name != SUMS}
    sums = "".join(f"{sha256(rest[name])}  {name}\n" for name in sorted(rest))
    return rest | {SUMS: sums.encode()}


def test_sums_that_fit_do_not_help_against_the_seal(cedar: Files) -> None:
    for name in ("invoice.json", "invoice.pdf", "proof.json"):
        forged = _summed(cedar | {name: cedar[name].replace(b"cedar", b"cedaR") + b" "})
        assert _wrong(forged) == f"{name}: does not have the bytes that the register has sealed"


def _register(files: Files, change: Callable[[Any], object]) -> Files:
    told = json.loads(files["register.json"])
    change(told)
    return _summed(files | {"register.json": canonical_json(told).encode()})


def test_a_seal_cannot_be_changed_without_the_key(cedar: Files) -> None:
    def seal_something_else(told: Any) -> None:
        (own,) = (entry for entry in told["seal"]["entries"] if not isinstance(entry, str))
        own["files"][f"invoices/{CEDAR}/invoice.pdf"] = sha256(b"another")

    assert _wrong(_register(cedar, seal_something_else)) == (
        "register.json: sheet 2 has other entries"
    )

    def and_fit_the_head(told: Any) -> None:
        seal_something_else(told)
        entries = told["seal"]["entries"]
        hashed = [e if isinstance(e, str) else sha256(canonical_json(e)) for e in entries]
        told["chain"][1]["head"]["sealed_sha256"] = sha256(canonical_json(hashed))

    assert _wrong(_register(cedar, and_fit_the_head)) == (
        "register.json: the signature of sheet 2 of nimbus is not true"
    )


def test_a_sheet_cannot_be_left_out(cedar: Files) -> None:
    assert _wrong(_register(cedar, lambda told: told["chain"].pop(2))) == (
        "register.json: sheet 4 of nimbus does not follow from the one before"
    )


def test_a_bundle_is_made_of_sealed_documents_only(proven: World, tmp_path: Path) -> None:
    evidence = FolderStore(tmp_path)
    claim(evidence, signer(), "nimbus", [Claimable("2026-10", "cedar", "0" * 64, "NIM")], NOW)
    with pytest.raises(Refused, match=r"NIM-2026-000001 has no sealed documents yet"):
        bundle(proven.book, evidence, "NIM-2026-000001")
    with pytest.raises(InputRefused, match=r"No register has given the number 'NIM-2026-000002'"):
        bundle(proven.book, evidence, "NIM-2026-000002")


def test_nothing_is_proven_with_a_document_that_was_changed(proven: World) -> None:
    key = f"invoices/{CEDAR}/proof.json"
    for body in (b"{}", None):
        with pytest.raises(BookInconsistent, match=f"{key} is not as it was sealed"):
            bundle(proven.book, Planted(proven.evidence, {key: body}), CEDAR)


def test_the_proof_leaves_out_whose_rules_and_what_cost_is_not_passed_on(proven: World) -> None:
    body = json.loads(proven.evidence.get(f"invoices/{BIRCH}/facts.json"))
    body["rules"].append({"id": "shares:1", "document": {"shares": [{"tenant_id": "dove"}]}})
    body["costs"].append(body["costs"][0] | {"source": "snowflake", "rule_id": "of-dove"})
    assert proof_bytes(body) == proven.evidence.get(f"invoices/{BIRCH}/proof.json")
    assert b"rule_id" not in proof_bytes(body)


# ---- a seller who signs what is not true -----------------------------------------------------------


def _signed_anew(files: Files, proof: Any, document: Any) -> Files:
    """The same bundle with other figures in it, sealed and signed by somebody who has a key."""
    files = files | {
        "proof.json": canonical_json(proof).encode(),
        "invoice.json": canonical_json(document).encode(),
    }

    def sign(told: Any) -> None:
        (own,) = (entry for entry in told["seal"]["entries"] if not isinstance(entry, str))
        for key in own["files"]:
            own["files"][key] = sha256(files.get(key.rpartition("/")[2], b""))
        entries = told["seal"]["entries"]
        hashed = [e if isinstance(e, str) else sha256(canonical_json(e)) for e in entries]
        told["chain"][1]["head"]["sealed_sha256"] = sha256(canonical_json(hashed))
        del told["chain"][2:]
        key_id = sha256(signer().public_key())
        told["keys"] = {key_id: base64.b64encode(signer().public_key()).decode()}
        previous = told["chain"][0]["head"]["previous_sha256"]
        for link in told["chain"]:
            link["head"] |= {"key_id": key_id, "previous_sha256": previous}
            message = canonical_json(link["head"]).encode()
            link["signature"] = base64.b64encode(signer().sign(message)).decode()
            previous = sha256(message)

    return _register(files, sign)


def _line(proof: Any, kind: str, metric: str = "") -> Any:
    return next(
        line
        for line in proof["lines"]
        if line["line_kind"] == kind and metric in ("", line["metric"])
    )


def _change(row: Any, **more: str) -> None:
    row.update(more)


LIES: dict[str, tuple[Callable[[Any, Any], object], str]] = {
    "a price that is not on the card": (
        lambda proof, _: _change(_line(proof, "variable", "messages"), unit_price="8.250000"),
        "comes to",
    ),
    "an amount that does not multiply out": (
        lambda proof, _: _change(_line(proof, "variable", "seats"), amount="24.00"),
        r"line \d+ comes to 20, not 24.00",
    ),
    "a package more": (
        lambda proof, _: _change(
            _line(proof, "variable", "messages"), billable_quantity="300.000000", amount="21.75"
        ),
        "has the billable_quantity 300.000000, and 200 is agreed",
    ),
    "a tier's price for another tier": (
        lambda proof, _: _change(_line(proof, "variable", "peak_users"), tier="1"),
        "has the unit_price 1.500000, and 2 is agreed",
    ),
    "a slice too large": (
        lambda proof, _: _change(
            _line(proof, "variable", "api_calls"), billable_quantity="1500", amount="75.00"
        ),
        "has the billable_quantity 1500, and 1000 is agreed",
    ),
    "less included": (
        lambda proof, _: _change(_line(proof, "variable", "messages"), included_quantity="0"),
        "has the included_quantity 0, and 3 is agreed",
    ),
    "a levy for more": (
        lambda proof, _: _change(_line(proof, "levy"), quantity="4.000000"),
        "has the billable_quantity 3.000000, and 4 is agreed",
    ),
    "a higher minimum": (
        lambda proof, _: _change(_line(proof, "minimum"), base_amount="950.0000"),
        "line .* comes to",
    ),
    "a higher mark-up": (
        lambda proof, _: _change(_line(proof, "passthrough"), markup_percent="99"),
        "line .* comes to",
    ),
    "less cost than there was": (
        lambda proof, _: proof["costs"][0].update(cost_usd="30"),
        r"has the cost_usd [\d.]+, and [\d.]+ is agreed",
    ),
    "more cost than there was": (
        lambda proof, _: _change(_line(proof, "passthrough"), cost_usd="31.000000000101"),
        r"line \d+ comes to",
    ),
    "a smaller discount": (
        lambda proof, _: _change(_line(proof, "discount"), percent="5.000000"),
        "line .* comes to",
    ),
    "a credit that shrank": (
        lambda proof, _: _change(_line(proof, "credit"), base_amount="2.3400", amount="-2.34"),
        "has the base_amount 2.3400, and 12.34 is agreed",
    ),
    "a line that only the proof has": (
        lambda proof, _: proof["lines"].append(_line(proof, "credit") | {"line_number": 99}),
        "proof.json: the lines do not sum to",
    ),
    "a discount that is forgotten": (
        lambda proof, _: proof["lines"].remove(_line(proof, "discount")),
        "proof.json: the discount early is not taken off for cedar",
    ),
    "a credit that is forgotten": (
        lambda proof, _: proof["lines"].remove(_line(proof, "credit")),
        "proof.json: the credit sorry is not taken off for cedar",
    ),
    "the same twice": (
        lambda proof, _: proof["lines"].append(_line(proof, "levy") | {"line_number": 99}),
        "proof.json: line 99 bills again what line 1 bills",
    ),
    "a month's fee for a few days": (
        lambda proof, _: _change(
            _line(proof, "facility"), billable_quantity="1", unit_size="1", amount="250.00"
        ),
        "has the billable_quantity 1, and 20 is agreed",
    ),
    "another tenant's price list": (
        lambda proof, _: _change(_line(proof, "levy"), plan_id="growth"),
        "proof.json: line 1 names growth:1, which is no price list of cedar",
    ),
    "a total that is not the sum": (
        lambda proof, _: _change(proof, total="9999.00"),
        "proof.json: the lines do not sum to 9999.00",
    ),
    "another total on the document": (
        lambda _, document: _change(document["totals"], gross="9999.00"),
        r"invoice.json: gross is [\d.]+, not 9999.00",
    ),
    "a tax that nobody owes": (
        lambda _, document: document["taxes"].append(
            {"category": "S", "percent": "19", "base": "0.00", "tax": "19.00"}
        ),
        "invoice.json: its taxes are not those of its lines",
    ),
    "a line that only the document has": (
        lambda _, document: document["groups"][0]["lines"].append(
            document["groups"][0]["lines"][0] | {"line_number": 98}
        ),
        "invoice.json: its lines are not those of proof.json",
    ),
    "a day with more use than events": (
        lambda proof, _: _change(
            next(row for row in proof["usage"] if row["metric"] == "messages"), quantity="105"
        ),
        "proof.json: the days of cedar messages come to 105, not 104",
    ),
    "a quantity that is not the month's": (
        lambda proof, _: _change(
            next(row for row in proof["quantities"] if row["metric"] == "seats"), quantity="6"
        ),
        r"proof.json: line \d+ bills another quantity",
    ),
    "a head more": (
        lambda proof, _: _change(proof["heads"][0], ids_sha256=sha256("e0\ne1\ne2\ne3")),
        "events.jsonl: the events of cedar active_customers come to 3, and 3 was counted",
    ),
    "a price list that is missing": (
        lambda proof, _: proof["plans"].clear(),
        r"proof.json: line \d+ names europe:1, which is no price list of cedar",
    ),
    "an invoice of another account": (
        lambda _, document: _change(document["buyer"], id="birch"),
        "invoice.json: its account_id is not the one that was claimed",
    ),
    "facts of another month": (
        lambda proof, _: _change(proof, period="2026-11"),
        "proof.json: its period is not the one that was claimed",
    ),
    "something that is no proof": (
        lambda proof, _: proof.pop("lines"),
        "proof.json: cannot be read",
    ),
}


def test_what_is_signed_anew_as_it_was_still_holds(cedar: Files) -> None:
    figures = (json.loads(cedar[name]) for name in ("proof.json", "invoice.json"))
    assert _wrong(_signed_anew(cedar, *figures)) == ""


@pytest.mark.parametrize("lie", LIES)
def test_a_signature_makes_no_lie_true(cedar: Files, lie: str) -> None:
    tell, told = LIES[lie]
    proof, document = (json.loads(cedar[name]) for name in ("proof.json", "invoice.json"))
    tell(proof, document)
    assert re.search(told, _wrong(_signed_anew(cedar, proof, document)))


def test_an_event_that_is_left_out_is_missed(cedar: Files) -> None:
    events = cedar["events.jsonl"].decode().splitlines(keepends=True)
    kept = [line for line in events if '"messages"' not in line]
    assert len(kept) == len(events) - 1
    assert _wrong(_summed(cedar | {"events.jsonl": "".join(kept).encode()})) == (
        "events.jsonl: the events of 2026-10-09 cedar MOD-1 messages come to 0, and 104 was counted"
    )
