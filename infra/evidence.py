"""What was issued: the locked bucket that keeps it, and the key that vouches for it."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from infra import names
from infra.buckets import PUTS, append_only, bucket, key, signing_key
from infra.permissions import (
    allow,
    deny,
    others_than,
    read_objects,
    use_key,
    write_objects,
)
from infra.settings import Environment, EvidenceLock

REGISTER = "register/"
DOCUMENTS = "invoices/"
# What the register's signatures are; KMS is asked for no other.
_ALGORITHM = {"StringEquals": {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}}


def evidence(
    stack: Stack, environment: Environment, issue: iam.IRole, render: iam.IRole
) -> kms.Key:
    """The bucket: one role writes the register, one the documents, and nobody writes twice."""
    encryption = key(stack, "evidence_key", "the register and the documents")
    made = bucket(
        stack,
        environment,
        "evidence",
        encryption,
        object_lock_default_retention=_retention(environment.evidence_lock),
    )
    arn = names.bucket_arn(environment, "evidence")
    for role, prefix in ((issue, REGISTER), (render, DOCUMENTS)):
        read_objects(role, arn)
        write_objects(role, arn, prefix)
        use_key(role, encryption.key_arn)
    append_only(made)
    for statement in _only_by(made, issue, render):
        made.add_to_resource_policy(statement)
    return encryption


def register_key(stack: Stack, environment: Environment) -> kms.Key:
    """The key of the register."""
    return signing_key(stack, environment, "register", "who vouches for the register")


def sign_with(role: iam.IRole, made: kms.Key) -> None:
    """Let this role alone sign: the key's own policy denies it to everybody else."""
    allow(role, ["kms:Sign"], made.key_arn, when=_ALGORITHM)
    allow(role, ["kms:GetPublicKey"], made.key_arn)
    made.add_to_resource_policy(
        deny("OnlyTheIssueSigns", ["kms:Sign"], ["*"], others_than(role)),
    )


def _retention(lock: EvidenceLock) -> s3.ObjectLockRetention:
    days = Duration.days(lock.days)
    if lock.mode == "COMPLIANCE":
        return s3.ObjectLockRetention.compliance(days)
    return s3.ObjectLockRetention.governance(days)


def _only_by(made: s3.Bucket, issue: iam.IRole, render: iam.IRole) -> list[iam.PolicyStatement]:
    """No one else puts; each of the two in its own place.

    The close is not among the writers: what it freezes enters by the landing bucket, like all
    facts.
    """
    register, documents = (
        made.arn_for_objects(f"{REGISTER}*"),
        made.arn_for_objects(f"{DOCUMENTS}*"),
    )
    everything = [made.arn_for_objects("*")]
    return [
        deny("OnlyTheTwoWriters", PUTS, everything, others_than(issue, render)),
        deny("OnlyTheIssue", PUTS, [register], others_than(issue)),
        deny("OnlyTheRenderer", PUTS, [documents], others_than(render)),
    ]
