"""The printed invoice says what the document says, whatever is in it, in the same bytes each time."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from invoice.invoices import (
    BUYERS,
    GERMAN_SELLER,
    adjustment,
    credit,
    discount,
    document_of,
    facility,
    frozen_period,
    pages_of,
    passthrough,
    variable,
    written,
)
from invoice.printed import amounts_of, printed
from meterbook.invoice.document import document_bytes
from meterbook.invoice.render import render_invoice

Fields = dict[str, Any]
HOSTILE = '#panic("x") $x^2$ *bold* _it_ @ref <lbl> [y] \\ `raw` // no /* comment */ = head {{z}} {date} ~'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3"><path d="M0 0h9v3H0z"/></svg>'
# One grey pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGOYCQAAmwCarS5ItAAAAABJRU5ErkJggg=="
)
BILLED_WRONGLY = {
    "kind": "credit_note", "subject": "credit.1", "reason": "Ausfall am 3. Oktober",
    "refers_to": {"kind": "invoice", "subject": "", "period": "2026-10"},
}  # fmt: skip


def _german(lines: list[Fields], **changes: Any) -> Fields:
    buyer = BUYERS["domestic"] | changes.pop("account", {})
    return document_of(frozen_period(lines, "EUR", seller=GERMAN_SELLER, account=buyer, **changes))


def test_every_figure_and_name_is_printed() -> None:
    lines = [facility("250.00"), variable("477.73"), passthrough("-12.05", "-12.045678901000")]
    document = document_of(frozen_period(lines))
    (page,) = printed(document)
    for text in (
        "Nimbus Platform GmbH · 1 Quay · 6011 Wellington", "Billed to Acme Ltd", "New Zealand",
        "Number NIM-2026-000001", "Issue date 2026-11-05", "Due date 2026-12-05",
        "Service period 2026-10-01 – 2026-10-31", "Account acme",
        "Total due Payable by 2026-12-05 USD 715.68", "Lending MOD-1 · plan growth v1",
        "1,204,331.5 10,000 1,194,331.5 0.40 per 1,000 477.73", "−12.05",
        "Attributed cost −12.045678901 USD", "Total USD 715.68",
        "Payable within 30 days, by 2026-12-05.", "Bank Beispielbank, IBAN DE89 3704 0044",
        "Payment reference NIM-2026-000001", "All amounts are net of tax.", "Tax no. NZ1",
        f"Snapshot {document['snapshot_sha256']}", "Page 1 of 1",
    ):  # fmt: skip
        assert text in page


def test_a_german_account_reads_german_words_figures_and_days() -> None:
    reports = variable("50.00", metric="reports")
    lines = [variable("1477.73"), reports, discount("-147.77", "10", "1477.73"), credit("-5.00")]
    (page,) = printed(_german(lines, account={"payment_days": "60"}))
    for text in (
        "Rechnung an Rheinhafen AG", "55118 Mainz Deutschland", "USt-IdNr. DE129274202",
        "Datum 05.11.2026", "Leistungszeitraum 01.10.2026 – 31.10.2026", "Bestellnummer PO-4711",
        "Ihre Referenz 04011000-12345-03", "Zahlbar bis 04.01.2027",
        "1.204.331,5 10.000 1.194.331,5 0,40 je 1.000 1.477,73", "10 % von ", "USt. 7 % auf ",
        "Summe der Positionen 1.527,73", "Nachlässe und Gutschriften −152,77",
        "Nettobetrag 1.374,96", "Zahlbar innerhalb von 60 Tagen, bis 04.01.2027.",
        "IBAN DE89 3704 0044 0532 0130 00", "BIC COBADEFFXXX", "Registernr. HRB 98765",
        "Ada Weber +49 69 1234567 ada@nimbus.example", "Seite 1 von 1",
    ):  # fmt: skip
        assert text in page


def test_a_credit_note_names_the_invoice_and_the_reason_and_asks_for_nothing() -> None:
    document = _german([written("75.50", "Gutschrift für den Ausfall")], body=BILLED_WRONGLY)
    (page,) = printed(document)
    for text in (
        "Rechnungskorrektur (Gutschrift)", "Gutschrift an Rheinhafen AG",
        "Bezug auf Rechnung NIM-2026-000001 vom 05.11.2026", "Grund Ausfall am 3. Oktober",
        "Gutgeschriebener Betrag Dieser Betrag wird Ihnen gutgeschrieben EUR 89,85",
        "Gutgeschrieben EUR 89,85",
    ):  # fmt: skip
        assert text in page
    for word in ("Fällig", "Zahlbar", "IBAN", "Verwendungszweck"):
        assert word not in page


@pytest.mark.parametrize(
    ("kind", "title"),
    [("corrected_invoice", "Korrigierte Rechnung"), ("debit_note", "Nachbelastung")],
)
def test_what_corrects_or_adds_says_so_and_is_to_be_paid(kind: str, title: str) -> None:
    changes = BILLED_WRONGLY | {"kind": kind, "subject": "debit.1", "reason": "Falsche Anschrift"}
    (page,) = printed(_german([facility("100.00")], body=changes))
    assert title in page
    assert "Bezug auf Rechnung NIM-2026-000001 vom 05.11.2026 Grund Falsche Anschrift" in page
    assert "Zu zahlen Zahlbar bis 05.12.2026 EUR 119,00" in page


@pytest.mark.parametrize("case", ["reverse_charge", "export", "exempt", "small_business"])
def test_a_reason_for_no_tax_is_printed(case: str) -> None:
    frozen = frozen_period([facility("100.00")], "EUR", seller=GERMAN_SELLER, account=BUYERS[case])
    document = document_of(frozen)
    (page,) = printed(document)
    assert document["taxes"][0]["reason"] in page


def test_a_postcode_stands_where_its_country_has_it() -> None:
    british = {"address": ["1 Quay"], "city": "Bristol", "postcode": "BS1 4RW", "country": "GB"}
    german = {"address": ["Kai 1"], "city": "Mainz", "postcode": "55118", "country": "DE"}
    frozen = frozen_period([facility("1.00")], seller=british, account=german)
    (page,) = printed(document_of(frozen))
    assert "1 Quay · Bristol BS1 4RW" in page
    assert "Kai 1 55118 Mainz Germany" in page


def test_a_refused_e_invoice_is_told_on_the_page() -> None:
    frozen = frozen_period(
        [facility("100.000")], "KWD", seller=GERMAN_SELLER, account=BUYERS["domestic"]
    )
    document = document_of(frozen)
    (page,) = printed(document)
    assert document["e_invoice_refused"] in page


@pytest.mark.parametrize(("media_type", "data"), [("image/svg+xml", SVG), ("image/png", PNG)])
def test_a_logo_stands_in_place_of_the_name(media_type: str, data: bytes) -> None:
    seller = {"logo": _logo(media_type, data)}
    document = document_of(frozen_period([facility("1.00")], seller=seller))
    pdf = render_invoice(document_bytes(document))
    (page,) = pages_of(pdf)
    assert page.startswith("Invoice Nimbus Platform GmbH · 1 Quay")
    assert _alternative_texts(pdf) == ["Nimbus Platform GmbH"]


def _logo(media_type: str, data: bytes) -> Fields:
    return {"media_type": media_type, "base64": base64.b64encode(data).decode()}


def test_a_logo_that_cannot_be_drawn_gives_way_to_the_name() -> None:
    svg = SVG.replace(b"<path", "<text y='2'>株</text><path".encode())
    frozen = frozen_period([facility("1.00")], seller={"logo": _logo("image/svg+xml", svg)})
    (page,) = printed(document_of(frozen))
    assert page.startswith("Nimbus Platform GmbH Invoice Nimbus Platform GmbH · 1 Quay")


def test_usage_is_drawn_as_a_bar_a_day_and_told_in_words() -> None:
    document = document_of(frozen_period([variable("1.00")], body={"usage": _usage()}))
    pdf = render_invoice(document_bytes(document))
    told = (
        "Bars of API calls for each day from 2026-10-01 to 2026-10-31: "
        "at most 30,000.5 call, on 2026-10-30."
    )
    assert _alternative_texts(pdf) == [told]
    assert "API calls Peak day: 30,000.5 call" in pages_of(pdf)[0]


def _usage() -> list[Fields]:
    return [
        {"usage_date": f"2026-10-{day:02}", "tenant_id": "acme", "module_id": "MOD-1",
         "metric": "api_calls", "quantity": f"{day}000.5"}
        for day in range(1, 31)
    ]  # fmt: skip


def _alternative_texts(pdf: bytes) -> list[str]:
    """What a screen reader says for pictures, as the structure of the file has it."""
    with pikepdf.open(BytesIO(pdf)) as file:
        found = [one for one in file.objects if isinstance(one, pikepdf.Dictionary)]
        return [str(one.Alt) for one in found if one.get("/S") == "/Figure" and "/Alt" in one]


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
    (page,) = printed(document_of(frozen_period([variable(amount)], currency)))
    assert page.count(shown) == 2
    assert f"Amount {currency}" in page


def test_names_are_data_and_never_markup() -> None:
    frozen = frozen_period(
        [variable("1.00"), variable("2.00", "other"), written("3.00", HOSTILE)],
        account={"name": HOSTILE, "address": [HOSTILE], "purchase_order": HOSTILE},
        seller={"name": HOSTILE, "bank": HOSTILE, "legal_id": HOSTILE},
        tenant={"name": HOSTILE},
        body={"reason": HOSTILE},
    )
    text = " ".join(printed(document_of(frozen)))
    assert text.count(HOSTILE) >= 8


def test_what_steers_text_is_taken_out_and_what_has_no_glyph_is_marked() -> None:
    name = "Ac\u202eme \u2066x\x00\x07\n株式会社 Ω Ж e\u0301 \U0001f600\ue000 \ufeff"
    document = document_of(frozen_period([variable("1.00")], account={"name": name}))
    (page,) = printed(document)
    assert "Acme x □□□□ Ω Ж é □□" in page
    assert "□ stands for a character that this typeface lacks; invoice.json has it." in page
    assert document["buyer"]["name"] == name


def test_long_words_break_and_lose_nothing() -> None:
    frozen = frozen_period(
        [variable("1.00"), variable("2.00", "other")],
        tenant={"name": "W" * 300},
        account={"name": "M" * 128},
    )
    text = "".join(printed(document_of(frozen))).replace(" ", "")
    assert "W" * 300 in text
    assert "M" * 128 in text


def test_a_name_longer_than_a_page_still_prints() -> None:
    frozen = frozen_period(
        [variable("1.00"), variable("2.00", "other")], tenant={"name": "long " * 3000}
    )
    assert sum(page.count("long") for page in printed(document_of(frozen))) == 3000


def test_a_reason_longer_than_a_page_still_prints() -> None:
    buyer = BUYERS["exempt"] | {"tax_exemption_reason": "reason " * 3000}
    frozen = frozen_period([facility("1.00")], "EUR", seller=GERMAN_SELLER, account=buyer)
    pages = printed(document_of(frozen))
    assert len(pages) > 1
    assert sum(page.count("reason") for page in pages) == 3000


def test_500_lines_run_over_pages_with_their_header_and_the_sum_so_far() -> None:
    lines = [variable(f"{n}.25", metric=f"metric_{n}") for n in range(500)]
    document = document_of(frozen_period(lines))
    pdf = render_invoice(document_bytes(document))
    pages, amounts = pages_of(pdf), amounts_of(pdf, document)
    assert len(pages) > 10
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Description Used Included Billable Unit price Amount USD" in page
        assert "Variable consumption" in page
    so_far = Decimal(0)
    for page, following in pairwise(amounts):
        so_far += sum(page.amounts)
        assert page.carried == following.brought == so_far
    assert "Total USD 124,875.00" in pages[-1]
    metrics = re.findall(r"metric_(\d+) ", " ".join(pages))
    assert list(dict.fromkeys(metrics)) == [str(n) for n in range(500)]


def test_sums_and_bars_never_stand_alone_on_a_page() -> None:
    for count in range(17, 24):  # with these numbers of lines the first page is full
        lines = [variable("1.00"), *(variable("1.00", metric=f"m_{n}") for n in range(count))]
        document = document_of(frozen_period(lines, body={"usage": _usage()}))
        *_, page = printed(document)
        assert f"m_{count - 1} " in page
        assert "Total USD" in page
        assert "Peak day" in page


@pytest.mark.parametrize("amount", ["0.00", "-5.00"])
def test_nothing_is_asked_for_where_nothing_is_owed(amount: str) -> None:
    (page,) = printed(document_of(frozen_period([adjustment(amount, "1.00", "6.00")])))
    assert "No payment is due" in page
    assert "Beispielbank" not in page


def test_a_party_that_has_only_a_name_is_enough() -> None:
    nothing = {"address": [], "country": "", "tax_id": "", "email": "", "bank": ""}
    frozen = frozen_period([variable("1.00")], seller=nothing, account=nothing)
    (page,) = printed(document_of(frozen))
    assert "Acme Ltd" in page
    assert "Tax no." not in page


def test_a_document_without_lines_still_prints() -> None:
    (page,) = printed(document_of(frozen_period([])))
    assert "Total USD 0.00" in page


def test_the_file_is_a_tagged_pdf_a_of_the_issue_date_with_its_own_fonts() -> None:
    pdf = render_invoice(document_bytes(document_of(frozen_period([variable("1.00")]))))
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert b"2026-11-05T00:00:00" in pdf
    assert b"SourceSans3" in pdf


def test_another_process_prints_the_same_bytes(tmp_path: Path) -> None:
    document, xml = document_bytes(_german([variable("1.00")])), b"<invoice/>"
    (tmp_path / "invoice.json").write_bytes(document)
    program = (
        "import pathlib, sys\n"
        "from meterbook.invoice.render import render_invoice\n"
        "place = pathlib.Path(sys.argv[1])\n"
        "pdf = render_invoice((place / 'invoice.json').read_bytes(), b'<invoice/>')\n"
        "(place / 'out.pdf').write_bytes(pdf)\n"
    )
    elsewhere = os.environ | {
        "TZ": "Pacific/Auckland",
        "LANG": "de_DE.UTF-8",
        "PYTHONHASHSEED": "7",
    }
    subprocess.run(
        [sys.executable, "-c", program, tmp_path], check=True, env=elsewhere, cwd=tmp_path
    )
    assert (tmp_path / "out.pdf").read_bytes() == render_invoice(document, xml)
