"""What posts to addresses of others is told of little, may do less, and loses no event on the way."""

from __future__ import annotations

from typing import Any

import pytest
from meterbook.catalog.webhook import EVENTS
from meterbook.report.send_webhooks import PAUSES_SECONDS
from meterbook.report.webhooks import KEY
from synthesized import Assembly, listed, plain

from infra import webhooks

ENVIRONMENTS = ("dev", "prod")


def named(assembly: Assembly, environment: str, type_: str, name: str) -> list[Any]:
    """The properties of the resources of a type whose logical id begins so, references filled in."""
    template = assembly.stages[environment]["reporting"]
    found = [
        resource["Properties"]
        for id_, resource in template["Resources"].items()
        if resource["Type"] == type_ and id_.startswith(name)
    ]
    return [plain(one, template) for one in found]


def test_the_rule_lets_through_what_a_document_of_the_catalog_can_ask_for(
    assembly: Assembly,
) -> None:
    for environment in ENVIRONMENTS:
        (rule,) = named(assembly, environment, "AWS::Events::Rule", "webhookrule")
        assert rule["EventPattern"]["detail-type"] == sorted(EVENTS)
        assert len(rule["EventPattern"]["source"]) == 1
        (target,) = rule["Targets"]
        assert target["DeadLetterConfig"]["Arn"].startswith("<webhookdeadletters")


def test_there_are_as_many_tries_as_pauses_and_one_more(assembly: Assembly) -> None:
    (queue,) = named(assembly, "prod", "AWS::SQS::Queue", "webhooks")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == webhooks.TRIES == len(PAUSES_SECONDS) + 1
    # SQS lets a message wait twelve hours from when it was taken, and keeps it for fourteen days.
    longest = queue["VisibilityTimeout"] + max(PAUSES_SECONDS)
    assert longest < 12 * 3600
    assert sum(PAUSES_SECONDS) < queue["MessageRetentionPeriod"]


def test_one_message_at_a_time_so_that_a_slow_address_holds_up_no_other_event(
    assembly: Assembly,
) -> None:
    found = named(assembly, "prod", "AWS::Lambda::EventSourceMapping", "sendwebhooks")
    assert [one["BatchSize"] for one in found] == [1]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_reads_its_own_secrets_and_notes_and_the_addresses_and_nothing_else(
    assembly: Assembly, environment: str
) -> None:
    (policy,) = named(assembly, environment, "AWS::IAM::Policy", "sendwebhooksrole")
    given: dict[str, list[str]] = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        for action in listed(statement["Action"]):
            given.setdefault(action, []).extend(listed(statement["Resource"]))
    (secret,) = given["secretsmanager:GetSecretValue"]
    assert secret.endswith(f":secret:meterbook-{environment}/webhooks/*")
    read = {resource.partition("/")[2] for resource in given["s3:GetObject"]}
    assert read == {KEY, "announced/webhooks/*"}
    written = {resource.partition("/")[2] for resource in given["s3:PutObject"]}
    assert written == {"announced/webhooks/*"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_is_told_of_no_book(assembly: Assembly, environment: str) -> None:
    (function,) = named(assembly, environment, "AWS::Lambda::Function", "sendwebhooks")
    assert not [name for name in function["Environment"]["Variables"] if "SNOWFLAKE" in name]
