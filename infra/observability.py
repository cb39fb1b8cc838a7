"""Observability: one dashboard, and somebody who is told when an alarm rings."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra import names
from infra.alarms import alarms
from infra.measures import FIREHOSES, functions, of_function, told, waiting
from infra.settings import Environment

# What the jobs tell of themselves, graph by graph: its title, how it sums up a day, metric → job.
GRAPHS = (
    (
        "Cost rows that came in",
        "Sum",
        {
            "cost_explorer_rows_written_total": "fetch_aws_costs",
            "external_cost_rows_written_total": "fetch_external_costs",
            "snowflake_credit_rows_written_total": "watch_usage_gaps",
        },
    ),
    ("Requests to Cost Explorer", "Sum", {"cost_explorer_requests_total": "fetch_aws_costs"}),
    ("What they cost (USD)", "Sum", {"cost_explorer_requests_usd": "fetch_aws_costs"}),
    ("Written back (s)", "Maximum", {"cost_explorer_write_back_seconds": "fetch_aws_costs"}),
    ("Share without an owner", "Maximum", {"unattributed_share": "watch_unattributed_costs"}),
    (
        "What was found",
        "Sum",
        {
            "unattributed_days": "watch_unattributed_costs",
            "UsageGapEvents": "watch_usage_gaps",
            "SilentUsageSources": "watch_usage_gaps",
            "FailedChecks": "watch_usage_gaps",
        },
    ),
    (
        "Closed and issued",
        "Sum",
        {
            "accounts_closed": "close_period",
            "documents_written": "render_invoice",
            "invoices_issued": "issue_invoices",
        },
    ),
    (
        "Held back",
        "Maximum",
        {
            "accounts_blocked": "close_period",
            "accounts_parked": "close_period",
            "accounts_held": "issue_invoices",
            "documents_not_written": "render_invoice",
            "invoices_unsealed": "issue_invoices",
            "mails_failed": "issue_invoices",
        },
    ),
    (
        "What readers see",
        "Sum",
        {"publishes": "publish_tenant_views", "tenants_published": "publish_tenant_views"},
    ),
    ("Webhooks that were refused", "Sum", {"webhooks_refused": "send_webhooks"}),
    ("Over and not closed (days)", "Maximum", {"close_blocked_days": "close_period"}),
    ("Numbered and not sealed (h)", "Maximum", {"oldest_unsealed_hours": "issue_invoices"}),
)


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
        for alarm in alarms(self, environment):
            alarm.add_alarm_action(actions.SnsAction(topic))
        dashboard = cloudwatch.Dashboard(
            self, "dashboard", dashboard_name=names.dashboard(environment)
        )
        dashboard.add_widgets(*_of_the_jobs(environment))
        dashboard.add_widgets(*_of_the_functions(environment))


def _of_the_jobs(environment: Environment) -> list[cloudwatch.IWidget]:
    there = set(functions(environment))
    graphs = {
        title: [told(environment, name, job, statistic) for name, job in metrics.items()]
        for title, statistic, metrics in GRAPHS
        if there.issuperset(metrics.values())
    }
    graphs["Usage waits (s)"] = [waiting(environment, stream) for stream in FIREHOSES]
    return [cloudwatch.GraphWidget(title=title, left=left) for title, left in graphs.items()]


def _of_the_functions(environment: Environment) -> list[cloudwatch.IWidget]:
    return [
        cloudwatch.GraphWidget(
            title=what,
            left=[of_function(environment, name, what) for name in functions(environment)],
            width=8,
        )
        for what in ("Invocations", "Errors", "Duration")
    ]
