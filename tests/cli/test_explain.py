"""Said on the command line: documents are replayed, lines explained, plans tried."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from cli.saying import run_in
from close.small_world import World
from meterbook_local.workspace import MARK
from report.proof_world import CEDAR, issued

NOW = "2026-12-05T08:00:00Z"
PROPOSED = """\
kind: plan
id: growth
version: 2
currency: USD
passthrough: [aws]
levy: {metric: active_customers, unit_price: 0.35}
facility_fees: {MOD-1: 275.00}
rates: [{metric: api_calls, included: 1000, unit_price: 0.40, per: 1000}]
"""


@pytest.fixture(scope="module")
def book(proven: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("questions") / "book"
    shutil.copytree(proven.root, root)
    (root / MARK).write_text('{"layout": "1", "what": "meterbook workspace"}\n', "utf-8")
    return root


def test_documents_are_replayed_and_a_changed_row_is_named(proven: World, book: Path) -> None:
    numbers = [number for number, _ in issued(proven)]
    said = run_in(book, "replay", *numbers, now=NOW)
    assert (said.exit_code, said.stdout.splitlines()) == (0, [f"{n}: equal" for n in numbers])
    (frozen,) = (book / "landing/closes/2026-10.cedar").iterdir()
    as_it_was = frozen.read_bytes()
    changed = gzip.decompress(as_it_was).replace(b'"104.000000"', b'"105.000000"')
    frozen.write_bytes(gzip.compress(changed))
    said = run_in(book, "replay", CEDAR, now=NOW)
    frozen.write_bytes(as_it_was)
    assert said.exit_code == 3
    assert said.stdout.splitlines()[:2] == [
        f"{CEDAR}: the facts changed",
        "  usage row 2026-10-09 cedar MOD-1 messages: 104 -> 105",
    ]


def test_a_line_is_explained_in_words(book: Path) -> None:
    said = run_in(book, "explain", CEDAR, "--line", "2", now=NOW)
    assert said.exit_code == 0
    assert said.stdout.splitlines() == [
        f"{CEDAR}  invoice 2026-10  account cedar",
        "",
        "line 2  cedar facility MOD-1: 161.29 EUR",
        "  MOD-1 on plan europe v1: 250 EUR a month x 20 of 31 days",
        "  rounded to 161.29 EUR",
        "    161.290322580…  fee of MOD-1 on plan europe v1  active on 20 day(s); "
        "from 2026-10-12 until 9999-12-31",
        "     -0.000322581…  rounding",
    ]


def test_as_json_the_parts_are_exact(book: Path) -> None:
    said = run_in(book, "explain", CEDAR, "--json", now=NOW)
    document = json.loads(said.stdout)
    amounts = [Fraction(line["line"]["amount"]) for line in document["lines"]]
    assert [sum(_amounts(line["parts"])) for line in document["lines"]] == amounts
    assert sum(amounts) == Fraction(document["total"])


def _amounts(parts: list[dict[str, Any]]) -> Iterator[Fraction]:
    for part in parts:
        assert not part.get("parts") or sum(_amounts(part["parts"])) == Fraction(part["amount"])
        yield Fraction(part["amount"])


def test_a_proposed_plan_is_tried_on_closed_months(book: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PROPOSED, "utf-8")
    said = run_in(book, "backtest", plan, "--months", "1", "--tenant", "birch", "--json", now=NOW)
    assert said.exit_code == 0
    (row,) = json.loads(said.stdout)
    assert row == {
        "period": "2026-11",
        "tenant": "birch",
        "currency": "USD",
        "billed": "250.00",
        "would be": "275.00",
        "difference": "25.00",
        "cost USD": "0",
        "margin USD": "250",
        "would be margin": "275",
        "obstacle": "",
    }
    assert "plan growth version 2: 275.00 USD instead of 250.00 USD." in said.stderr
