"""FOCUS's validator, as tests run it: what we claim of our export, and which rules do not hold."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv/focus"

# What we claim to support, so that the rules for it apply; docs/focus.md says why not the others.
CLAIMED = (
    "ACCOUNT_NAMING_SUPPORTED", "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED", "PUBLIC_PRICE_LIST_SUPPORTED", "SUB_ACCOUNT_SUPPORTED",
    "TAGGING_SUPPORTED", "UNIT_PRICING_SUPPORTED", "USAGE_MEASUREMENT_SUPPORTED",
)  # fmt: skip
# The rules that do not hold, each with its reason in docs/focus.md.
NOT_HELD = {
    "ChargeDescription-C-000-M",
    "ChargeDescription-C-002-M",
    "EffectiveCost-C-005-C",
    "InvoiceId-C-004-C",
}
Outcomes = dict[str, list[str]]


def found_in(file: Path) -> Outcomes:
    """The outcome of each rule for a file, and what is said of it."""
    must_be_there()
    done = subprocess.run(
        [
            ENVIRONMENT / "bin/python",
            ROOT / "tests/report/validate_focus.py",
            ",".join(CLAIMED),
            file,
        ],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: Outcomes = json.loads(done.stdout)
    return found


def must_be_there() -> None:
    """Skip without the validator; where CI=true, fail."""
    if not (ENVIRONMENT / "bin/python").exists():
        said = "FOCUS's validator is not there: `make .venv/focus`"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)


def such(outcomes: Outcomes, *wanted: str) -> set[str]:
    """The rules of some outcomes."""
    return {name for name, (outcome, _) in outcomes.items() if outcome in wanted}
