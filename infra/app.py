"""The app: one stage per environment, in each the stacks in the order in which the data walks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from aws_cdk import App, Stage, Tags, Validations
from aws_cdk import Environment as Place
from cdk_nag import AwsSolutionsChecks

from infra.attribution import Attribution
from infra.billing import Billing
from infra.collection import Collection
from infra.observability import Observability
from infra.reporting import Reporting
from infra.settings import ROOT, Environment, environments
from infra.warehouse import Warehouse


class Meterbook(Stage):
    """One deployment, `Meterbook-<environment>`."""

    def __init__(self, app: App, environment: Environment) -> None:
        place = Place(account=environment.account, region=environment.region)
        super().__init__(app, f"Meterbook-{environment.name}", env=place)
        collection = Collection(self, environment)
        landing_key_arn = collection.landing_key.key_arn
        walk = [
            collection,
            Warehouse(self, environment, landing_key_arn),
            Attribution(self, environment, landing_key_arn),
            billing := Billing(self, environment, landing_key_arn),
            Reporting(self, environment, landing_key_arn, billing.evidence_key.key_arn),
            Observability(self, environment),
        ]
        for earlier, later in pairwise(walk):
            later.add_stack_dependency(earlier)
        # Its own cost carries the tags by which every cost is attributed.
        Tags.of(self).add(environment.owner_tag_key, "platform")
        Tags.of(self).add(environment.module_tag_key, "meterbook")
        Tags.of(self).add("environment", environment.name)


def synth(context: Mapping[str, Any], folder: str) -> None:
    """Write the templates of all environments; errors when cdk-nag finds what nobody accepted."""
    app = App(context=dict(context), outdir=folder)
    for environment in environments(context):
        Meterbook(app, environment)
    Validations.of(app).add_plugins(AwsSolutionsChecks())
    app.synth()


if __name__ == "__main__":
    configuration = json.loads((ROOT / "cdk.json").read_text("utf-8"))
    # The CDK's command line, where there is one, says where it wants the templates.
    folder = os.environ.get("CDK_OUTDIR", str(ROOT / configuration["output"]))
    synth(configuration["context"], folder)
