"""The split of the design's section 7: whole parts that sum to the pool, owners in their order."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

Owner = TypeVar("Owner", str, tuple[str, str])
TRILLION = 10**12


def split(pool: int, weights: Mapping[Owner, Fraction | int]) -> dict[Owner, int]:
    """The part of each owner, in the unit of the pool; the weights must not sum to zero."""
    owners, whole = sorted(weights), Fraction(sum(weights.values()))
    cuts = [0]
    for number in range(1, len(owners) + 1):
        share = TRILLION * sum(weights[owner] for owner in owners[:number]) // whole
        cuts.append(abs(pool) * int(share) // TRILLION)
    sign = -1 if pool < 0 else 1
    parts = (sign * (after - before) for before, after in pairwise(cuts))
    return dict(zip(owners, parts, strict=True))
