"""The schema for editors says what the reader does: it takes what is read and sees what is refused.

An editor sees `0.40` as a number and `true` as a boolean where the reader sees the text that was
written, so what is good must pass in both forms. Each refusal that a schema can tell is told by it;
the others are marked `only_the_reader: true` in `catalog_refusals.yaml`.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from meterbook.catalog import (
    allowances,
    cost_kinds,
    external_provider,
    kinds,
    logo,
    parties,
    rate_card,
    webhook,
)
from meterbook.catalog.read_catalog import schema_file
from meterbook.catalog.reader import UNIT_SIZES
from meterbook.identifier import PATTERN

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads(schema_file().read_text("utf-8"))
VALIDATOR = jsonschema.Draft7Validator(
    SCHEMA, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
)
CATALOGS = sorted((ROOT / "examples").glob("*/catalog/*.yaml")) + sorted(
    (ROOT / "examples/packs").glob("*.yaml")
)
CASES = yaml.safe_load((Path(__file__).parent / "catalog_refusals.yaml").read_text("utf-8"))
EXAMPLES = re.findall(
    r"```yaml\n(.*?)```", (ROOT / "docs/catalog.md").read_text("utf-8"), re.DOTALL
)


class _Core(yaml.BaseLoader):
    """YAML as an editor sees it: the core schema of YAML 1.2, in which days are text."""


for tag, pattern, first, made in (
    ("bool", "true|false", "tf", lambda text: text == "true"),
    ("null", "~|null|", ["~", "n", ""], lambda _: None),
    ("int", "[-+]?[0-9]+", "-+0123456789", int),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789", float),
):
    _Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)
    _Core.add_constructor(
        f"tag:yaml.org,2002:{tag}", lambda _, node, made=made: made(str(node.value))
    )


def documents(text: str, loader: type[yaml.BaseLoader]) -> list[Any]:
    return [document for document in yaml.load_all(text, loader) if document not in ("", None)]


def complaints(text: str, loader: type[yaml.BaseLoader] = yaml.BaseLoader) -> list[str]:
    return [
        error.message
        for document in documents(text, loader)
        for error in VALIDATOR.iter_errors(document)
    ]


def test_the_schema_is_one_that_editors_know() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("loader", [yaml.BaseLoader, _Core], ids=["as read", "as edited"])
@pytest.mark.parametrize("file", CATALOGS, ids=lambda file: "/".join(file.parts[-3:]))
def test_every_example_catalog_is_good(file: Path, loader: type[yaml.BaseLoader]) -> None:
    assert complaints(file.read_text("utf-8"), loader) == []


@pytest.mark.parametrize("loader", [yaml.BaseLoader, _Core], ids=["as read", "as edited"])
def test_every_example_of_the_reference_is_good(loader: type[yaml.BaseLoader]) -> None:
    assert complaints("---\n".join(EXAMPLES), loader) == []


@pytest.mark.parametrize(
    "given",
    [pytest.param(of["given"], id=of["it"]) for of in CASES if "only_the_reader" not in of],
)
def test_what_the_reader_refuses_the_schema_refuses_too(given: str) -> None:
    assert complaints(given)


@pytest.mark.parametrize(
    "given",
    [pytest.param(of["given"], id=of["it"]) for of in CASES if "only_the_reader" in of],
)
def test_what_only_the_reader_sees_is_rightly_marked(given: str) -> None:
    with suppress(yaml.YAMLError):  # a text that is no YAML at all
        assert complaints(given) == []


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_a_kind_has_the_fields_that_the_reader_knows(kind: str) -> None:
    known = {"kind", "id", "from", "until", *kinds.KINDS[kind].fields.split()}
    assert set(SCHEMA["definitions"][kind]["properties"]) == known
    assert SCHEMA["properties"]["kind"]["enum"] == list(kinds.KINDS)


def test_words_and_forms_are_those_of_the_reader() -> None:
    of = SCHEMA["definitions"]
    assert of["metric"]["properties"]["aggregation"]["enum"] == [*kinds.AGGREGATIONS, None]
    assert of["seller"]["properties"]["invoice_series"]["pattern"] == f"^{parties.INVOICE_SERIES}$"
    assert of["id"]["pattern"] == PATTERN
    assert of["allocation_rule"]["properties"]["method"]["enum"] == list(cost_kinds.METHODS)
    assert of["tag_aliases"]["properties"]["tag"]["enum"] == list(cost_kinds.TAGS)
    assert of["source"]["enum"] == list(cost_kinds.SOURCES)
    provider = of["external_provider"]["properties"]
    assert provider["id"]["pattern"] == f"^{external_provider.ID}$"
    assert provider["url"]["pattern"] == f"^{external_provider.URL}$"
    assert provider["header"]["pattern"] == f"^({external_provider.HEADER})?$"
    assert provider["secret"]["pattern"] == f"^({external_provider.SECRET})?$"
    hook = of["webhook"]["properties"]
    assert hook["url"]["pattern"] == f"^{webhook.URL}$"
    assert hook["events"]["items"]["enum"] == list(webhook.EVENTS)
    assert hook["secret"]["pattern"] == f"^{external_provider.SECRET}$"
    assert of["path"]["pattern"] == f"^({external_provider.PATH})?$"
    assert set(provider["columns"]["properties"]) == set(external_provider.COLUMNS)
    assert of["email"]["pattern"] == f"^({parties.EMAIL})?$"
    account = of["account"]["properties"]
    for name, words in (("tax", parties.TAXES), ("e_invoice", parties.E_INVOICES)):
        assert account[name]["enum"] == [*words, "", None]
    assert account["discounts"]["items"]["properties"]["kinds"]["items"]["enum"] == [
        *allowances.DISCOUNTED
    ]
    assert of["tax_class"]["enum"] == [*parties.TAX_CLASSES, "", None]
    assert of["seller"]["properties"]["logo"]["pattern"] == f"^({logo.LOGO})?$"
    rate = of["plan"]["properties"]["rates"]["items"]
    assert rate["properties"]["pricing"]["enum"] == [*rate_card.PRICINGS, "", None]
    in_tiers = [name for name, tiered in rate_card.PRICINGS.items() if tiered]
    assert rate["if"]["properties"]["pricing"]["enum"] == in_tiers
    assert of["per"]["enum"] == [*UNIT_SIZES, *map(int, UNIT_SIZES), None]


def objects(part: object) -> list[dict[str, Any]]:
    """Every part of the schema that describes a mapping with fields."""
    below = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    mine = [part] if isinstance(part, dict) and "additionalProperties" in part else []
    return mine + [found for one in below for found in objects(one)]


def test_no_mapping_takes_an_unknown_field_and_every_field_is_described() -> None:
    for found in objects(SCHEMA):
        assert found["additionalProperties"] is not True
        for name, field in found.get("properties", {}).items():
            described = field if "$ref" not in field else SCHEMA["definitions"][field["$ref"][14:]]
            assert described["description"], name
