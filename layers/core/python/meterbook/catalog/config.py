"""What can be configured, and how a value over time is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from meterbook.catalog.document import ALWAYS, Fields, did_you_mean
from meterbook.catalog.reader import Reader


def config(doc: Reader) -> Fields:
    """A figure that Meterbook judges by, over time."""
    name, colon, payer = doc.text("id").partition(":")
    if name not in CONFIG or (colon and not (payer and name == "cost_source")):
        known = f"Known are {', '.join(CONFIG)} and cost_source:<payer>."
        hint = f"{did_you_mean(doc.text('id'), CONFIG)} {known}".strip()
        raise doc.refusal("id", f"nothing is configured by {doc.text('id')!r}", hint)
    return over_time(doc, CONFIG[name])


def over_time(doc: Reader, read: Callable[[Reader], str]) -> Fields:
    """One `value`, or `values` with their days; `read` takes the value of an entry."""

    def entry(of: Reader) -> Fields:
        return {"value": read(of)}

    if ("value" in doc.fields) == ("values" in doc.fields):
        raise doc.refusal("value", "either `value` or `values` is wanted here")
    if "value" in doc.fields:
        values = [entry(doc) | doc.days()]
    else:
        values = doc.timeline("values", "value", entry)
    # The document itself holds always: its days say from when to when its values do.
    return ALWAYS | {"values": values}


CONFIG: Mapping[str, Callable[[Reader], str]] = {
    "unattributed_threshold": lambda entry: entry.share("value", finest=6),
    "settle_hours": lambda entry: entry.whole("value", 0, 8784),
    "cost_source": lambda entry: entry.choice("value", "cur aws_cost"),
    "cost_metric": lambda entry: entry.choice("value", "unblended amortized"),
    "cost_window_months": lambda entry: entry.whole("value", 0, 12),
    "reconcile_tolerance_usd": lambda entry: entry.decimal("value", finest=6),
    "approval_band": lambda entry: entry.decimal("value", finest=6, digits=4),
}
