"""The fixer: every dollar that nobody owns, whose it may be, and the YAML that would move it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from itertools import chain, count
from typing import Any

import yaml

from meterbook.book import Book
from meterbook.costs.coverage import exact_sum
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.owner_guess import Evidence, Guess, Owners, guess

ALWAYS = date(1, 1, 1), date(9999, 12, 31)
LAST_POSITION = 999_999
UNSHARED = {
    "no_usage": "rule {rule} found no usage to share it by",
    "no_tenant": "rule {rule} gives it to nobody who was a tenant",
}
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # in no text that the catalog takes
Document = dict[str, Any]
Names = Mapping[tuple[str, ...], set[str]]


@dataclass(frozen=True, slots=True)
class Charge:
    """What a resource cost under one owner tag; `owner_name` is what the tag meant on its days.

    `rule` is the one that took the charge and could not give it away; `reason` says why.
    """

    cost_usd: Decimal
    source: str
    service: str
    account: str
    resource: str
    owner_tag: str
    owner_name: str
    reason: str
    rule: str


@dataclass(frozen=True, slots=True)
class Unowned:
    """A charge, whose it may be, and what becomes of it: `fix` names the document that moves it."""

    charge: Charge
    guess: Guess
    fix: str


@dataclass(frozen=True, slots=True)
class Unattributed:
    """The unowned cost, the dearest first, and catalog documents that own it from today on."""

    lines: Sequence[Unowned]
    documents: Sequence[Document]

    @property
    def cost_usd(self) -> Decimal:
        """What all of it cost."""
        return exact_sum(line.charge.cost_usd for line in self.lines)

    @property
    def movable_usd(self) -> Decimal:
        """What that part of it cost which the documents would have moved."""
        ids = {document["id"] for document in self.documents}
        return exact_sum(line.charge.cost_usd for line in self.lines if line.fix in ids)

    def yaml(self) -> str:
        """The documents as a file of the catalog."""
        dumped = yaml.safe_dump_all(
            self.documents, explicit_start=True, sort_keys=False, allow_unicode=True
        )
        return dumped if self.documents else ""


def unattributed(
    book: Book, period: Period | None = None, limit: int | None = None
) -> Unattributed:
    """Rank what nobody owns, of one month or of all days, and propose what would own it.

    A proposal moves cost from today on: an alias where a tag only has to be understood, otherwise a
    rule behind all others, if all that it would take points to one tenant.
    """
    book.update()
    return unattributed_as_known(book, period, limit)


def unattributed_as_known(
    book: Book, period: Period | None = None, limit: int | None = None
) -> Unattributed:
    """The same of the book as it stands: a look that brings nothing up to date."""
    first_day, end_day = (period.start, period.end) if period else ALWAYS
    rows = book.query("unattributed_lines", first_day=first_day, end_day=end_day)
    today = book.clock.now().astimezone(UTC).date()
    owners = Owners(book.query("unattributed_names"), today)
    guessed = list(_guessed(book, [_charge(row) for row in rows], owners))
    fixer = _Fixer(book, owners, today, guessed)
    lines = [Unowned(charge, found, fixer.fix(charge, found)) for charge, found in guessed[:limit]]
    return Unattributed(lines, fixer.documents(lines))


def _charge(row: Row) -> Charge:
    names = ("source", "service", "account", "resource", "owner_tag", "owner_name", "reason")
    return Charge(
        cost_usd=Decimal(str(row["cost_usd"])),
        **{name: str(row[name]) for name in names},
        rule=f"{row['rule_id']}:{row['rule_version']}",
    )


def _guessed(
    book: Book, charges: Sequence[Charge], owners: Owners
) -> Iterator[tuple[Charge, Guess]]:
    siblings = _owners_by(book.query("unattributed_siblings"), "source", "account", "resource")
    accounts = _owners_by(book.query("unattributed_accounts"), "source", "account")
    for charge in charges:
        if charge.owner_tag:  # it says that some of the account is somebody's
            also = owners.near(charge.owner_tag) or {""}
            accounts.setdefault((charge.source, charge.account), set()).update(also)
    for charge in charges:
        place = charge.source, charge.account
        known = Evidence(
            siblings.get((*place, charge.resource), ()),
            accounts.get(place, ()) if charge.account else (),
        )
        yield charge, _judge(charge, known, owners)


def _owners_by(rows: Iterable[Row], *key: str) -> dict[tuple[str, ...], set[str]]:
    found: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        found.setdefault(tuple(str(row[name]) for name in key), set()).add(str(row["tenant_id"]))
    return found


def _judge(charge: Charge, known: Evidence, owners: Owners) -> Guess:
    if charge.reason in UNSHARED:
        return Guess("", UNSHARED[charge.reason].format(rule=charge.rule))
    if charge.owner_name in owners.tenants:
        return Guess("", f"{charge.owner_name} was no tenant on the day")
    return guess(charge.owner_tag, charge.resource, known, owners)


class _Fixer:
    """Proposes documents, knowing every guess: a rule takes all of its service and account."""

    def __init__(
        self, book: Book, owners: Owners, today: date, guessed: Sequence[tuple[Charge, Guess]]
    ) -> None:
        rules = book.query("unattributed_rules")
        self._owners = owners
        self._today = today
        self._rules = [rule for rule in rules if _in_force(rule, today)]
        self._positions = _behind({int(str(rule["position"])) for rule in rules})
        self._taken = {str(rule["rule_id"]) for rule in rules} | {
            str(row["id"])
            for row in book.query("catalog_documents")
            if row["kind"] == "tag_aliases"
        }
        self._alias_id = self._free(f"unattributed-{today}")
        self._rule_ids: dict[tuple[str, ...], str] = {}
        self._guesses: dict[tuple[str, ...], set[str]] = {}
        for charge, found in guessed:
            if charge.reason not in UNSHARED and not self._rule_today(charge):
                for key in ((charge.owner_tag,), _place(charge), (*_place(charge)[:2], "")):
                    self._guesses.setdefault(key, set()).add(found.tenant_id)

    def fix(self, charge: Charge, found: Guess) -> str:
        """The id of the document that moves a charge, or in words why none does."""
        if charge.reason in UNSHARED:
            return ""
        if rule := self._rule_today(charge):
            return f"in force: {rule['rule_id']}"
        if not found.tenant_id:
            return ""
        if self._is_alias(charge, found.tenant_id):
            return self._alias_id
        place = _place(charge)
        is_one = charge.service and len(self._guesses[place]) == 1
        if not is_one or _UNWRITABLE.search("".join(place)):
            return "tag the resource"
        return self._rule_id(place)

    def documents(self, lines: Sequence[Unowned]) -> list[Document]:
        """What the fixes of these lines name: one document of aliases, and rules."""
        aliases = {
            line.charge.owner_tag: line.guess.tenant_id
            for line in lines
            if line.fix == self._alias_id
        }
        rules = {
            line.fix: (line.charge, line.guess.tenant_id)
            for line in lines
            if line.fix in self._rule_ids.values()
        }
        named = [self._alias_document(aliases)] if aliases else []
        return named + [self._rule_document(id_, *rules[id_]) for id_ in sorted(rules)]

    def _rule_today(self, charge: Charge) -> Row | None:
        return self._rule_of(charge, self._owners.meaning(charge.owner_tag))

    def _rule_of(self, charge: Charge, owner: str) -> Row | None:
        """The rule that would take such a charge today if its tag meant this owner.

        A rule for one module is passed over: the charges of a resource are not told apart by it.
        """
        asked = {"source": charge.source, "owner_tag": owner, "module_tag": "",
                 "service": charge.service, "account": charge.account}  # fmt: skip
        is_tenant = owner in self._owners.present
        for rule in self._rules:
            if all(rule[name] in ("", value) for name, value in asked.items()) and (
                is_tenant or rule["method"] != "tag"
            ):
                return rule
        return None

    def _is_alias(self, charge: Charge, tenant_id: str) -> bool:
        """Whether all that has the tag is the tenant's, and a rule goes by tags."""
        tag = charge.owner_tag
        if not tag or _UNWRITABLE.search(tag) or len(self._guesses[tag,]) > 1:
            return False
        rule = self._rule_of(charge, tenant_id)
        return rule is not None and rule["method"] == "tag"

    def _rule_id(self, place: tuple[str, ...]) -> str:
        if place not in self._rule_ids:
            _, service, account = place
            self._rule_ids[place] = self._free(_slug(f"unattributed-{service}-{account}"))
        return self._rule_ids[place]

    def _free(self, wanted: str) -> str:
        """An id that no document has."""
        ids = (wanted if n == 1 else f"{wanted}-{n}" for n in count(1))
        free = next(id_ for id_ in ids if id_ not in self._taken)
        self._taken.add(free)
        return free

    def _alias_document(self, aliases: Mapping[str, str]) -> Document:
        return {
            "kind": "tag_aliases",
            "id": self._alias_id,
            "tag": "owner",
            "from": self._today,
            "aliases": dict(sorted(aliases.items())),
        }

    def _rule_document(self, rule_id: str, charge: Charge, tenant_id: str) -> Document:
        place = zip(("source", "service", "account"), _place(charge), strict=True)
        return {
            "kind": "allocation_rule",
            "id": rule_id,
            "version": 1,
            "position": next(self._positions),
            "method": "fixed_share",
            "match": {name: value for name, value in place if value},
            "shares": {tenant_id: 1},
            "from": self._today,
        }


def _place(charge: Charge) -> tuple[str, ...]:
    return charge.source, charge.service, charge.account


def _in_force(rule: Row, day: date) -> bool:
    starts_on, ends_on = rule["starts_on"], rule["ends_on"]
    if not isinstance(starts_on, date) or not isinstance(ends_on, date):
        raise TypeError("a rule has its days")
    return starts_on <= day < ends_on


def _behind(taken: Collection[int]) -> Iterator[int]:
    """Free positions, behind all that are taken as long as there are any."""
    behind = range(max(taken, default=0) + 1, LAST_POSITION + 1)
    before = (place for place in range(LAST_POSITION, -1, -1) if place not in taken)
    return chain(behind, before)


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._:-]+", "-", text).strip("-")[:100]
