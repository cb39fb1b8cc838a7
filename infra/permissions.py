"""The only place where a permission is given: exact actions, and a reason for every wildcard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from infra import names


def service_role(scope: Construct, id_: str, service: str) -> iam.Role:
    """A role that one AWS service can take, for our account alone, and that can do nothing yet."""
    principal = iam.ServicePrincipal(f"{service}.amazonaws.com")
    account = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    # Lambda takes its role without naming an account; the services that push do name it.
    trusted = principal if service == "lambda" else principal.with_conditions(account)
    return iam.Role(scope, id_, assumed_by=trusted)


def allow(
    role: iam.IRole,
    actions: Sequence[str],
    *resources: str,
    because: str = "",
    when: Mapping[str, object] | None = None,
) -> None:
    """Let the role do so on the resources; `because` is why one of them has to hold a `*`."""
    statement = iam.PolicyStatement(
        actions=list(actions), resources=list(resources), conditions=when
    )
    role.add_to_principal_policy(statement)
    if because:
        accept_wildcards(role, *resources, because=because)


def read_objects(role: iam.IRole, bucket_arn: str, prefix: str = "") -> None:
    """Let the role list the bucket and read its objects."""
    allow(role, ["s3:ListBucket"], bucket_arn)
    allow(role, ["s3:GetObject"], f"{bucket_arn}/{prefix}*", because=_OBJECTS)


def write_objects(role: iam.IRole, bucket_arn: str, prefix: str = "") -> None:
    """Let the role put objects below the prefix."""
    allow(role, ["s3:PutObject"], f"{bucket_arn}/{prefix}*", because=_OBJECTS)


def delete_objects(role: iam.IRole, bucket_arn: str) -> None:
    """Let the role delete what can be made again; of facts and evidence it is given to nobody."""
    allow(role, ["s3:DeleteObject"], f"{bucket_arn}/*", because=_OBJECTS)


def land(role: iam.IRole, landing_arn: str, stream: str) -> None:
    """Let the role land deliveries of one stream: their rows, and the records that close them."""
    write_objects(role, landing_arn, f"{stream}/")
    write_objects(role, landing_arn, f"{names.CLOSING_RECORDS}{stream}/")


def use_key(role: iam.IRole, key_arn: str) -> None:
    """Let the role read and write what is encrypted with the key."""
    allow(role, ["kms:Decrypt", "kms:GenerateDataKey"], key_arn)


def deny(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, object] | None = None,
) -> iam.PolicyStatement:
    """A statement for a resource's own policy: nobody may, whatever stands elsewhere."""
    return iam.PolicyStatement(
        sid=sid,
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=list(actions),
        resources=list(resources),
        conditions=conditions,
    )


def others_than(*roles: iam.IRole) -> dict[str, object]:
    """The condition under which a denial spares these roles."""
    return {"ArnNotEquals": {"aws:PrincipalArn": [role.role_arn for role in roles]}}


def accept_wildcards(role: iam.IRole, *resources: str, because: str) -> None:
    """Accept that the role may do something on resources that hold a `*`."""
    for resource in resources:
        found = _as_found(Stack.of(role).resolve(resource))
        accept(role, f"AwsSolutions-IAM5[Resource::{found}]", because)


def accept(scope: IConstruct, finding: str, because: str) -> None:
    """Accept one finding of cdk-nag at a construct or below it, and say why."""
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=because))


def _as_found(resource: object) -> str:
    """A resource as cdk-nag writes it: `<Id.Arn>/usage/*`."""
    match resource:
        case str():
            # A variable of the policy, such as the tag of a session.
            return resource.replace("${", "<").replace("}", ">")
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_as_found(part) for part in parts)
    raise TypeError(f"a resource that is written like this is new: {resource}")


_OBJECTS = "The keys of the objects are not known beforehand; the bucket and the prefix are."
