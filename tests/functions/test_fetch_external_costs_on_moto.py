"""The deployed function finds the secret under the name that its role may read, and lands what came.

As deployed: the handler and its variables from the assembly, AWS on moto, the provider on this machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
from close.small_world import NOW
from costs.provider_server import Answer, serving
from functions.lambda_like import Deployed
from functions.test_run_on_moto import cloud, keys, run
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.settings import ExternalCostSettings
from meterbook_plugs import sockets

__all__ = ["cloud", "run"]  # fixtures
CATALOG = """
kind: external_provider
id: mail
url: {url}/costs?from={{start}}&to={{end}}
format: csv
header: X-Key
secret: mail-key
columns: {{usage_date: day, cost: cost, currency: {{value: USD}}}}
"""


def apply(function: Deployed, folder: Path, text: str) -> None:
    (folder / "catalog.yaml").write_text(text, "utf-8")
    settings = ExternalCostSettings.from_environment(function.variables)
    with sockets.open_sockets(settings) as plug:
        apply_catalog(plug.book, read_catalog(folder))


def test_it_asks_with_the_secret_and_lands_what_came(
    run: Any, functions: dict[str, Deployed], tmp_path: Path, capsys: Any
) -> None:
    name = "meterbook-dev/external/mail-key"
    boto3.client("secretsmanager").create_secret(Name=name, SecretString="Bearer s3cret")
    with serving() as provider:
        catalog = tmp_path / "catalog"
        catalog.mkdir()
        apply(functions["fetch_external_costs"], catalog, CATALOG.format(url=provider.url))
        provider.says("/costs", Answer(f"day,cost\n{NOW:%Y-%m}-01,2.5\n".encode()))
        done = run("fetch_external_costs", {})
        assert provider.asked[0][1]["X-Key"] == "Bearer s3cret"
    assert done["rows"] == 1
    assert keys("landing", "deliveries/external_cost/") == [
        f"deliveries/external_cost/{done['deliveries'][0]}.json"
    ]
    logged = capsys.readouterr().out
    assert "s3cret" not in logged
    (line,) = [
        one
        for one in map(json.loads, logged.splitlines())
        if one.get("event_type") == "external_cost_fetch_completed"
    ]
    assert line["deliveries"] == done["deliveries"]
