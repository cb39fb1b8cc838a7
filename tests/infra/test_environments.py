"""cdk.json says what differs between deployments, and is told clearly when it asks too much."""

from __future__ import annotations

import json

import pytest
from synthesized import ROOT

from infra.settings import EvidenceLock, environments

CONTEXT = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]


def one(**settings: object) -> object:
    (made,) = environments({"environments": {"here": {"region": "us-east-1", **settings}}})
    return made


def test_cdk_json_has_the_three_environments() -> None:
    assert [made.name for made in environments(CONTEXT)] == ["dev", "prod", "bank-dev"]


def test_an_environment_is_its_own_stage_unless_it_says_otherwise() -> None:
    stages = {made.name: made.stage for made in environments(CONTEXT)}
    assert stages == {"dev": "dev", "prod": "prod", "bank-dev": "dev"}


def test_prod_keeps_its_evidence_for_ten_years() -> None:
    locks = {made.name: made.evidence_lock for made in environments(CONTEXT)}
    assert locks["prod"] == EvidenceLock("COMPLIANCE", 3653)


def test_a_data_export_outside_us_east_1_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"cdk.json, here: .* not in eu-west-1"):
        one(region="eu-west-1")
    assert one(region="eu-west-1", cost_export=False)


def test_a_domain_without_its_certificate_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"cdk.json, here: a web_domain needs its web_certificate"):
        one(web_domain="usage.platform.example")
    assert one(web_domain="usage.platform.example", web_certificate="arn:aws:acm:…")


def test_no_account_and_no_key_stands_in_cdk_json() -> None:
    for made in environments(CONTEXT):
        assert made.account is None
        assert not made.snowflake_trust.external_id
