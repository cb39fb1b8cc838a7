"""What the register costs in requests: 10,000 numbers claimed and sealed in a bucket.

A sheet binds many numbers at once, so a month of invoices is a few conditional puts, and whoever
comes after reads a few objects. The bucket is moto's, in the process that is measured.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import boto3
from meterbook.aws.s3 import S3Store
from meterbook.canonical import sha256
from meterbook.invoice.register import Claimable, Seal, claim, read_register, seal
from meterbook_local.signer import LocalSigner
from moto import mock_aws

from bench.ground import Ground, job
from bench.measure import Measure, times_as_much

NUMBERS = 10_000
AT = datetime(2026, 11, 5, 8, tzinfo=UTC)
_HOST = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}


def measures(ground: Ground) -> Iterator[Measure]:
    """Conditional puts for all numbers, from claim to seal."""
    told = job(ground, "bench.register:numbers").answer
    yield times_as_much(
        f"puts to claim {NUMBERS:,} numbers in the register of an empty bucket",
        told["claim_puts"], None,
        f"the public key among them; {told['puts']} puts with the seals of all documents, "
        f"{told['gets']} gets; {told['seconds']:.1f} s of CPU, and {told['read_seconds']:.1f} s to "
        "read it all and check its chain",
        target=50,
    )  # fmt: skip


@mock_aws
def numbers() -> dict[str, float]:
    """Claim, seal and read again, counting the requests."""
    os.environ.update(_HOST)
    client = boto3.client("s3", region_name="eu-west-2")
    client.create_bucket(
        Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    evidence, sent = S3Store(client, "evidence"), _counted(client)
    with TemporaryDirectory() as folder:
        signer = LocalSigner(Path(folder) / "register.key")
        begun = process_time()
        wanted = (f"account-{n:05d}" for n in range(NUMBERS))
        claims = claim(
            evidence, signer, "seller",
            [Claimable("2026-10", account, sha256(account), "INV") for account in wanted], AT,
        ).claims  # fmt: skip
        claim_puts = sent["PutObject"]
        seal(evidence, signer, "seller", [_sealed(made.number) for made in claims], AT)
    answer = {"claim_puts": claim_puts, "puts": sent["PutObject"], "gets": sent["GetObject"]}
    seconds, begun = process_time() - begun, process_time()
    register = read_register(evidence, "seller")
    assert [one.number for one in register.claims][-1] == f"INV-2026-{NUMBERS:06d}"  # noqa: S101
    assert register.unsealed == []  # noqa: S101 - what was counted is all of it
    return answer | {"seconds": seconds, "read_seconds": process_time() - begun}


def _sealed(number: str) -> Seal:
    names = ("facts.json", "invoice.json", "invoice.pdf", "proof.json")
    return Seal(number, {f"invoices/{number}/{name}": sha256(number + name) for name in names})


def _counted(client: Any) -> Counter[str]:  # noqa: ANN401 - boto3 makes its clients at run time
    sent: Counter[str] = Counter()

    def count(model: Any, **_: object) -> None:  # noqa: ANN401 - an operation's model
        sent[model.name] += 1

    client.meta.events.register("before-call.s3", count)
    return sent
