"""The catalog as the oracle reads it: which document holds on a day, and what a tag means.

Half-open spans are `[starts_on, ends_on)`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from oracle.records import Json

UNFOLDED = str.maketrans("", "", " -_.")


def covers(span: Json, day: str) -> bool:
    return bool(span["starts_on"] <= day < span["ends_on"])


def folded(text: str) -> str:
    """A tag as one hears it: without case and what people put between words."""
    return text.lower().translate(UNFOLDED)


class Catalog:
    """The documents that hold: of each id the latest revision, alive on the days it says."""

    def __init__(self, landed: Iterable[Json]) -> None:
        self.documents: dict[str, dict[str, Json]] = defaultdict(dict)
        for row in sorted(landed, key=lambda row: int(row["revision"])):
            self.documents[row["kind"]][row["id"]] = row["document"]
        self._alive: dict[tuple[str, str], dict[str, Json]] = {}

    def all_alive(self, kind: str, day: str) -> dict[str, Json]:
        """The documents of a kind that hold on a day, in the order of their ids."""
        if (kind, day) not in self._alive:
            documents = sorted(self.documents[kind].items())
            self._alive[kind, day] = {key: one for key, one in documents if covers(one, day)}
        return self._alive[kind, day]

    def alive(self, kind: str, key: str, day: str) -> Json | None:
        return self.all_alive(kind, day).get(key)

    def config(self, key: str, day: str, default: str = "") -> str:
        return self._value("config", key, day) or default

    def price_of(self, what: str, day: str) -> Fraction | None:
        """USD per credit, or per unit of a currency, where the catalog knows it."""
        rate = self._value("cost_rate", what, day)
        return Fraction(rate) if rate else None

    def _value(self, kind: str, key: str, day: str) -> str:
        document = self.alive(kind, key, day)
        values = document["values"] if document else []
        return next((str(value["value"]) for value in values if covers(value, day)), "")

    # -- tags -----------------------------------------------------------------------------------

    def canonical(self, tag: str, raw: str, day: str) -> str:
        """What a tag means: an exact alias goes before a folded one, then ids and texts in order."""
        meanings = []
        for key, document in self.all_alive("tag_aliases", day).items():
            if document["tag"] != tag:
                continue
            pairs = [(alias["raw"], alias["value"]) for alias in document["aliases"]]
            meanings += [(0, key, *pair) for pair in pairs if pair[0] == raw]
            if document.get("fold"):
                # Whatever is folded, a canonical value is a name of itself.
                pairs += [(value, value) for _, value in pairs]
                meanings += [(1, key, *pair) for pair in pairs if folded(pair[0]) == folded(raw)]
        return min(meanings)[3] if meanings else raw

    # -- rules ----------------------------------------------------------------------------------

    def rules(self, day: str) -> list[Json]:
        """The version in force of each rule that day, in the order in which they are asked."""
        newest: dict[str, Json] = {}
        for rule in self.documents["allocation_rule"].values():
            known = newest.get(rule["id"])
            if rule["starts_on"] <= day and (
                known is None or int(rule["version"]) > int(known["version"])
            ):
                newest[rule["id"]] = rule
        in_force = [rule for rule in newest.values() if day < rule["ends_on"]]
        return sorted(in_force, key=lambda rule: (int(rule["position"]), rule["id"]))

    # -- Snowflake ------------------------------------------------------------------------------

    def owner_of_query(self, day: str, query: Json) -> str:
        """Whose query it is: by a warehouse of one alone, tag, role, user, whom the rest is left to."""
        warehouse = self.alive("warehouse", query["WAREHOUSE_NAME"], day) or {}
        return next(
            filter(
                None,
                (
                    warehouse.get("dedicated_to", ""),
                    self.owner_by_tag(day, query.get("QUERY_TAG", "")),
                    self.mapped(day, "role", query.get("ROLE_NAME", "")),
                    self.mapped(day, "user", query.get("USER_NAME", "")),
                    warehouse.get("otherwise", ""),
                ),
            ),
            "",
        )

    def owner_by_tag(self, day: str, tag: str) -> str:
        value = told_tenant(tag)
        is_tenant = self.alive("tenant", value, day)
        return self.mapped(day, "query_tag", value) or (value if is_tenant else "")

    def mapped(self, day: str, by: str, value: str) -> str:
        for document in self.all_alive("query_owners", day).values():
            for entry in document["owners"]:
                if (document["by"], entry["value"]) == (by, value):
                    return str(entry["owner"])
        return ""

    def owner_of_idle_hour(self, day: str, warehouse: str) -> str:
        document = self.alive("warehouse", warehouse, day) or {}
        return str(document.get("dedicated_to") or document.get("otherwise") or "")


def told_tenant(tag: str) -> str:
    """The tenant_id of a query tag that is a JSON object with one, else the tag as it is."""
    try:
        told = json.loads(tag)
    except ValueError:
        return tag
    return str(told["tenant_id"]) if isinstance(told, dict) and told.get("tenant_id") else tag
