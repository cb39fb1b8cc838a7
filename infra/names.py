"""The only place where a name is built: of a resource, of an SSM parameter, of a key prefix.

A stack finds what another one made by its name, so no stack holds another back from changing.
"""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_logs as logs

from infra.settings import ROOT, Environment

STREAMS = (
    "usage",
    "usage_counts",
    "cur",
    "aws_cost",
    "external_cost",
    "account_usage",
    "catalog",
    "closes",
    "invoices",
    "decisions",
    "receipts",
    "verdicts",
)
REFUSED = "refused/"
ANNOUNCED = "announced/"
CLOSING_RECORDS = "deliveries/"
EXPORT_PREFIX = "cur2"
API_FAILS = "api_fails"
RETENTION = {
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
}


def resource(environment: Environment, what: str) -> str:
    """A name of ours, for example `meterbook-dev-close-period` for the function `close_period`."""
    return f"{environment.prefix}-{environment.stage}-{what.replace('_', '-')}"


def space(environment: Environment) -> str:
    """The namespace of the metrics that the jobs write."""
    return f"{environment.prefix}-{environment.stage}"


def web_space(environment: Environment) -> str:
    """The namespace of what is counted in the log of the API, which no job tells."""
    return f"{space(environment)}/web"


def bucket(environment: Environment, what: str) -> str:
    """A bucket's name; all accounts of the world share them, so it ends with ours."""
    return f"{resource(environment, what)}-{Aws.ACCOUNT_ID}"


def bus(environment: Environment) -> str:
    """The bus on which usage comes in and announcements go out."""
    return f"{environment.platform or environment.prefix}-{environment.stage}"


def dashboard(environment: Environment) -> str:
    """The dashboard on which all of it can be seen, under the name that MOD-098 gives it."""
    return f"{environment.prefix}-{environment.stage}-MOD-098"


def external_secrets(environment: Environment) -> str:
    """What the names of the secrets begin with that open the providers' doors."""
    return f"{environment.prefix}-{environment.stage}/external/"


def webhook_secrets(environment: Environment) -> str:
    """What the names of the secrets begin with that webhooks are signed with."""
    return f"{environment.prefix}-{environment.stage}/webhooks/"


def bucket_arn(environment: Environment, what: str) -> str:
    """The ARN of a bucket."""
    return f"arn:{Aws.PARTITION}:s3:::{bucket(environment, what)}"


def arn(environment: Environment, service: str, rest: str) -> str:
    """The ARN of something of a service in the region and account of the stack."""
    return f"arn:{Aws.PARTITION}:{service}:{environment.region}:{Aws.ACCOUNT_ID}:{rest}"


def function_arn(environment: Environment, name: str) -> str:
    """The ARN of the function `functions/<name>`."""
    return arn(environment, "lambda", f"function:{resource(environment, name)}")


def role_arn(environment: Environment, what: str) -> str:
    """The ARN of a role that has a name of ours."""
    return f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/{resource(environment, what)}"


def published(environment: Environment, leaf: str) -> str:
    """An SSM parameter that others read."""
    area = f"{environment.area}/metering" if environment.area else "metering"
    return f"/{environment.prefix}/{environment.stage}/{area}/{leaf}"


def consumed(environment: Environment, leaf: str) -> str:
    """An SSM parameter that others write."""
    return f"/{environment.prefix}/{environment.stage}/{leaf}"


def snowflake(environment: Environment, leaf: str) -> str:
    """An SSM parameter that says where the book is in Snowflake."""
    return consumed(environment, f"{environment.snowflake_area}/{leaf}")


def public_views(environment: Environment) -> dict[str, str]:
    """Every public view that exists and that this environment publishes: SSM leaf → its name."""
    files = sorted(ROOT.glob("sql/models/publish/v_*.sql"))
    found = {view_leaf(file.stem): f"METERING.{file.stem.upper()}" for file in files}
    wanted = environment.published_views or tuple(found)
    return {leaf: view for leaf, view in found.items() if leaf in wanted}


def view_leaf(view: str) -> str:
    """`v_usage_daily` → `usage-daily-table`, as MOD-098 writes it."""
    return f"{view.removeprefix('v_').replace('_', '-')}-table"
