"""What the templates must say, because an audit, a bill or a bank depends on it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from meterbook.costs.land_cost_export import AMORTIZED, COLUMNS
from meterbook.delivery import LANDING_TABLES, RECORDS_PREFIX, arrived
from synthesized import ACCOUNT, ROOT, Assembly, functions, listed, plain, role

FUNCTIONS = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
LIMITS = {
    "fetch_aws_costs": (512, 300),
    "fetch_external_costs": (512, 900),
    "watch_unattributed_costs": (512, 120),
    "close_period": (2048, 900),
    "issue_invoices": (2048, 900),
    "render_invoice": (2048, 120),
    "publish_tenant_views": (3008, 900),
    "tenant_api": (1769, 10),
    "admin_api": (1769, 29),
}
# Functions that only an environment with pages has.
WEB = {"publish_tenant_views", "tenant_api", "admin_api", "send_webhooks"}
AT_ONCE = {"render_invoice": 10, "tenant_api": 10, "publish_tenant_views": 1, "send_webhooks": 5}


def test_every_function_folder_is_deployed(assembly: Assembly) -> None:
    assert set(functions(assembly, "dev")) == FUNCTIONS
    assert set(functions(assembly, "prod")) == FUNCTIONS


def test_a_platform_without_data_export_and_pages_gets_every_other_function(
    assembly: Assembly,
) -> None:
    assert set(functions(assembly, "bank-dev")) == FUNCTIONS - {"land_cost_export"} - WEB


@pytest.mark.parametrize("environment", ["dev", "bank-dev"])
def test_each_function_is_bounded_traced_and_loses_nothing(
    assembly: Assembly, environment: str
) -> None:
    for name, properties in functions(assembly, environment).items():
        assert properties["Architectures"] == ["arm64"]
        assert properties["ReservedConcurrentExecutions"] == AT_ONCE.get(name, 3)
        assert properties["TracingConfig"] == {"Mode": "Active"}
        assert properties["DeadLetterConfig"]["TargetArn"]
        if name in LIMITS:
            assert (properties["MemorySize"], properties["Timeout"]) == LIMITS[name]


def test_logs_are_not_kept_for_ever(assembly: Assembly) -> None:
    for environment, days in (("dev", 30), ("prod", 400)):
        groups = assembly.resources(environment, "AWS::Logs::LogGroup")
        kept = {
            plain(group["Properties"].get("LogGroupName", "other"), {}): group["Properties"]
            for group in groups.values()
        }
        assert all(group["RetentionInDays"] for group in kept.values())
        ours = [group for name, group in kept.items() if name.startswith("/aws/lambda/")]
        assert [group["RetentionInDays"] for group in ours] == [days] * len(FUNCTIONS)


def test_the_platforms_role_and_layer_go_to_the_two_functions_of_mod_098(
    assembly: Assembly,
) -> None:
    lent = {
        name
        for name, properties in functions(assembly, "bank-dev").items()
        if properties["Role"] == "/bank/dev/iam/lambda/bank-risk-platform/arn"
        and "/bank/dev/observability/adot-layer-arn" in properties["Layers"]
    }
    assert lent == {"fetch_aws_costs", "watch_unattributed_costs"}


# ---- usage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ["dev", "bank-dev"])
@pytest.mark.parametrize("name", ["usage", "usage_counts"])
def test_it_lands_line_by_line_gzipped_by_the_hour_of_arrival(
    assembly: Assembly, environment: str, name: str
) -> None:
    destination = destinations(assembly, environment)[name]
    assert destination["CompressionFormat"] == "GZIP"
    assert destination["FileExtension"] == ".jsonl.gz"
    assert destination["Prefix"] == f"{name}/!{{timestamp:yyyy/MM/dd/HH}}/"
    assert destination["ErrorOutputPrefix"].startswith(
        f"refused/{name}/!{{firehose:error-output-type}}/"
    )
    # Without parameters it appends a line's end.
    last = destination["ProcessingConfiguration"]["Processors"][-1]
    assert last == {"Type": "AppendDelimiterToRecord", "Parameters": []}


def test_packs_are_not_touched_and_counts_are_taken_out_of_what_the_log_sends(
    assembly: Assembly,
) -> None:
    processors = {
        name: {
            one["Type"]: {
                each["ParameterName"]: each["ParameterValue"] for each in one["Parameters"]
            }
            for one in destination["ProcessingConfiguration"]["Processors"]
        }
        for name, destination in destinations(assembly, "dev").items()
    }
    assert list(processors["usage"]) == ["AppendDelimiterToRecord"]
    assert processors["usage_counts"] == {
        "Decompression": {"CompressionFormat": "GZIP"},
        "CloudWatchLogProcessing": {"DataMessageExtraction": "true"},
        "AppendDelimiterToRecord": {},
    }


def destinations(assembly: Assembly, environment: str) -> dict[str, dict[str, Any]]:
    """Where each Firehose stream delivers, by the name of what it carries."""
    prefix = "bank-dev-" if environment == "bank-dev" else f"meterbook-{environment}-"
    return {
        stream["Properties"]["DeliveryStreamName"].removeprefix(prefix).replace("-", "_"): stream[
            "Properties"
        ]["ExtendedS3DestinationConfiguration"]
        for stream in assembly.resources(
            environment, "AWS::KinesisFirehose::DeliveryStream"
        ).values()
    }


@pytest.mark.parametrize("environment", ["dev", "bank-dev"])
def test_what_spills_goes_back_to_the_bus_pack_by_pack_with_no_code_of_ours(
    assembly: Assembly, environment: str
) -> None:
    template = assembly.stages[environment]["collection"]
    (pipe,) = assembly.resources(environment, "AWS::Pipes::Pipe").values()
    pipe = plain(pipe["Properties"], template)
    assert pipe["SourceParameters"]["SqsQueueParameters"] == {"BatchSize": 1}
    bus = "/bank/dev/eventbridge/bank-risk-platform/arn"
    assert pipe["Target"] == bus if environment == "bank-dev" else "bus" in pipe["Target"]
    source = "bank.risk-platform" if environment == "bank-dev" else "meterbook"
    told = {"DetailType": "usage_recorded", "Source": source}
    assert pipe["TargetParameters"] == {
        "EventBridgeEventBusParameters": told,
        "InputTemplate": "<$.body>",
    }


def test_the_spill_queue_is_encrypted_and_loses_nothing(assembly: Assembly) -> None:
    (spill,) = [
        queue["Properties"]
        for queue in assembly.resources("dev", "AWS::SQS::Queue").values()
        if queue["Properties"]["QueueName"] == "meterbook-dev-usage-spill"
    ]
    assert spill["SqsManagedSseEnabled"] is True
    assert spill["MessageRetentionPeriod"] == 14 * 86400
    redrive = spill["RedrivePolicy"]
    # A day of tries: the same as the rule has.
    assert redrive["maxReceiveCount"] * spill["VisibilityTimeout"] == 86400
    assert redrive["deadLetterTargetArn"]


def test_the_archive_keeps_what_the_landing_bucket_does_not(assembly: Assembly) -> None:
    (kept,) = assembly.resources("prod", "AWS::Events::Archive").values()
    assert kept["Properties"]["EventPattern"] == {
        "detail-type": [{"anything-but": ["usage_recorded"]}]
    }
    (all_kept,) = assembly.resources("connected", "AWS::Events::Archive").values()
    assert all_kept["Properties"]["EventPattern"] == {"version": ["0"]}
    assert not assembly.resources("bank-dev", "AWS::Events::Archive"), "the bus is not ours"


def test_the_layer_is_published_and_an_old_version_stays(assembly: Assembly) -> None:
    layers = assembly.resources("prod", "AWS::Lambda::LayerVersion", "collection").values()
    (layer,) = [one for one in layers if one["Properties"].get("LayerName")]
    assert layer["Properties"]["LayerName"] == "meterbook-prod-usage"
    assert layer["UpdateReplacePolicy"] == layer["DeletionPolicy"] == "Retain"
    assert {"python3.12", "python3.13"} <= set(layer["Properties"]["CompatibleRuntimes"])
    package = assembly.asset(plain(layer["Properties"]["Content"], {})) / "python"
    assert [path.name for path in package.iterdir()] == ["meterbook_usage"]


@pytest.mark.parametrize("environment", ["dev", "prod", "bank-dev"])
def test_each_rule_tries_again_for_a_day_and_then_keeps_the_event(
    assembly: Assembly, environment: str
) -> None:
    rules = assembly.resources(environment, "AWS::Events::Rule").values()
    assert len(rules) == (1 if environment == "bank-dev" else 3)
    for rule in rules:
        for target in rule["Properties"]["Targets"]:
            assert target["DeadLetterConfig"]["Arn"]
            assert target["RetryPolicy"] == {
                "MaximumEventAgeInSeconds": 86400,
                "MaximumRetryAttempts": 24,
            }


def test_every_rule_may_write_to_the_queue_of_dead_letters(assembly: Assembly) -> None:
    template = assembly.stages["dev"]["collection"]
    policies = assembly.resources("dev", "AWS::SQS::QueuePolicy").values()
    allowed = {
        plain(statement["Condition"]["ArnEquals"]["aws:SourceArn"], template)
        for policy in policies
        if "dead" in json.dumps(policy["Properties"]["Queues"]).lower()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    }
    rules = assembly.resources("dev", "AWS::Events::Rule")
    assert allowed == {f"<{name}.Arn>" for name in rules}


def test_the_rule_listens_on_the_bus_of_the_platform(assembly: Assembly) -> None:
    (rule,) = assembly.resources("bank-dev", "AWS::Events::Rule").values()
    assert rule["Properties"]["EventPattern"] == {"detail-type": ["usage_recorded"]}
    bus = str(rule["Properties"]["EventBusName"])
    assert "SsmParameterValuebankdeveventbridgebankriskplatformarn" in bus
    assert not assembly.resources("bank-dev", "AWS::Events::EventBus")
    environments = {
        function["Environment"]["Variables"].get("METERBOOK_EVENT_BUS", name)
        for name, function in functions(assembly, "bank-dev").items()
    }
    # What writes documents tells nobody.
    assert environments == {"bank-risk-platform-dev", "render_invoice"}


def test_snowpipe_hears_of_every_stream_once_its_queue_is_known(assembly: Assembly) -> None:
    buckets = assembly.resources("connected", "AWS::S3::Bucket", "collection").values()
    told = [
        one
        for bucket in buckets
        for one in bucket["Properties"]
        .get("NotificationConfiguration", {})
        .get("QueueConfigurations", [])
    ]
    prefixes = {one["Filter"]["S3Key"]["Rules"][0]["Value"] for one in told}
    assert prefixes == {RECORDS_PREFIX, *(f"{stream}/" for stream in LANDING_TABLES)}


# ---- the bill ----------------------------------------------------------------------------------


def test_the_data_export_selects_what_its_reader_reads(assembly: Assembly) -> None:
    (export,) = assembly.resources("dev", "AWS::BCMDataExports::Export").values()
    query = export["Properties"]["Export"]["DataQuery"]["QueryStatement"]
    selected = query.removeprefix("SELECT ").removesuffix(" FROM COST_AND_USAGE_REPORT").split(", ")
    read = {*COLUMNS.values(), *AMORTIZED.values()}
    assert {column.rpartition(" AS ")[2] for column in selected} == read
    assert len(selected) == len(read)
    assert "resource_tags.user_tenant_id AS owner_tag" in selected


def test_costs_are_fetched_from_six_on_judged_at_eight_and_a_month_is_closed_at_nine(
    assembly: Assembly,
) -> None:
    schedules = assembly.resources("dev", "AWS::Scheduler::Schedule").values()
    hours = {
        one["Properties"]["Name"]: one["Properties"]["ScheduleExpression"] for one in schedules
    }
    assert hours == {
        "meterbook-dev-fetch-aws-costs": "cron(0 6 * * ? *)",
        "meterbook-dev-fetch-external-costs": "cron(30 6 * * ? *)",
        "meterbook-dev-watch-unattributed-costs": "cron(0 8 * * ? *)",
        "meterbook-dev-watch-usage-gaps": "cron(30 * * * ? *)",
        "meterbook-dev-close-period": "cron(0 9 * * ? *)",
        "meterbook-dev-issue-invoices": "cron(45 1/4 * * ? *)",
        "meterbook-dev-publish-tenant-views": "cron(15 2/4 * * ? *)",
    }
    for one in schedules:
        assert one["Properties"]["ScheduleExpressionTimezone"] == "Etc/UTC"
        target = one["Properties"]["Target"]
        assert target["DeadLetterConfig"]["Arn"]
        assert target["RetryPolicy"]["MaximumRetryAttempts"]


@pytest.mark.parametrize(
    ("environment", "prefix"), [("dev", "meterbook-dev"), ("bank-dev", "bank-dev")]
)
def test_one_function_alone_can_open_the_doors_of_the_providers(
    assembly: Assembly, environment: str, prefix: str
) -> None:
    function = functions(assembly, environment)["fetch_external_costs"]
    secrets = function["Environment"]["Variables"]["METERBOOK_EXTERNAL_SECRETS"]
    assert secrets == f"{prefix}/external/"
    template = assembly.stages[environment]["attribution"]
    readers = {
        role["Ref"]
        for policy in assembly.resources(environment, "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if f":secret:{secrets}" in str(plain(statement["Resource"], template))
        for role in policy["Properties"]["Roles"]
    }
    assert readers == {function["Role"].removeprefix("<").removesuffix(".Arn>")}


# ---- evidence ----------------------------------------------------------------------------------


def evidence_denials(assembly: Assembly, environment: str) -> dict[str, dict[str, Any]]:
    template = assembly.stages[environment]["billing"]
    for policy in assembly.resources(environment, "AWS::S3::BucketPolicy", "billing").values():
        statements = plain(policy["Properties"]["PolicyDocument"]["Statement"], template)
        named = {statement.get("Sid"): statement for statement in statements}
        if "NobodyDeletes" in named:
            assert all(one["Principal"] == {"AWS": "*"} for one in named.values())
            return named
    raise AssertionError("the evidence bucket has no policy")


def allowed(
    assembly: Assembly, environment: str, action: str, stack: str = "billing"
) -> dict[str, list[str]]:
    """Who may do it to what: the logical id of a role → resources."""
    template = assembly.stages[environment][stack]
    found: dict[str, list[str]] = {}
    for policy in assembly.resources(environment, "AWS::IAM::Policy", stack).values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if action in listed(statement["Action"]):
                for one in policy["Properties"]["Roles"]:
                    resources = listed(plain(statement["Resource"], template))
                    found.setdefault(one["Ref"], []).extend(map(str, resources))
    return found


def spared(denial: dict[str, Any]) -> list[str]:
    """The roles that a denial does not meet."""
    assert denial["Effect"] == "Deny"
    return listed(denial["Condition"]["ArnNotEquals"]["aws:PrincipalArn"])


@pytest.mark.parametrize("environment", ["dev", "prod", "bank-dev"])
def test_one_function_writes_the_register_another_the_documents_and_nobody_else_anything(
    assembly: Assembly, environment: str
) -> None:
    ours = functions(assembly, environment)
    issue, render = ours["issue_invoices"], ours["render_invoice"]
    denials = evidence_denials(assembly, environment)
    assert spared(denials["OnlyTheTwoWriters"]) == [issue["Role"], render["Role"]]
    assert spared(denials["OnlyTheIssue"]) == [issue["Role"]]
    assert spared(denials["OnlyTheRenderer"]) == [render["Role"]]
    assert denials["OnlyTheIssue"]["Resource"].endswith("/register/*")
    assert denials["OnlyTheRenderer"]["Resource"].endswith("/invoices/*")
    puts = {
        writer: [resource.rpartition("-evidence-")[2] for resource in resources]
        for writer, resources in allowed(assembly, environment, "s3:PutObject").items()
        if any("-evidence-" in resource for resource in resources)
    }
    assert puts.keys() == {role(issue), role(render)}
    assert f"{ACCOUNT}/register/*" in puts[role(issue)]
    assert puts[role(render)] == [f"{ACCOUNT}/invoices/*"]


@pytest.mark.parametrize("environment", ["dev", "bank-dev"])
def test_the_issue_alone_signs_and_no_one_can_give_the_right_to_another(
    assembly: Assembly, environment: str
) -> None:
    issue = functions(assembly, environment)["issue_invoices"]
    keys = assembly.resources(environment, "AWS::KMS::Key", "billing")
    ((name, key),) = [
        (name, plain(one["Properties"], assembly.stages[environment]["billing"]))
        for name, one in keys.items()
        if one["Properties"].get("KeyUsage") == "SIGN_VERIFY"
    ]
    assert key["KeySpec"] == "RSA_3072"
    assert keys[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    (denial,) = [one for one in key["KeyPolicy"]["Statement"] if one["Effect"] == "Deny"]
    assert (denial["Action"], spared(denial)) == ("kms:Sign", [issue["Role"]])
    for action in ("kms:Sign", "kms:GetPublicKey"):
        assert allowed(assembly, environment, action) == {role(issue): [f"<{name}.Arn>"]}
    assert issue["Environment"]["Variables"]["METERBOOK_SIGNING_KEY"] == f"<{name}.Arn>"


def test_a_document_waits_in_a_queue_that_is_encrypted_bounded_and_loses_nothing(
    assembly: Assembly,
) -> None:
    template = assembly.stages["prod"]["billing"]
    queues = {
        plain(one["Properties"], template)["QueueName"]: one["Properties"]
        for one in assembly.resources("prod", "AWS::SQS::Queue", "billing").values()
    }
    assert queues.keys() == {"meterbook-prod-render", "meterbook-prod-render-dead-letters"}
    assert all(one["SqsManagedSseEnabled"] for one in queues.values())
    assert all(one["MessageRetentionPeriod"] == 14 * 86400 for one in queues.values())
    ours = functions(assembly, "prod")
    render, waits = ours["render_invoice"], queues["meterbook-prod-render"]
    assert waits["VisibilityTimeout"] >= 6 * render["Timeout"]
    assert waits["RedrivePolicy"]["maxReceiveCount"] == 5
    (source,) = assembly.resources("prod", "AWS::Lambda::EventSourceMapping", "billing").values()
    told = source["Properties"]
    assert told["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    at_once = render["ReservedConcurrentExecutions"]
    assert told["ScalingConfig"]["MaximumConcurrency"] <= at_once
    policies = assembly.resources("prod", "AWS::SQS::QueuePolicy", "billing").values()
    (denial,) = [
        statement
        for policy in policies
        for statement in plain(policy["Properties"]["PolicyDocument"]["Statement"], template)
        if statement.get("Sid") == "OnlyTheIssueHandsOver"
    ]
    assert (denial["Action"], spared(denial)) == (
        "sqs:SendMessage",
        [ours["issue_invoices"]["Role"]],
    )


def test_what_writes_documents_has_no_secret_no_bus_and_no_key_to_sign_with(
    assembly: Assembly,
) -> None:
    render = role(functions(assembly, "dev")["render_invoice"])
    for action in ("secretsmanager:GetSecretValue", "events:PutEvents", "kms:Sign"):
        assert render not in allowed(assembly, "dev", action)
    read = allowed(assembly, "dev", "s3:GetObject")[render]
    landing = sorted(one.partition(ACCOUNT)[2] for one in read if "-landing-" in one)
    assert landing == ["/closes/*", "/deliveries/closes/*"]


def test_mail_goes_out_from_one_sender_and_from_none_where_none_is_named(
    assembly: Assembly,
) -> None:
    issue = functions(assembly, "connected")["issue_invoices"]
    told = issue["Environment"]["Variables"]
    assert told["METERBOOK_MAIL_SENDER"] == "Platform <billing@platform.example>"
    assert told["METERBOOK_DOCUMENTS_URL"] == "https://bills.platform.example/"
    identity = f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/platform.example"
    for action in ("ses:SendEmail", "ses:SendRawEmail"):
        assert allowed(assembly, "connected", action) == {role(issue): [identity]}
        assert allowed(assembly, "dev", action) == {}
    silent = functions(assembly, "dev")["issue_invoices"]["Environment"]["Variables"]
    assert not {"METERBOOK_MAIL_SENDER", "METERBOOK_DOCUMENTS_URL"} & silent.keys()


def test_evidence_is_never_deleted_and_never_put_over(assembly: Assembly) -> None:
    denials = evidence_denials(assembly, "prod")
    assert "Condition" not in denials["NobodyDeletes"]
    assert {"s3:DeleteObject", "s3:DeleteObjectVersion"} <= set(denials["NobodyDeletes"]["Action"])
    assert denials["OnlyIfAbsent"]["Action"] == "s3:PutObject"
    assert denials["OnlyIfAbsent"]["Condition"] == {"Null": {"s3:if-none-match": "true"}}


@pytest.mark.parametrize(
    ("environment", "mode", "days"), [("dev", "GOVERNANCE", 1), ("prod", "COMPLIANCE", 3653)]
)
def test_evidence_is_locked(assembly: Assembly, environment: str, mode: str, days: int) -> None:
    buckets = assembly.resources(environment, "AWS::S3::Bucket", "billing").values()
    (evidence,) = [one for one in buckets if "ObjectLockConfiguration" in one["Properties"]]
    rule = evidence["Properties"]["ObjectLockConfiguration"]["Rule"]
    assert rule["DefaultRetention"] == {"Mode": mode, "Days": days}


@pytest.mark.parametrize("stack", ["collection", "billing", "reporting"])
def test_buckets_are_versioned_private_and_outlive_their_stack(
    assembly: Assembly, stack: str
) -> None:
    for name, bucket in assembly.resources("prod", "AWS::S3::Bucket", stack).items():
        properties = bucket["Properties"]
        assert bucket["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert all(properties["PublicAccessBlockConfiguration"].values())
        if "accesslogs" not in name:
            assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
            assert properties["BucketName"]


# ---- snowflake ---------------------------------------------------------------------------------


def test_snowflake_may_read_the_landing_bucket_and_nothing_else(assembly: Assembly) -> None:
    template = assembly.stages["connected"]["warehouse"]
    policies = assembly.resources("connected", "AWS::IAM::Policy", "warehouse")
    (policy,) = [one for name, one in policies.items() if name.startswith("snowflake")]
    given = {
        action: str(plain(statement["Resource"], template))
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    assert set(given) == {"s3:ListBucket", "s3:GetObject", "s3:GetBucketLocation", "kms:Decrypt"}
    landing = f"arn:aws:s3:::meterbook-connected-landing-{ACCOUNT}"
    assert given["s3:GetObject"] == f"{landing}/*"


def test_sql_is_applied_when_a_deploy_changes_it(assembly: Assembly) -> None:
    (trigger,) = assembly.resources("dev", "Custom::Trigger").values()
    (version,) = assembly.resources("dev", "AWS::Lambda::Version").keys()
    assert trigger["Properties"]["HandlerArn"] == {"Ref": version}
    assert trigger["Properties"]["ExecuteOnHandlerChange"] is True


# ---- one name in two rooms ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["usage", "usage_counts"])
def test_it_lands_where_the_book_looks_for_what_firehose_wrote(
    assembly: Assembly, name: str
) -> None:
    prefix = destinations(assembly, "dev")[name]["Prefix"]
    key = prefix.replace("!{timestamp:yyyy/MM/dd/HH}", "2026/10/03/09") + "dev-1-2026.jsonl.gz"
    assert arrived([key]) == [key]


def alarms(assembly: Assembly, environment: str) -> dict[str, dict[str, Any]]:
    """Each alarm by the name under which docs/runbook.md has it."""
    prefix = "bank-dev-" if environment == "bank-dev" else f"meterbook-{environment}-"
    found = assembly.resources(environment, "AWS::CloudWatch::Alarm", "observability").values()
    return {
        one["Properties"]["AlarmName"].removeprefix(prefix).replace("-", "_"): one["Properties"]
        for one in found
    }


def measured(text: str) -> list[tuple[str, str]]:
    """Metric and job of everything that a job tells of itself."""
    return re.findall(r'"meterbook-dev","(\w+)","service","(\w+)"', text)


def test_a_measure_is_one_that_its_handler_takes(assembly: Assembly) -> None:
    (dashboard,) = assembly.resources("dev", "AWS::CloudWatch::Dashboard").values()
    shown = measured(str(plain(dashboard["Properties"]["DashboardBody"], {})))
    watched = [
        (one["MetricName"], one["Dimensions"][0]["Value"])
        for one in alarms(assembly, "dev").values()
        if one["Namespace"] == "meterbook-dev"
    ]
    assert shown
    assert set(watched) < set(shown)
    for name, function in shown:
        assert f'"{name}"' in (ROOT / "functions" / function / "handler.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("environment", "name"), [("bank-dev", "bank-dev-MOD-098"), ("prod", "meterbook-prod-MOD-098")]
)
def test_the_dashboard_has_the_name_that_mod_098_gives_it(
    assembly: Assembly, environment: str, name: str
) -> None:
    (dashboard,) = assembly.resources(environment, "AWS::CloudWatch::Dashboard").values()
    assert dashboard["Properties"]["DashboardName"] == name


def test_the_dashboard_shows_the_metrics_of_mod_098(assembly: Assembly) -> None:
    (dashboard,) = assembly.resources("dev", "AWS::CloudWatch::Dashboard").values()
    shown = {name for name, _ in measured(str(plain(dashboard["Properties"]["DashboardBody"], {})))}
    assert shown >= {
        "cost_explorer_rows_written_total",
        "snowflake_credit_rows_written_total",
        "unattributed_share",
    }


def test_every_function_has_an_alarm(assembly: Assembly) -> None:
    watched = {
        one["Dimensions"][0]["Value"]
        for one in alarms(assembly, "dev").values()
        if one["MetricName"] == "Errors"
    }
    assert watched == {f"meterbook-dev-{name.replace('_', '-')}" for name in FUNCTIONS}


@pytest.mark.parametrize("environment", ["dev", "prod", "bank-dev"])
def test_every_alarm_reaches_somebody_and_names_its_entry_in_the_runbook(
    assembly: Assembly, environment: str
) -> None:
    for name, alarm in alarms(assembly, environment).items():
        assert alarm["AlarmActions"]
        assert alarm["AlarmDescription"].endswith(f"in docs/runbook.md, under {name}.")


def test_an_alarm_rings_when_usage_is_missing_late_or_not_delivered(assembly: Assembly) -> None:
    looked_at = {
        (one["MetricName"], one["Dimensions"][0]["Value"])
        for one in alarms(assembly, "dev").values()
        if one.get("Dimensions")
    }
    assert looked_at >= {
        ("UsageGapEvents", "watch_usage_gaps"),
        ("SilentUsageSources", "watch_usage_gaps"),
        ("FailedChecks", "watch_usage_gaps"),
        ("ApproximateAgeOfOldestMessage", "meterbook-dev-usage-spill"),
        ("ApproximateNumberOfMessagesVisible", "meterbook-dev-dead-letters"),
        ("DeliveryToS3.Success", "meterbook-dev-usage"),
        ("DeliveryToS3.Success", "meterbook-dev-usage-counts"),
        ("DeliveryToS3.DataFreshness", "meterbook-dev-usage-counts"),
        ("IncomingRecords", "meterbook-dev-usage"),
    }


@pytest.mark.parametrize(
    ("name", "metric", "statistic", "most"),
    [
        ("cost_is_written_back_late", "cost_explorer_write_back_seconds", "Maximum", 60),  # NFR-014
        ("cost_explorer_is_dear", "cost_explorer_requests_usd", "Sum", 5),
        ("cost_has_no_owner", "unattributed_days", "Sum", 0),
        ("checks_fail", "FailedChecks", "Sum", 0),
        ("close_is_blocked", "close_blocked_days", "Maximum", 5),
        ("invoices_are_not_sealed", "oldest_unsealed_hours", "Maximum", 24),
        ("accounts_are_held", "accounts_held", "Maximum", 0),
        ("documents_are_not_written", "documents_not_written", "Sum", 0),
        ("mails_fail", "mails_failed", "Sum", 0),
        ("render_dead_letters", "ApproximateNumberOfMessagesVisible", "Maximum", 0),
        ("api_fails", "api_fails", "Sum", 4),
    ],
)
def test_an_alarm_rings_above_its_bound_and_not_at_it(
    assembly: Assembly, name: str, metric: str, statistic: str, most: float
) -> None:
    alarm = alarms(assembly, "prod")[name]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == (
        metric,
        statistic,
        most,
    )
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "notBreaching"


def test_an_alarm_rings_when_three_runs_of_the_task_have_added_nothing(assembly: Assembly) -> None:
    alarm = alarms(assembly, "prod")["credits_are_not_read"]
    assert alarm["MetricName"] == "snowflake_credit_rows_written_total"
    assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", 12 * 3600, 1)
    assert alarm["ComparisonOperator"] == "LessThanThreshold"


def test_silence_itself_rings_the_alarm(assembly: Assembly) -> None:
    on_silence = {
        one["MetricName"]
        for one in alarms(assembly, "dev").values()
        if one["TreatMissingData"] == "breaching"
    }
    assert on_silence == {"Invocations", "IncomingRecords", "publishes"}
