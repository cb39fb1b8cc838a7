"""The API: two functions behind one gateway, which lets in whom they would let in."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from infra import names
from infra.buckets import PUTS, append_only, bucket
from infra.lambdas import Shape, book_job, job, role_of
from infra.people import People
from infra.permissions import accept, allow, deny, others_than, write_objects
from infra.settings import Environment
from infra.views import Views, tenant_reader

# A whole processor, for the first request of a process is mostly imports.
TENANT = Shape(timeout_s=10, memory_mb=1769, layers=("pages",), at_once=10)
# The gateway waits for 29 seconds; a warehouse that sleeps takes some of them.
ADMIN = Shape(timeout_s=29, memory_mb=1769, layers=("pages",))
# What a person may start from a page, and nothing else.
STARTED = ("close_period", "issue_invoices")
RATE, BURST = 100, 200
FINANCE = ("/finance", "/finance/{rest+}")
ADMIN_API = (
    "/v1/allocation", "/v1/periods/{rest+}", "/v1/tenants", "/v1/unattributed",
    "/v1/unit-economics",
)  # fmt: skip
TENANT_API = "/v1/{rest+}"
# A browser downloads these with its cookie, which the gateway does not know; the function does.
DOWNLOADS = "/v1/export/{rest+}"
# No query, no header: neither a code nor a token can get into the log.
LOGGED = {
    "at": "$context.requestTimeEpoch",
    "request_id": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "route": "$context.routeKey",
    "actor": "$context.authorizer.claims.sub",
    "error": "$context.error.responseType",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
}


def http_api(stack: Stack, environment: Environment) -> gateway.HttpApi:
    """The gateway, with its log and its limits, and no route yet."""
    name = names.resource(environment, "api")
    api = gateway.HttpApi(stack, "api", api_name=name, create_default_stage=False)
    log = logs.LogGroup(
        stack,
        "api_log",
        log_group_name=f"/aws/vendedlogs/{name}",
        retention=names.RETENTION[environment.log_days],
        removal_policy=RemovalPolicy.DESTROY,
    )
    logs.MetricFilter(
        stack,
        "api_fails",
        log_group=log,
        filter_pattern=logs.FilterPattern.number_value("$.status", ">=", 500),
        metric_namespace=names.web_space(environment),
        metric_name=names.API_FAILS,
        metric_value="1",
    )
    stage = gateway.HttpStage(
        stack,
        "stage",
        http_api=api,
        stage_name="$default",
        auto_deploy=True,
        throttle=gateway.ThrottleSettings(rate_limit=RATE, burst_limit=BURST),
    )
    resource = stage.node.default_child
    assert isinstance(resource, gateway.CfnStage)  # noqa: S101 - what the L2 is made of
    resource.access_log_settings = gateway.CfnStage.AccessLogSettingsProperty(
        destination_arn=log.log_group_arn, format=_log_line()
    )
    return api


def _log_line() -> str:
    """The status stands without quotes, so that a filter can compare it."""
    return f'{json.dumps(LOGGED, separators=(",", ":"))[:-1]},"status":$context.status}}'


def tenant_api(
    stack: Stack, environment: Environment, views: Views, sign_in_url: str, web: Mapping[str, str]
) -> lambda_.Function:
    """What licensees ask: it works with no book, and reads nothing in its own name."""
    told = {
        **web,
        "event_source": environment.event_source,
        "views_bucket": names.bucket(environment, "views"),
        "sign_in_url": sign_in_url,
        "tenant_role": names.role_arn(environment, "tenant-reader"),
    }
    function = job(stack, environment, "tenant_api", TENANT, told)
    role = role_of(function)
    tenant_reader(stack, environment, views, role)
    allow(role, ["secretsmanager:GetSecretValue"], web["web_secret"])
    return function


def admin_api(
    stack: Stack, environment: Environment, landing_key_arn: str, web: Mapping[str, str]
) -> lambda_.Function:
    """What finance asks and decides: the book, the stream of decisions, two jobs, the audit log."""
    function = book_job(
        stack,
        environment,
        "admin_api",
        ADMIN,
        ["decisions"],
        landing_key_arn,
        **web,
        audit_bucket=names.bucket(environment, "audit"),
        functions=names.resource(environment, ""),
    )
    role = role_of(function)
    allow(role, ["secretsmanager:GetSecretValue"], web["web_secret"])
    jobs = [names.function_arn(environment, name) for name in STARTED]
    allow(role, ["lambda:InvokeFunction"], *jobs)
    _audit(stack, environment, function)
    return function


def web_variables(
    stack: Stack, environment: Environment, people: People, public_url: str
) -> dict[str, str]:
    """The variables of both functions (`WebSettings`)."""
    return {
        "issuer": people.issuer,
        "audience": people.client_id,
        "public_url": public_url,
        "web_secret": _secret(stack, environment).secret_arn,
    }


def _secret(stack: Stack, environment: Environment) -> secretsmanager.Secret:
    """What both sign cursors and forms with: each takes what a page of the other one sends.

    A form's mark holds only beside the token it was made for: whoever knows the secret alone can
    send nothing in another's name.
    """
    made = secretsmanager.Secret(
        stack,
        "signing_secret",
        secret_name=names.resource(environment, "web-signing"),
        description="Meterbook: signs cursors and forms",
        generate_secret_string=secretsmanager.SecretStringGenerator(
            password_length=64, exclude_punctuation=True
        ),
    )
    because = (
        "What it signs lives for an hour; a new value is put by hand, and only costs a reload."
    )
    accept(made, "AwsSolutions-SMG4", because)
    return made


def _audit(stack: Stack, environment: Environment, by: lambda_.Function) -> None:
    """Who did what: one function adds to it, and nobody takes away, not for as long as evidence."""
    days = Duration.days(environment.evidence_lock.days)
    made = bucket(
        stack,
        environment,
        "audit",
        object_lock_default_retention=s3.ObjectLockRetention.governance(days),
    )
    append_only(made)
    role, arn = role_of(by), names.bucket_arn(environment, "audit")
    write_objects(role, arn)
    # After an answer that was lost it looks whether the entry that is there is its own.
    because = "The keys of the objects are not known beforehand; the bucket is."
    allow(role, ["s3:GetObject"], f"{arn}/*", because=because)
    allow(role, ["s3:ListBucket"], arn)
    everything = [made.arn_for_objects("*")]
    made.add_to_resource_policy(deny("OnlyTheAdminApiAdds", PUTS, everything, others_than(role)))


def routes(
    api: gateway.HttpApi, people: People, tenant: lambda_.Function, admin: lambda_.Function
) -> None:
    """Who answers what; below /v1 the gateway looks at the token first, as each function does."""
    to_tenant = integrations.HttpLambdaIntegration("tenant", tenant)
    to_admin = integrations.HttpLambdaIntegration("admin", admin)
    signed_in = authorizers.HttpJwtAuthorizer(
        "signed_in", people.issuer, jwt_audience=[people.client_id]
    )
    for path in ADMIN_API:
        api.add_routes(path=path, integration=to_admin, authorizer=signed_in)
    api.add_routes(path=TENANT_API, integration=to_tenant, authorizer=signed_in)
    open_ = [route for path in FINANCE for route in api.add_routes(path=path, integration=to_admin)]
    get = [gateway.HttpMethod.GET]
    open_ += api.add_routes(path=DOWNLOADS, methods=get, integration=to_tenant)
    key = gateway.HttpRouteKey.DEFAULT
    open_.append(
        gateway.HttpRoute(api.stack, "pages", http_api=api, route_key=key, integration=to_tenant)
    )
    for route in open_:
        accept(route, "AwsSolutions-APIG4", _BY_COOKIE)


_BY_COOKIE = (
    "A browser brings its token in a cookie, which the gateway cannot look at; the function "
    "verifies every token itself and sends whoever has none to sign in."
)
