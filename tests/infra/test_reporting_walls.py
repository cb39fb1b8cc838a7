"""No licensee's session reaches another's documents, and what answers licensees has no way round.

The policies are read off the templates and worked out as AWS does: what a tag puts into a pattern,
which condition holds, which resource matches. AWS itself has not been asked.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import permutations
from typing import Any

import pytest
from synthesized import ACCOUNT, Assembly, functions, listed, plain, role

ENVIRONMENTS = ("dev", "prod", "connected")
TENANTS = (
    "acme", "acme-eu", "acme.eu", "acme:eu", "acme_eu", "Acme", "a", "A.b:c-d_e", "acm", "cme", "tenants",
    "platform", "0", "x" * 128,
)  # fmt: skip
KEYS = ("index.json", "documents/0a1b.json", "events/ff.json.gz", "files/aa.pdf")
# Not one id but a part of a path, or a pattern: no session may carry it, whoever asks for it.
HOSTILE = ("", "/", "acme/", "acme/documents", "../acme", "acme/../birch", "a/b/c")

Statement = dict[str, Any]


def policies_of(assembly: Assembly, environment: str, role_id: str) -> list[Statement]:
    """Every statement that is given to a role of the stack `reporting`."""
    template = assembly.stages[environment]["reporting"]
    return [
        plain(statement, template)
        for policy in assembly.resources(environment, "AWS::IAM::Policy", "reporting").values()
        if role_id in [one["Ref"] for one in policy["Properties"]["Roles"]]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def reader(assembly: Assembly, environment: str) -> tuple[str, dict[str, Any]]:
    """The role that reads for one tenant: its logical id, and its properties."""
    template = assembly.stages[environment]["reporting"]
    roles = assembly.resources(environment, "AWS::IAM::Role", "reporting")
    (found,) = [
        (name, plain(one["Properties"], template))
        for name, one in roles.items()
        if str(one["Properties"].get("RoleName", "")).endswith("-tenant-reader")
    ]
    return found


def matches(pattern: str, text: str) -> bool:
    """A pattern of IAM's, in which `*` and `?` alone mean something."""
    return fnmatchcase(text, re.sub(r"([\[\]])", r"[\1]", pattern))


def filled(resource: str, tenant_id: str) -> str:
    """The resource of a statement in a session with the tag."""
    return resource.replace("${aws:PrincipalTag/tenant_id}", tenant_id)


def may(statements: list[Statement], action: str, resource: str, tenant_id: str) -> bool:
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return any(
        action in listed(statement["Action"])
        and any(matches(filled(one, tenant_id), resource) for one in listed(statement["Resource"]))
        for statement in statements
    )


def lets_in(trust: Statement, tags: dict[str, str]) -> bool:
    """Whether a role's trust is given to a session with these tags."""
    (statement,) = trust["Statement"]
    conditions = dict(statement["Condition"])
    like, unlike = conditions.pop("StringLike"), conditions.pop("StringNotLike")
    keys = conditions.pop("ForAllValues:StringEquals")["aws:TagKeys"]
    assert not conditions, "a condition that this test does not know"

    def value(name: str) -> str | None:
        return tags.get(name.removeprefix("aws:RequestTag/"))

    said = all((found := value(name)) is not None and matches(p, found) for name, p in like.items())
    sound = not any(
        (found := value(name)) is not None and matches(p, found) for name, p in unlike.items()
    )
    return said and sound and set(tags) <= set(listed(keys))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_session_reads_its_own_tenants_documents_and_no_others(
    assembly: Assembly, environment: str
) -> None:
    statements = policies_of(assembly, environment, reader(assembly, environment)[0])
    bucket = f"arn:aws:s3:::meterbook-{environment}-views-{ACCOUNT}"
    for own, other in permutations(TENANTS, 2):
        for key in KEYS:
            assert may(statements, "s3:GetObject", f"{bucket}/tenants/{own}/{key}", own)
            assert not may(statements, "s3:GetObject", f"{bucket}/tenants/{other}/{key}", own)
    assert may(statements, "s3:GetObject", f"{bucket}/published.json", "acme")
    assert not may(statements, "s3:GetObject", f"{bucket}/webhooks.json", "acme")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_session_can_read_and_decrypt_and_can_do_nothing_else(
    assembly: Assembly, environment: str
) -> None:
    statements = policies_of(assembly, environment, reader(assembly, environment)[0])
    given = {action for one in statements for action in listed(one["Action"])}
    assert given == {"s3:GetObject", "kms:Decrypt"}
    (decrypt,) = [one for one in statements if "kms:Decrypt" in listed(one["Action"])]
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    }
    assert decrypt["Resource"].startswith("<viewskey")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_one_function_alone_takes_the_role_and_only_for_one_tenant(
    assembly: Assembly, environment: str
) -> None:
    _, properties = reader(assembly, environment)
    trust = properties["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    tenant_role = role(functions(assembly, environment)["tenant_api"])
    assert statement["Principal"] == {"AWS": f"<{tenant_role}.Arn>"}
    assert sorted(statement["Action"]) == ["sts:AssumeRole", "sts:TagSession"]
    assert all(lets_in(trust, {"tenant_id": tenant}) for tenant in TENANTS)
    assert not any(lets_in(trust, {"tenant_id": hostile}) for hostile in HOSTILE)
    assert not lets_in(trust, {})
    assert not lets_in(trust, {"tenant_id": "acme", "role": "admin"})
    assert not lets_in(trust, {"Tenant": "acme"})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_answers_licensees_reads_nothing_in_its_own_name(
    assembly: Assembly, environment: str
) -> None:
    function = functions(assembly, environment)["tenant_api"]
    statements = policies_of(assembly, environment, role(function))
    given = {action for one in statements for action in listed(one["Action"])}
    assert given == {
        "sts:AssumeRole", "sts:TagSession", "secretsmanager:GetSecretValue", "sqs:SendMessage",
        "logs:CreateLogStream", "logs:PutLogEvents",
        "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    }  # fmt: skip
    reader_id, _ = reader(assembly, environment)
    (assumed,) = [one["Resource"] for one in statements if "sts:AssumeRole" in one["Action"]]
    assert assumed == f"<{reader_id}.Arn>"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_answers_licensees_holds_no_secret_of_the_warehouse(
    assembly: Assembly, environment: str
) -> None:
    function = functions(assembly, environment)["tenant_api"]
    statements = policies_of(assembly, environment, role(function))
    secrets = [
        resource
        for one in statements
        if "secretsmanager:GetSecretValue" in listed(one["Action"])
        for resource in listed(one["Resource"])
    ]
    assert [secret for secret in secrets if not secret.startswith("<signingsecret")] == []
    told = function["Environment"]["Variables"]
    assert not [name for name in told if re.search("SNOWFLAKE|LANDING|EVIDENCE|EVENT_BUS", name)]
    # The template itself names no warehouse in anything that the function is made of.
    assert "snowflake" not in str([*statements, told]).lower()


def test_each_half_takes_the_forms_of_the_others_pages(assembly: Assembly) -> None:
    ours = functions(assembly, "prod")
    first, second = (
        ours[name]["Environment"]["Variables"]["METERBOOK_WEB_SECRET"]
        for name in ("tenant_api", "admin_api")
    )
    assert first == second


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_finance_starts_two_jobs_lands_decisions_and_only_adds_to_the_audit_log(
    assembly: Assembly, environment: str
) -> None:
    admin = functions(assembly, environment)["admin_api"]
    statements = policies_of(assembly, environment, role(admin))

    def resources(action: str) -> set[str]:
        found = [one["Resource"] for one in statements if action in listed(one["Action"])]
        return {resource for one in found for resource in listed(one)}

    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:meterbook-{environment}"
    assert resources("lambda:InvokeFunction") == {
        f"{function}-close-period",
        f"{function}-issue-invoices",
    }
    landing = f"arn:aws:s3:::meterbook-{environment}-landing-{ACCOUNT}"
    audit = f"arn:aws:s3:::meterbook-{environment}-audit-{ACCOUNT}"
    assert resources("s3:PutObject") == {
        f"{landing}/decisions/*", f"{landing}/deliveries/decisions/*", f"{landing}/announced/*",
        f"{audit}/*",
    }  # fmt: skip
    assert not any("-views-" in one or "-evidence-" in one for one in resources("s3:GetObject"))
    assert not resources("s3:DeleteObject") | resources("kms:Sign") | resources("sts:AssumeRole")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_nothing_is_ever_taken_out_of_the_audit_log(assembly: Assembly, environment: str) -> None:
    template = assembly.stages[environment]["reporting"]
    buckets = assembly.resources(environment, "AWS::S3::Bucket", "reporting").values()
    (audit,) = [one["Properties"] for one in buckets if "ObjectLockEnabled" in one["Properties"]]
    assert "-audit-" in plain(audit["BucketName"], template)
    kept = audit["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert kept == {"Mode": "GOVERNANCE", "Days": 1 if environment == "dev" else 3653}
    named = {
        statement["Sid"]: statement
        for policy in assembly.resources(environment, "AWS::S3::BucketPolicy", "reporting").values()
        for statement in plain(policy["Properties"]["PolicyDocument"]["Statement"], template)
        if "Sid" in statement and statement["Effect"] == "Deny"
    }
    assert named.keys() == {
        "NobodyDeletes",
        "NothingExpires",
        "OnlyIfAbsent",
        "OnlyTheAdminApiAdds",
    }
    assert "Condition" not in named["NobodyDeletes"]
    admin = functions(assembly, environment)["admin_api"]["Role"]
    spared = named["OnlyTheAdminApiAdds"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert listed(spared) == [admin]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_one_function_alone_publishes(assembly: Assembly, environment: str) -> None:
    publishing = functions(assembly, environment)["publish_tenant_views"]
    bucket = f"arn:aws:s3:::meterbook-{environment}-views-{ACCOUNT}"
    writers = {
        name
        for name, function in functions(assembly, environment).items()
        for one in policies_of(assembly, environment, role(function))
        if {"s3:PutObject", "s3:DeleteObject"} & set(listed(one["Action"]))
        and any(resource.startswith(bucket) for resource in listed(one["Resource"]))
    }
    assert writers == {"publish_tenant_views"}
    statements = policies_of(assembly, environment, role(publishing))
    evidence = f"arn:aws:s3:::meterbook-{environment}-evidence-{ACCOUNT}/register/1"
    assert may(statements, "s3:GetObject", evidence, "")
    assert not may(statements, "s3:PutObject", evidence, "")
