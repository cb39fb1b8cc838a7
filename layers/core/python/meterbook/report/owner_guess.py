"""Whose a charge without an owner may be: a guess is made only where exactly one tenant fits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache

from meterbook.catalog.document import folded_name
from meterbook.ports import Row

NEARNESS = 0.8
"""How alike two spellings are that mean one name: of six letters one may differ."""
SHORTEST = 4
"""A shorter name is too easily another's to be taken for a misspelling."""
_WORD = re.compile(r"[a-z0-9]+")
_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:")
_NOT_DIGITS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Guess:
    """The one tenant that fits, and by what; without one, who else fits, if anybody."""

    tenant_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a charge beside its own tag: the owners that other cost points to.

    `siblings` are the tenants whose tags the same resource carries on other lines or days;
    `account` are the owners of all other cost of the account, '' for what is nobody's alone.
    """

    siblings: Collection[str] = ()
    account: Collection[str] = ()


class Owners:
    """The names that owners go by, and who of them is a tenant today."""

    def __init__(self, names: Iterable[Row], today: date) -> None:
        """Take the rows of `unattributed_names`."""
        rows = list(names)
        tenants = [row for row in rows if row["kind"] == "tenant"]
        self.tenants = {str(row["owner"]) for row in tenants}
        self.present = {str(row["owner"]) for row in tenants if _holds(row, today)}
        self._aliases = {
            (row["kind"], str(row["name"])): str(row["owner"])
            for row in reversed(rows)
            if row["kind"] in ("alias", "folded") and _holds(row, today)
        }
        self._spelled: dict[str, set[str]] = {}
        for row in rows:
            self._spelled.setdefault(folded_name(str(row["name"])), set()).add(str(row["owner"]))
        self._by_digits: dict[str, list[str]] = {}
        for name in self._spelled:
            self._by_digits.setdefault(_digits(name), []).append(name)
        # Two letters (eu, db) stand in names for too much else.
        words = {folded_name(one): one for one in sorted(self.tenants)}
        self._by_words = {word: one for word, one in words.items() if len(word) > 2}
        self.near = cache(self._near)

    def meaning(self, tag: str) -> str:
        """What an owner tag stands for from today on."""
        exact = self._aliases.get(("alias", tag))
        return exact or self._aliases.get(("folded", folded_name(tag))) or tag

    def _near(self, tag: str) -> frozenset[str]:
        """The owners whose name is this one, typed differently or mistyped."""
        folded = folded_name(tag)
        if not folded or folded in self._spelled:
            return frozenset(self._spelled.get(folded, ()))
        if len(folded) < SHORTEST:
            return frozenset()
        # acme1 and acme2 are two tenants, however alike they look.
        names = self._by_digits.get(_digits(folded), [])
        close = get_close_matches(folded, names, len(names) or 1, NEARNESS)
        return frozenset(owner for name in close for owner in self._spelled[name])

    def named_in(self, resource: str) -> frozenset[str]:
        """The tenants whose id stands in a resource's name as whole words."""
        words = _WORD.findall(_ARN.sub("", resource).lower())
        runs = (
            "".join(words[start:end])
            for start in range(len(words))
            for end in range(start + 1, len(words) + 1)
        )
        return frozenset(self._by_words[run] for run in runs if run in self._by_words)


def guess(owner_tag: str, resource: str, evidence: Evidence, owners: Owners) -> Guess:
    """Name the tenant that all evidence points to, or nobody."""
    found: Mapping[str, Collection[str]] = {
        "the resource is tagged so elsewhere": evidence.siblings,
        "the tag is nearly its name": owners.near(owner_tag) if owner_tag else (),
        "the resource is named so": owners.named_in(resource),
        "all other cost of the account is its": _alone(owner_tag, evidence.account),
    }
    fits = sorted({owner for who in found.values() for owner in who})
    if len(fits) != 1:
        return Guess("", f"{' or '.join(fits)}" if fits else "")
    if fits[0] not in owners.present:
        return Guess("", f"{fits[0]} is no tenant today")
    return Guess(fits[0], "; ".join(why for why, who in found.items() if who))


def _alone(owner_tag: str, account: Collection[str]) -> Collection[str]:
    """The account's only owner; a tag that says something else is not overruled by it."""
    return account if not owner_tag and len(account) == 1 and "" not in account else ()


def _holds(row: Row, day: date) -> bool:
    starts_on, ends_on = row["starts_on"], row["ends_on"]
    if not isinstance(starts_on, date) or not isinstance(ends_on, date):
        raise TypeError("a name has its days")
    return starts_on <= day < ends_on


def _digits(name: str) -> str:
    return _NOT_DIGITS.sub("", name)
