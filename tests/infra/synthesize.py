"""Synthesize the app for the tests: its environments, and one that knows its Snowflake account.

What only Snowflake can tell (its user, its queue) is empty in cdk.json until a person fills it in,
so the environment `connected` is `dev` with those three filled.
"""

import json
import sys

from infra.app import synth
from infra.settings import ROOT

TRUST = {
    "user_arn": "arn:aws:iam::210987654321:user/snowflake-of-the-account",
    "external_id": "ACCOUNT_SFCRole=1_abc",
    "pipe_queue_arn": "arn:aws:sqs:us-east-1:210987654321:sf-snowpipe-abc",
}

if __name__ == "__main__":
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    dev = context["environments"]["dev"]
    filled = {"stage": "connected", "snowflake_trust": TRUST, "alarm_email": "ops@platform.example"}
    context["environments"]["connected"] = {**dev, **filled}
    synth(context, sys.argv[1])
