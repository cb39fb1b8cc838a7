"""What stands on a printed page, read back from the PDF with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pypdfium2
from invoice.invoices import pages_of
from meterbook.invoice.document import document_bytes
from meterbook.invoice.render import render_invoice

Fields = dict[str, Any]
# Points: between which amounts end (not every digit fills its width), and where the foot begins.
_RIGHT_EDGE, _FOOT = (536, 540), 96
_FIGURES = {
    "en": re.compile(r"−?\d{1,3}(,\d{3})*(\.\d+)?"),
    "de": re.compile(r"−?\d{1,3}(\.\d{3})*(,\d+)?"),
}
_MARKS = {"en": str.maketrans("−", "-", ","), "de": str.maketrans("−,", "-.", ".")}


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """The figures of a page's column of amounts, and those at its head and foot."""

    brought: Decimal | None
    amounts: list[Decimal]
    carried: Decimal | None


def printed(document: Fields, xml: bytes | None = None) -> list[str]:
    """The text of each page, line ends as blanks, without the breaks allowed inside long words."""
    return pages_of(render_invoice(document_bytes(document), xml))


def amounts_of(pdf: bytes, document: Fields) -> list[PrintedPage]:
    """The amounts of each page, as they stand flush right, read in the document's language."""
    return [_page(list(_flush_right(page)), document) for page in pypdfium2.PdfDocument(pdf)]


def _page(found: list[tuple[int, str]], document: Fields) -> PrintedPage:
    head = next((at for at, text in found if text.endswith(f" {document['currency']}")), 0)
    figures = [(at, _read(text, document["language"])) for at, text in found]
    read = [(at, figure) for at, figure in figures if figure is not None]
    return PrintedPage(
        next((figure for at, figure in read if at > max(head, 770)), None),
        [figure for at, figure in read if _FOOT < at < head],
        next((figure for at, figure in read if at < _FOOT), None),
    )


def _flush_right(page: pypdfium2.PdfPage) -> Iterator[tuple[int, str]]:
    """Height above the page's lower edge, and text, of all that ends where amounts end."""
    text = page.get_textpage()
    for n in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(n)
        if _RIGHT_EDGE[0] < right < _RIGHT_EDGE[1]:
            yield int(bottom), text.get_text_bounded(left, bottom, right, top).strip()


def _read(text: str, language: str) -> Decimal | None:
    is_figure = _FIGURES[language].fullmatch(text)
    return Decimal(text.translate(_MARKS[language])) if is_figure else None
