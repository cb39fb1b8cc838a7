"""The e-invoice in a printed invoice is found, is the one that was written, and is declared.

ISO 19005-3 as a whole is not proved here: no validator of it comes by a package index. What is
checked is what typst refuses on its own and the structure below; `verapdf` judges it where there is
one.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import facturx
import pikepdf
import pytest
from invoice.invoices import BUYERS, GERMAN_SELLER, document_of, facility, frozen_period
from lxml import etree
from meterbook.errors import BookInconsistent
from meterbook.invoice.cii import cii_xml
from meterbook.invoice.document import document_bytes
from meterbook.invoice.facturx import declared, embedded_xml, pdf_problems
from meterbook.invoice.render import render_invoice
from pikepdf import Dictionary, Name, Pdf

DOCUMENT = document_of(
    frozen_period([facility("100.00")], "EUR", seller=GERMAN_SELLER, account=BUYERS["domestic"])
)
XML = cii_xml(DOCUMENT, "en16931")


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_invoice(document_bytes(DOCUMENT), XML)


@pytest.fixture(scope="module")
def plain() -> bytes:
    return render_invoice(document_bytes(DOCUMENT))


def test_the_e_invoice_in_the_file_is_the_one_that_was_written(pdf: bytes) -> None:
    assert embedded_xml(pdf) == XML
    assert pdf_problems(pdf, XML) == []


def test_another_reader_finds_and_knows_it(pdf: bytes) -> None:
    assert facturx.get_xml_from_pdf(BytesIO(pdf), check_xsd=True) == ("factur-x.xml", XML)
    assert facturx.get_level(etree.fromstring(XML)) == "en16931"


def test_a_document_without_e_invoice_holds_no_file(plain: bytes) -> None:
    assert embedded_xml(plain) is None
    assert pdf_problems(plain, None) == []


def test_metadata_declares_the_e_invoice_and_describes_each_property(pdf: bytes) -> None:
    with Pdf.open(BytesIO(pdf)) as file:
        metadata = file.Root.Metadata
        assert "/Filter" not in metadata
        text = metadata.read_bytes().decode()
    for entry in (
        "<fx:DocumentType>INVOICE<", "<fx:DocumentFileName>factur-x.xml<", "<fx:Version>1.0<",
        "<fx:ConformanceLevel>EN 16931<", "<pdfuaid:part>1<",
    ):  # fmt: skip
        assert entry in text
    for name in ("DocumentType", "DocumentFileName", "Version", "ConformanceLevel"):
        assert f"<pdfaProperty:name>{name}<" in text


def test_nothing_but_the_metadata_is_touched(pdf: bytes, plain: bytes) -> None:
    for file in map(Pdf.open, (BytesIO(pdf), BytesIO(plain))):
        assert file.pdf_version == "1.7"
        assert file.Root.Lang == "de"
        assert file.Root.ViewerPreferences.DisplayDocTitle
        assert "/StructTreeRoot" in file.Root
        assert all("/FontFile2" in one or "/FontFile3" in one for one in _fonts(file))


def _fonts(file: Pdf) -> list[Dictionary]:
    found = [one for one in file.objects if isinstance(one, Dictionary)]
    return [one for one in found if one.get("/Type") == "/FontDescriptor"]


def _other_xml(file: Pdf) -> None:
    file.Root.AF[0].EF.F.write(XML.replace(b"100.00", b"101.00"))


def _no_relationship(file: Pdf) -> None:
    file.Root.AF[0].AFRelationship = Name.Data


def _other_type(file: Pdf) -> None:
    file.Root.AF[0].EF.F.Subtype = Name("/application/xml")


def _two_files(file: Pdf) -> None:
    file.attachments["notes.txt"] = b"and another"


def _no_intent(file: Pdf) -> None:
    del file.Root.OutputIntents


def _no_tags(file: Pdf) -> None:
    del file.Root.MarkInfo


def _no_part(file: Pdf) -> None:
    text = file.Root.Metadata.read_bytes()
    file.Root.Metadata.write(text.replace(b"pdfaid:part>3", b"pdfaid:part>2"))


def _undeclared(file: Pdf) -> None:
    file.Root.Metadata.write(file.Root.Metadata.read_bytes().replace(b"EN 16931", b"MINIMUM"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_other_xml, "not the one that was written"),
        (_no_relationship, "not marked as its alternative"),
        (_other_type, "not marked as text/xml"),
        (_two_files, "does not hold exactly one file"),
        (_no_intent, "no output intent"),
        (_no_tags, "not tagged"),
        (_no_part, "not declare itself as PDF/A-3a"),
        (_undeclared, "metadata does not declare its e-invoice"),
    ],
)
def test_a_file_that_is_not_as_it_has_to_be_is_told(
    pdf: bytes, damage: Callable[[Pdf], None], told: str
) -> None:
    written = BytesIO()
    with Pdf.open(BytesIO(pdf)) as file:
        damage(file)
        file.save(written, fix_metadata_version=False)
    (problem,) = pdf_problems(written.getvalue(), XML)
    assert told in problem


def test_a_missing_and_an_unwanted_e_invoice_are_told(pdf: bytes, plain: bytes) -> None:
    assert pdf_problems(plain, XML) == ["The PDF does not hold exactly one file, factur-x.xml."]
    assert pdf_problems(pdf, None) == ["The PDF holds a file, but the document has no e-invoice."]


def test_metadata_of_another_shape_is_refused() -> None:
    written = BytesIO()
    with pikepdf.new() as file:
        file.add_blank_page()
        file.Root.Metadata = file.make_stream(b"<rdf:RDF/>")
        file.save(written)
    with pytest.raises(BookInconsistent, match="metadata has not one"):
        declared(written.getvalue())


@pytest.mark.skipif(shutil.which("verapdf") is None, reason="no verapdf on the path")
def test_verapdf_finds_no_fault(pdf: bytes, tmp_path: Path) -> None:
    (tmp_path / "invoice.pdf").write_bytes(pdf)
    command = ["verapdf", "--flavour", "3a", "--format", "text", tmp_path / "invoice.pdf"]
    assert subprocess.run(command, check=True, capture_output=True).stdout.startswith(b"PASS")
