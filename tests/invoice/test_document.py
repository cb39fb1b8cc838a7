"""The invoice document says everything that a person needs, and sums to what was frozen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from close.small_world import PERIOD, World
from hypothesis import given
from hypothesis import strategies as st
from invoice.invoices import claim_of, document_of, frozen_period, variable
from meterbook.close.frozen import FrozenPeriod, read_close
from meterbook.errors import BookInconsistent
from meterbook.invoice.document import document_bytes, invoice_document
from meterbook.invoice.register import Claim


def test_a_document_says_who_bills_whom_for_what_and_until_when_to_pay(world: World) -> None:
    frozen = read_close(world.landing, PERIOD, "acme")
    claim = Claim(
        "NIM-2026-000001", "acme", "2026-10", "invoice", "", frozen.snapshot_sha256, "2026-11-05"
    )
    document = invoice_document(frozen, claim)
    groups = document.pop("groups")
    assert document == {
        "form": "meterbook.invoice.1",
        "kind": "invoice",
        "number": "NIM-2026-000001",
        "issue_date": "2026-11-05",
        "due_date": "2026-12-05",
        "payment_days": "30",
        "period": {"name": "2026-10", "first_day": "2026-10-01", "last_day": "2026-10-31"},
        "seller": {
            "id": "nimbus",
            "name": "Nimbus Platform GmbH",
            "address": ["Taunusanlage 12", "60325 Frankfurt am Main"],
            "country": "DE",
            "tax_id": "DE811204917",
            "email": "billing@nimbus.example",
            "bank": "Beispielbank, IBAN DE89 3704 0044 0532 0130 00",
        },
        "buyer": {
            "id": "acme",
            "name": "Acme Ltd",
            "address": ["1 Lambton Quay", "Wellington 6011"],
            "country": "NZ",
            "tax_id": "NZ123456789",
            "email": "ap@acme.example",
        },
        "currency": "USD",
        "total": "518.70",
        "snapshot_sha256": frozen.snapshot_sha256,
        "notes": ["All amounts are net of tax."],
    }
    assert [(g["kind"], g["title"], len(g["lines"]), g["subtotal"]) for g in groups] == [
        ("levy", "Customer levy", 1, "1.75"),
        ("facility", "Facility fees", 2, "500.00"),
        ("variable", "Variable consumption", 2, "4.60"),
        ("passthrough", "Infrastructure passthrough", 1, "12.35"),
    ]
    assert groups[2]["lines"][0] == {
        "line_number": 4,
        "description": "API calls",
        "detail": "call  ·  plan growth v1",
        "tenant_id": "acme",
        "tenant_name": "Acme",
        "module_id": "",
        "metric": "api_calls",
        "tier": "1",
        "plan_id": "growth",
        "plan_version": "1",
        "used": "12500",
        "included": "1000",
        "billable": "11500",
        "unit_price": "0.4",
        "unit_size": "1000",
        "cost_usd": "",
        "amount": "4.60",
    }
    assert (groups[0]["lines"][0]["used"], groups[0]["lines"][0]["included"]) == ("5", "")
    assert groups[3]["lines"][0]["cost_usd"] == "12.345678901"


@pytest.mark.parametrize(
    ("days", "due_date"), [("14", "2026-11-19"), ("0", "2026-11-05"), ("", "2026-12-05")]
)
def test_an_invoice_is_due_when_the_days_of_its_account_are_over(days: str, due_date: str) -> None:
    frozen = frozen_period([variable("1.00")], account={"payment_days": days})
    document = document_of(frozen)
    assert (document["issue_date"], document["due_date"]) == ("2026-11-05", due_date)


def test_a_group_without_lines_is_left_out() -> None:
    assert [
        group["kind"] for group in document_of(frozen_period([variable("1.00")]))["groups"]
    ] == ["variable"]


def test_an_id_that_the_catalog_does_not_name_stands_for_itself() -> None:
    (group,) = document_of(frozen_period([variable("1.00", "zed", "unheard_of")]))["groups"]
    (line,) = group["lines"]
    assert (line["tenant_name"], line["description"]) == ("zed", "unheard_of")


def test_a_total_that_is_not_the_frozen_one_is_refused() -> None:
    sound = frozen_period([variable("1.00")])
    frozen = FrozenPeriod.of(sound.snapshot | {"total": "1.01"})
    with pytest.raises(BookInconsistent, match=r"NIM-2026-000001 sum to 1\.00 USD, but 1\.01"):
        document_of(frozen)


def test_a_claim_for_another_snapshot_is_refused() -> None:
    frozen = frozen_period([variable("1.00")])
    other = replace(claim_of(frozen), snapshot_sha256="0" * 64)
    with pytest.raises(BookInconsistent, match="was claimed for the snapshot 000"):
        invoice_document(frozen, other)


def test_a_kind_of_line_that_no_invoice_shows_is_refused() -> None:
    with pytest.raises(BookInconsistent, match="of a kind that no invoice shows"):
        document_of(frozen_period([variable("1.00") | {"line_kind": "gift"}]))


@given(
    st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]),
    st.lists(
        st.tuples(st.sampled_from(["levy", "variable"]), st.integers(-(10**9), 10**9)), min_size=1
    ),
)
def test_subtotals_sum_to_the_total_in_minor_units(
    currency: tuple[str, int], lines: list[tuple[str, int]]
) -> None:
    code, digits = currency
    written = [
        variable(f"{minor / 10**digits:.{digits}f}") | {"line_kind": kind} for kind, minor in lines
    ]
    document = document_of(frozen_period(written, code))
    minor_units = [int(group["subtotal"].replace(".", "")) for group in document["groups"]]
    assert sum(minor_units) == int(document["total"].replace(".", "")) == sum(m for _, m in lines)


def test_the_same_close_gives_the_same_bytes() -> None:
    first, second = (document_bytes(document_of(frozen_period([variable("1.00")]))) for _ in "ab")
    assert first == second
    assert first.endswith(b"}\n")
