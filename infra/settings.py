"""The environments of `cdk.json`: what differs between one deployment and the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class EvidenceLock:
    """How long a document cannot be deleted, and by whom: COMPLIANCE means by nobody at all."""

    mode: str = "GOVERNANCE"
    days: int = 1


@dataclass(frozen=True, slots=True)
class SnowflakeTrust:
    """What only Snowflake knows, copied from it by a person (docs/deploy.md); empty = not yet."""

    user_arn: str = ""
    external_id: str = ""
    pipe_queue_arn: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """One deployment. `name` is the stage (`Meterbook-<name>`), `stage` the {env} of its names."""

    name: str
    stage: str
    region: str
    account: str | None = None
    prefix: str = "meterbook"
    event_source: str = "meterbook"
    area: str = ""
    """What stands in SSM names between the stage and `metering`."""
    snowflake_area: str = "snowflake"
    """Below it in SSM: warehouse, database, ingest-role and ingest-secret-arn."""
    snowflake_deployer: str = "meterbook_deployer"
    """The role in which `apply_sql` works; its key pair is in a secret of its own."""
    platform: str = ""
    """The platform whose bus, dead-letter queue, role and ADOT layer are used; empty: our own."""
    published_views: tuple[str, ...] = ()
    """The views named in SSM, where a contract lists them; empty: every public one."""
    payer: str = ""
    owner_tag_key: str = "tenant_id"
    module_tag_key: str = "module_id"
    cost_explorer_usd_a_day: float = 5
    """What asking Cost Explorer may cost a day, at $0.01 a request, before somebody has to look."""
    cost_export: bool = True
    """Whether AWS writes the bill as a Data Export too (CUR 2.0; in us-east-1 alone)."""
    archive_usage: bool = False
    """Whether the archive of our bus keeps the packs too, which the landing bucket keeps anyway."""
    log_days: int = 30
    alarm_email: str = ""
    close_days: int = 5
    """How many days a month may be over and not closed before somebody has to look."""
    mail_sender: str = ""
    """Who documents are mailed from, in a domain that SES knows; empty: nothing is mailed."""
    documents_url: str = ""
    """What the link in a mail begins with, before the document's key; empty: no link."""
    web: bool = True
    """Whether licensees and finance see it in a browser and by the API; False: others show it."""
    web_domain: str = ""
    """The address of the pages, for example `usage.platform.example`; empty: CloudFront's own."""
    web_certificate: str = ""
    """The ARN of the domain's certificate, which CloudFront takes from us-east-1 alone."""
    evidence_lock: EvidenceLock = field(default_factory=EvidenceLock)
    snowflake_trust: SnowflakeTrust = field(default_factory=SnowflakeTrust)


def environments(context: Mapping[str, Any]) -> list[Environment]:
    """The environments of the app's context, in its order. Errors: `ValueError`, by name."""
    return [_environment(name, dict(found)) for name, found in context["environments"].items()]


def _environment(name: str, found: dict[str, Any]) -> Environment:
    found["evidence_lock"] = EvidenceLock(**found.get("evidence_lock", {}))
    found["snowflake_trust"] = SnowflakeTrust(**found.get("snowflake_trust", {}))
    found["published_views"] = tuple(found.get("published_views", ()))
    made = Environment(name, **{"stage": name, **found})
    if made.cost_export and made.region != "us-east-1":
        raise ValueError(
            f"cdk.json, {name}: AWS makes Data Exports in us-east-1 only, not in {made.region}. "
            "Deploy there, or say cost_export: false."
        )
    if bool(made.web_domain) != bool(made.web_certificate):
        raise ValueError(
            f"cdk.json, {name}: a web_domain needs its web_certificate, and the other way round. "
            "Say both, or neither: then the address is CloudFront's own."
        )
    return made
