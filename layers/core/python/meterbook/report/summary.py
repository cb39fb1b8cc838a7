"""What a run found out, in one object: the bill, who caused it, and what was invoiced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from meterbook.book import Book
from meterbook.canonical import short
from meterbook.costs.coverage import exact_sum
from meterbook.invoice.files import document_key
from meterbook.money import Money
from meterbook.ports import Row


def summarise(
    book: Book,
    *,
    threshold_event: bool,
    evidence: str,
    lines: Mapping[str, int] | None = None,
) -> dict[str, object]:
    """The fields of `summary.json`, costs unrounded and every decimal a string.

    `threshold_event` tells whether too much unowned cost was announced, `evidence` is the folder of
    the documents as the reader finds it, `lines` (`log_lines`, `not_usage_lines`) is what only the
    reader of the raw files knows.
    """
    sources = conserved(book)
    aws, costs = sources.get("aws", NOTHING), whole(sources)
    return {
        "aws_cost_total_usd": decimal(aws.typed),
        "aws_cost_control_usd": decimal(aws.control),
        "control_usd": {source: decimal(one.control) for source, one in sources.items()},
        "attributed_usd": {
            str(row["tenant_id"]): decimal(row["cost_usd"])
            for row in book.query("summary_attributed")
        },
        "kept_usd": decimal(costs.kept),
        "unattributed_usd": decimal(costs.unattributed),
        "unattributed_share": decimal(book.query("summary_unattributed")[0]["unattributed_share"]),
        "threshold_event": threshold_event,
        "conservation_residual_usd": decimal(costs.residual),
        "usage": {
            str(row["tenant_id"]): {
                "events": int(str(row["event_count"])),
                "quantity": decimal(row["quantity"]),
            }
            for row in book.query("summary_usage")
        },
        "rejected_events": sum(rejects_by_reason(book).values()),
        "invoices": [_invoice(row, evidence) for row in book.query("summary_invoices")],
        **(lines or {}),
    }


def _invoice(row: Row, evidence: str) -> dict[str, object]:
    return {
        "number": row["number"],
        "kind": row["kind"],
        "account": row["account_id"],
        "period": str(row["period_start"])[:7],
        "currency": row["currency"],
        "total": str(Money.of(str(row["total"]), str(row["currency"]))),
        "pdf": f"{evidence}/{document_key(str(row['number']), 'invoice.pdf')}",
        "sha256": row["pdf_sha256"],
    }


def rejects_by_reason(book: Book) -> dict[str, int]:
    """How many events are not billed, by reason."""
    return {
        str(row["reason"]): int(str(row["event_count"])) for row in book.query("summary_rejects")
    }


@dataclass(frozen=True, slots=True)
class Conserved:
    """What a source says all days cost, in USD, and who has it; `split` is a part of `attributed`.

    `residual` adds up what is missing and what is too much on single days, without their signs.
    """

    control: Decimal
    typed: Decimal
    attributed: Decimal
    split: Decimal
    kept: Decimal
    unattributed: Decimal
    residual: Decimal

    def __str__(self) -> str:
        control, attributed, kept, unattributed, residual = map(
            short, (self.control, self.attributed, self.kept, self.unattributed, self.residual)
        )
        return (
            f"control {control} = attributed {attributed} + kept {kept}"
            f" + unattributed {unattributed} · residual {residual}"
        )


PARTS = tuple(part.name for part in fields(Conserved))
NOTHING = Conserved(*(Decimal() for _ in PARTS))


def conserved(book: Book) -> dict[str, Conserved]:
    """The law that the parts sum to the whole, with the figures of all days, by source."""
    return {
        str(row["source"]): Conserved(*(Decimal(str(row[f"{part}_usd"])) for part in PARTS))
        for row in book.query("summary_conservation")
    }


def whole(sources: Mapping[str, Conserved]) -> Conserved:
    """All sources as one."""
    return Conserved(*(exact_sum(getattr(one, part) for one in sources.values()) for part in PARTS))


def conservation_line(book: Book) -> str:
    """The law that the parts sum to the whole, of all sources together."""
    return str(whole(conserved(book)))


def decimal(value: object) -> str:
    """A number as a decimal string in full, never in powers of ten."""
    return f"{Decimal(str(value)):f}"
