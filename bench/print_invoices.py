"""Invoices printed per CPU second, against WeasyPrint setting the same content.

Both write tagged PDF/A-3 with the e-invoice inside, in the same typeface. WeasyPrint's HTML is made
beforehand, its style sheet is parsed once, and all that it prints comes ready written: ours reads
the stored document. Every figure that one prints the other has to print as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from html import escape
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from subprocess import DEVNULL, run
from time import process_time
from typing import Any

from meterbook.canonical import canonical_json
from meterbook.invoice.page import page_of
from meterbook.invoice.render import render_invoice

from bench.ground import PROJECT, Ground, Run, job, must_agree
from bench.invoices import invoice
from bench.measure import GIB, Measure, times_as_much, times_better

Fields = dict[str, Any]
_INVOICES, _LINES = 200, 30
_FIGURE = re.compile(r"[−-]?\d[\d,]*\.\d+")
# Where a page ends is each setter's own, and so is what it carries to the next.
_CARRIED = re.compile(r"(Carried|Brought) forward\s+[−-]?[\d,.]+")


def measures(ground: Ground) -> Iterator[Measure]:
    """CPU per invoice, and the memory that each process ended with; nothing without WeasyPrint."""
    if missing := _missing(ground):
        print(f"skipped: WeasyPrint does not run with {ground.peers}: {missing}", flush=True)
        return
    folder = str(ground.empty("work/invoices"))
    job(ground, "bench.print_invoices:write", folder=folder)
    ours = _printed(ground, "bench.print_invoices:typeset", folder)
    theirs = _printed(ground, "bench.peers.weasyprint:typeset", folder, peers=True)
    must_agree([ours, theirs])
    a_second = [_INVOICES / side.answer["seconds"] for side in (ours, theirs)]
    yield times_better(
        f"invoices printed, {_INVOICES} different ones of about {_LINES} lines, against WeasyPrint",
        ours.answer["seconds"] / _INVOICES * 1e3, theirs.answer["seconds"] / _INVOICES * 1e3,
        f"ms of CPU an invoice, all threads: {a_second[0]:.1f} and {a_second[1]:.1f} a CPU second; "
        f"typst {version('typst')}, WeasyPrint {theirs.answer['version']}; all figures are equal",
        target=3,
    )  # fmt: skip
    yield times_as_much(
        f"peak memory of printing {_INVOICES} invoices in one process, against WeasyPrint",
        ours.peak_bytes / GIB, theirs.peak_bytes / GIB,
        "GiB of the whole process; typst keeps what it has set in a cache that levels off",
    )  # fmt: skip


def _missing(ground: Ground) -> str:
    """Why WeasyPrint cannot run at its best, in its own last words; nothing where it can.

    Without HarfBuzz's subsetter it cuts fonts in Python, which takes it three times as long.
    """
    tried = "from weasyprint.text.ffi import harfbuzz_subset as cut; assert cut, 'no HarfBuzz'"
    try:
        command = [str(ground.peers), "-c", tried]
        found = run(command, capture_output=True, text=True, check=False, stdin=DEVNULL)
    except OSError as error:
        return str(error)
    return found.stderr.strip().rpartition("\n")[2] if found.returncode else ""


def _printed(ground: Ground, name: str, folder: str, *, peers: bool = False) -> Run:
    """Print with one of the sides, and read the figures back from its files."""
    for old in Path(folder).glob("*.pdf"):
        old.unlink()
    done = job(ground, name, peers=peers, folder=folder)
    read = job(ground, "bench.print_invoices:figures", folder=folder)
    return Run(done.answer | {"digest": read.answer}, done.cpu_seconds, done.peak_bytes)


def write(folder: str) -> None:
    """The documents, their e-invoices, and for WeasyPrint the pages as HTML with a style sheet."""
    place = Path(folder)
    (place / "style.css").write_text(_style(), "utf-8")
    for n in range(_INVOICES):
        document, xml = invoice(n, _LINES)
        page = page_of(json.loads(document))
        name = f"{n:03}"
        (place / f"{name}.json").write_bytes(document)
        (place / f"{name}.xml").write_bytes(xml)
        (place / f"{name}.html").write_text(_html(page), "utf-8")


def typeset(folder: str) -> Fields:
    """Print all with ours."""
    return {"seconds": timed(folder, ".json", render_invoice)}


def timed(folder: str, ending: str, print_one: Callable[[bytes, bytes], bytes]) -> float:
    """CPU of this process for all documents but the first, which loads fonts; scaled to all."""
    first, *rest = sorted(Path(folder).glob(f"*{ending}"))
    _print(first, print_one)
    begun = process_time()
    for file in rest:
        _print(file, print_one)
    return (process_time() - begun) * _INVOICES / len(rest)


def _print(file: Path, print_one: Callable[[bytes, bytes], bytes]) -> None:
    pdf = print_one(file.read_bytes(), file.with_suffix(".xml").read_bytes())
    file.with_suffix(".pdf").write_bytes(pdf)


def figures(folder: str) -> str:
    """The digest of the figures on all pages, by document, without those that are carried."""
    read = {file.stem: _figures(file) for file in sorted(Path(folder).glob("*.pdf"))}
    return hashlib.sha256(canonical_json(read).encode()).hexdigest()


def _figures(file: Path) -> dict[str, int]:
    pages = import_module("pypdfium2").PdfDocument(file)  # it comes with the tests
    texts = (" ".join(page.get_textpage().get_text_range().split()) for page in pages)
    found = Counter(figure for text in texts for figure in _FIGURE.findall(_CARRIED.sub("", text)))
    if not found:
        raise ValueError(f"no figure can be read in {file.name}")
    return dict(found)


# ---- the same page for WeasyPrint ----------------------------------------------------------------

_STYLE = """
@font-face {{ font-family: Typeface; font-weight: 400; src: url({regular}) }}
@font-face {{ font-family: Typeface; font-weight: 600; src: url({semibold}) }}
@page {{
  size: A4; margin: 24mm 20mm 37mm;
  @top-right {{ content: "Brought forward " string(carried, start); font: 8pt Typeface }}
  @bottom-left {{ content: element(legal) }}
  @bottom-right {{ content: "Page " counter(page) " of " counter(pages);
    font: 6.5pt Typeface; white-space: nowrap }}
}}
@page :first {{ @top-right {{ content: none }} }}
body {{ font: 9pt/1.2 Typeface; margin: 0; color: #16202c;
        font-variant-numeric: tabular-nums lining-nums }}
h1 {{ font-size: 17pt; font-weight: 400; color: #14365c; text-align: right;
      border-bottom: 1pt solid #14365c; margin: 0 0 5mm }}
small {{ font-size: 7.5pt; color: #5a6675 }}
.head {{ display: flex; justify-content: space-between }}
.band {{ background: #f3f6f9; padding: 3.5mm 5mm; margin: 5mm 0 4mm; font-weight: 600 }}
.band b {{ float: right; font-size: 18pt; color: #14365c }}
.legal {{ position: running(legal); font-size: 6.5pt; color: #5a6675;
          border-top: .5pt solid #cfd6de; width: 150mm }}
.legal td {{ width: 33% }}
table {{ border-collapse: collapse; width: 100% }}
.lines th {{ font-size: 7.5pt; font-weight: 400; color: #5a6675;
             border-bottom: .75pt solid #14365c }}
.lines td, .lines th {{ padding: 3.5pt 8pt; text-align: right; vertical-align: top }}
.lines td:first-child, .lines th:first-child {{ text-align: left; padding-left: 0 }}
.lines td:last-child, .lines th:last-child {{ padding-right: 0 }}
.lines tr {{ break-inside: avoid }} .lines tr + tr td {{ border-top: .5pt solid #cfd6de }}
.title td {{ font-weight: 600; color: #14365c; break-after: avoid }}
.sum {{ break-before: avoid }}
.carried {{ string-set: carried attr(data-carried) }}
.bars {{ display: flex; gap: 8mm; break-inside: avoid; margin-top: 8mm }}
"""


def _style() -> str:
    fonts = {
        name.lower(): (PROJECT / f"web/fonts/SourceSans3-{name}.ttf").as_uri()
        for name in ("Regular", "SemiBold")
    }
    return _STYLE.format(**fonts)


def _html(page: Fields) -> str:
    say = {name: escape(str(value)) for name, value in page.items()}
    heads = [page["heads"][0], *page["columns"], page["heads"][1]]
    return (
        f"<html lang={say['language']}><head><meta charset=utf-8>"
        f"<title>{say['title']} {say['number']}</title>"
        f"<meta name=author content='{say['author']}'></head><body>"
        f"<div class=legal><table><tr>{_cells(map(_lines, page['legal']))}</tr></table>"
        f"{say['snapshot']}</div><h1>{say['title']}</h1>"
        f"<div class=head><p><small>{say['sender']}</small><br>{_lines(page['buyer'])}</p>"
        f"{_pairs(page['facts'])}</div>{_pairs(page['about'])}"
        f"<div class=band><b>{page['band']['amount']}</b>{page['band']['label']}<br>"
        f"{page['band']['note']}</div>"
        f"<table class=lines><thead><tr>{_cells(heads, 'th')}</tr></thead><tbody>"
        f"{''.join(_groups(page))}{''.join(_sums(page))}</tbody></table>"
        f"<p>{_lines(page['remarks'])}</p><p><b>{say['terms']}</b></p>{_pairs(page['payment'])}"
        f"<div class=bars>{''.join(map(_bars, page['trends']))}</div></body></html>"
    )


def _groups(page: Fields) -> Iterator[str]:
    width = len(page["columns"]) + 1
    for group in page["groups"]:
        yield f"<tr class=title><td colspan={width + 1}>{escape(group['title'])}</td></tr>"
        for row in group["rows"]:
            span = width - len(row["cells"])
            yield (
                f"<tr><td colspan={span}>{escape(row['description'])}<br>"
                f"<small>{escape(row['detail'])}</small></td>"
                + _cells(f"{shown}<br><small>{below}</small>" for shown, _, below in row["cells"])
                + f"<td class=carried data-carried='{row['carried']}'>{row['amount']}</td></tr>"
            )
        for label, amount in group["subtotal"]:
            yield f"<tr class=sum><td colspan={width}>{label}</td><td><b>{amount}</b></td></tr>"


def _sums(page: Fields) -> Iterator[str]:
    width = len(page["columns"]) + 1
    for label, amount in page["sums"]:
        yield f"<tr class=sum><td colspan={width}>{label}</td><td>{amount}</td></tr>"


def _bars(trend: Fields) -> str:
    bars = "".join(
        f"<rect x={at * 5} y={(1000 - height) / 20} width=4.5 height={height / 20} fill='#617a95'/>"
        for at, height in enumerate(trend["bars"])
    )
    return (
        f"<div><b>{escape(trend['name'])}</b><br><small>{trend['most']}</small><br>"
        f"<svg role=img aria-label='{escape(trend['alt'])}' width=155 height=50 "
        f"viewBox='0 0 155 50' xmlns='http://www.w3.org/2000/svg'>{bars}</svg></div>"
    )


def _pairs(pairs: list[list[str]]) -> str:
    rows = (f"<tr>{_cells(map(escape, pair))}</tr>" for pair in pairs)
    return f"<table style='width: auto'>{''.join(rows)}</table>" if pairs else ""


def _lines(entries: list[str]) -> str:
    return "<br>".join(map(escape, entries))


def _cells(entries: Any, tag: str = "td") -> str:  # noqa: ANN401 - any texts
    return "".join(f"<{tag}>{entry}</{tag}>" for entry in entries)
