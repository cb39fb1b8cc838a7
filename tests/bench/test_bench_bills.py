"""What rating and closing are measured with: bills that are right, and peers that may be missing."""

from __future__ import annotations

import gzip
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from bench import cards, close_month, rate_lines
from bench.generate import UNITS
from bench.ground import Ground

USED = {  # in the steps of a price by volume, and of a flat one
    ("tenant-0001", "metric_01"): "100",
    ("tenant-0001", "metric_02"): "900",
    ("tenant-0002", "metric_03"): "100.5",
    ("tenant-0002", "metric_23"): "999.999999",
}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A month that was closed in a copy of a workspace, and the digest of what was billed."""
    place = tmp_path_factory.mktemp("bills")
    usage, root = place / "landed", place / "month"
    _land(usage)
    close_month.make(str(root), 2)
    return root, close_month.close(str(root), str(usage))["digest"]


def test_a_price_that_falls_with_the_volume_holds_for_all_of_it() -> None:
    steps = cards.prices()["metric_01"]
    bills = [cards.amount(Decimal(used), steps) for used in ("0", "100", "101", "501")]
    assert bills == [Decimal(text) for text in ("0", "6.25", "4.73", "15.66")]


def test_every_charge_that_is_closed_is_what_the_card_says(closed: tuple[Path, str]) -> None:
    assert closed[1] == _digest()


def test_every_line_that_is_rated_is_what_the_card_says(closed: tuple[Path, str]) -> None:
    book = closed[0].with_suffix(".closed") / "book.duckdb"
    assert rate_lines.rate(str(book))["digest"] == _digest()


@pytest.mark.parametrize("room", [rate_lines, close_month])
def test_without_its_peer_a_measure_is_skipped_and_says_so(
    room: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = tmp_path / "python"
    assert list(room.measures(Ground(tmp_path, (1,), nobody))) == []
    assert str(nobody) in capsys.readouterr().out


def _digest() -> str:
    prices = cards.prices()
    text = "".join(
        f"{who}\t{what}\t{cards.amount(Decimal(used), prices[what])}\n"
        for (who, what), used in USED.items()
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _land(folder: Path) -> None:
    """One file, in which the first event stands twice."""
    events = [_event(*which, used) for which, used in USED.items()]
    detail = {"count": len(events) + 1, "events": [*events, events[0]]}
    pack = {"id": "pack", "detail-type": "usage_recorded", "source": "meterbook", "detail": detail}
    place = folder / "2026/10/01"
    place.mkdir(parents=True)
    (place / "usage.jsonl.gz").write_bytes(gzip.compress(json.dumps(pack).encode() + b"\n"))


def _event(tenant: str, metric: str, used: str) -> dict[str, object]:
    return {
        "id": f"{tenant}.{metric}", "source": "/MOD-001/serve", "type": metric, "subject": tenant,
        "time": "2026-10-01T12:00:00Z",
        "data": {"quantity": used, "unit": _unit(metric)},
    }  # fmt: skip


def _unit(metric: str) -> str:
    return UNITS[(int(metric.partition("_")[2]) - 1) % len(UNITS)]
