"""The amortized cost follows AWS's rule by line type, exactly, or the delivery is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from costs.cost_imports import Desk
from meterbook.costs.amortized import PARTS, RULES, amortized_text
from meterbook.costs.cur_line import Fault
from meterbook.errors import FileRefused, MappingRefused

LINE = {
    "line_type": "Usage",
    "reservation": "",
    "effective": "0.0123",
    "unused_upfront": "1.10",
    "unused_recurring": "2.205",
    "plan_effective": "0.07",
    "plan_commitment": "5.5",
    "plan_used": "5.4999999999",
}
BY_TYPE = {
    "DiscountedUsage": "0.0123",
    "RIFee": "3.305",
    "SavingsPlanCoveredUsage": "0.07",
    "SavingsPlanRecurringFee": "0.0000000001",
    "SavingsPlanNegation": "0",
    "SavingsPlanUpfrontFee": "0",
    "Usage": "9.50",
    "Tax": "9.50",
    "Credit": "9.50",
    "Fee": "9.50",
}


@pytest.mark.parametrize("line_type", BY_TYPE)
def test_each_line_type_has_its_rule(line_type: str) -> None:
    assert amortized_text(LINE | {"line_type": line_type}, "9.50") == BY_TYPE[line_type]


def test_the_fee_that_was_paid_ahead_for_a_reservation_is_what_other_lines_spread() -> None:
    line = LINE | {"line_type": "Fee", "reservation": "arn:aws:ec2:…:reserved-instances/1"}
    assert amortized_text(line, "1000") == "0"


@pytest.mark.parametrize("line_type", [name for name, (added, _) in PARTS.items() if added])
def test_a_column_that_is_needed_and_empty_is_a_fault_and_never_zero(line_type: str) -> None:
    added, _ = PARTS[line_type]
    for text in ("", "abc"):
        fault = amortized_text(LINE | {"line_type": line_type, added[0]: text}, "9.50")
        assert isinstance(fault, Fault)
        assert fault.field == added[0]
        assert line_type in fault.detail


def test_the_two_rules_read_the_same_columns_by_their_names() -> None:
    assert RULES["cur-2"].keys() == RULES["cur-legacy"].keys() == LINE.keys()


# ----------------------------------------------------------------------------------- in a delivery

MAPPING = """
export: daily
header: true
payer: {value: '1111'}
usage_date: {column: day}
cost: {column: cost}
currency: {value: USD}
amortized_cost: AMORTIZED
"""
RULE = MAPPING.replace("AMORTIZED", "{rule: cur-2}")
HEADER = (
    "day,cost,line_item_line_item_type,reservation_reservation_a_r_n,reservation_effective_cost\n"
)


def test_rows_and_days_tell_it_beside_the_unblended_cost(desk: Desk) -> None:
    desk.mapping = desk.read(RULE)
    lines = (
        "2026-10-01,0,DiscountedUsage,arn:1,0.25\n2026-10-01,3,Fee,arn:1,\n2026-10-01,1,Usage,,\n"
    )
    done = desk.land(desk.file("bill.csv", HEADER + lines))
    assert [row["amortized_cost"] for row in desk.rows] == ["0.25", "0", "1"]
    (day,) = desk.record(done)["days"]
    assert (day["control_usd"], day["amortized_usd"]) == ("4", "1.25")


def test_a_mapping_without_it_tells_nothing_of_it(desk: Desk) -> None:
    desk.mapping = desk.read(MAPPING.replace("amortized_cost: AMORTIZED\n", ""))
    done = desk.land(desk.file("bill.csv", HEADER + "2026-10-01,0,Usage,,\n"))
    assert "amortized_cost" not in desk.rows[0]
    assert "amortized_usd" not in desk.record(done)["days"][0]


def test_a_column_may_hold_it(desk: Desk) -> None:
    desk.mapping = desk.read(MAPPING.replace("AMORTIZED", "{column: EffectiveCost}"))
    done = desk.land(desk.file("bill.csv", "day,cost,EffectiveCost\n2026-10-01,2,1.5\n"))
    assert desk.record(done)["days"][0]["amortized_usd"] == "1.5"
    with pytest.raises(FileRefused, match="there is no column 'EffectiveCost'"):
        desk.land(desk.file("b.csv", "day,cost\n2026-10-02,2\n"))


@pytest.mark.parametrize("text", ["", "NaN", "1E-13", "1E12"])
def test_a_column_that_holds_no_amount_refuses_the_delivery(text: str, desk: Desk) -> None:
    desk.mapping = desk.read(MAPPING.replace("AMORTIZED", "{column: EffectiveCost}"))
    with pytest.raises(FileRefused, match="line 2: the amortized_cost in column EffectiveCost is"):
        desk.land(desk.file("bill.csv", f"day,cost,EffectiveCost\n2026-10-01,2,{text}\n"))
    assert list(desk.landing.keys()) == []


REFUSED = {
    "2026-10-01,1,RIFee,arn:1,\n": "the unused_upfront in column "
    "reservation_unused_amortized_upfront_fee_for_billing_period is not there",
    "2026-10-01,1,DiscountedUsage,arn:1,\n": "the effective in column reservation_effective_cost "
    "is empty or NULL",
    "2026-10-01,1,DiscountedUsage,arn:1,1_0\n": "is '1_0', which a line of type DiscountedUsage",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_line_whose_amortized_cost_is_unknown_refuses_the_delivery(line: str, desk: Desk) -> None:
    desk.mapping = desk.read(RULE)
    with pytest.raises(FileRefused) as refusal:
        desk.land(desk.file("bill.csv", HEADER + "2026-10-01,1,Usage,,\n" + line))
    assert "bill.csv, line 3: the " in str(refusal.value)
    assert REFUSED[line] in str(refusal.value)
    assert "or leave `amortized_cost` out" in str(refusal.value)
    assert list(desk.landing.keys()) == []


@pytest.mark.parametrize("term", ["{rule: aws}", "{rule: cur-2, column: x}", "{value: '1'}", "{}"])
def test_a_mapping_names_a_column_or_a_rule_that_there_is(term: str, desk: Desk) -> None:
    with pytest.raises(MappingRefused):
        desk.read(MAPPING.replace("AMORTIZED", term))


def test_totals_are_exact(desk: Desk) -> None:
    desk.mapping = desk.read(RULE)
    lines = "".join(f"2026-10-01,0.{n:012d},Usage,,\n" for n in range(1, 2001))
    done = desk.land(desk.file("bill.csv", HEADER + lines))
    exact = sum(Decimal(n).scaleb(-12) for n in range(1, 2001))
    (day,) = desk.record(done)["days"]
    assert Decimal(day["control_usd"]) == Decimal(day["amortized_usd"]) == exact
