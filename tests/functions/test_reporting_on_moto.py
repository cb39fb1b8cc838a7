"""As deployed: what is published is what a licensee's request is answered from, and nothing else is.

The handlers and their variables come from the assembly; AWS is moto, the issuer of the tokens is on
this machine, the book on DuckDB. moto keeps sessions and does not work policies out
(tests/infra/test_reporting_walls.py does).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import boto3
import jwt
import pytest
from close.small_world import NOW
from cryptography.hazmat.primitives.asymmetric import rsa
from functions.lambda_like import Deployed
from functions.test_run_on_moto import cloud, keys, october, run
from meterbook_local.clock import FixedClock
from meterbook_plugs import web
from ports.issuer_server import Issuer, issuing
from synthesized import ACCOUNT

from functions import test_run_on_moto

__all__ = ["cloud", "october", "run"]  # fixtures
CLIENT = "the-app-client"


@cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def issuer(
    cloud: None, functions: dict[str, Deployed], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Issuer]:
    """Who signs the tokens, and what the stack tells the functions at a deployment."""
    monkeypatch.setattr(web, "UtcClock", lambda: FixedClock(NOW))
    boto3.client("s3").create_bucket(Bucket=f"meterbook-dev-audit-{ACCOUNT}")
    secrets = boto3.client("secretsmanager")
    made = secrets.create_secret(Name="meterbook-dev-web-signing", SecretString="s" * 64)
    with issuing() as issuer:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key().public_key()))
        issuer.says({"keys": [public | {"kid": "first", "alg": "RS256", "use": "sig"}]})
        told = {
            "METERBOOK_ISSUER": issuer.url,
            "METERBOOK_AUDIENCE": CLIENT,
            "METERBOOK_PUBLIC_URL": "https://usage.platform.example",
            "METERBOOK_WEB_SECRET": made["ARN"],
        }
        monkeypatch.setattr(
            test_run_on_moto, "TOLD_AT_DEPLOY", test_run_on_moto.TOLD_AT_DEPLOY | told
        )
        yield issuer


def signed(issuer: Issuer, **claims: Any) -> str:
    """A token of the issuer's."""
    until = int((NOW + timedelta(hours=1)).timestamp())
    said = {"iss": issuer.url, "aud": CLIENT, "sub": "jo", "exp": until, **claims}
    return jwt.encode(said, private_key(), "RS256", headers={"kid": "first"})


@pytest.fixture
def ask(issuer: Issuer, run: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """A request to a function as the gateway hands it over; `claims` are those of its token."""

    def asked(
        function: str, path: str, query: str = "", cookies: Sequence[str] = (), **claims: Any
    ) -> dict[str, Any]:
        token = {"authorization": f"Bearer {signed(issuer, **claims)}"} if claims else {}
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "api.example", **token},
            "cookies": list(cookies),
            "queryStringParameters": dict(parse_qsl(query)),
            "requestContext": {
                "http": {"method": "GET", "path": path},
                "requestId": "r-1",
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        answer: dict[str, Any] = run(function, event)
        return answer

    return asked


def location(answer: dict[str, Any]) -> str:
    """Where the browser is sent."""
    assert answer["statusCode"] == 303, answer["body"]
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return str(headers["location"])


def licensee(tenant_id: str) -> dict[str, Any]:
    return {"custom:tenant_id": tenant_id, "cognito:groups": ["usage:read", "invoices:read"]}


def test_a_licensee_is_answered_from_what_was_published_for_him_alone_and_once(
    run: Any, ask: Any, october: None
) -> None:
    published = run("publish_tenant_views", {})
    assert published["changed"] == published["tenants"] > 1
    assert "published.json" in keys("views")
    for own, other in (("acme", "birch"), ("birch", "acme")):
        answer = ask("tenant_api", "/v1/usage", "period=2026-10", **licensee(own))
        assert answer["statusCode"] == 200, answer["body"]
        assert own in answer["body"]
        assert other not in answer["body"]

    again = run("publish_tenant_views", {})
    assert (again["changed"], again["removed"]) == (0, 0)


def test_without_a_token_a_page_leads_to_the_hosted_sign_in(ask: Any) -> None:
    assert location(ask("tenant_api", "/invoices")) == "/sign-in?to=%2Finvoices"
    hosted = f"https://meterbook-dev-sign-in-{ACCOUNT}.auth.us-east-1.amazoncognito.com"
    there = location(ask("tenant_api", "/sign-in", "to=%2Finvoices"))
    assert there.startswith(f"{hosted}/oauth2/authorize?response_type=code&client_id={CLIENT}&")


def test_a_sign_in_ends_on_the_page_that_was_asked_for_with_a_cookie_no_script_can_read(
    ask: Any, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = test_run_on_moto.TOLD_AT_DEPLOY | {"METERBOOK_SIGN_IN_URL": issuer.url}
    monkeypatch.setattr(test_run_on_moto, "TOLD_AT_DEPLOY", told)
    there = ask("tenant_api", "/sign-in", "to=%2Finvoices")
    asked = dict(parse_qsl(urlsplit(location(there)).query))
    token = signed(issuer, nonce=asked["nonce"], **licensee("acme"))
    issuer.says({**json.loads(issuer.body), "id_token": token})
    (waiting,) = (cookie.partition(";")[0] for cookie in there["cookies"])
    query = urlencode({"code": "code", "state": asked["state"]})
    back = ask("tenant_api", "/sign-in/callback", query, [waiting])
    assert location(back) == "/invoices"
    (given,) = [one for one in back["cookies"] if one.startswith("__Host-meterbook=")]
    value, *attributes = (part.strip() for part in given.split(";"))
    assert value == f"__Host-meterbook={token}"
    said = {attribute.lower() for attribute in attributes}
    assert said >= {"path=/", "secure", "httponly", "samesite=lax"}
    assert not [one for one in said if one.startswith("domain")]


def test_what_finance_asks_is_kept_in_the_audit_log(ask: Any, october: None) -> None:
    answer = ask("admin_api", "/v1/tenants", **{"cognito:groups": ["admin:read"]})
    assert answer["statusCode"] == 200, answer["body"]
    store = boto3.client("s3")
    bucket = f"meterbook-dev-audit-{ACCOUNT}"
    (entry,) = store.list_objects_v2(Bucket=bucket)["Contents"]
    kept = json.loads(store.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
    assert (kept["actor"], kept["status"]) == ("jo", 200)
    assert "Bearer" not in json.dumps(kept)


def test_a_licensees_token_opens_nothing_of_finances(ask: Any) -> None:
    for groups in (["usage:read"], ["admin:read"]):
        claims = {"custom:tenant_id": "acme", "cognito:groups": groups}
        assert ask("admin_api", "/v1/tenants", **claims)["statusCode"] == 403
