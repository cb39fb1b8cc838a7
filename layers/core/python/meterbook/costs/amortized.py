"""What a line of a cost and usage report costs when fees paid ahead are spread over what used them.

AWS writes no column with the amortized cost; it is a rule by line type over the columns of
reservations and savings plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from meterbook.canonical import short
from meterbook.costs.cur_line import EXACT, Fault, amount_fault

# What the rule reads, as a Parquet report and CUR 2.0 name it; the older CSV has other names.
_CUR_2 = {
    "line_type": "line_item_line_item_type",
    "reservation": "reservation_reservation_a_r_n",
    "effective": "reservation_effective_cost",
    "unused_upfront": "reservation_unused_amortized_upfront_fee_for_billing_period",
    "unused_recurring": "reservation_unused_recurring_fee",
    "plan_effective": "savings_plan_savings_plan_effective_cost",
    "plan_commitment": "savings_plan_total_commitment_to_date",
    "plan_used": "savings_plan_used_commitment",
}
_CUR_LEGACY = {
    "line_type": "lineItem/LineItemType",
    "reservation": "reservation/ReservationARN",
    "effective": "reservation/EffectiveCost",
    "unused_upfront": "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    "unused_recurring": "reservation/UnusedRecurringFee",
    "plan_effective": "savingsPlan/SavingsPlanEffectiveCost",
    "plan_commitment": "savingsPlan/TotalCommitmentToDate",
    "plan_used": "savingsPlan/UsedCommitment",
}
RULES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"cur-2": _CUR_2, "cur-legacy": _CUR_LEGACY}
)
NEEDED = ("line_type", "reservation")

# Per line type: the columns that are added up, and the ones that are taken off.
PARTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType({
    "DiscountedUsage": (("effective",), ()),
    "RIFee": (("unused_upfront", "unused_recurring"), ()),
    "SavingsPlanCoveredUsage": (("plan_effective",), ()),
    "SavingsPlanRecurringFee": (("plan_commitment",), ("plan_used",)),
    "SavingsPlanNegation": ((), ()),
    "SavingsPlanUpfrontFee": ((), ()),
})  # fmt: skip


def amortized_text(told: Mapping[str, str], cost: str) -> str | Fault:
    """The amortized cost of a line, or the column of it that is no amount.

    `told` has the rule's columns by their names here, '' for NULL; a column may be absent. A line
    type without a rule of its own costs what it costs unblended, apart from the fee that was paid
    ahead for a reservation: that is what the other lines spread.

    Source: AWS Well-Architected Labs, CUR Query Library, query `amortized_cost_by_charge_type`
    (awslabs/aws-well-architected-labs, static/Cost/300_CUR_Queries/Code/Global); what each column
    holds is said in AWS's Data Exports guide, "Reservation columns" and "Savings Plan columns".
    That query rounds the recurring fee to 8 decimals, because it subtracts binary numbers; here
    the decimals are exact, so nothing is rounded.
    """
    line_type = told["line_type"]
    if line_type == "Fee" and told["reservation"]:
        return "0"
    if line_type not in PARTS:
        return cost
    added, taken = PARTS[line_type]
    for name in added + taken:
        if amount_fault(told.get(name, ""), "USD"):
            return _unknown(name, line_type, told.get(name))
    total = Decimal(0)
    for name in added:
        total = EXACT.add(total, Decimal(told[name]))
    for name in taken:
        total = EXACT.subtract(total, Decimal(told[name]))
    return short(total)


def _unknown(name: str, line_type: str, text: str | None) -> Fault:
    shown = "is not there" if text is None else f"is {text[:80]!r}" if text else "is empty or NULL"
    detail = f"{shown}, which a line of type {line_type} needs for its amortized cost"
    remedy = "Export that column, or leave `amortized_cost` out of the mapping."
    return Fault(name, detail, remedy)
