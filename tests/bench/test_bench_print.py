"""Both sides of the bench of prints are given the same figures, and a missing peer is told."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from pathlib import Path

import pytest
from meterbook.invoice.render import render_invoice

from bench import print_invoices
from bench.ground import Ground
from bench.invoices import invoice


def test_the_peers_page_has_every_figure_that_ours_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_invoices, "_INVOICES", 2)
    print_invoices.write(str(tmp_path))
    assert print_invoices.typeset(str(tmp_path))["seconds"] > 0
    for name in ("000", "001"):
        html = (tmp_path / f"{name}.html").read_text("utf-8")
        text = unescape(re.sub("<[^>]*>", " ", html))
        given = Counter(print_invoices._FIGURE.findall(text))
        assert print_invoices._figures(tmp_path / f"{name}.pdf") == given


def test_no_two_invoices_are_the_same_page() -> None:
    pages = {render_invoice(*invoice(n, 8)) for n in range(3)}
    assert len(pages) == 3


def test_without_weasyprint_the_bench_says_why_it_measures_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ground = Ground(tmp_path, (1,), tmp_path / "no-python")
    assert list(print_invoices.measures(ground)) == []
    assert "skipped: WeasyPrint does not run with" in capsys.readouterr().out
