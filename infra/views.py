"""What readers see: the bucket of published documents, who writes it, and who reads whose part."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra import names
from infra.buckets import bucket, key
from infra.lambdas import Shape, book_job, role_of
from infra.permissions import allow, delete_objects, read_objects, use_key, write_objects
from infra.schedules import Rhythm, schedule
from infra.settings import Environment

# Every four hours (CAP-140), soon after the issue, while the warehouse still runs.
PUBLISH = Rhythm("publish", Duration.hours(2), {"minute": "15", "hour": "2/4"})
# One at a time: each run leaves what the next one compares with.
SHAPE = Shape(timeout_s=900, memory_mb=3008, disk_mb=2048, layers=("pages", "engine"), at_once=1)
OWN = "tenants/${aws:PrincipalTag/tenant_id}/*"
PUBLISHED = "published.json"


class Views(Construct):
    """The bucket and its key, and the function that fills it. Readers are let in one by one."""

    def __init__(
        self, stack: Stack, environment: Environment, landing_key_arn: str, evidence_key_arn: str
    ) -> None:
        super().__init__(stack, "published")
        self.key = key(stack, "views_key", "what readers see")
        self.arn = names.bucket_arn(environment, "views")
        # Every document can be published again, so what was written over soon goes.
        let_go = s3.LifecycleRule(
            noncurrent_version_expiration=Duration.days(30),
            abort_incomplete_multipart_upload_after=Duration.days(1),
        )
        bucket(stack, environment, "views", self.key, lifecycle_rules=[let_go])
        publishing = _publish(stack, environment, landing_key_arn)
        role, evidence = role_of(publishing), names.bucket_arn(environment, "evidence")
        read_objects(role, evidence)
        allow(role, ["kms:Decrypt"], evidence_key_arn)
        read_objects(role, self.arn)
        write_objects(role, self.arn)
        delete_objects(role, self.arn)
        use_key(role, self.key.key_arn)


def _publish(stack: Stack, environment: Environment, landing_key_arn: str) -> lambda_.Function:
    function = book_job(
        stack,
        environment,
        "publish_tenant_views",
        SHAPE,
        [],
        landing_key_arn,
        evidence_bucket=names.bucket(environment, "evidence"),
        views_bucket=names.bucket(environment, "views"),
    )
    schedule(stack, environment, function, PUBLISH)
    return function


def tenant_reader(stack: Stack, environment: Environment, views: Views, by: iam.IRole) -> iam.Role:
    """The role that reads for one tenant: which, the session's tag says, and it cannot do without.

    The function that answers may take it and may nothing else; what it may then read follows from
    the tag in the policy itself. So a fault in our code asks for what AWS refuses. The role's own
    tag of that name says whose cost it is; the session's stands in its place.
    """
    trusted = iam.ArnPrincipal(by.role_arn).with_conditions({
        # One tag and no other, of one part: `a/b` would be a folder of the tenant `a`.
        "StringLike": {"aws:RequestTag/tenant_id": "?*"},
        "StringNotLike": {"aws:RequestTag/tenant_id": "*/*"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["tenant_id"]},
    })  # fmt: skip
    role = iam.Role(
        stack,
        "tenant_reader",
        role_name=names.resource(environment, "tenant-reader"),
        description="Meterbook: reads the published documents of the tenant in the session's tag.",
        assumed_by=iam.SessionTagsPrincipal(trusted),
    )
    because = "The keys of a tenant's documents are not known beforehand; whose they are is."
    allow(role, ["s3:GetObject"], f"{views.arn}/{OWN}", because=because)
    allow(role, ["s3:GetObject"], f"{views.arn}/{PUBLISHED}")
    _decrypt_from_s3(role, environment, views.key)
    allow(by, ["sts:AssumeRole", "sts:TagSession"], role.role_arn)
    return role


def _decrypt_from_s3(role: iam.IRole, environment: Environment, views_key: kms.IKey) -> None:
    """Only what S3 hands out, which asks in the reader's name."""
    through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}}
    allow(role, ["kms:Decrypt"], views_key.key_arn, when=through_s3)
