"""Synthesize the app for the tests: its environments, and one that knows its Snowflake account.

What only Snowflake can tell (its user, its queue) is empty in cdk.json until a person fills it in,
so the environment `connected` is `dev` with those three filled, and with packs in the archive.
Beside it, in `host`, is what a platform team has that attaches the layer: an app of its own.
"""

import json
import sys
from pathlib import Path

from infra.app import synth
from infra.attach import Meterbook, attach_usage_layer
from infra.settings import ROOT

# isort: split
# After ours, which says where the CDK finds its Node.
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

TRUST = {
    "user_arn": "arn:aws:iam::210987654321:user/snowflake-of-the-account",
    "external_id": "ACCOUNT_SFCRole=1_abc",
    "pipe_queue_arn": "arn:aws:sqs:us-east-1:210987654321:sf-snowpipe-abc",
}
FILLED = {
    "stage": "connected",
    "snowflake_trust": TRUST,
    "alarm_email": "ops@platform.example",
    "archive_usage": True,
    "web_domain": "usage.platform.example",
    "web_certificate": "arn:aws:acm:us-east-1:123456789012:certificate/of-the-domain",
    "mail_sender": "Platform <billing@platform.example>",
    "documents_url": "https://bills.platform.example/",
}
BANK = Meterbook(
    "dev",
    prefix="bank",
    bus="bank-risk-platform-dev",
    event_source="bank.risk-platform",
    layer_arn="arn:aws:lambda:us-east-1:123456789012:layer:bank-dev-usage:7",
)


def host(folder: str) -> None:
    """Two functions of somebody else: one records by itself, the other is intercepted."""
    app = App(outdir=folder)
    stack = Stack(app, "host")
    attach_usage_layer(_function(stack, "scores"), module_id="MOD-042", meterbook=Meterbook("dev"))
    attach_usage_layer(
        _function(stack, "intercepted"),
        module_id="MOD-043",
        meterbook=BANK,
        tenant_id="acme",
        tenant_path="event:headers.x-tenant-id",
        deadline_seconds=1,
    )
    app.synth()
    Path(folder, "refused.txt").write_text(refusal(), "utf-8")


def refusal() -> str:
    """What somebody is told who attaches the layer to a function that is not Python."""
    function = _function(Stack(App(), "host"), "scores", lambda_.Runtime.NODEJS_22_X)
    try:
        attach_usage_layer(function, module_id="MOD-042", meterbook=Meterbook("dev"))
    except ValueError as error:
        return str(error)
    return ""


def _function(
    stack: Stack, name: str, runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_13
) -> lambda_.Function:
    return lambda_.Function(
        stack,
        name,
        function_name=name,
        runtime=runtime,
        handler="score.main",
        code=lambda_.Code.from_inline("def main(event, context):\n    return 1\n"),
        log_group=logs.LogGroup(stack, f"{name}_log"),
    )


if __name__ == "__main__":
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    context["environments"]["connected"] = {**context["environments"]["dev"], **FILLED}
    synth(context, sys.argv[1])
    host(str(Path(sys.argv[1]) / "host"))
