"""Who may sign in: a user pool that only we put people into, and the app that they sign in to."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito

from infra import names
from infra.permissions import accept
from infra.settings import Environment

TENANT = "tenant_id"
GROUPS = {
    "usage:read": "sees the usage, the costs and the estimate of the own tenant",
    "invoices:read": "sees the invoices of the own tenant",
    "admin:read": "sees every tenant, and is of no tenant",
    "admin:write": "approves, accepts, closes and issues",
}
CALLBACK = "/sign-in/callback"
_LASTS = Duration.hours(1)


@dataclass(frozen=True, slots=True)
class People:
    """What others are told of the user pool."""

    pool_id: str
    client_id: str
    issuer: str
    sign_in_url: str


def people(stack: Stack, environment: Environment, public_url: str) -> People:
    """The pool, its hosted sign-in, and the app client of our pages."""
    pool = _pool(stack, environment)
    prefix = f"{names.resource(environment, 'sign-in')}-{Aws.ACCOUNT_ID}"
    pool.add_domain("domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix))
    for group, what in GROUPS.items():
        cognito.CfnUserPoolGroup(
            stack,
            f"group_{group.replace(':', '_')}",
            user_pool_id=pool.user_pool_id,
            group_name=group,
            description=f"Meterbook: {what}",
        )
    client = _client(pool, public_url)
    region = environment.region
    return People(
        pool.user_pool_id,
        client.user_pool_client_id,
        f"https://cognito-idp.{region}.amazonaws.com/{pool.user_pool_id}",
        f"https://{prefix}.auth.{region}.amazoncognito.com",
    )


def _pool(stack: Stack, environment: Environment) -> cognito.UserPool:
    """Whose tenant somebody is, is said when we make the user, and by nobody ever again."""
    pool = cognito.UserPool(
        stack,
        "people",
        user_pool_name=names.resource(environment, "people"),
        self_sign_up_enabled=False,
        sign_in_aliases=cognito.SignInAliases(email=True),
        sign_in_case_sensitive=False,
        account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
        custom_attributes={TENANT: cognito.StringAttribute(max_len=128, mutable=False)},
        password_policy=cognito.PasswordPolicy(
            min_length=14,
            require_digits=True,
            require_lowercase=True,
            require_symbols=True,
            require_uppercase=True,
            temp_password_validity=Duration.days(3),
        ),
        mfa=cognito.Mfa.REQUIRED,
        # An app on a telephone; a text message can be diverted, and costs.
        mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
        deletion_protection=True,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    accept(pool, "AwsSolutions-COG3", _THREATS)
    accept(pool, "AwsSolutions-COG8", _THREATS)
    return pool


def _client(pool: cognito.UserPool, public_url: str) -> cognito.UserPoolClient:
    """A client without a secret: each sign-in proves itself by its verifier (PKCE).

    What a user may change of himself is his language. An empty list would mean everything, the
    tenant included.
    """
    own = cognito.ClientAttributes().with_standard_attributes(locale=True)
    return pool.add_client(
        "pages",
        generate_secret=False,
        # For programs: they sign in with a user's password and second factor, and no browser.
        auth_flows=cognito.AuthFlow(user_srp=True),
        o_auth=cognito.OAuthSettings(
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            scopes=[cognito.OAuthScope.OPENID],
            callback_urls=[public_url + CALLBACK],
            logout_urls=[f"{public_url}/"],
        ),
        supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
        prevent_user_existence_errors=True,
        enable_token_revocation=True,
        access_token_validity=_LASTS,
        id_token_validity=_LASTS,
        refresh_token_validity=Duration.days(1),
        read_attributes=own.with_standard_attributes(
            locale=True, email=True, email_verified=True
        ).with_custom_attributes(TENANT),
        write_attributes=own,
    )


_THREATS = (
    "Threat protection is billed for each user a month; everybody has a second factor here, and "
    "whoever wants it switches the pool's plan (docs/deploy.md)."
)
