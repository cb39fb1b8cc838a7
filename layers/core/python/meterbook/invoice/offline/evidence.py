"""The bytes are those that were sealed, and the seal stands in a signed register."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from meterbook.invoice.offline.ground import (
    DOCUMENT,
    FILES,
    PROOF,
    REGISTER,
    SUMS,
    Bundle,
    Wrong,
    canonical,
    sha256,
)
from meterbook.invoice.signature import is_signed, key_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from meterbook.invoice.offline.ground import Fields

# Sealed like the others, but it names other customers, so it stays with the seller.
KEPT = "facts.json"


def check_sums(bundle: Bundle) -> Iterator[str]:
    """Every file has the bytes that SHA256SUMS tells."""
    text = bundle.read(SUMS).decode("utf-8", "replace")
    told = dict(line.split("  ", 1)[::-1] for line in text.split("\n") if "  " in line)
    for name in sorted({*FILES} - told.keys()):
        raise Wrong(SUMS, f"does not list {name}")
    for name, digest in sorted(told.items()):
        if not re.fullmatch(r"\w[\w.-]*", name) or not bundle.has(name):
            raise Wrong(name, "is listed in SHA256SUMS and is not here")
        if sha256(bundle.read(name)) != digest:
            raise Wrong(name, "does not have the bytes that SHA256SUMS tells")
    if text != "".join(f"{told[name]}  {name}\n" for name in sorted(told)):
        raise Wrong(SUMS, "is not written as it was")
    yield f"{len(told)} files have the bytes that SHA256SUMS tells"


def check_register(bundle: Bundle, keys: Collection[str]) -> Iterator[str]:
    """The number stands on a signed sheet, and every sheet after it follows from the one before."""
    told = bundle.json(REGISTER)
    chain = told["chain"]
    _entry(told["claim"], chain, "claims_sha256")
    _entry(told["seal"], chain, "sealed_sha256")
    before = ("", 0, "")  # the hash and number of the sheet before, and whose it is
    for link in chain:
        head = link["head"]
        name = "sheet {} of {}".format(head["sheet"], head["seller_id"])
        digest = sha256(canonical(head))
        follows = (head["previous_sha256"], head["sheet"] - 1, head["seller_id"])
        if before[0] and follows != before:
            raise Wrong(REGISTER, f"{name} does not follow from the one before")
        _must_be_signed(name, digest, link["signature"], head["key_id"], told["keys"], keys)
        before = (digest, head["sheet"], head["seller_id"])
    number, sheets = told["number"], [link["head"]["sheet"] for link in chain]
    yield "{} was claimed on sheet {} of {}'s register and sealed on sheet {}".format(
        number, told["claim"]["sheet"], before[2], told["seal"]["sheet"]
    )
    yield f"sheets {sheets[0]} to {sheets[-1]} follow from each other, each signed"
    for id_ in sorted({link["head"]["key_id"] for link in chain}):
        same = "a key that you named" if keys else "compare this id with what the seller says"
        yield f"signed by key {id_} ({same})"


def _must_be_signed(
    name: str, digest: str, signature: str, id_: str, told: Fields, trusted: Collection[str]
) -> None:
    public_key = base64.b64decode(told[id_])
    if key_id(public_key) != id_ or (trusted and id_ not in trusted):
        raise Wrong(REGISTER, f"{name} was signed by another key, {id_}")
    if not is_signed(bytes.fromhex(digest), base64.b64decode(signature), public_key):
        raise Wrong(REGISTER, f"the signature of {name} is not true")


def _entry(told: Fields, chain: Sequence[Fields], root: str) -> Fields:
    """The one entry of a sheet that is shown; its neighbours stand there by their hashes."""
    (shown,) = (entry for entry in told["entries"] if not isinstance(entry, str))
    hashes = [e if isinstance(e, str) else sha256(canonical(e)) for e in told["entries"]]
    (head,) = (link["head"] for link in chain if link["head"]["sheet"] == told["sheet"])
    if head[root] != sha256(canonical(hashes)):
        raise Wrong(REGISTER, "sheet {} has other entries".format(told["sheet"]))
    return dict(shown)


def check_seal(bundle: Bundle) -> Iterator[str]:
    """The documents are those that the register has sealed."""
    told = bundle.json(REGISTER)
    seal = _entry(told["seal"], told["chain"], "sealed_sha256")
    place = "invoices/{}/".format(told["number"])
    sealed = {key[len(place) :]: digest for key, digest in seal["files"].items()}
    if seal["number"] != told["number"] or any(not k.startswith(place) for k in seal["files"]):
        raise Wrong(REGISTER, "the seal is of another document")
    for name in sorted(sealed.keys() - {KEPT}):
        if sha256(bundle.read(name)) != sealed[name]:
            raise Wrong(name, "does not have the bytes that the register has sealed")
    for name in (DOCUMENT, PROOF):
        if name not in sealed:
            raise Wrong(name, "was not sealed")
    yield "{} are as they were sealed".format(", ".join(sorted(sealed.keys() - {KEPT})))


def check_document(bundle: Bundle) -> Iterator[str]:
    """The document is the one that the number was given to."""
    told, document, proof = (bundle.json(n) for n in (REGISTER, DOCUMENT, PROOF))
    claim = _entry(told["claim"], told["chain"], "claims_sha256")
    of_claim = {
        "number": document["number"],
        "account_id": document["buyer"]["id"],
        "period": document["period"]["name"],
        "kind": document["kind"],
        "snapshot_sha256": document["snapshot_sha256"],
        "issue_date": document["issue_date"],
    }
    for name, value in of_claim.items():
        if claim[name] != value:
            raise Wrong(DOCUMENT, f"its {name} is not the one that was claimed")
    for name in ("account_id", "period", "kind", "subject"):
        if claim[name] != proof[name]:
            raise Wrong(PROOF, f"its {name} is not the one that was claimed")
    if told["number"] != claim["number"] or document["currency"] != proof["currency"]:
        raise Wrong(DOCUMENT, "it is another document than the one that was claimed")
    yield "{} is the {} of {} for account {}".format(
        claim["number"], claim["kind"].replace("_", " "), claim["period"], claim["account_id"]
    )
