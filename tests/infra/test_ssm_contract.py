"""SSM is a contract: bank-dev reads and writes what MOD-098 lists, dev the twins, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from synthesized import ACCOUNT, ROOT, Assembly, plain

CONTRACT = yaml.safe_load((Path(__file__).parent / "mod_098.yaml").read_text("utf-8"))
CONSUMED = {name.format(env="dev") for name in CONTRACT["consumed"]}
PUBLISHED = {name.format(env="dev"): value for name, value in CONTRACT["published"].items()}
ARNS = {
    "cost-explorer-fetcher-arn": "fetch-aws-costs",
    "unattributed-monitor-arn": "watch-unattributed-costs",
}
BANK = "/bank/dev/risk-platform/metering/"
OWN = "/meterbook/dev/metering/"


def published(assembly: Assembly, environment: str) -> dict[str, Any]:
    found = [
        plain(one["Properties"], template)
        for stack, template in assembly.stages[environment].items()
        for one in assembly.resources(environment, "AWS::SSM::Parameter", stack).values()
    ]
    return {one["Name"]: one["Value"] for one in found}


def public_views() -> set[str]:
    return {path.stem.upper() for path in (ROOT / "sql/models/publish").glob("*.sql")}


def of_the_table(prefix: str) -> dict[str, str]:
    """What MOD-098 publishes, with its ARNs written out."""
    expected = {}
    for name, value in PUBLISHED.items():
        leaf = name.removeprefix(BANK)
        if leaf in ARNS:
            function = f"{prefix}-dev-{ARNS[leaf]}"
            expected[leaf] = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{function}"
        else:
            expected[leaf] = value
    return expected


def test_bank_dev_publishes_the_table_of_mod_098_and_nothing_else(assembly: Assembly) -> None:
    expected = {BANK + leaf: value for leaf, value in of_the_table("bank").items()}
    assert published(assembly, "bank-dev") == expected


def test_bank_dev_consumes_the_table_of_mod_098_and_nothing_else(assembly: Assembly) -> None:
    assert assembly.parameters("bank-dev") == CONSUMED


def test_the_table_has_ten_names_and_nine(assembly: Assembly) -> None:
    assert (len(PUBLISHED), len(CONSUMED)) == (10, 9)


def test_dev_publishes_the_twins_every_public_view_its_own_bus_the_layer_and_the_way_in(
    assembly: Assembly,
) -> None:
    twins = of_the_table("meterbook") | {"event-source-name": "meterbook"}
    views = {
        f"{view.removeprefix('V_').replace('_', '-').lower()}-table": f"METERING.{view}"
        for view in public_views()
    }
    bus = {"event-bus-arn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/meterbook-dev"}
    found = published(assembly, "dev")
    assert found.pop(f"{OWN}usage-layer-arn").startswith("<usagelayer")
    assert found.pop(f"{OWN}api-url") == "https://<front5E0C0EC1.DomainName>"
    assert found.pop(f"{OWN}user-pool-id").startswith("<people")
    assert found.pop(f"{OWN}client-id").startswith("<peoplepages")
    assert found == {OWN + leaf: value for leaf, value in {**twins, **views, **bus}.items()}


def test_dev_consumes_only_what_snowflake_alone_can_tell(assembly: Assembly) -> None:
    leaves = ("account-locator", "warehouse", "database", "ingest-role", "ingest-secret-arn")
    assert assembly.parameters("dev") == {f"/meterbook/dev/snowflake/{leaf}" for leaf in leaves}


@pytest.mark.parametrize("environment", ["dev", "prod", "bank-dev"])
def test_no_parameter_names_a_view_that_does_not_exist(
    assembly: Assembly, environment: str
) -> None:
    values = published(assembly, environment).values()
    named = {value.removeprefix("METERING.") for value in values if value.startswith("METERING.")}
    assert named <= public_views()
