"""What can be measured: the functions, and the metrics of AWS and of our jobs by their names."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra import names
from infra.settings import Environment

# What runs by itself, and how long it may be silent.
_RHYTHM = {
    "fetch_aws_costs": Duration.days(1),
    "fetch_external_costs": Duration.days(1),
    "watch_unattributed_costs": Duration.days(1),
    "watch_usage_gaps": Duration.hours(3),
    "close_period": Duration.days(1),
    "issue_invoices": Duration.hours(12),
}
_WEB_RHYTHM = {"publish_tenant_views": Duration.hours(12)}
_WEB = ("tenant_api", "admin_api", "send_webhooks")
FIREHOSES = ("usage", "usage_counts")
DAY = Duration.days(1)


def rhythm(environment: Environment) -> dict[str, Duration]:
    """The jobs that run by themselves, and how long each may be silent."""
    return _RHYTHM | (_WEB_RHYTHM if environment.web else {})


def functions(environment: Environment) -> tuple[str, ...]:
    """The functions that an environment has, by their folders."""
    exports = ("land_cost_export",) if environment.cost_export else ()
    web = _WEB if environment.web else ()
    return ("apply_sql", *rhythm(environment), "render_invoice", *web, *exports)


def of_function(
    environment: Environment, name: str, what: str, period: Duration | None = None
) -> cloudwatch.Metric:
    """What Lambda tells of a function."""
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name=what,
        dimensions_map={"FunctionName": names.resource(environment, name)},
        statistic="Maximum" if what == "Duration" else "Sum",
        period=period or Duration.minutes(5),
    )


def told(
    environment: Environment,
    name: str,
    job: str,
    statistic: str = "Sum",
    period: Duration = DAY,
) -> cloudwatch.Metric:
    """What a job tells of itself (Powertools, EMF)."""
    return cloudwatch.Metric(
        namespace=names.space(environment),
        metric_name=name,
        dimensions_map={"service": job},
        statistic=statistic,
        period=period,
    )


def of_firehose(
    environment: Environment,
    stream: str,
    what: str,
    statistic: str,
    period: Duration | None = None,
) -> cloudwatch.Metric:
    """What Firehose tells of a stream."""
    return cloudwatch.Metric(
        namespace="AWS/Firehose",
        metric_name=what,
        dimensions_map={"DeliveryStreamName": names.resource(environment, stream)},
        statistic=statistic,
        period=period or Duration.minutes(5),
    )


def waiting(environment: Environment, stream: str) -> cloudwatch.Metric:
    """How many seconds the oldest record of a stream has waited for its object."""
    return of_firehose(environment, stream, "DeliveryToS3.DataFreshness", "Maximum")


def of_api(environment: Environment) -> cloudwatch.Metric:
    """How many requests the API has failed to answer, as its log tells."""
    return cloudwatch.Metric(
        namespace=names.web_space(environment),
        metric_name=names.API_FAILS,
        statistic="Sum",
        period=Duration.minutes(5),
    )


def of_queue(environment: Environment, queue: str, what: str) -> cloudwatch.Metric:
    """What SQS tells of a queue."""
    return cloudwatch.Metric(
        namespace="AWS/SQS",
        metric_name=what,
        dimensions_map={"QueueName": names.resource(environment, queue)},
        statistic="Maximum",
        period=Duration.minutes(5),
    )
