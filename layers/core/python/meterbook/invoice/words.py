"""What an invoice says of its own accord, in the account's language, and how it writes figures.

The document and the printed page both take their words from here, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from meterbook.errors import BookInconsistent

_EN = {
    # how figures and days are written; `{…}` is filled in by who uses a text
    "decimal_mark": ".",
    "thousands_mark": ",",
    "day_format": "%Y-%m-%d",
    # what the document is
    "invoice": "Invoice",
    "credit_note": "Credit note",
    "corrected_invoice": "Corrected invoice",
    "debit_note": "Debit note",
    # who, to whom, when
    "number": "Number",
    "issue_date": "Issue date",
    "due_date": "Due date",
    "service_period": "Service period",
    "preceding": "Refers to invoice",
    "preceding_of": "{number} of {date}",
    "account": "Account",
    "purchase_order": "Purchase order",
    "buyer_reference": "Your reference",
    "reason": "Reason",
    "billed_to": "Billed to",
    "credited_to": "Credited to",
    "vat_id": "VAT ID",
    "tax_id": "Tax no.",
    "legal_id": "Reg. no.",
    # what it comes to
    "total_due": "Total due",
    "total_credited": "Total credited",
    "total": "Total",
    "payable_by": "Payable by {date}",
    "no_payment": "No payment is due",
    "credited": "This amount is credited to you",
    # the lines
    "description": "Description",
    "used": "Used",
    "included": "Included",
    "billable": "Billable",
    "unit_price": "Unit price",
    "amount": "Amount",
    "per": "per {size}",
    "subtotal": "Subtotal",
    "carried_forward": "Carried forward",
    "brought_forward": "Brought forward",
    "group_levy": "Customer levy",
    "group_facility": "Facility fees",
    "group_variable": "Variable consumption",
    "group_minimum": "Minimum fee",
    "group_passthrough": "Infrastructure passthrough",
    "group_adjustment": "Adjustments",
    "source_aws": "AWS infrastructure",
    "source_snowflake": "Snowflake infrastructure",
    "source_external": "External services",
    "attributed_cost": "Attributed cost {amount} USD",
    "plan": "plan {plan} v{version}",
    # what a line's own text is made of
    "facility_days": "{days} of {size} days",
    "unit_day": "day",
    "unit_month": "month",
    "graduated": "tier {tier}",
    "volume": "by volume, tier {tier}",
    "package": "by the package",
    "minimum": "Minimum fee",
    "minimum_of": "at least {amount} a month",
    "markup": "plus {percent} %",
    "usd_per_unit": "{rate} USD for 1 {currency}",
    "adjustment": "{what}, {period}",
    "adjusted": "now {known}, billed {billed}",
    "adjusted_rules": "rules {rules}",
    "attribute_used": "Used",
    "attribute_included": "Included",
    "attribute_billable": "Billable",
    "attribute_unit": "Unit",
    "attribute_tier": "Tier",
    "attribute_period": "Adjusted period",
    # the sums
    "allowances": "Discounts and credits",
    "allowance_share": "{percent} % of {base}",
    "sum_lines": "Sum of lines",
    "sum_allowances": "Discounts and credits",
    "sum_charges": "Charges",
    "sum_net": "Net total",
    "sum_tax": "Total VAT",
    "sum_gross": "Total including VAT",
    "sum_prepaid": "Already paid",
    "sum_due": "Amount due",
    "sum_credited": "Amount credited",
    # the tax
    "tax_on": "{tax} on {base}",
    "tax_S": "VAT {percent} %",
    "tax_Z": "Zero rated, {percent} %",
    "tax_AE": "Reverse charge",
    "tax_G": "Export",
    "tax_E": "Exempt from VAT",
    "note_net": "All amounts are net of tax.",
    "tax_reason_AE": "Reverse charge: the recipient is liable for the VAT.",
    "tax_reason_G": "Export outside the EU: free of VAT.",
    "tax_reason_export": "Export: free of VAT.",
    "tax_reason_small_business_DE": "No VAT is charged: small business, § 19 UStG.",
    "tax_reason_small_business": "No VAT is charged: small business.",
    "e_invoice_refused": "{currency} has {digits} decimals, and an e-invoice (EN 16931) has room "
    "for {most}: this document goes out as PDF and JSON.",
    # how to pay
    "payment_terms": "Payable within {days} days, by {date}.",
    "payment_account": "Account holder",
    "iban": "IBAN",
    "bic": "BIC",
    "bank": "Bank",
    "payment_reference": "Payment reference",
    # the trend
    "trend_most": "Peak day: {most} {unit}",
    "trend_alt": "Bars of {metric} for each day from {first} to {last}: "
    "at most {most} {unit}, on {day}.",
    # below each page
    "page": "Page {page} of {pages}",
    "snapshot": "Snapshot {sha256}",
    "unprintable": "{mark} stands for a character that this typeface lacks; invoice.json has it.",
    # what a credit note or a corrected invoice says of an earlier credit note
    "already_credited": "Already credited in {number}",
    "carried_over": "Credited in {number}",
    # the mail that takes a document to its account
    "mail_subject": "{kind} {number} of {seller}",
    "mail_text": "{kind} {number} of {seller} for {period} comes to {total}. It is attached.\n",
}
_DE = {
    "decimal_mark": ",",
    "thousands_mark": ".",
    "day_format": "%d.%m.%Y",
    "invoice": "Rechnung",
    # „Gutschrift“ alone is an invoice that the customer writes (§ 14 UStG).
    "credit_note": "Rechnungskorrektur (Gutschrift)",
    "corrected_invoice": "Korrigierte Rechnung",
    "debit_note": "Nachbelastung",
    "number": "Nummer",
    "issue_date": "Datum",
    "due_date": "Fällig am",
    "service_period": "Leistungszeitraum",
    "preceding": "Bezug auf Rechnung",
    "preceding_of": "{number} vom {date}",
    "account": "Kundenkonto",
    "purchase_order": "Bestellnummer",
    "buyer_reference": "Ihre Referenz",
    "reason": "Grund",
    "billed_to": "Rechnung an",
    "credited_to": "Gutschrift an",
    "vat_id": "USt-IdNr.",
    "tax_id": "Steuernr.",
    "legal_id": "Registernr.",
    "total_due": "Zu zahlen",
    "total_credited": "Gutgeschriebener Betrag",
    "total": "Gesamtbetrag",
    "payable_by": "Zahlbar bis {date}",
    "no_payment": "Es ist nichts zu zahlen",
    "credited": "Dieser Betrag wird Ihnen gutgeschrieben",
    "description": "Leistung",
    "used": "Verbraucht",
    "included": "Enthalten",
    "billable": "Berechnet",
    "unit_price": "Einzelpreis",
    "amount": "Betrag",
    "per": "je {size}",
    "subtotal": "Zwischensumme",
    "carried_forward": "Übertrag",
    "brought_forward": "Übertrag",
    "group_levy": "Kundenumlage",
    "group_facility": "Grundgebühren",
    "group_variable": "Variabler Verbrauch",
    "group_minimum": "Mindestentgelt",
    "group_passthrough": "Weiterberechnete Infrastruktur",
    "group_adjustment": "Berichtigungen",
    "source_aws": "AWS-Infrastruktur",
    "source_snowflake": "Snowflake-Infrastruktur",
    "source_external": "Externe Dienste",
    "attributed_cost": "Zugeordnete Kosten {amount} USD",
    "plan": "Tarif {plan} v{version}",
    "facility_days": "{days} von {size} Tagen",
    "unit_day": "Tag",
    "unit_month": "Monat",
    "graduated": "Staffel {tier}",
    "volume": "nach Menge, Staffel {tier}",
    "package": "je angefangenes Paket",
    "minimum": "Mindestentgelt",
    "minimum_of": "mindestens {amount} im Monat",
    "markup": "zuzüglich {percent} %",
    "usd_per_unit": "{rate} USD für 1 {currency}",
    "adjustment": "{what}, {period}",
    "adjusted": "nun {known}, berechnet {billed}",
    "adjusted_rules": "Regeln {rules}",
    "attribute_used": "Verbraucht",
    "attribute_included": "Enthalten",
    "attribute_billable": "Berechnet",
    "attribute_unit": "Einheit",
    "attribute_tier": "Staffel",
    "attribute_period": "Berichtigter Zeitraum",
    "allowances": "Nachlässe und Gutschriften",
    "allowance_share": "{percent} % von {base}",
    "sum_lines": "Summe der Positionen",
    "sum_allowances": "Nachlässe und Gutschriften",
    "sum_charges": "Zuschläge",
    "sum_net": "Nettobetrag",
    "sum_tax": "Umsatzsteuer gesamt",
    "sum_gross": "Bruttobetrag",
    "sum_prepaid": "Bereits gezahlt",
    "sum_due": "Zu zahlen",
    "sum_credited": "Gutgeschrieben",
    "tax_on": "{tax} auf {base}",
    "tax_S": "USt. {percent} %",
    "tax_Z": "Nullsatz, {percent} %",
    "tax_AE": "Steuerschuldnerschaft des Leistungsempfängers",
    "tax_G": "Ausfuhr",
    "tax_E": "Steuerfrei",
    "note_net": "Alle Beträge sind ohne Steuer.",
    "tax_reason_AE": "Steuerschuldnerschaft des Leistungsempfängers",
    "tax_reason_G": "Steuerfreie Ausfuhrlieferung oder Leistung in ein Drittland",
    "tax_reason_export": "Ausfuhr in ein Drittland, steuerfrei",
    "tax_reason_small_business_DE": "Kein Ausweis von Umsatzsteuer: Kleinunternehmer, § 19 UStG.",
    "tax_reason_small_business": "Kein Ausweis von Umsatzsteuer: Kleinunternehmer.",
    "e_invoice_refused": "{currency} hat {digits} Nachkommastellen, eine E-Rechnung (EN 16931) hat "
    "Platz für {most}: dieses Dokument gibt es als PDF und JSON.",
    "payment_terms": "Zahlbar innerhalb von {days} Tagen, bis {date}.",
    "payment_account": "Kontoinhaber",
    "iban": "IBAN",
    "bic": "BIC",
    "bank": "Bank",
    "payment_reference": "Verwendungszweck",
    "trend_most": "Spitzentag: {most} {unit}",
    "trend_alt": "Balken für {metric} an jedem Tag vom {first} bis {last}: "
    "höchstens {most} {unit}, am {day}.",
    "page": "Seite {page} von {pages}",
    "snapshot": "Stand {sha256}",
    "unprintable": "{mark} steht für ein Zeichen, das dieser Schrift fehlt; invoice.json hat es.",
    "already_credited": "Bereits gutgeschrieben mit {number}",
    "carried_over": "Gutgeschrieben mit {number}",
    "mail_subject": "{kind} {number} von {seller}",
    "mail_text": "{kind} {number} von {seller} für {period}: {total}. Sie ist angehängt.\n",
}
_LANGUAGES = {"en": MappingProxyType(_EN), "de": MappingProxyType(_DE)}
LANGUAGES = tuple(_LANGUAGES)


def words(language: str) -> Mapping[str, str]:
    """The words of a language, `en` or `de`.

    Errors: `BookInconsistent` for another language; the catalog lets none through.
    """
    if language not in _LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise BookInconsistent(detail=f"No invoice is written in {language!r}; known are {known}.")
    return _LANGUAGES[language]


def shown_figure(figure: str, language: str) -> str:
    """A plain decimal as a text of the language has it: `-1234.50` is −1.234,50 in German."""
    said = words(language)
    marks = str.maketrans({",": said["thousands_mark"], ".": said["decimal_mark"]})
    whole, point, decimals = figure.removeprefix("-").partition(".")
    sign = "\u2212" if figure.startswith("-") else ""
    return sign + (f"{int(whole):,}" + point + decimals).translate(marks)


def shown_day(day: str, language: str) -> str:
    """An ISO date as a text of the language has it: 05.11.2026 in German."""
    return date.fromisoformat(day).strftime(words(language)["day_format"])
