"""The catalog of a generated month: plans that lack things, rules and aliases that change."""

from __future__ import annotations

from oracle.month_parts import (
    ALWAYS,
    FOREVER,
    LEAVER,
    LEAVES,
    NEWCOMER,
    PRICES,
    QUANTITIES,
    SIZES,
    UNITS,
    Pick,
)
from oracle.records import Json


def _row(kind: str, key: str, document: Json) -> Json:
    spans = {"starts_on": ALWAYS, "ends_on": FOREVER}
    full = {**spans, **document}
    return {"kind": kind, "id": key, "removed": False, "commit": "", "document": full}


def _spans(*entries: Json) -> list[Json]:
    return [{"starts_on": ALWAYS, "ends_on": FOREVER, **entry} for entry in entries]


def catalog_rows(pick: Pick[str], joins: str) -> list[list[Json]]:
    rows = [*_metrics(), *_plans(pick), *_tenants(joins), *_rules(pick), *_settings(pick)]
    # Told again: now with a module, which it has until the tenth.
    cards = [_subscription("base:2", "2026-09-01"), _subscription("direct:1", "2026-10-16")]
    changed = _tenant("9lives", [{"module_id": "M-1", "ends_on": "2026-10-10"}], cards)
    return [rows, [changed]]


def _metrics() -> list[Json]:
    def metric(
        key: str, aggregation: str = "sum", counts: str = "", hidden: bool = False, **more: object
    ) -> Json:
        document = {
            "id": key,
            "name": key,
            "unit": UNITS[key],
            "aggregation": aggregation,
            "counts": counts,
            "conversions": [],
            "visibility": "internal" if hidden else "licensee",
            "domain": "test",
        }
        return _row("metric", key, {**document, **more})

    return [
        metric("users", "distinct", counts="customer"),
        metric("sessions", "distinct", counts="session-id"),
        metric("calls", conversions=_factors(kcall="1000", mcall="0.001")),
        metric("gb", conversions=_factors(KB="0.000001", MB="0.001", TB="1000")),
        metric("exotic", conversions=_factors(heap="1000")),
        metric("weight", hidden=True),
        metric("retired", ends_on="2026-09-30"),
        metric("peak", "max"),
        metric("seats", "latest"),
        metric("storage", "time_weighted", conversions=_factors(KB="0.000001", MB="0.001")),
        metric("vault", "time_weighted", starts_on="2026-10-01", ends_on="2026-10-12"),
    ]


def _factors(**factors: str) -> list[Json]:
    return [{"unit": unit, "factor": factor} for unit, factor in factors.items()]


def _plans(pick: Pick[str]) -> list[Json]:
    def plan(key: str, currency: str, **more: object) -> Json:
        name, version = key.split(":")
        empty = {"passthrough": False, "levy": {}, "facility_fees": [], "rates": []}
        document = {"id": name, "version": version, "currency": currency, **empty, **more}
        return _row("plan", key, document)

    def rates(*metrics: str, included: str = "") -> list[Json]:
        return [
            {
                "metric": metric,
                "included": included or pick(QUANTITIES[:6]),
                "unit_price": pick(PRICES),
                "unit_size": pick(SIZES),
            }
            for metric in metrics
        ]

    def fees(*modules: str) -> list[Json]:
        return [{"module_id": module, "fee": pick(PRICES)} for module in modules]

    def levy() -> Json:
        return {"metric": "users", "unit_price": pick(PRICES), "unit_size": pick(SIZES)}

    held = ("peak", "seats", "storage", "vault")
    return [
        plan("base:1", "USD", passthrough=True, facility_fees=fees("M-1"), rates=rates("calls")),
        plan(
            "base:2",
            "USD",
            levy=levy(),
            facility_fees=fees("M-1", "M-2"),
            rates=rates("calls", "gb", "sessions", *held),
        ),
        plan(
            "direct:1",
            "USD",
            passthrough=True,
            levy=levy(),
            facility_fees=fees("M-1", "M-2"),
            rates=rates("calls", "gb", "sessions", "weight", *held),
        ),
        plan(
            "yen:1",
            "JPY",
            levy=levy(),
            facility_fees=fees("M-1", "M-2"),
            rates=rates("calls", "gb", "sessions", *held),
        ),
        plan(
            "dinar:1",
            "KWD",
            passthrough=True,
            levy=levy(),
            facility_fees=fees("M-2"),
            rates=rates("calls", "gb", "sessions", *held),
        ),
        plan(
            "full:1",
            "USD",
            passthrough=True,
            levy=levy(),
            facility_fees=fees("M-1"),
            rates=rates("calls", "gb", included="100"),
        ),
    ]


def _subscription(plan: str, starts_on: str) -> Json:
    name, version = plan.split(":")
    return {"plan_id": name, "plan_version": version, "starts_on": starts_on}


def _tenant(key: str, modules: list[Json], subscriptions: list[Json], **more: str) -> Json:
    document = {"id": key, "name": key, "modules": _spans(*modules)}
    ends = [*(entry["starts_on"] for entry in subscriptions[1:]), FOREVER]
    timeline = [{**entry, "ends_on": end} for entry, end in zip(subscriptions, ends, strict=False)]
    return _row("tenant", key, {**document, "subscriptions": timeline, **more})


def _tenants(joins: str) -> list[Json]:
    first, second = {"module_id": "M-1"}, {"module_id": "M-2", "starts_on": "2026-10-15"}
    changing = [_subscription("base:1", "2026-09-10"), _subscription("base:2", "2026-10-16")]
    tenants = [
        _tenant("9lives", [], [_subscription("direct:1", "2026-10-01")]),
        _tenant(NEWCOMER, [first], [_subscription("yen:1", joins)], starts_on=joins),
        _tenant("acme", [first, second, {**second, "module_id": "M-9"}], changing),
        _tenant(LEAVER, [first, second], [_subscription("full:1", "2026-10-01")], ends_on=LEAVES),
        _tenant(
            "b_2:x",
            [second],
            # The second card is priced in a currency in which the account is not billed.
            [_subscription("dinar:1", "2026-09-30"), _subscription("base:1", "2026-10-20")],
        ),
        _tenant("orphan", [first], [_subscription("base:1", "2026-09-30")]),
        _tenant("planless", [], []),
    ]
    return tenants + _accounts()


def _accounts() -> list[Json]:
    def account(key: str, currency: str, *links: Json) -> Json:
        document = {"id": key, "name": key, "seller": "s", "currency": currency}
        return _row("account", key, {**document, "tenants": _spans(*links)})

    moved = "2026-10-11"
    return [
        account("zen", "JPY", {"tenant_id": NEWCOMER}, {"tenant_id": "planless"}),
        account("both", "USD", {"tenant_id": "9lives"}, {"tenant_id": "acme", "ends_on": moved}),
        account("new", "USD", {"tenant_id": "acme", "starts_on": moved}, {"tenant_id": LEAVER}),
        account("kw", "KWD", {"tenant_id": "b_2:x"}),
    ]


def _rules(pick: Pick[str]) -> list[Json]:
    def rule(key: str, position: int, method: str, starts_on: str, **more: object) -> Json:
        name, version = key.split(":")
        anything = {"owner_tag": "", "module_tag": "", "service": "", "account": ""}
        match = more.pop("match", {})
        assert isinstance(match, dict)
        document = {
            "id": name,
            "version": version,
            "position": str(position),
            "method": method,
            "match": {**anything, **match},
            "metric": "",
            "starts_on": starts_on,
            **more,
        }
        return _row("allocation_rule", key, document)

    pool, front = {"owner_tag": "pool"}, {"module_tag": "front"}
    return [
        rule("gone:1", 1, "platform", "2026-01-01", match={"owner_tag": "nobody"},
             ends_on="2026-10-03"),
        rule("own:1", 5, "platform", "2026-01-01", match={"account": "999", "service": "S3"}),
        rule("tag:1", 10, "tag", "2026-01-01"),
        rule("pool:1", 20, "usage", "2026-01-01", match=pool, metric="weight"),
        rule("pool:2", 20, "usage", "2026-10-04", match=pool, metric="calls"),
        # A version that begins with the one before takes all its days.
        rule("pool:3", 20, "usage", pick(("2026-10-04", "2026-10-06")), match=pool,
             metric=pick(("weight", "gb"))),
        rule("front:1", 30, "usage", "2026-10-02", match=front, metric="users"),
        rule("front:2", 9, "platform", "2026-10-08", match={**front, "service": "RDS"}),
    ]  # fmt: skip


def _settings(pick: Pick[str]) -> list[Json]:
    def config(key: str, *values: Json) -> Json:
        return _row("config", key, {"id": key, "values": _spans(*values)})

    def aliases(key: str, tag: str, pairs: dict[str, str], **more: str) -> Json:
        listed = [{"raw": raw, "value": value} for raw, value in pairs.items()]
        return _row("tag_aliases", key, {"id": key, "tag": tag, "aliases": listed, **more})

    shares, planted, after = ("0.02", "0", "0.5", "0.123456"), "2026-10-05", "2026-10-11"
    return [
        config("settle_hours", {"value": "48"}),
        config("cost_source", {"value": "cur"}),
        config("cost_source:333", {"value": "aws_cost"}),
        config(
            "unattributed_threshold",
            {"value": pick(shares), "ends_on": planted},
            {"value": "0.02", "starts_on": planted, "ends_on": after},
            {"value": pick(shares), "starts_on": after},
        ),
        # `old` is removed on the fourth and `owners` goes on from there, with the same raw tag.
        aliases("old", "owner", {"Pool": "acme"}, ends_on="2026-10-04"),
        aliases("owners", "owner", {"Pool": "pool", "ACME": "acme"}, starts_on="2026-10-04"),
        aliases("modules", "module", {"Front": "front", "": "untold"}),
    ]
