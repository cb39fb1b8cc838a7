"""The files of a document: their names, and where they lie. To read them takes no typesetter."""

from __future__ import annotations

PREFIX = "invoices/"
DOCUMENT, FACTS, PROOF, PRINT = FILES = ("invoice.json", "facts.json", "proof.json", "invoice.pdf")
CII, UBL = E_INVOICES = ("invoice.cii.xml", "invoice.ubl.xml")


def document_key(number: str, name: str) -> str:
    """Where a file of a number lies in the evidence store."""
    return f"{PREFIX}{number}/{name}"


def document_keys(number: str, e_invoice: str) -> list[str]:
    """Where all files of a number lie, by whether it has an e-invoice."""
    names = (*FILES, *E_INVOICES) if e_invoice else FILES
    return sorted(document_key(number, name) for name in names)
