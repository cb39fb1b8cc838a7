"""WeasyPrint: tagged PDF/A-3 from HTML, with the e-invoice attached.

The style sheet and the fonts are read once for all documents, which is the fastest that it offers.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any


def typeset(folder: str) -> dict[str, Any]:
    """Print all documents of a folder; CPU of this process without the first, scaled to all."""
    os.environ["SOURCE_DATE_EPOCH"] = "1793836800"
    weasyprint, fonts = import_module("weasyprint"), import_module("weasyprint.text.fonts")
    configuration = fonts.FontConfiguration()
    style = weasyprint.CSS(Path(folder) / "style.css", font_config=configuration)

    def print_one(file: Path) -> None:
        attachment = weasyprint.Attachment(
            file_obj=file.with_suffix(".xml").open("rb"), name="factur-x.xml",
            relationship="Alternative",
        )  # fmt: skip
        pdf = weasyprint.HTML(file).write_pdf(
            stylesheets=[style], font_config=configuration, attachments=[attachment],
            pdf_variant="pdf/a-3a", pdf_tags=True,
        )  # fmt: skip
        file.with_suffix(".pdf").write_bytes(pdf)

    first, *rest = sorted(Path(folder).glob("*.html"))
    print_one(first)
    begun = process_time()
    for file in rest:
        print_one(file)
    seconds = (process_time() - begun) * (len(rest) + 1) / len(rest)
    return {"seconds": seconds, "version": weasyprint.__version__}
