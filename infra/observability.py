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

DAILY = ("fetch_aws_costs", "watch_unattributed_costs")
FUNCTIONS = ("apply_sql", *DAILY, "close_period", "issue_invoices")
MEASURED = {
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
            cloudwatch.GraphWidget(title="Usage waits (s)", left=[_waiting(environment)], width=12),
        )


def _alarms(
    stack: Stack, environment: Environment, functions: Sequence[str]
) -> list[cloudwatch.Alarm]:
    above = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
    made = [
        _alarm(stack, f"{name}_fails", _of_function(environment, name, "Errors"), 0, above)
        for name in functions
    ]
    made += [
        _alarm(
            stack,
            f"{name}_did_not_run",
            _of_function(environment, name, "Invocations", Duration.days(1)),
            1,
            cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            silence=cloudwatch.TreatMissingData.BREACHING,
        )
        for name in DAILY
    ]
    made.append(_alarm(stack, "usage_waits", _waiting(environment), 1800, above))
    if not environment.platform:
        made.append(_alarm(stack, "dead_letters", _dead_letters(environment), 0, above))
    return made


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


def _told(environment: Environment, name: str, service: str) -> cloudwatch.Metric:
    """A metric that a handler writes (Powertools, EMF)."""
    return cloudwatch.Metric(
        namespace=names.space(environment),
        metric_name=name,
        dimensions_map={"service": service},
        statistic="Sum",
        period=Duration.days(1),
    )


def _waiting(environment: Environment) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Firehose",
        metric_name="DeliveryToS3.DataFreshness",
        dimensions_map={"DeliveryStreamName": names.resource(environment, "usage")},
        statistic="Maximum",
        period=Duration.minutes(5),
    )


def _dead_letters(environment: Environment) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions_map={"QueueName": names.resource(environment, "dead-letters")},
        statistic="Maximum",
        period=Duration.minutes(5),
    )
