"""Observability: one dashboard, and an alarm for everything that a person has to look at."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra import names
from infra.settings import Environment

# What runs by itself, and how long it may be silent.
RHYTHM = {
    "fetch_aws_costs": Duration.days(1),
    "watch_unattributed_costs": Duration.days(1),
    "watch_usage_gaps": Duration.hours(3),
}
FUNCTIONS = ("apply_sql", *RHYTHM, "close_period", "issue_invoices")
FIREHOSES = ("usage", "usage_counts")
NO_USAGE = Duration.hours(6)
MEASURED = {
    "UsageGapEvents": "watch_usage_gaps",
    "SilentUsageSources": "watch_usage_gaps",
    "FailedChecks": "watch_usage_gaps",
    "cost_explorer_rows_written_total": "fetch_aws_costs",
    "unattributed_days": "watch_unattributed_costs",
    "accounts_closed": "close_period",
    "accounts_parked": "close_period",
    "invoices_issued": "issue_invoices",
}


class Observability(Stack):
    """Everything is found by its name: no stack waits for this one."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(
            scope, "observability", stack_name=names.resource(environment, "observability")
        )
        topic = sns.Topic(
            self, "alarms", topic_name=names.resource(environment, "alarms"), enforce_ssl=True
        )
        if environment.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(environment.alarm_email))
        functions = FUNCTIONS + (("land_cost_export",) if environment.cost_export else ())
        for alarm in _alarms(self, environment, functions):
            alarm.add_alarm_action(actions.SnsAction(topic))
        dashboard = cloudwatch.Dashboard(
            self, "dashboard", dashboard_name=names.dashboard(environment)
        )
        for what in ("Invocations", "Errors", "Duration"):
            metrics = [_of_function(environment, name, what) for name in functions]
            dashboard.add_widgets(cloudwatch.GraphWidget(title=what, left=metrics, width=24))
        told = [_told(environment, name, service) for name, service in MEASURED.items()]
        dashboard.add_widgets(
            cloudwatch.GraphWidget(title="What the jobs did", left=told, width=12),
            cloudwatch.GraphWidget(
                title="Usage waits (s)",
                left=[_waiting(environment, stream) for stream in FIREHOSES],
                width=12,
            ),
        )


def _alarms(
    stack: Stack, environment: Environment, functions: Sequence[str]
) -> list[cloudwatch.Alarm]:
    above = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
    below = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
    breaching = cloudwatch.TreatMissingData.BREACHING
    made = [
        _alarm(stack, f"{name}_fails", _of_function(environment, name, "Errors"), 0, above)
        for name in functions
    ]
    made += [
        _alarm(
            stack,
            f"{name}_did_not_run",
            _of_function(environment, name, "Invocations", period),
            1,
            below,
            silence=breaching,
        )
        for name, period in RHYTHM.items()
    ]
    for what, metric, most in _too_much(environment):
        made.append(_alarm(stack, what, metric, most, above))
    for stream in FIREHOSES:
        delivered = _of_firehose(environment, stream, "DeliveryToS3.Success", "Average")
        made.append(_alarm(stack, f"{stream}_is_not_delivered", delivered, 1, below))
    sent = _of_firehose(environment, "usage", "IncomingRecords", "Sum", NO_USAGE)
    made.append(_alarm(stack, "no_usage_arrives", sent, 1, below, silence=breaching))
    return made


def _too_much(environment: Environment) -> list[tuple[str, cloudwatch.Metric, float]]:
    """What should be zero or short: an alarm's name, what it looks at, and what is still well."""
    hour = Duration.hours(1)
    gaps = _told(environment, "UsageGapEvents", "watch_usage_gaps", hour)
    silent = _told(environment, "SilentUsageSources", "watch_usage_gaps", hour)
    spilled = _of_queue(environment, "usage-spill", "ApproximateAgeOfOldestMessage")
    found: list[tuple[str, cloudwatch.Metric, float]] = [
        ("usage_gaps", gaps, 0),
        ("silent_usage_sources", silent, 0),
        ("checks_fail", _told(environment, "FailedChecks", "watch_usage_gaps", hour), 0),
        ("spilled_usage_waits", spilled, 900),
        ("usage_waits", _waiting(environment, "usage"), 1800),
        ("usage_counts_wait", _waiting(environment, "usage_counts"), 1800),
    ]
    if not environment.platform:
        dead = _of_queue(environment, "dead-letters", "ApproximateNumberOfMessagesVisible")
        found.append(("dead_letters", dead, 0))
    return found


def _alarm(
    stack: Stack,
    what: str,
    metric: cloudwatch.Metric,
    threshold: float,
    comparison: cloudwatch.ComparisonOperator,
    silence: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
) -> cloudwatch.Alarm:
    return metric.create_alarm(
        stack,
        what,
        alarm_description=f"Meterbook: {what.replace('_', ' ')} (docs/deploy.md)",
        threshold=threshold,
        evaluation_periods=1,
        comparison_operator=comparison,
        treat_missing_data=silence,
    )


def _of_function(
    environment: Environment, name: str, what: str, period: Duration | None = None
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name=what,
        dimensions_map={"FunctionName": names.resource(environment, name)},
        statistic="Maximum" if what == "Duration" else "Sum",
        period=period or Duration.minutes(5),
    )


def _told(
    environment: Environment, name: str, service: str, period: Duration | None = None
) -> cloudwatch.Metric:
    """A metric that a handler writes (Powertools, EMF)."""
    return cloudwatch.Metric(
        namespace=names.space(environment),
        metric_name=name,
        dimensions_map={"service": service},
        statistic="Sum",
        period=period or Duration.days(1),
    )


def _of_firehose(
    environment: Environment,
    stream: str,
    what: str,
    statistic: str,
    period: Duration | None = None,
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Firehose",
        metric_name=what,
        dimensions_map={"DeliveryStreamName": names.resource(environment, stream)},
        statistic=statistic,
        period=period or Duration.minutes(5),
    )


def _waiting(environment: Environment, stream: str) -> cloudwatch.Metric:
    return _of_firehose(environment, stream, "DeliveryToS3.DataFreshness", "Maximum")


def _of_queue(environment: Environment, queue: str, what: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/SQS",
        metric_name=what,
        dimensions_map={"QueueName": names.resource(environment, queue)},
        statistic="Maximum",
        period=Duration.minutes(5),
    )
