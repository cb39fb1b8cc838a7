"""Billing: the close, the issue, and the locked bucket that keeps what was issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra import names
from infra.buckets import bucket, key
from infra.lambdas import Shape, book_job, role_of
from infra.permissions import read_objects, use_key, write_objects
from infra.settings import Environment, EvidenceLock

LARGE = Shape(timeout_s=900, memory_mb=2048)


class Billing(Stack):
    """Both jobs run when a person says so, and go on where a run was cut short."""

    def __init__(self, scope: Construct, environment: Environment, landing_key_arn: str) -> None:
        super().__init__(scope, "billing", stack_name=names.resource(environment, "billing"))
        evidence_key = key(self, "evidence_key", "the register and the documents")
        evidence = bucket(
            self,
            environment,
            "evidence",
            evidence_key,
            object_lock_default_retention=_retention(environment.evidence_lock),
        )
        book_job(self, environment, "close_period", LARGE, ["closes"], landing_key_arn)
        issuing = book_job(
            self,
            environment,
            "issue_invoices",
            replace(LARGE, layers=("typeset",)),
            ["invoices"],
            landing_key_arn,
            evidence_bucket=names.bucket(environment, "evidence"),
        )
        writer = role_of(issuing)
        evidence_arn = names.bucket_arn(environment, "evidence")
        read_objects(writer, evidence_arn)
        write_objects(writer, evidence_arn)
        use_key(writer, evidence_key.key_arn)
        for statement in _only_once_and_only_by(evidence, [writer.role_arn]):
            evidence.add_to_resource_policy(statement)


def _retention(lock: EvidenceLock) -> s3.ObjectLockRetention:
    days = Duration.days(lock.days)
    if lock.mode == "COMPLIANCE":
        return s3.ObjectLockRetention.compliance(days)
    return s3.ObjectLockRetention.governance(days)


def _only_once_and_only_by(
    evidence: s3.Bucket, writers: Sequence[str]
) -> list[iam.PolicyStatement]:
    """No one deletes, no one puts over what is there, no one else puts.

    The close is not among the writers: what it freezes enters by the landing bucket, like all
    facts. A denial here holds against every permission elsewhere, the administrator's too.
    """
    objects = evidence.arn_for_objects("*")
    return [
        _deny(
            "NobodyDeletes",
            ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
            objects,
        ),
        _deny("NothingExpires", ["s3:PutLifecycleConfiguration"], evidence.bucket_arn),
        _deny("OnlyIfAbsent", ["s3:PutObject"], objects, {"Null": {"s3:if-none-match": "true"}}),
        _deny(
            "OnlyTheIssue",
            ["s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"],
            objects,
            {"ArnNotEquals": {"aws:PrincipalArn": list(writers)}},
        ),
    ]


def _deny(
    sid: str, actions: Sequence[str], resource: str, conditions: dict[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=list(actions),
        resources=[resource],
        conditions=conditions,
    )
