"""A guess names a tenant only where exactly one fits; everything else stays nobody's."""

from __future__ import annotations

from datetime import date

import pytest
from meterbook.report.owner_guess import Evidence, Guess, Owners, guess

TODAY = date(2026, 11, 21)
ALWAYS, ENDED = (date(1900, 1, 1), date(9999, 12, 31)), (date(1900, 1, 1), date(2026, 11, 21))
TENANTS = ("acme", "bolt-energy", "eu", "site1", "site2", "acme-labs", "rds")
NAMES = [
    *(("tenant", one, one, ALWAYS) for one in TENANTS),
    ("tenant", "dusk", "dusk", ENDED),
    ("alias", "Blitz", "bolt-energy", ALWAYS),
    ("alias", "Old Blitz", "acme", ENDED),
    ("folded", "baseload", "base-load", ALWAYS),
    ("owner", "base-load", "base-load", ALWAYS),
    ("alias", "twin", "acme", ALWAYS),
    ("folded", "both", "acme", ALWAYS),
    ("folded", "both", "site1", ALWAYS),
    ("alias", "twin", "site1", ENDED),
]
OWNERS = Owners(
    [
        {"kind": kind, "name": name, "owner": owner, "starts_on": days[0], "ends_on": days[1]}
        for kind, name, owner, days in NAMES
    ],
    TODAY,
)


@pytest.mark.parametrize(
    ("tag", "tenant"),
    [
        ("ACME", "acme"),
        ("a_c-m e", "acme"),
        ("acmee", "acme"),
        ("Bolt.Energy", "bolt-energy"),
        ("bolt-enrgy", "bolt-energy"),
        ("blitzz", "bolt-energy"),
        ("SITE 1", "site1"),
        ("acme-labz", "acme-labs"),
    ],
)
def test_a_tag_that_is_nearly_a_tenants_name_is_the_tenants(tag: str, tenant: str) -> None:
    assert guess(tag, "", Evidence(), OWNERS) == Guess(tenant, "the tag is nearly its name")


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("site3", ""),
        ("site", ""),
        ("eur", ""),
        ("sandbox", ""),
        ("acne-labs-acme", ""),
        ("twin", "acme or site1"),
        ("Base Load", "base-load is no tenant today"),
        ("base-loads", "base-load is no tenant today"),
        ("DUSK", "dusk is no tenant today"),
    ],
)
def test_a_tag_that_could_be_anothers_is_nobodys(tag: str, why: str) -> None:
    assert guess(tag, "", Evidence(), OWNERS) == Guess("", why)


@pytest.mark.parametrize(
    ("resource", "tenant"),
    [
        ("arn:aws:s3:::bolt-energy-logs", "bolt-energy"),
        ("prod_Bolt_Energy_db", "bolt-energy"),
        ("arn:aws:rds:eu-west-1:111122223333:db:acme", "acme"),
        ("SITE2_WH", "site2"),
        ("arn:aws:s3:::acmelogs", ""),
        ("arn:aws:rds:eu-west-1:111122223333:db:main", ""),
        ("prod-eu-logs", ""),
        ("acme-and-site1", ""),
        ("acme-labs-data", ""),
        ("i-0abc", ""),
    ],
)
def test_a_resource_is_its_tenants_if_one_id_alone_stands_in_its_name(
    resource: str, tenant: str
) -> None:
    assert guess("", resource, Evidence(), OWNERS).tenant_id == tenant


def test_what_the_resource_is_tagged_elsewhere_counts() -> None:
    assert guess("", "i-1", Evidence(siblings={"acme"}), OWNERS) == Guess(
        "acme", "the resource is tagged so elsewhere"
    )
    assert guess("", "i-1", Evidence(siblings={"acme", "site1"}), OWNERS) == Guess(
        "", "acme or site1"
    )


def test_an_account_tells_of_untagged_cost_if_one_tenant_has_all_the_rest() -> None:
    assert guess("", "i-1", Evidence(account={"acme"}), OWNERS).tenant_id == "acme"
    assert guess("sandbox", "i-1", Evidence(account={"acme"}), OWNERS).tenant_id == ""
    for shared in ({"acme", ""}, {"acme", "site1"}, {""}, set()):
        assert guess("", "i-1", Evidence(account=shared), OWNERS) == Guess("", "")


def test_evidence_that_disagrees_is_no_evidence() -> None:
    found = guess("", "site2-cache", Evidence(siblings={"acme"}, account={"acme"}), OWNERS)
    assert found == Guess("", "acme or site2")
    assert guess("ACME", "acme-db", Evidence(siblings={"acme"}), OWNERS) == Guess(
        "acme",
        "the resource is tagged so elsewhere; the tag is nearly its name; the resource is named so",
    )


def test_a_tag_means_today_what_an_alias_of_today_says() -> None:
    meanings = {
        tag: OWNERS.meaning(tag) for tag in ("Blitz", "BASE LOAD", "Both", "Old Blitz", "other")
    }
    assert meanings == {
        "Blitz": "bolt-energy",
        "BASE LOAD": "base-load",
        "Both": "acme",
        "Old Blitz": "Old Blitz",
        "other": "other",
    }
