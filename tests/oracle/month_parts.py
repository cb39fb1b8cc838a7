"""What the parts of a generated month have in common: its tenants and the values it draws from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Pick = Callable[[Sequence[T]], T]
ALWAYS, FOREVER = "1900-01-01", "9999-12-31"
# Ids in an order that a locale, a case-blind collation or a numeric sort would get wrong.
TENANTS = ("9lives", "Zeta.1", "acme", "acme-eu", "b_2:x", "orphan", "planless")
NEWCOMER, JOINS = "Zeta.1", ("2026-10-02", "2026-10-05", "2026-10-07")
LEAVER, LEAVES = "acme-eu", "2026-10-20"
COSTS = (
    "0", "0.0000000000", "4E-10", "1.05E-8", "1.416e-5", "0.000000000001", "-0.0000000003",
    "0.01", "0.1", "0.2", "3.3333333333", "-2.5", "-1E-2", "17.25", "99.9999999999", "1234.5",
)  # fmt: skip
QUANTITIES = ("0", "1", "3", "7", "68", "0.000001", "2.5", "19.999999", "100", "+4", "007.50")
PRICES = ("0", "0.000001", "0.005", "0.085", "0.35", "1.005", "2.5", "12.345678")
SIZES = ("1", "1000", "1000000")
