"""The printed invoice says what the document says, whatever is in it, in the same bytes each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from invoice.invoices import document_of, frozen_period, pages_of, variable
from meterbook.invoice.document import document_bytes
from meterbook.invoice.render import render_invoice

HOSTILE = (
    '#panic("x") $x^2$ *bold* _it_ @ref <lbl> [y] \\ `raw` // no /* comment */ = head {{z}} ~ --'
)


def _printed(document: dict[str, object]) -> list[str]:
    return pages_of(render_invoice(document_bytes(document)))


def test_every_figure_and_name_is_printed() -> None:
    lines = [
        {"line_kind": "facility", "tenant_id": "acme", "module_id": "MOD-1", "billable_quantity": "1.000000",
         "unit_price": "250.000000", "amount": "250.00"},
        variable("477.73"),
        {"line_kind": "passthrough", "tenant_id": "acme", "metric": "aws",
         "cost_usd": "-12.045678901000", "amount": "-12.05"},
    ]  # fmt: skip
    frozen = frozen_period(lines)
    (page,) = _printed(document_of(frozen))
    for text in (
        "Nimbus Platform GmbH", "Acme Ltd", "1 Quay", "Invoice number NIM-2026-000001",
        "Issue date 5 November 2026", "Due date 5 December 2026",
        "Service period 1 October 2026 – 31 October 2026", "Account acme",
        "Total due Payable by 5 December 2026 USD 715.68", "Lending MOD-1 · plan growth v1",
        "1,204,331.5 10,000 1,194,331.5 0.40 per 1,000 477.73", "−12.05",
        "Attributed cost -12.045678901 USD", "Subtotal facility fees 250.00", "Total USD 715.68",
        "Beispielbank, IBAN DE89 3704 0044, quoting NIM-2026-000001", "All amounts are net of tax.",
        f"Snapshot {frozen.snapshot_sha256}", "Page 1 of 1",
    ):  # fmt: skip
        assert text in page


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [
        ("JPY", "1234567", "JPY 1,234,567"),
        ("KWD", "1234.567", "KWD 1,234.567"),
        ("USD", "0.05", "USD 0.05"),
    ],
)
def test_amounts_have_separators_and_the_decimals_of_their_currency(
    currency: str, amount: str, shown: str
) -> None:
    (page,) = _printed(document_of(frozen_period([variable(amount)], currency)))
    assert page.count(shown) == 2
    assert f"Amount {currency}" in page


def test_names_are_data_and_never_markup() -> None:
    frozen = frozen_period(
        [variable("1.00"), variable("2.00", "other")],
        account={"name": HOSTILE, "address": [HOSTILE], "email": HOSTILE},
        seller={"name": HOSTILE},
        tenant={"name": HOSTILE},
    )
    (page,) = _printed(document_of(frozen))
    assert page.count(HOSTILE) >= 4


def test_what_steers_text_is_taken_out_and_what_has_no_glyph_is_marked() -> None:
    name = "Ac\u202eme \u2066x\x00\x07\n株式会社 Ω Ж e\u0301 \U0001f600\ue000 \ufeff"
    document = document_of(frozen_period([variable("1.00")], account={"name": name}))
    (page,) = _printed(document)
    assert "Acme x □□□□ Ω Ж é □□" in page
    assert "□ stands for a character that this typeface lacks; invoice.json has it." in page
    assert document["buyer"]["name"] == name


def test_long_words_break_and_lose_nothing() -> None:
    frozen = frozen_period(
        [variable("1.00"), variable("2.00", "other")],
        tenant={"name": "W" * 300},
        account={"name": "M" * 128},
    )
    text = "".join(_printed(document_of(frozen))).replace(" ", "")
    assert "W" * 300 in text
    assert "M" * 128 in text


def test_a_name_longer_than_a_page_still_prints() -> None:
    frozen = frozen_period(
        [variable("1.00"), variable("2.00", "other")], tenant={"name": "long " * 3000}
    )
    assert sum(page.count("long") for page in _printed(document_of(frozen))) == 3000


def test_500_lines_run_over_pages_with_their_header() -> None:
    lines = [variable(f"{n}.25", metric=f"metric_{n}") for n in range(500)]
    pages = _printed(document_of(frozen_period(lines)))
    assert len(pages) > 10
    *with_lines, last = pages
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
    for page in with_lines:
        assert "Description Used Included Billable Unit price Amount USD" in page
        assert "Variable consumption" in page
    assert "Total USD 124,875.00" in last
    printed = " ".join(pages)
    assert all(f"metric_{n} " in printed for n in range(500))


def test_a_sum_never_stands_alone_on_a_page() -> None:
    for count in range(16, 24):  # with these numbers of lines the first page is full
        lines = [variable("1.00", metric=f"metric_{n}") for n in range(count)]
        (page,) = (p for p in _printed(document_of(frozen_period(lines))) if "Total USD" in p)
        assert f"metric_{count - 1} " in page


@pytest.mark.parametrize("amount", ["0.00", "-5.00"])
def test_nothing_is_asked_for_where_nothing_is_owed(amount: str) -> None:
    (page,) = _printed(document_of(frozen_period([variable(amount)])))
    assert "No payment is due" in page
    assert "Beispielbank" not in page


def test_a_party_that_has_only_a_name_is_enough() -> None:
    nothing = {"address": [], "country": "", "tax_id": "", "email": "", "bank": ""}
    frozen = frozen_period([variable("1.00")], seller=nothing, account=nothing)
    (page,) = _printed(document_of(frozen))
    assert "Acme Ltd" in page
    assert "Tax ID" not in page


def test_the_file_is_a_tagged_pdf_a_of_the_issue_date_with_its_own_fonts() -> None:
    pdf = render_invoice(document_bytes(document_of(frozen_period([variable("1.00")]))))
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert b"2026-11-05T00:00:00" in pdf
    assert b"SourceSans3" in pdf


def test_another_process_prints_the_same_bytes(tmp_path: Path) -> None:
    document = document_bytes(document_of(frozen_period([variable("1.00")])))
    (tmp_path / "invoice.json").write_bytes(document)
    program = (
        "import pathlib, sys\n"
        "from meterbook.invoice.render import render_invoice\n"
        "place = pathlib.Path(sys.argv[1])\n"
        "(place / 'out.pdf').write_bytes(render_invoice((place / 'invoice.json').read_bytes()))\n"
    )
    elsewhere = os.environ | {
        "TZ": "Pacific/Auckland",
        "LANG": "de_DE.UTF-8",
        "PYTHONHASHSEED": "7",
    }
    subprocess.run(
        [sys.executable, "-c", program, tmp_path], check=True, env=elsewhere, cwd=tmp_path
    )
    assert (tmp_path / "out.pdf").read_bytes() == render_invoice(document)
