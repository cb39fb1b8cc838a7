"""The invoice as a PDF: `web/invoice.typ` set from the stored JSON, the same bytes every time.

PDF/A-3a and PDF/UA-1: to be kept for years, and to be read by everybody. Fonts are those in
`web/fonts` and no others, and the clock inside the file is midnight UTC of the issue date.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import typst

from meterbook.canonical import canonical_json
from meterbook.invoice.typeface import FONTS, UNPRINTABLE, printable
from meterbook.sqlfiles import project_folder

_NOTE = f"{UNPRINTABLE} stands for a character that this typeface lacks; invoice.json has it."


def render_invoice(document: bytes) -> bytes:
    """Print a stored invoice document.

    Texts in it are data, never markup: they reach the template as JSON and nothing evaluates them.
    """
    data = _each_text(json.loads(document))
    if UNPRINTABLE in canonical_json(data):
        data["notes"].append(_NOTE)
    issued = datetime.fromisoformat(data["issue_date"]).replace(tzinfo=UTC)
    pdf = _compiler().compile(
        sys_inputs={"invoice": canonical_json(data)},
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


def _each_text(value: object) -> Any:  # noqa: ANN401 - JSON, whatever it holds
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {name: _each_text(part) for name, part in value.items()}
    return [_each_text(part) for part in value] if isinstance(value, list) else value
