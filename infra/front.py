"""What a browser talks to: CloudFront before the API, which keeps nothing but static files."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from infra import names
from infra.permissions import accept
from infra.settings import Environment

STATIC = "/static/*"
# No query, in which the code of a sign-in stands, no cookie, no header but the browser's name.
LOGGED = [
    "date", "time", "x-edge-location", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status",
    "sc-bytes", "time-taken", "x-edge-result-type", "x-edge-request-id", "cs(User-Agent)",
    "ssl-protocol", "ssl-cipher",
]  # fmt: skip
_EVERYWHERE = "us-east-1"  # where CloudFront's own log is handed out


def front(stack: Stack, environment: Environment, api: gateway.HttpApi) -> str:
    """The distribution; returns the address that a browser has in its line."""
    origin = origins.HttpOrigin(
        f"{api.api_id}.execute-api.{environment.region}.amazonaws.com",
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
    )
    made = cloudfront.Distribution(
        stack,
        "front",
        comment=f"Meterbook: {names.resource(environment, 'pages')}",
        default_behavior=_behavior(origin, cloudfront.CachePolicy.CACHING_DISABLED),
        additional_behaviors={STATIC: _static(origin)},
        http_version=cloudfront.HttpVersion.HTTP2_AND_3,
        minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        domain_names=[environment.web_domain] if environment.web_domain else None,
        certificate=_certificate(stack, environment),
    )
    accept(made, "AwsSolutions-CFR1", "A licensee may be anywhere.")
    accept(made, "AwsSolutions-CFR2", _NO_WAF)
    accept(made, "AwsSolutions-CFR3", "It is logged, by the newer way that can leave out queries.")
    if not environment.web_domain:
        accept(made, "AwsSolutions-CFR4", _OWN_DOMAIN)
    if environment.region == _EVERYWHERE:
        _log(stack, environment, made)
    return f"https://{environment.web_domain or made.distribution_domain_name}"


def _behavior(
    origin: cloudfront.IOrigin, cache: cloudfront.ICachePolicy
) -> cloudfront.BehaviorOptions:
    """Everything goes on but the name of the host, by which the API finds itself."""
    return cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
        cache_policy=cache,
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    )


def _static(origin: cloudfront.IOrigin) -> cloudfront.BehaviorOptions:
    """Files whose names hold the hash of what is in them; no cookie takes part."""
    return cloudfront.BehaviorOptions(
        origin=origin,
        cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    )


def _certificate(stack: Stack, environment: Environment) -> certificates.ICertificate | None:
    arn = environment.web_certificate
    return certificates.Certificate.from_certificate_arn(stack, "domain", arn) if arn else None


def _log(stack: Stack, environment: Environment, made: cloudfront.Distribution) -> None:
    """One line of JSON for each request."""
    name = names.resource(environment, "pages")
    kept = logs.LogGroup(
        stack,
        "front_log",
        log_group_name=f"/aws/vendedlogs/{name}",
        retention=names.RETENTION[environment.log_days],
        removal_policy=RemovalPolicy.DESTROY,
    )
    kept.grant_write(iam.ServicePrincipal("delivery.logs.amazonaws.com"))
    source = logs.CfnDeliverySource(
        stack,
        "front_log_source",
        name=name,
        log_type="ACCESS_LOGS",
        resource_arn=made.distribution_arn,
    )
    target = logs.CfnDeliveryDestination(
        stack,
        "front_log_target",
        name=name,
        destination_resource_arn=kept.log_group_arn,
        output_format="json",
    )
    delivery = logs.CfnDelivery(
        stack,
        "front_log_delivery",
        delivery_source_name=name,
        delivery_destination_arn=target.attr_arn,
        record_fields=LOGGED,
    )
    delivery.node.add_dependency(source, kept)


_NO_WAF = (
    "The API throttles, every route checks a token, and a firewall costs by the month and by the "
    "rule; one that is there already can be attached (docs/deploy.md)."
)
_OWN_DOMAIN = (
    "CloudFront's own certificate lets a browser choose TLS 1.0; with web_domain and its "
    "certificate it is 1.2 (docs/deploy.md)."
)
