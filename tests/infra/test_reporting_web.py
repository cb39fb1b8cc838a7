"""The way in: what the gateway lets through, what is logged of it, and who can be signed in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from synthesized import ROOT, Assembly, functions, plain

TENANT, ADMIN = "tenant_api", "admin_api"
SECRETIVE = ("query", "cookie", "authorization", "referer")


def of_type(assembly: Assembly, type_: str, environment: str = "dev") -> list[dict[str, Any]]:
    template = assembly.stages[environment]["reporting"]
    found = assembly.resources(environment, type_, "reporting").values()
    return [plain(one["Properties"], template) for one in found]


def routes(assembly: Assembly) -> dict[str, tuple[str, bool]]:
    """Route → the function that answers, and whether the gateway asks for a token."""
    template = assembly.stages["dev"]["reporting"]
    functions_ = {
        f"<{name}.Arn>": one["Properties"]["Description"].rpartition("/")[2]
        for name, one in assembly.resources("dev", "AWS::Lambda::Function", "reporting").items()
    }
    behind = {
        f"integrations/<{name}>": functions_[plain(one["Properties"]["IntegrationUri"], template)]
        for name, one in assembly.resources("dev", "AWS::ApiGatewayV2::Integration").items()
    }
    return {
        one["RouteKey"]: (behind[one["Target"]], one["AuthorizationType"] == "JWT")
        for one in of_type(assembly, "AWS::ApiGatewayV2::Route")
    }


def test_each_address_has_one_function_and_the_api_asks_for_a_token_at_the_gate(
    assembly: Assembly,
) -> None:
    assert routes(assembly) == {
        "$default": (TENANT, False),
        "ANY /v1/{rest+}": (TENANT, True),
        "GET /v1/export/{rest+}": (TENANT, False),
        "ANY /finance": (ADMIN, False),
        "ANY /finance/{rest+}": (ADMIN, False),
        "ANY /v1/allocation": (ADMIN, True),
        "ANY /v1/periods/{rest+}": (ADMIN, True),
        "ANY /v1/tenants": (ADMIN, True),
        "ANY /v1/unattributed": (ADMIN, True),
        "ANY /v1/unit-economics": (ADMIN, True),
    }


def test_the_gate_and_the_functions_look_for_the_same_issuer_and_audience(
    assembly: Assembly,
) -> None:
    (gate,) = of_type(assembly, "AWS::ApiGatewayV2::Authorizer")
    for name in (TENANT, ADMIN):
        told = functions(assembly, "dev")[name]["Environment"]["Variables"]
        assert told["METERBOOK_ISSUER"] == gate["JwtConfiguration"]["Issuer"]
        assert [told["METERBOOK_AUDIENCE"]] == gate["JwtConfiguration"]["Audience"]


def test_requests_are_limited_and_logged_without_anything_that_opens_a_door(
    assembly: Assembly,
) -> None:
    (stage,) = of_type(assembly, "AWS::ApiGatewayV2::Stage")
    limits = stage["DefaultRouteSettings"]
    assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (100, 200)
    format_ = stage["AccessLogSettings"]["Format"]
    assert not [word for word in SECRETIVE if word in format_.lower()]
    line = json.loads(format_.replace("$context.status", "503"))
    assert line["status"] == 503
    assert line["actor"] == "$context.authorizer.claims.sub"


def test_what_the_api_fails_to_answer_is_counted_in_its_log(assembly: Assembly) -> None:
    (counted,) = of_type(assembly, "AWS::Logs::MetricFilter")
    assert counted["FilterPattern"] == "{ $.status >= 500 }"
    (told,) = counted["MetricTransformations"]
    alarms = assembly.resources("dev", "AWS::CloudWatch::Alarm").values()
    (alarm,) = [
        one["Properties"] for one in alarms if one["Properties"]["MetricName"] == "api_fails"
    ]
    assert (alarm["Namespace"], alarm["MetricName"]) == (
        told["MetricNamespace"],
        told["MetricName"],
    )


def test_the_front_keeps_static_files_and_nothing_else(assembly: Assembly) -> None:
    (front,) = of_type(assembly, "AWS::CloudFront::Distribution")
    config = front["DistributionConfig"]
    disabled, optimized = (
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "658327ea-f89d-4fab-a63d-7e88639e58f6",
    )
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == disabled
    (static,) = config["CacheBehaviors"]
    assert (static["PathPattern"], static["CachePolicyId"]) == ("/static/*", optimized)
    assert "OriginRequestPolicyId" not in static
    for behavior in (static, config["DefaultCacheBehavior"]):
        assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
    (origin,) = config["Origins"]
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_with_a_domain_of_ones_own_nothing_older_than_tls_1_2_is_spoken(assembly: Assembly) -> None:
    (front,) = of_type(assembly, "AWS::CloudFront::Distribution", "connected")
    config = front["DistributionConfig"]
    assert config["Aliases"] == ["usage.platform.example"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    (client,) = of_type(assembly, "AWS::Cognito::UserPoolClient", "connected")
    assert client["CallbackURLs"] == ["https://usage.platform.example/sign-in/callback"]


def test_the_fronts_log_has_no_query_no_cookie_and_no_way_back(assembly: Assembly) -> None:
    (delivery,) = of_type(assembly, "AWS::Logs::Delivery")
    fields = [field.lower() for field in delivery["RecordFields"]]
    assert not [field for field in fields if any(word in field for word in SECRETIVE)]
    assert {"cs-uri-stem", "sc-status"} <= set(fields)


def test_nobody_signs_up_and_everybody_has_a_second_factor(assembly: Assembly) -> None:
    (pool,) = of_type(assembly, "AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert pool["DeletionProtection"] == "ACTIVE"


def test_no_user_can_say_whose_tenant_he_is(assembly: Assembly) -> None:
    (pool,) = of_type(assembly, "AWS::Cognito::UserPool")
    (attribute,) = pool["Schema"]
    assert (attribute["Name"], attribute["Mutable"]) == ("tenant_id", False)
    (client,) = of_type(assembly, "AWS::Cognito::UserPoolClient")
    # Without a list every attribute could be written.
    assert client["WriteAttributes"] == ["locale"]
    assert "custom:tenant_id" in client["ReadAttributes"]


def test_a_sign_in_is_by_code_alone_and_comes_back_to_our_own_address(assembly: Assembly) -> None:
    (client,) = of_type(assembly, "AWS::Cognito::UserPoolClient")
    assert (client["AllowedOAuthFlows"], client["AllowedOAuthScopes"]) == (["code"], ["openid"])
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    told = functions(assembly, "dev")[TENANT]["Environment"]["Variables"]
    assert client["CallbackURLs"] == [f"{told['METERBOOK_PUBLIC_URL']}/sign-in/callback"]
    assert client["LogoutURLs"] == [f"{told['METERBOOK_PUBLIC_URL']}/"]


def test_the_groups_are_the_scopes_of_the_api(assembly: Assembly) -> None:
    groups = {one["GroupName"] for one in of_type(assembly, "AWS::Cognito::UserPoolGroup")}
    assert groups == {"usage:read", "invoices:read", "admin:read", "admin:write"}


def test_a_platform_that_has_pages_of_its_own_gets_none_of_ours(assembly: Assembly) -> None:
    kinds = {one["Type"] for one in assembly.stages["bank-dev"]["reporting"]["Resources"].values()}
    assert kinds == {"AWS::SSM::Parameter"}


@pytest.mark.parametrize("name", ["pages", "engine"])
def test_the_layers_are_pinned_to_what_the_constraints_say(name: str) -> None:
    pins = (ROOT / "constraints.txt").read_text("utf-8").lower().splitlines()
    lines = (ROOT / "layers" / name / "requirements.txt").read_text("utf-8").splitlines()
    assert [one for one in lines if not one.startswith("#") and one.lower() not in pins] == []
