"""The only place where a bucket is described: private, versioned, kept, and read under log."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from infra import names
from infra.permissions import accept, deny
from infra.settings import Environment

PUTS = ("s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold")


def bucket(
    stack: Stack,
    environment: Environment,
    what: str,
    key: kms.IKey | None = None,
    **options: Any,  # noqa: ANN401 - the CDK's own options
) -> s3.Bucket:
    """A bucket that outlives its stack; every request to it is logged."""
    return s3.Bucket(
        stack,
        what,
        bucket_name=names.bucket(environment, what),
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=key is not None,
        server_access_logs_bucket=_log_bucket(stack),
        server_access_logs_prefix=f"{what}/",
        versioned=True,
        **_PRIVATE,
        **options,
    )


def key(stack: Stack, id_: str, what: str) -> kms.Key:
    """A key that is rotated every year and outlives its stack."""
    return kms.Key(
        stack,
        id_,
        description=f"Meterbook: {what}",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def signing_key(stack: Stack, environment: Environment, id_: str, what: str) -> kms.Key:
    """An RSA key that signs inside KMS and never leaves it; the old signatures need it for ever."""
    return kms.Key(
        stack,
        id_,
        alias=names.resource(environment, id_),
        description=f"Meterbook: {what}",
        key_spec=kms.KeySpec.RSA_3072,
        key_usage=kms.KeyUsage.SIGN_VERIFY,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def append_only(made: s3.Bucket) -> None:
    """Nobody deletes, nothing expires, and nothing is put over what is there.

    A denial holds against every permission elsewhere, the administrator's too.
    """
    objects = [made.arn_for_objects("*")]
    deleting = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    for statement in (
        deny("NobodyDeletes", deleting, objects),
        deny("NothingExpires", ["s3:PutLifecycleConfiguration"], [made.bucket_arn]),
        deny("OnlyIfAbsent", ["s3:PutObject"], objects, {"Null": {"s3:if-none-match": "true"}}),
    ):
        made.add_to_resource_policy(statement)


@cache
def _log_bucket(stack: Stack) -> s3.Bucket:
    logs = s3.Bucket(
        stack,
        "access_logs",
        encryption=s3.BucketEncryption.S3_MANAGED,
        lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(400))],
        **_PRIVATE,
    )
    accept(logs, "AwsSolutions-S1", "It holds the access logs and is not logged itself.")
    return logs


_PRIVATE: dict[str, Any] = {
    "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
    "enforce_ssl": True,
    "minimum_tls_version": 1.2,
    "object_ownership": s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    "removal_policy": RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
}
