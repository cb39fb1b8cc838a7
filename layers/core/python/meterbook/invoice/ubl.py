"""The document as UBL 2.1: an Invoice, or a CreditNote where money goes back.

BT and BG are the terms of EN 16931-1; the order of the elements is that of the schemas.
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

_SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:"
_NAMESPACES = {
    "cac": f"{_SCHEMA}CommonAggregateComponents-2",
    "cbc": f"{_SCHEMA}CommonBasicComponents-2",
}


def ubl_xml(document: Fields, profile: str) -> bytes:
    """Write a document in a profile, `en16931` or `xrechnung`.

    Errors: `EInvoiceRefused` when the document is no e-invoice.
    """
    must_be_einvoice(document, profile)
    name = "CreditNote" if is_credit_note(document) else "Invoice"
    parts = (*_head(document, profile), *_body(document))
    root = Node(name, tuple(part for part in parts if part))
    return xml_bytes(root, {"": f"{_SCHEMA}{name}-2"} | _NAMESPACES)


def _head(document: Fields, profile: str) -> Iterator[Node | None]:
    yield node("cbc:CustomizationID", SPECIFICATIONS[profile])
    yield node("cbc:ProfileID", PROCESSES[profile])
    yield node("cbc:ID", document["number"])
    yield node("cbc:IssueDate", document["issue_date"])
    if is_credit_note(document):
        yield node("cbc:CreditNoteTypeCode", document["type_code"])
    else:
        yield node("cbc:DueDate", document["due_date"])
        yield node("cbc:InvoiceTypeCode", document["type_code"])
    # UBL has one note for a document (UBL-SR-…): what there is to say stands in it together.
    yield node("cbc:Note", "\n".join(notes_of(document)))
    yield node("cbc:DocumentCurrencyCode", document["currency"])
    yield node("cbc:BuyerReference", buyer_reference(document))


def _body(document: Fields) -> Iterator[Node | None]:
    period, seller, buyer = document["period"], document["seller"], document["buyer"]
    reference = buyer_reference(document)
    yield node(
        "cac:InvoicePeriod",
        node("cbc:StartDate", period["first_day"]),
        node("cbc:EndDate", period["last_day"]),
    )
    yield node("cac:OrderReference", node("cbc:ID", document["purchase_order"]))
    yield from _preceding(document)
    yield node("cac:AccountingSupplierParty", _party(seller, endpoint(seller)))
    yield node("cac:AccountingCustomerParty", _party(buyer, endpoint(buyer, reference)))
    yield _means(document)
    yield node("cac:PaymentTerms", node("cbc:Note", document["payment_terms"]))
    currency = document["currency"]
    yield from (_allowance(allowance, currency) for allowance in document["allowances"])
    yield _tax_total(document)
    yield _sums(document)
    yield from (_line(document, line) for line in lines_of(document))


def _amount(tag: str, amount: str, currency: str) -> Node | None:
    return node(tag, amount, currencyID=currency)


def _preceding(document: Fields) -> Iterator[Node | None]:
    for found in document["preceding"]:
        yield node(
            "cac:BillingReference",
            node(
                "cac:InvoiceDocumentReference",
                node("cbc:ID", found["number"]),
                node("cbc:IssueDate", found["issue_date"]),
            ),
        )


# ---- the parties -----------------------------------------------------------------------------


def _party(party: Fields, address: tuple[str, str]) -> Node | None:
    uri, scheme = address
    return node(
        "cac:Party",
        node("cbc:EndpointID", uri, schemeID=scheme),
        node("cac:PartyIdentification", node("cbc:ID", party["id"])),
        _address(party),
        _registration(party["vat_id"], "VAT"),
        _registration(party.get("tax_id", ""), "FC"),
        node(
            "cac:PartyLegalEntity",
            node("cbc:RegistrationName", party["name"]),
            node("cbc:CompanyID", party["legal_id"]),
        ),
        node(
            "cac:Contact",
            node("cbc:Name", party["contact"]["name"]),
            node("cbc:Telephone", party["contact"]["phone"]),
            node("cbc:ElectronicMail", party["contact"]["email"]),
        ),
    )


def _address(party: Fields) -> Node | None:
    first, second, third = street(party)
    return node(
        "cac:PostalAddress",
        node("cbc:StreetName", first),
        node("cbc:AdditionalStreetName", second),
        node("cbc:CityName", party["city"]),
        node("cbc:PostalZone", party["postcode"]),
        node("cac:AddressLine", node("cbc:Line", third)),
        node("cac:Country", node("cbc:IdentificationCode", party["country"])),
    )


def _registration(number: str, scheme: str) -> Node | None:
    if not number:
        return None
    return node("cac:PartyTaxScheme", node("cbc:CompanyID", number), _scheme(scheme))


def _scheme(name: str = "VAT") -> Node | None:
    return node("cac:TaxScheme", node("cbc:ID", name))


# ---- what is owed ----------------------------------------------------------------------------


def _means(document: Fields) -> Node | None:
    means = payment_means(document)
    named = {"name": means.information} if means.information else {}
    return node(
        "cac:PaymentMeans",
        node("cbc:PaymentMeansCode", means.code, **named),
        node("cbc:PaymentID", document["number"]),
        node(
            "cac:PayeeFinancialAccount",
            node("cbc:ID", means.iban),
            node("cbc:Name", means.holder),
            node("cac:FinancialInstitutionBranch", node("cbc:ID", means.bic)),
        ),
    )


def _category(tag: str, category: str, percent: str, *reasons: Node | None) -> Node | None:
    return node(tag, node("cbc:ID", category), node("cbc:Percent", percent), *reasons, _scheme())


def _allowance(allowance: Fields, currency: str) -> Node | None:
    share = share_of(allowance)
    return node(
        "cac:AllowanceCharge",
        node("cbc:ChargeIndicator", "false"),
        node("cbc:AllowanceChargeReasonCode", DISCOUNT),
        node("cbc:AllowanceChargeReason", share.reason),
        node("cbc:MultiplierFactorNumeric", share.percent),
        _amount("cbc:Amount", allowance["amount"], currency),
        _amount("cbc:BaseAmount", share.base, currency),
        _category("cac:TaxCategory", allowance["tax_category"], allowance["tax_percent"]),
    )


def _tax_total(document: Fields) -> Node | None:
    currency = document["currency"]
    return node(
        "cac:TaxTotal",
        _amount("cbc:TaxAmount", document["totals"]["tax"], currency),
        *(_subtotal(tax, currency) for tax in document["taxes"]),
    )


def _subtotal(tax: Fields, currency: str) -> Node | None:
    return node(
        "cac:TaxSubtotal",
        _amount("cbc:TaxableAmount", tax["base"], currency),
        _amount("cbc:TaxAmount", tax["tax"], currency),
        _category(
            "cac:TaxCategory",
            tax["category"],
            tax["percent"],
            node("cbc:TaxExemptionReasonCode", tax["reason_code"]),
            node("cbc:TaxExemptionReason", tax["reason"]),
        ),
    )


def _sums(document: Fields) -> Node | None:
    totals, currency = document["totals"], document["currency"]
    fields = {
        "LineExtensionAmount": "lines",
        "TaxExclusiveAmount": "net",
        "TaxInclusiveAmount": "gross",
        "AllowanceTotalAmount": "allowances",
        "ChargeTotalAmount": "charges",
        "PrepaidAmount": "prepaid",
        "PayableAmount": "due",
    }
    return node(
        "cac:LegalMonetaryTotal",
        *(_amount(f"cbc:{tag}", totals[name], currency) for tag, name in fields.items()),
    )


# ---- a line (BG-25) --------------------------------------------------------------------------


def _line(document: Fields, line: Fields) -> Node | None:
    currency, kind = document["currency"], "CreditNote" if is_credit_note(document) else "Invoice"
    quantity = "CreditedQuantity" if is_credit_note(document) else "InvoicedQuantity"
    return node(
        f"cac:{kind}Line",
        node("cbc:ID", str(line["line_number"])),
        node(f"cbc:{quantity}", line["quantity"], unitCode=line["unit_code"]),
        _amount("cbc:LineExtensionAmount", line["amount"], currency),
        _item(line),
        node(
            "cac:Price",
            _amount("cbc:PriceAmount", line["unit_price"], currency),
            node("cbc:BaseQuantity", line["unit_size"], unitCode=line["unit_code"]),
        ),
    )


def _item(line: Fields) -> Node | None:
    return node(
        "cac:Item",
        node("cbc:Description", line["detail"]),
        node("cbc:Name", line["description"]),
        node("cac:SellersItemIdentification", node("cbc:ID", line["metric"] or line["module_id"])),
        _category("cac:ClassifiedTaxCategory", line["tax_category"], line["tax_percent"]),
        *(
            node(
                "cac:AdditionalItemProperty",
                node("cbc:Name", attribute["name"]),
                node("cbc:Value", attribute["value"]),
            )
            for attribute in line["attributes"]
        ),
    )
