"""Everything that a person has to look at, as an alarm; each has its entry in docs/runbook.md."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from infra import names
from infra.measures import (
    FIREHOSES,
    functions,
    of_api,
    of_firehose,
    of_function,
    of_queue,
    rhythm,
    told,
    waiting,
)
from infra.settings import Environment

WRITE_BACK_S = 60  # NFR-014
WAITING_S = 1800
SPILLED_S = 900
UNSEALED_H = 24
NO_USAGE = Duration.hours(6)
API_FAILURES = 4  # in five minutes; a warehouse that wakes up may cost one
NO_VIEWS = Duration.hours(5)  # published every four
NO_CREDITS = Duration.hours(12)  # three runs of the task
_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


@dataclass(frozen=True, slots=True)
class Bound:
    """What is still well: an alarm rings above it, or below it where that is the wrong side."""

    name: str
    metric: cloudwatch.Metric
    threshold: float = 0
    below: bool = False
    silence_rings: bool = False


def alarms(stack: Stack, environment: Environment) -> list[cloudwatch.Alarm]:
    """One alarm for each bound, under the bound's own name."""
    bounds = [
        *_jobs(environment),
        *_costs(environment),
        *_book(environment),
        *_invoices(environment),
        *(_web(environment) if environment.web else []),
        *_usage(environment),
        *_queues(environment),
    ]
    return [_alarm(stack, environment, bound) for bound in bounds]


def _jobs(environment: Environment) -> list[Bound]:
    """A job that fails, and one that should run by itself and does not."""
    fails = [
        Bound(f"{name}_fails", of_function(environment, name, "Errors"))
        for name in functions(environment)
    ]
    runs = {
        name: of_function(environment, name, "Invocations", period)
        for name, period in rhythm(environment).items()
    }
    silent = [
        Bound(f"{name}_did_not_run", metric, 1, below=True, silence_rings=True)
        for name, metric in runs.items()
    ]
    return fails + silent


def _costs(environment: Environment) -> list[Bound]:
    """Cost without an owner, credits that do not come, asking that takes too long or too much."""
    unowned = told(environment, "unattributed_days", "watch_unattributed_costs")
    seconds = told(environment, "cost_explorer_write_back_seconds", "fetch_aws_costs", "Maximum")
    asked = told(environment, "cost_explorer_requests_usd", "fetch_aws_costs")
    rows = told(
        environment, "snowflake_credit_rows_written_total", "watch_usage_gaps", period=NO_CREDITS
    )
    return [
        Bound("cost_has_no_owner", unowned),
        Bound("credits_are_not_read", rows, 1, below=True),
        Bound("cost_is_written_back_late", seconds, WRITE_BACK_S),
        Bound("cost_explorer_is_dear", asked, environment.cost_explorer_usd_a_day),
    ]


def _book(environment: Environment) -> list[Bound]:
    """What the hourly job has found in the book."""
    found = {
        "usage_gaps": "UsageGapEvents",
        "silent_usage_sources": "SilentUsageSources",
        "checks_fail": "FailedChecks",
    }
    hour = Duration.hours(1)
    return [
        Bound(name, told(environment, metric, "watch_usage_gaps", period=hour))
        for name, metric in found.items()
    ]


def _invoices(environment: Environment) -> list[Bound]:
    """A month that is not closed, a number without its documents, an account that is held back."""
    blocked = told(environment, "close_blocked_days", "close_period", "Maximum")
    unsealed = told(environment, "oldest_unsealed_hours", "issue_invoices", "Maximum")
    held = told(environment, "accounts_held", "issue_invoices", "Maximum")
    lost = told(environment, "documents_not_written", "render_invoice")
    unmailed = told(environment, "mails_failed", "issue_invoices")
    dead = of_queue(environment, "render-dead-letters", "ApproximateNumberOfMessagesVisible")
    return [
        Bound("close_is_blocked", blocked, environment.close_days),
        Bound("invoices_are_not_sealed", unsealed, UNSEALED_H),
        Bound("accounts_are_held", held),
        Bound("documents_are_not_written", lost),
        Bound("render_dead_letters", dead),
        Bound("mails_fail", unmailed),
    ]


def _web(environment: Environment) -> list[Bound]:
    """What readers meet: an API that fails, figures of this morning, events that do not go out."""
    published = told(environment, "publishes", "publish_tenant_views", period=NO_VIEWS)
    return [
        Bound("api_fails", of_api(environment), API_FAILURES),
        Bound("tenant_views_are_old", published, 1, below=True, silence_rings=True),
        *_webhooks(environment),
    ]


def _webhooks(environment: Environment) -> list[Bound]:
    """An address outside that will not have an event, and one that did not take it in two days."""
    dead = of_queue(environment, "webhook-dead-letters", "ApproximateNumberOfMessagesVisible")
    found = [
        Bound("webhooks_are_refused", told(environment, "webhooks_refused", "send_webhooks")),
        Bound("webhook_dead_letters", dead),
    ]
    return found if environment.web else []


def _usage(environment: Environment) -> list[Bound]:
    """Usage that is late on its way to the landing bucket, is not written, or does not come."""
    delivered = "DeliveryToS3.Success"
    sent = of_firehose(environment, "usage", "IncomingRecords", "Sum", NO_USAGE)
    return [
        Bound("usage_waits", waiting(environment, "usage"), WAITING_S),
        Bound("usage_counts_wait", waiting(environment, "usage_counts"), WAITING_S),
        *(
            Bound(
                f"{stream}_is_not_delivered",
                of_firehose(environment, stream, delivered, "Average"),
                1,
                below=True,
            )
            for stream in FIREHOSES
        ),
        Bound("no_usage_arrives", sent, 1, below=True, silence_rings=True),
    ]


def _queues(environment: Environment) -> list[Bound]:
    """What waits to be put back, and what could not be delivered at all; a platform has its own."""
    spilled = of_queue(environment, "usage-spill", "ApproximateAgeOfOldestMessage")
    dead = of_queue(environment, "dead-letters", "ApproximateNumberOfMessagesVisible")
    found = [Bound("spilled_usage_waits", spilled, SPILLED_S), Bound("dead_letters", dead)]
    return found[:1] if environment.platform else found


def _alarm(stack: Stack, environment: Environment, bound: Bound) -> cloudwatch.Alarm:
    silence = cloudwatch.TreatMissingData
    return bound.metric.create_alarm(
        stack,
        bound.name,
        alarm_name=names.resource(environment, bound.name),
        alarm_description=f"Meterbook: what to do is in docs/runbook.md, under {bound.name}.",
        threshold=bound.threshold,
        evaluation_periods=1,
        comparison_operator=_BELOW if bound.below else _ABOVE,
        treat_missing_data=silence.BREACHING if bound.silence_rings else silence.NOT_BREACHING,
    )
