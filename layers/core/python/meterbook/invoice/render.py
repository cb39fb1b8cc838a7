"""The invoice as a PDF: `web/invoice.typ` set from the stored JSON, the same bytes every time.

PDF/A-3a and PDF/UA-1: to be kept for years, and to be read by everybody; the e-invoice is inside.
Fonts are those in `web/fonts` and no others, and the clock inside the file is midnight UTC of the
issue date. A process that has printed is not to be forked: the typesetter's threads stay behind.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache

import typst

from meterbook.canonical import canonical_json
from meterbook.close.snapshot import Fields
from meterbook.invoice.facturx import declared
from meterbook.invoice.page import page_of
from meterbook.invoice.typeface import FONTS
from meterbook.sqlfiles import project_folder


def render_invoice(document: bytes, xml: bytes | None = None) -> bytes:
    """Print a stored invoice document, with its e-invoice inside where there is one.

    Texts in it are data, never markup: they reach the template as JSON and nothing evaluates them.
    """
    page = page_of(json.loads(document))
    try:
        pdf = _set(page, xml or b"")
    except typst.TypstError:
        # The document has its number: a logo that cannot be drawn gives way to the seller's name.
        if not page["logo"]:
            raise
        pdf = _set(page | {"logo": []}, xml or b"")
    return declared(pdf) if xml else pdf


def _set(page: Fields, xml: bytes) -> bytes:
    year, month, day = page["issued"]
    issued = datetime(year, month, day, tzinfo=UTC)
    pdf = _compiler().compile(
        sys_inputs={"page": canonical_json(page), "xml": xml.decode()},
        format="pdf",
        pdf_standards=["a-3a", "ua-1"],
        timestamp=int(issued.timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise TypeError("one document in, one file out")
    return pdf


@cache
def _compiler() -> typst.Compiler:
    web = project_folder("web")
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(web / FONTS)]
    )
    return typst.Compiler(str(web / "invoice.typ"), root=str(web), font_paths=fonts)
