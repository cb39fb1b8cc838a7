"""What the answers of the licensee's API look like, as JSON Schema (2020-12).

Read by `openapi` alone, never where requests are answered. An answer may gain fields: readers skip
what they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TRUTH: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer"}
FIGURE: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
MONTH: Schema = {"type": "string", "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])$"}
ANY: Schema = {"type": "object"}


def record(**fields: Schema) -> Schema:
    """An object that has at least these fields."""
    return {"type": "object", "required": sorted(fields), "properties": fields}


def many(of: Schema) -> Schema:
    """A list of such."""
    return {"type": "array", "items": of}


def maybe(of: Schema) -> Schema:
    """Such a value, or null."""
    return {"anyOf": [of, {"type": "null"}]}


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _dated(**fields: Schema) -> Schema:
    return record(as_of=MOMENT, is_stale=TRUTH, tenant_id=TEXT, **fields)


def _of_month(**fields: Schema) -> Schema:
    month = {"period": MONTH, "first_day": DAY, "last_day": DAY, "currency": TEXT}
    state: Schema = {"type": "string", "enum": ["open", "closed", "issued"]}
    return _dated(**month, state=state, **fields)


_EVENT = record(
    ref=TEXT, id=TEXT, source=TEXT, metric=TEXT, module_id=TEXT, time=TEXT, quantity=FIGURE,
    unit=TEXT, counted_id=TEXT, withdrawn=TRUTH, place=TEXT, received=TEXT,
)  # fmt: skip
_METRIC = record(
    metric=TEXT, name=TEXT, unit=TEXT, aggregation=TEXT, used=FIGURE, included=FIGURE,
    amount=FIGURE, share=maybe(FIGURE), reached=many(COUNT), crossing=maybe(DAY), adds_up=TRUTH,
    line_numbers=many(COUNT),
    modules=many(record(module_id=TEXT, name=TEXT, quantity=FIGURE, amount=FIGURE)),
    days=many(record(day=DAY, module_id=TEXT, quantity=FIGURE)),
)  # fmt: skip
_BILL = record(
    groups=many(record(kind=TEXT, title=TEXT, subtotal=FIGURE, lines=many(ANY))),
    allowances=many(ANY),
    taxes=many(record(base=FIGURE, category=TEXT, percent=FIGURE, tax=FIGURE)),
    totals=record(lines=FIGURE, net=FIGURE, tax=FIGURE, gross=FIGURE, due=FIGURE),
    notes=many(TEXT),
)
_QUOTA = record(
    metric=TEXT, name=TEXT, unit=TEXT, used=FIGURE, included=FIGURE, share=FIGURE,
    reached=many(COUNT), crossing=maybe(DAY),
)  # fmt: skip
_SOURCE = record(source=TEXT, name=TEXT, amount=FIGURE, cost_usd=FIGURE, services=many(ANY))
_ENTRY = record(
    number=TEXT, kind=TEXT, period=MONTH, issue_date=DAY, due_date=TEXT, currency=TEXT, net=FIGURE,
    tax=FIGURE, total=FIGURE, open=maybe(FIGURE), refers_to=TEXT, lines=COUNT,
    files={"type": "object", "additionalProperties": TEXT},
)  # fmt: skip
_BY_MODULE: Schema = {"type": "object", "additionalProperties": FIGURE}
_NAMED = {"module_id": TEXT, "name": TEXT}

SCHEMAS: Mapping[str, Schema] = {
    "Problem": record(type=TEXT, title=TEXT, status=COUNT, detail=TEXT, code=TEXT, instance=TEXT),
    "Metric": _METRIC,
    "Module": record(**_NAMED, amount=FIGURE, parts=many(ANY)),
    "Event": _EVENT,
    "Bill": _BILL,
    "InvoiceEntry": _ENTRY,
    "Usage": _of_month(metrics=many(ref("Metric")), modules=many(ref("Module"))),
    "Estimate": _of_month(
        net=FIGURE, tax=FIGURE, total=FIGURE, overage=FIGURE,
        projection=maybe(record(low=FIGURE, expected=FIGURE, high=FIGURE, basis=TEXT)),
        nearest_quota=maybe(_QUOTA), bill=ref("Bill"), modules=many(ref("Module")),
        infrastructure=many(_SOURCE), documents=many(ANY), faults=many(ANY),
    ),
    "Trend": _dated(
        currency=TEXT,
        days=many(
            record(
                day=DAY, total=FIGURE,
                amounts=_BY_MODULE,
            )
        ),
        annotations=many(record(day=DAY, kind=TEXT, text=TEXT)),
        ahead=maybe(record(total=FIGURE, amounts=_BY_MODULE)),
    ),
    "Plans": _dated(
        subscriptions=many(record(plan_id=TEXT, version=TEXT, until=TEXT)),
        plans=many(ANY),
        modules=many(record(**_NAMED)),
        metrics=many(record(metric=TEXT, name=TEXT, unit=TEXT)),
    ),
    "Events": _dated(events=many(ref("Event")), next_cursor=maybe(TEXT)),
    "Invoices": _dated(invoices=many(ref("InvoiceEntry")), next_cursor=maybe(TEXT)),
    "Invoice": _dated(invoice=ref("InvoiceEntry"), document=ANY),
}  # fmt: skip
