"""What the buyer may see of the facts behind a document, sealed beside it as proof.json.

What is frozen names other tenants (a rule's shares) and tells what serving the buyer has cost us.
Here stand the lines, the price lists, and of usage and cost only what a line was made from: enough
to work out every amount again, and nothing about anybody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from meterbook.canonical import canonical_json
from meterbook.close.snapshot import Fields

FORM = "meterbook.proof.1"
_SAME = (
    "kind", "subject", "period", "account_id", "currency", "minor_digits", "total", "refers_to",
    "reason", "plans",
)  # fmt: skip
_METERED = ("levy", "variable")
_COST = ("usage_date", "source", "tenant_id", "module_id", "resource_type")
# Which rules shared out a cost is ours to know.
_OURS = ("rules",)


def proof(body: Fields) -> Fields:
    """Take from a frozen body what proves its document to the buyer."""
    metered = _named(body["lines"], _METERED)
    passed_on = _named(body["lines"], ("passthrough",))
    metrics = {metric for _, metric in metered}
    return {name: body[name] for name in _SAME} | {
        "form": FORM,
        "lines": [_without(line, _OURS) for line in body["lines"]],
        "tenants": _tenants(body),
        "metrics": [found for found in body["metrics"] if found["id"] in metrics],
        **{name: _of(body[name], "metric", metered) for name in ("usage", "quantities", "heads")},
        "costs": _summed(_of(body["costs"], "source", passed_on)),
        "terms": body["terms"],
    }


def proof_bytes(body: Fields) -> bytes:
    """The proof as it is stored and sealed."""
    return canonical_json(proof(body)).encode() + b"\n"


def _named(lines: Iterable[Fields], kinds: tuple[str, ...]) -> set[tuple[str, str]]:
    """The tenants and metrics (or sources of cost) that lines of some kinds bill."""
    return {(line["tenant_id"], line["metric"]) for line in lines if line["line_kind"] in kinds}


def _of(rows: Iterable[Fields], column: str, billed: set[tuple[str, str]]) -> list[Fields]:
    return [row for row in rows if (row["tenant_id"], row[column]) in billed]


def _tenants(body: Fields) -> list[str]:
    named = {row["tenant_id"] for name in ("lines", "terms") for row in body[name]}
    return sorted(named - {""})


def _without(row: Fields, names: tuple[str, ...]) -> Fields:
    return {name: value for name, value in row.items() if name not in names}


def _summed(costs: Iterable[Fields]) -> list[Fields]:
    """Costs without the rules that gave them."""
    sums: dict[tuple[str, ...], Decimal] = {}
    for row in costs:
        place = tuple(row[name] for name in _COST)
        sums[place] = sums.get(place, Decimal(0)) + Decimal(row["cost_usd"])
    return [
        dict(zip(_COST, place, strict=True)) | {"cost_usd": f"{usd:f}"}
        for place, usd in sorted(sums.items())
    ]
