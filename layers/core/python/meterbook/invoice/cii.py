"""The document as UN/CEFACT Cross Industry Invoice: what XRechnung sends and Factur-X embeds.

BT and BG are the terms of EN 16931-1; the order of the elements is that of the schema (D16B).
"""

from __future__ import annotations

from collections.abc import Iterator

from meterbook.close.snapshot import Fields
from meterbook.invoice.einvoice import (
    DISCOUNT,
    PROCESSES,
    SPECIFICATIONS,
    buyer_reference,
    endpoint,
    is_credit_note,
    lines_of,
    must_be_einvoice,
    notes_of,
    payment_means,
    share_of,
    street,
)
from meterbook.invoice.xmltree import Node, node, xml_bytes

_STANDARD = "urn:un:unece:uncefact:data:standard:"
_NAMESPACES = {
    "rsm": f"{_STANDARD}CrossIndustryInvoice:100",
    "ram": f"{_STANDARD}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{_STANDARD}UnqualifiedDataType:100",
    "qdt": f"{_STANDARD}QualifiedDataType:100",
}
# UNTDID 2379: a day as YYYYMMDD.
_DAY = "102"


def cii_xml(document: Fields, profile: str) -> bytes:
    """Write a document in a profile, `en16931` or `xrechnung`.

    Errors: `EInvoiceRefused` when the document is no e-invoice.
    """
    must_be_einvoice(document, profile)
    parts = (_context(profile), _head(document), _transaction(document))
    root = Node("rsm:CrossIndustryInvoice", tuple(part for part in parts if part))
    return xml_bytes(root, _NAMESPACES)


def _context(profile: str) -> Node | None:
    process, guideline = PROCESSES[profile], SPECIFICATIONS[profile]
    return node(
        "rsm:ExchangedDocumentContext",
        node("ram:BusinessProcessSpecifiedDocumentContextParameter", node("ram:ID", process)),
        node("ram:GuidelineSpecifiedDocumentContextParameter", node("ram:ID", guideline)),
    )


def _head(document: Fields) -> Node | None:
    return node(
        "rsm:ExchangedDocument",
        node("ram:ID", document["number"]),
        node("ram:TypeCode", document["type_code"]),
        node("ram:IssueDateTime", _day(document["issue_date"])),
        *(node("ram:IncludedNote", node("ram:Content", note)) for note in notes_of(document)),
    )


def _day(day: str, prefix: str = "udt") -> Node | None:
    return node(f"{prefix}:DateTimeString", day.replace("-", ""), format=_DAY)


def _transaction(document: Fields) -> Node | None:
    return node(
        "rsm:SupplyChainTradeTransaction",
        *(_line(line) for line in lines_of(document)),
        _agreement(document),
        Node("ram:ApplicableHeaderTradeDelivery"),
        _settlement(document),
    )


# ---- a line (BG-25) --------------------------------------------------------------------------


def _line(line: Fields) -> Node | None:
    return node(
        "ram:IncludedSupplyChainTradeLineItem",
        node("ram:AssociatedDocumentLineDocument", node("ram:LineID", str(line["line_number"]))),
        _product(line),
        node("ram:SpecifiedLineTradeAgreement", _price(line)),
        node(
            "ram:SpecifiedLineTradeDelivery",
            node("ram:BilledQuantity", line["quantity"], unitCode=line["unit_code"]),
        ),
        node(
            "ram:SpecifiedLineTradeSettlement",
            _category("ram:ApplicableTradeTax", line["tax_category"], line["tax_percent"]),
            node(
                "ram:SpecifiedTradeSettlementLineMonetarySummation",
                node("ram:LineTotalAmount", line["amount"]),
            ),
        ),
    )


def _product(line: Fields) -> Node | None:
    return node(
        "ram:SpecifiedTradeProduct",
        node("ram:SellerAssignedID", line["metric"] or line["module_id"]),
        node("ram:Name", line["description"]),
        node("ram:Description", line["detail"]),
        *(
            node(
                "ram:ApplicableProductCharacteristic",
                node("ram:Description", attribute["name"]),
                node("ram:Value", attribute["value"]),
            )
            for attribute in line["attributes"]
        ),
    )


def _price(line: Fields) -> Node | None:
    return node(
        "ram:NetPriceProductTradePrice",
        node("ram:ChargeAmount", line["unit_price"]),
        node("ram:BasisQuantity", line["unit_size"], unitCode=line["unit_code"]),
    )


def _category(tag: str, category: str, percent: str) -> Node | None:
    return node(
        tag,
        node("ram:TypeCode", "VAT"),
        node("ram:CategoryCode", category),
        node("ram:RateApplicablePercent", percent),
    )


# ---- the parties -----------------------------------------------------------------------------


def _agreement(document: Fields) -> Node | None:
    reference = buyer_reference(document)
    order = node("ram:IssuerAssignedID", document["purchase_order"])
    return node(
        "ram:ApplicableHeaderTradeAgreement",
        node("ram:BuyerReference", reference),
        _party("ram:SellerTradeParty", document["seller"], endpoint(document["seller"])),
        _party("ram:BuyerTradeParty", document["buyer"], endpoint(document["buyer"], reference)),
        node("ram:BuyerOrderReferencedDocument", order),
    )


def _party(tag: str, party: Fields, address: tuple[str, str]) -> Node | None:
    uri, scheme = address
    registrations = (("VA", party["vat_id"]), ("FC", party.get("tax_id", "")))
    return node(
        tag,
        node("ram:ID", party["id"]),
        node("ram:Name", party["name"]),
        node("ram:SpecifiedLegalOrganization", node("ram:ID", party["legal_id"])),
        _contact(party["contact"]),
        _address(party),
        node("ram:URIUniversalCommunication", node("ram:URIID", uri, schemeID=scheme)),
        *(
            node("ram:SpecifiedTaxRegistration", node("ram:ID", number, schemeID=kind))
            for kind, number in registrations
        ),
    )


def _contact(contact: Fields) -> Node | None:
    phone = node("ram:CompleteNumber", contact["phone"])
    return node(
        "ram:DefinedTradeContact",
        node("ram:PersonName", contact["name"]),
        node("ram:TelephoneUniversalCommunication", phone),
        node("ram:EmailURIUniversalCommunication", node("ram:URIID", contact["email"])),
    )


def _address(party: Fields) -> Node | None:
    first, second, third = street(party)
    return node(
        "ram:PostalTradeAddress",
        node("ram:PostcodeCode", party["postcode"]),
        node("ram:LineOne", first),
        node("ram:LineTwo", second),
        node("ram:LineThree", third),
        node("ram:CityName", party["city"]),
        node("ram:CountryID", party["country"]),
    )


# ---- what is owed ----------------------------------------------------------------------------


def _settlement(document: Fields) -> Node | None:
    period = document["period"]
    return node(
        "ram:ApplicableHeaderTradeSettlement",
        node("ram:PaymentReference", document["number"]),
        node("ram:InvoiceCurrencyCode", document["currency"]),
        _means(document),
        *(_tax(tax) for tax in document["taxes"]),
        node(
            "ram:BillingSpecifiedPeriod",
            node("ram:StartDateTime", _day(period["first_day"])),
            node("ram:EndDateTime", _day(period["last_day"])),
        ),
        *(_allowance(allowance) for allowance in document["allowances"]),
        _payment_terms(document),
        _sums(document),
        *_preceding(document),
    )


def _means(document: Fields) -> Node | None:
    means = payment_means(document)
    return node(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        node("ram:TypeCode", means.code),
        node("ram:Information", means.information),
        node(
            "ram:PayeePartyCreditorFinancialAccount",
            node("ram:IBANID", means.iban),
            node("ram:AccountName", means.holder),
        ),
        node("ram:PayeeSpecifiedCreditorFinancialInstitution", node("ram:BICID", means.bic)),
    )


def _tax(tax: Fields) -> Node | None:
    return node(
        "ram:ApplicableTradeTax",
        node("ram:CalculatedAmount", tax["tax"]),
        node("ram:TypeCode", "VAT"),
        node("ram:ExemptionReason", tax["reason"]),
        node("ram:BasisAmount", tax["base"]),
        node("ram:CategoryCode", tax["category"]),
        node("ram:ExemptionReasonCode", tax["reason_code"]),
        node("ram:RateApplicablePercent", tax["percent"]),
    )


def _allowance(allowance: Fields) -> Node | None:
    share = share_of(allowance)
    return node(
        "ram:SpecifiedTradeAllowanceCharge",
        node("ram:ChargeIndicator", node("udt:Indicator", "false")),
        node("ram:CalculationPercent", share.percent),
        node("ram:BasisAmount", share.base),
        node("ram:ActualAmount", allowance["amount"]),
        node("ram:ReasonCode", DISCOUNT),
        node("ram:Reason", share.reason),
        _category("ram:CategoryTradeTax", allowance["tax_category"], allowance["tax_percent"]),
    )


def _payment_terms(document: Fields) -> Node | None:
    due = "" if is_credit_note(document) else document["due_date"]
    return node(
        "ram:SpecifiedTradePaymentTerms",
        node("ram:Description", document["payment_terms"]),
        node("ram:DueDateDateTime", _day(due)),
    )


def _sums(document: Fields) -> Node | None:
    totals, currency = document["totals"], document["currency"]
    return node(
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        node("ram:LineTotalAmount", totals["lines"]),
        node("ram:ChargeTotalAmount", totals["charges"]),
        node("ram:AllowanceTotalAmount", totals["allowances"]),
        node("ram:TaxBasisTotalAmount", totals["net"]),
        node("ram:TaxTotalAmount", totals["tax"], currencyID=currency),
        node("ram:GrandTotalAmount", totals["gross"]),
        node("ram:TotalPrepaidAmount", totals["prepaid"]),
        node("ram:DuePayableAmount", totals["due"]),
    )


def _preceding(document: Fields) -> Iterator[Node | None]:
    for found in document["preceding"]:
        yield node(
            "ram:InvoiceReferencedDocument",
            node("ram:IssuerAssignedID", found["number"]),
            node("ram:FormattedIssueDateTime", _day(found["issue_date"], "qdt")),
        )
