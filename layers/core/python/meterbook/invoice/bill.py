"""What is owed: the lines in groups, what is taken off them, the tax, and the sums over all.

The order is EN 16931's: lines, less allowances, gives the net amount; tax on the base of each
category; net and tax give the gross amount. The net amount has to be the frozen total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from meterbook.canonical import short
from meterbook.close.master_data import tax_class_in, tax_period
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent
from meterbook.invoice.lines import GROUPS, Names, Wording, written_line
from meterbook.invoice.tax import Rate, Taxation, bases, divided, reason_code, tax_left
from meterbook.invoice.words import words
from meterbook.money import Money, total

# Lines that are taken off the sum, not billed (EN 16931: BG-20), and what they are taken off.
ALLOWANCES = ("discount", "credit")
_DISCOUNTED = ("levy", "facility", "variable", "minimum")


class Bill:
    """The lines of a frozen body, their tax, and the sums over both.

    Errors: `BookInconsistent` when the lines do not sum to the frozen total, or one is of a kind
    that stands on no bill.
    """

    def __init__(self, body: Fields, number: str, language: str) -> None:
        self.body = body
        self.currency = str(body["currency"])
        account = body["account"]["document"]
        self.taxation = Taxation(body["seller"]["document"], account)
        self._said = words(language)
        self._wording = Wording(Names(body), self._said, language, self.currency)
        self._class_of = tax_class_in(body)
        self._credited: list[Fields] = list(body.get("credited") or [])
        self._must_be_known(number)
        self._must_sum(number)

    def written(self) -> Fields:
        """The parts of the document that hold money."""
        allowances = list(self._allowances())
        taxes = self._taxes(allowances)
        totals = self._totals(allowances, taxes)
        return {
            "groups": list(self._groups()),
            "allowances": allowances,
            "taxes": taxes,
            "totals": totals,
            "total": totals["gross"],
            "tax_case": self.taxation.case,
            "credited": self._credited,
        }

    def _must_be_known(self, number: str) -> None:
        unknown = {line["line_kind"] for line in self.body["lines"]} - {*GROUPS, *ALLOWANCES}
        if unknown:
            raise BookInconsistent(
                detail=f"{number} would have a line of a kind that no invoice shows: "
                f"{', '.join(sorted(unknown))}."
            )

    def _must_sum(self, number: str) -> None:
        summed = self._sum(self.body["lines"])
        if str(summed) != self.body["total"]:
            raise BookInconsistent(
                detail=f"The lines of {number} sum to {summed} {self.currency}, but "
                f"{self.body['total']} was frozen."
            )

    # ---- lines and allowances ----------------------------------------------------------------

    def _of(self, *kinds: str) -> list[Fields]:
        return [line for line in self.body["lines"] if line["line_kind"] in kinds]

    def _money(self, amount: str) -> Money:
        return Money.of(amount, self.currency)

    def _sum(self, lines: Iterable[Fields]) -> Money:
        return total((self._money(line["amount"]) for line in lines), self.currency)

    def _rate(self, line: Fields) -> Rate:
        return self.taxation.rate(self._class_of(line), tax_period(line, self.body))

    def _groups(self) -> Iterator[Fields]:
        """The lines by kind, each group with its subtotal; a group without lines is left out."""
        for kind in GROUPS:
            if lines := self._of(kind):
                yield {
                    "kind": kind,
                    "title": self._said[f"group_{kind}"],
                    "lines": [
                        written_line(line, self._rate(line), self._wording) for line in lines
                    ],
                    "subtotal": str(self._sum(lines)),
                }

    def _allowances(self) -> Iterator[Fields]:
        """What is taken off, divided where its tenant's lines are of several tax rates."""
        kinds_of = self._kinds_of_discounts()
        for line in self._of(*ALLOWANCES):
            kinds = kinds_of[line["metric"]] if line["line_kind"] == "discount" else GROUPS
            off = [found for found in self._of(*kinds) if _is_taken_off(line, found)]
            over = [(self._rate(found), self._money(found["amount"])) for found in off]
            parts = divided(-self._money(line["amount"]), over, self._rate(line))
            for rate, part, base in parts:
                of_all = self._money(line["base_amount"] or "0") if len(parts) == 1 else base
                yield self._allowance(line, rate, part, of_all)

    def _allowance(self, line: Fields, rate: Rate, part: Money, base: Money) -> Fields:
        is_share = line["line_kind"] == "discount"
        return {
            "kind": line["line_kind"],
            "line_number": line["line_number"],
            "tenant_id": line["tenant_id"],
            "tenant_name": self._wording.names.of("tenants", line["tenant_id"]),
            "description": self._reason(line),
            "percent": short(line["percent"]) if is_share else "",
            "base": str(base) if is_share else "",
            "amount": str(part),
            "tax_category": rate.category,
            "tax_percent": rate.percent,
        }

    def _reason(self, line: Fields) -> str:
        """What the account was told that it is for, else the id of the discount or credit."""
        account = self.body["account"]["document"]
        told = {
            (found["id"], found.get("tenant_id", line["tenant_id"])): found.get("reason", "")
            for found in account.get(f"{line['line_kind']}s") or ()
        }
        wanted = line["metric"], line["tenant_id"]
        return str(line["text"] or told.get(wanted, "") or line["metric"])

    def _kinds_of_discounts(self) -> defaultdict[str, tuple[str, ...]]:
        kinds: defaultdict[str, tuple[str, ...]] = defaultdict(lambda: _DISCOUNTED)
        for term in self.body["terms"]:
            if term["term"] == "discount" and term["detail"]:
                kinds[term["name"]] = tuple(term["detail"].split(","))
        return kinds

    # ---- tax and sums ------------------------------------------------------------------------

    def _taxes(self, allowances: Iterable[Fields]) -> list[Fields]:
        if self.taxation.case == "none":
            return []
        billed = [(self._rate(line), self._money(line["amount"])) for line in self._of(*GROUPS)]
        taken_off = [
            (Rate(found["tax_category"], found["tax_percent"]), -self._money(found["amount"]))
            for found in allowances
        ]
        return [
            self._tax(rate, base)
            for rate, base in bases((*billed, *taken_off), self.currency).items()
        ]

    def _tax(self, rate: Rate, base: Money) -> Fields:
        return {
            "category": rate.category,
            "percent": rate.percent,
            "base": str(base),
            "tax": str(tax_left(base, rate, self._credited)),
            "reason": self.taxation.reason(rate.category, self._said),
            "reason_code": reason_code(rate.category, self.taxation.seller),
        }

    def _totals(self, allowances: Iterable[Fields], taxes: Iterable[Fields]) -> dict[str, str]:
        nothing = Money(self.currency, 0)
        lines, taken_off = self._sum(self._of(*GROUPS)), self._sum(allowances)
        net = lines + -taken_off
        tax = total((self._money(found["tax"]) for found in taxes), self.currency)
        sums = {
            "lines": lines,
            "allowances": taken_off,
            "charges": nothing,
            "net": net,
            "tax": tax,
            "gross": net + tax,
            "prepaid": nothing,
            "due": net + tax,
        }
        return {name: str(amount) for name, amount in sums.items()}


def _is_taken_off(allowance: Fields, line: Fields) -> bool:
    """Whether a line is of what an allowance reduces: its tenant's, and billed by the tariff.

    What a person has written does not count, so a reversal divides as its invoice has divided.
    """
    return bool(line["tenant_id"] == allowance["tenant_id"] and not line["text"])
