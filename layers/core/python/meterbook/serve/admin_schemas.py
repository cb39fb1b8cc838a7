"""What finance's answers look like, as the documentation of the API says it (JSON Schema)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_MONTH: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}
_DAY: Schema = {"type": "string", "format": "date"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_DECIMAL: Schema = {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}
_UNKNOWN: Schema = {"type": ["string", "null"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}
_NAME: Schema = {"type": ["string", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TRUTH: Schema = {"type": "boolean"}


def _object(**properties: Schema) -> Schema:
    """An object that has all of these and may have more: what is added later breaks nobody."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _of_month(**properties: Schema) -> Schema:
    return _object(as_of=_MOMENT, period=_MONTH, **properties)


_MARGIN: dict[str, Schema] = {
    "currency": _NAME,
    "revenue": _UNKNOWN,
    "revenue_usd": _UNKNOWN,
    "cost_to_serve_usd": _DECIMAL,
    "margin_usd": _UNKNOWN,
    "margin_share": _UNKNOWN,
    "active_customers": _DECIMAL,
    "cost_per_active_customer_usd": _UNKNOWN,
}
_MODULE = _object(module_id=_TEXT, module_name=_TEXT, **_MARGIN)
_TOLD: dict[str, Schema] = {
    "control_usd": _DECIMAL,
    "attributed_usd": _DECIMAL,
    "kept_usd": _DECIMAL,
    "unattributed_usd": _DECIMAL,
    "residual_usd": _DECIMAL,
    "is_conserved": _TRUTH,
}

SCHEMAS: Mapping[str, Schema] = MappingProxyType({
    "Allocation": _of_month(
        rows=_list(_object(
            disposition={"type": "string", "enum": ["attributed", "kept", "unattributed"]},
            tenant_id=_TEXT, module_id=_TEXT, source=_TEXT, rule_id=_TEXT,
            rule_version={"type": "integer"}, method=_TEXT, reason=_TEXT, cost_usd=_DECIMAL,
        )),
        days=_list(_object(usage_date=_DAY, source=_TEXT, **_TOLD)),
        conservation=_object(line=_TEXT, **_TOLD),
    ),
    "Tenants": _object(
        as_of=_MOMENT,
        tenants=_list(_object(
            tenant_id=_TEXT, name=_TEXT, starts_on=_DAY, ends_on=_DAY,
            state={"type": "string", "enum": ["to come", "active", "left"]},
            plan_id=_TEXT, plan_version={"type": ["integer", "null"]},
            account_id=_TEXT, account_name=_TEXT,
        )),
    ),
    "UnitEconomics": _of_month(
        total={"anyOf": [_object(**_MARGIN), {"type": "null"}]},
        tenants=_list(_object(
            tenant_id=_TEXT, tenant_name=_TEXT, **_MARGIN,
            modules=_list(_MODULE),
            months=_list(_object(
                period=_MONTH, revenue_usd=_UNKNOWN, cost_to_serve_usd=_DECIMAL,
                margin_usd=_UNKNOWN,
            )),
        )),
        modules=_list(_MODULE),
    ),
    "Unattributed": _of_month(
        month=_object(
            total_usd=_DECIMAL, unattributed_usd=_DECIMAL, unattributed_share=_DECIMAL,
            day_count=_COUNT, exceeding_day_count=_COUNT, lowest_threshold=_UNKNOWN,
            highest_threshold=_UNKNOWN,
        ),
        days=_list(_object(
            usage_date=_DAY, total_aws_cost_usd=_DECIMAL, unattributed_cost_usd=_DECIMAL,
            unattributed_share=_UNKNOWN, threshold_used=_UNKNOWN, is_settled=_TRUTH,
            is_without_cost=_TRUTH, exceeds_threshold=_TRUTH,
        )),
        lines=_list(_object(
            cost_usd=_DECIMAL, source=_TEXT, service=_TEXT, account=_TEXT, resource=_TEXT,
            owner_tag=_TEXT, owner_name=_TEXT, reason=_TEXT, rule=_TEXT, tenant_id=_TEXT,
            because=_TEXT, fix=_TEXT,
        )),
        cost_usd=_DECIMAL, movable_usd=_DECIMAL, yaml=_TEXT,
    ),
    "Readiness": _of_month(
        is_over=_TRUTH,
        is_ready=_TRUTH,
        points=_list(_object(
            point=_TEXT, state={"type": "string", "enum": ["clear", "open", "waived"]},
            measure=_COUNT, what=_TEXT, decided_by=_TEXT, reason=_TEXT, may_be_waived=_TRUTH,
        )),
        accounts=_list(_object(
            account_id=_TEXT, name=_TEXT,
            state={"type": "string", "enum": ["open", "parked", "closed", "approved", "issued"]},
            currency=_NAME, total=_UNKNOWN, number=_TEXT, lowest_total=_UNKNOWN,
            highest_total=_UNKNOWN, needs_approval=_TRUTH, waits_for_approval=_TRUTH,
            approved_by=_TEXT, approved_because=_TEXT,
        )),
        parked=_list(_object(account_id=_TEXT, tenant_id=_TEXT, reasons=_list(_TEXT))),
        to_issue=_list(_object(account_id=_TEXT, kind=_TEXT, of=_MONTH)),
    ),
    "Approval": _of_month(account_id=_TEXT, actor=_TEXT, reason=_TEXT),
    "Decision": _of_month(point=_TEXT, measure=_TEXT, actor=_TEXT, reason=_TEXT),
    "Started": _of_month(job={"type": "string", "enum": ["close_period", "issue_invoices"]}),
})  # fmt: skip
