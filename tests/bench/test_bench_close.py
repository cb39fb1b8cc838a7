"""What is closed when closing is measured is what it says: every account, with all its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.close_accounts import LINES, close, make
from bench.ground import Unequal


def test_every_account_has_thirty_lines_or_no_figure_counts(tmp_path: Path) -> None:
    assert LINES == 30
    root = str(tmp_path / "month")
    make(root, 2)
    assert close(root, 2)["cpu"] > 0
    with pytest.raises(Unequal, match=r"\(0, 2, 60\)"):
        close(root, 2)
