"""The e-invoice inside a printed invoice (Factur-X, ZUGFeRD): declared, read back, and checked.

typst attaches the XML and writes PDF/A-3; what it does not write is the four lines of XMP metadata
by which a reader knows the attachment for an e-invoice, and the schema that PDF/A wants for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pikepdf import Name, Pdf

from meterbook.errors import BookInconsistent

FILE_NAME = "factur-x.xml"
_NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES = {
    "DocumentFileName": (FILE_NAME, "name of the embedded XML invoice file"),
    # The type is that of the standard, also for a credit note; the XML says which it is.
    "DocumentType": ("INVOICE", "the type of the document"),
    "Version": ("1.0", "the version of the standard that the embedded XML follows"),
    "ConformanceLevel": ("EN 16931", "the profile of the embedded XML"),
}
_END_OF_SCHEMAS = "</rdf:Bag></pdfaExtension:schemas>"
_END_OF_DATA = "</rdf:RDF>"
_DECLARED_AS = ("<pdfaid:part>3</pdfaid:part>", "<pdfaid:conformance>A</pdfaid:conformance>")


def declared(pdf: bytes) -> bytes:
    """Add to a PDF/A-3 that holds an e-invoice the metadata that says so, and touch nothing else.

    The same bytes give the same bytes. Errors: `BookInconsistent` for metadata of another shape.
    """
    written = BytesIO()
    with Pdf.open(BytesIO(pdf)) as file:
        metadata = file.Root.Metadata
        metadata.write(_with_facturx(metadata.read_bytes().decode()).encode())
        file.save(written, deterministic_id=True, fix_metadata_version=False)
    return written.getvalue()


def embedded_xml(pdf: bytes) -> bytes | None:
    """The e-invoice inside a printed invoice; None where there is none."""
    with Pdf.open(BytesIO(pdf)) as file:
        return _content(_attachment(file))


def pdf_problems(pdf: bytes, xml: bytes | None) -> list[str]:
    """What keeps a printed invoice from being sealed: empty for a PDF/A-3 that holds this XML."""
    with Pdf.open(BytesIO(pdf)) as file:
        return [*_archive_problems(file), *_attachment_problems(file, xml)]


def _archive_problems(file: Pdf) -> Iterator[str]:
    if not all(entry in _metadata(file) for entry in _DECLARED_AS):
        yield "The PDF does not declare itself as PDF/A-3a."
    intents = [intent.get("/S") for intent in file.Root.get("/OutputIntents", [])]
    if intents != [Name.GTS_PDFA1]:
        yield "The PDF has no output intent for its colours."
    if "/MarkInfo" not in file.Root or not file.Root.MarkInfo.get("/Marked", False):
        yield "The PDF is not tagged."


def _attachment_problems(file: Pdf, xml: bytes | None) -> Iterator[str]:
    attachment = _attachment(file)
    if xml is None:
        if attachment is not None:
            yield "The PDF holds a file, but the document has no e-invoice."
        return
    if attachment is None:
        yield f"The PDF does not hold exactly one file, {FILE_NAME}."
        return
    if _content(attachment) != xml:
        yield "The e-invoice in the PDF is not the one that was written."
    if attachment.get("/AFRelationship") != Name.Alternative:
        yield "The e-invoice in the PDF is not marked as its alternative."
    if attachment.EF.F.get("/Subtype") != Name("/text/xml"):
        yield "The e-invoice in the PDF is not marked as text/xml."
    if f"<fx:ConformanceLevel>{_PROPERTIES['ConformanceLevel'][0]}<" not in _metadata(file):
        yield "The PDF's metadata does not declare its e-invoice."


def _metadata(file: Pdf) -> str:
    return file.Root.Metadata.read_bytes().decode()


def _attachment(file: Pdf) -> Any:  # noqa: ANN401 - a pikepdf object
    """The one associated file, if it is an e-invoice and the only one under its name."""
    files = list(file.Root.get("/AF", []))
    if len(files) != 1 or list(file.attachments) != [FILE_NAME]:
        return None
    return files[0]


def _content(attachment: Any) -> bytes | None:  # noqa: ANN401 - a pikepdf object
    return None if attachment is None else bytes(attachment.EF.F.read_bytes())


def _with_facturx(metadata: str) -> str:
    for mark in (_END_OF_SCHEMAS, _END_OF_DATA):
        if metadata.count(mark) != 1:
            raise BookInconsistent(detail=f"The PDF's metadata has not one {mark}.")
    values = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, (value, _) in _PROPERTIES.items())
    described = f'<rdf:Description rdf:about="" xmlns:fx="{_NAMESPACE}">{values}</rdf:Description>'
    return metadata.replace(_END_OF_SCHEMAS, _schema() + _END_OF_SCHEMAS).replace(
        _END_OF_DATA, described + _END_OF_DATA
    )


def _schema() -> str:
    """The extension schema: PDF/A allows no property that is not described in the file."""
    properties = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{meaning}</pdfaProperty:description></rdf:li>"
        for name, (_, meaning) in _PROPERTIES.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource">'
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{_NAMESPACE}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
