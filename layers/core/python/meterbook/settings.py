"""What a deployment decides: read once, from the environment, where a process starts.

Each field is the variable `METERBOOK_<FIELD>`. A class holds what one kind of process needs and no
more, so that a function is given no name that it has no use for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Self

from meterbook.errors import SettingMissing


@dataclass(frozen=True, slots=True)
class Settings:
    """Names that differ between environments; everything commercial is in the catalog instead."""

    event_source: str = "meterbook"
    """The `source` of every event out, for example `bank.risk-platform`."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the variables. Errors: `SettingMissing` (ENV_MISSING) names one that is not there.

        A field with a default may be absent; none may be set and empty.
        """
        values = {}
        for field in fields(cls):
            name = f"METERBOOK_{field.name.upper()}"
            if environment.get(name):
                values[field.name] = environment[name]
            elif name in environment or field.default is MISSING:
                raise SettingMissing(name=name)
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingSettings(Settings):
    """What a function needs that lands facts and reads no book."""

    landing_bucket: str
    export_bucket: str
    """Where AWS writes the Data Export (CUR 2.0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSettings(Settings):
    """What a function needs that works with the book: the landing bucket, the bus, Snowflake."""

    landing_bucket: str
    event_bus: str
    snowflake_account: str
    snowflake_warehouse: str
    snowflake_database: str
    snowflake_role: str
    snowflake_secret: str
    """The ARN of the secret that holds the service user and its private key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSettings(BookSettings):
    """What `fetch_aws_costs` needs besides: whose bill it is, and which tags say who caused it."""

    payer: str
    owner_tag_key: str
    module_tag_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalCostSettings(BookSettings):
    """What `fetch_external_costs` needs besides: where the secrets of the providers lie."""

    external_secrets: str
    """What their names begin with, for example `meterbook-dev/external/`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueSettings(BookSettings):
    """What `issue_invoices` needs besides: the register, who signs it, who writes, who is told."""

    evidence_bucket: str
    """The locked bucket of the register and the documents."""
    signing_key: str
    """The ARN of the KMS key that signs the register."""
    render_queue: str
    """The URL of the queue of numbers whose documents `render_invoice` writes."""
    mail_sender: str = ""
    """The address that documents are mailed from; where there is none, nothing is mailed."""
    documents_url: str = ""
    """What the link in a mail begins with, before the document's key; empty: no link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings(Settings):
    """What `send_webhooks` needs, which posts what was announced and reads no book."""

    landing_bucket: str
    views_bucket: str
    """Where the addresses are published."""
    webhook_queue: str
    """The URL of the queue that the announcements come from."""
    webhook_secrets: str
    """What the names of the secrets begin with, for example `meterbook-dev/webhooks/`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings(Settings):
    """What `render_invoice` needs, which reads frozen facts and the register and no book."""

    landing_bucket: str
    evidence_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSettings(BookSettings):
    """What `publish_tenant_views` needs besides: what was issued, and where readers look."""

    evidence_bucket: str
    views_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings(Settings):
    """What both halves of the API need: whose tokens count, and where a browser finds us."""

    issuer: str
    """Who signs the tokens; its keys are below `/.well-known/jwks.json`."""
    audience: str
    """Who the tokens are for: the id of the app client."""
    tenant_claim: str = "custom:tenant_id"
    public_url: str
    """What a browser has in its address line, without a slash at the end."""
    web_secret: str
    """The ARN of the secret that signs cursors and forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantApiSettings(Settings):
    """What `tenant_api` needs besides `WebSettings`: no book, no secret of one, no bus."""

    views_bucket: str
    tenant_role: str
    """The ARN of the role that reads for one tenant at a time."""
    sign_in_url: str
    """What the addresses of the hosted sign-in begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminApiSettings(BookSettings):
    """What `admin_api` needs besides `WebSettings`: the book, the audit log, the jobs."""

    audit_bucket: str
    functions: str
    """What the names of our functions begin with, for example `meterbook-dev-`."""
