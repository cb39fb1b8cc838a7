"""The catalog of a generated month: plans that lack things, rules and aliases that change."""

from __future__ import annotations

from oracle.month_credits import warehouses
from oracle.month_parts import (
    FOREVER,
    LEAVER,
    LEAVES,
    NEWCOMER,
    PRICES,
    QUANTITIES,
    SIZES,
    UNITS,
    Pick,
    aliases,
    document,
    rule,
    shares,
    spans,
)
from oracle.records import Json


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
        body = {
            "id": key,
            "name": key,
            "unit": UNITS[key],
            "aggregation": aggregation,
            "counts": counts,
            "conversions": [],
            "visibility": "internal" if hidden else "licensee",
            "domain": "test",
        }
        return document("metric", key, {**body, **more})

    return [
        metric("users", "distinct", counts="customer"),
        metric("sessions", "distinct", counts="session-id"),
        metric("calls", conversions=_factors(kcall="1000", mcall="0.001")),
        metric("gb", conversions=_factors(KB="0.000001", MB="0.001", TB="1000")),
        metric("exotic", conversions=_factors(heap="1000")),
        metric("weight", hidden=True),
        metric("snowflake_credits"),
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
        empty: Json = {"passthrough": [], "levy": {}, "facility_fees": [], "rates": []}
        body = {"id": name, "version": version, "currency": currency, **empty, **more}
        return document("plan", key, body)

    def rates(*metrics: str, included: str = "", **pricings: str) -> list[Json]:
        return [
            {
                "metric": metric,
                "included": included or pick(QUANTITIES[:6]),
                "unit_price": pick(PRICES),
                "unit_size": pick(SIZES),
                **(_pricing(pick, pricings[metric]) if metric in pricings else {}),
            }
            for metric in metrics
        ]

    def fees(*modules: str) -> list[Json]:
        return [{"module_id": module, "fee": pick(PRICES)} for module in modules]

    def levy() -> Json:
        return {"metric": "users", "unit_price": pick(PRICES), "unit_size": pick(SIZES)}

    held = ("peak", "seats", "storage", "vault")
    return [
        plan(
            "base:1",
            "USD",
            passthrough=["aws", "snowflake"],
            facility_fees=fees("M-1"),
            rates=rates("calls"),
        ),
        plan(
            "base:2",
            "USD",
            levy=levy(),
            facility_fees=fees("M-1", "M-2"),
            rates=rates(
                "calls",
                "gb",
                "sessions",
                "snowflake_credits",
                *held,
                calls="graduated",
                gb="volume",
                sessions="package",
                seats="package",
                storage="graduated",
            ),
            minimum=pick(("0.01", "250", "12.345")),
        ),
        plan(
            "direct:1",
            "USD",
            passthrough=["aws", "external", "snowflake"],
            markups=_markups(pick, aws="12.5", snowflake="1000"),
            levy=levy(),
            facility_fees=fees("M-1", "M-2"),
            rates=rates("calls", "gb", "sessions", "weight", *held, calls="volume", peak="package"),
            minimum="",
            prorate="daily",
        ),
        plan(
            "yen:1",
            "JPY",
            passthrough=["aws", "external"],
            markups=_markups(pick, external="33.33"),
            levy=levy(),
            facility_fees=fees("M-1", "M-2"),
            rates=rates("calls", "gb", "sessions", *held, calls="package", gb="graduated"),
            minimum="1000",
            prorate="daily",
        ),
        plan(
            "dinar:1",
            "KWD",
            passthrough=["snowflake"],
            markups=_markups(pick, snowflake="0.01"),
            minimum="9.999",
            levy=levy(),
            facility_fees=fees("M-2"),
            rates=rates("calls", "gb", "sessions", *held),
        ),
        plan(
            "full:1",
            "USD",
            passthrough=["aws", "external"],
            levy=levy(),
            facility_fees=fees("M-1"),
            rates=rates("calls", "gb", included="100") + rates("snowflake_credits"),
            minimum="99.99",
            prorate="daily",
        ),
    ]


def _pricing(pick: Pick[str], pricing: str) -> Json:
    """What a rate says of tiers: bounds at which some month of some tenant ends exactly."""
    if pricing == "package":
        return {"pricing": pricing, "tiers": [], "unit_size": pick(("1", "1000"))}
    bounds: str = pick(("1 3", "0.000001 7 100", "68", "2.5 19.999999"))
    tiers = [
        {"tier": str(number), "up_to": bound, "unit_price": pick(PRICES[1:])}
        for number, bound in enumerate([*bounds.split(), ""], 1)
    ]
    return {"pricing": pricing, "tiers": tiers, "unit_price": "0"}


def _markups(pick: Pick[str], **percents: str) -> list[Json]:
    """Mark-ups by source; the one that is named or another."""
    return [
        {"source": source, "percent": pick((percent, percent, "99.99"))}
        for source, percent in percents.items()
    ]


def _subscription(plan: str, starts_on: str) -> Json:
    name, version = plan.split(":")
    return {"plan_id": name, "plan_version": version, "starts_on": starts_on}


def _tenant(key: str, modules: list[Json], subscriptions: list[Json], **more: str) -> Json:
    body = {"id": key, "name": key, "modules": spans(*modules)}
    ends = [*(entry["starts_on"] for entry in subscriptions[1:]), FOREVER]
    timeline = [{**entry, "ends_on": end} for entry, end in zip(subscriptions, ends, strict=False)]
    return document("tenant", key, {**body, "subscriptions": timeline, **more})


def _tenants(joins: str) -> list[Json]:
    first, second = {"module_id": "M-1"}, {"module_id": "M-2", "starts_on": "2026-10-15"}
    changing = [_subscription("base:1", "2026-08-20"), _subscription("base:2", "2026-10-16")]
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
    def account(key: str, currency: str, *links: Json, **more: list[Json]) -> Json:
        body = {"id": key, "name": key, "seller": "s", "currency": currency, **more}
        return document("account", key, {**body, "tenants": spans(*links)})

    moved = "2026-10-11"
    return [
        # A newcomer is let off by what is in force on any day of its first month.
        account("zen", "JPY", {"tenant_id": NEWCOMER}, {"tenant_id": "planless"},
                discounts=spans(_discount("welcome", "12.5", starts_on="2026-10-09", ends_on="2026-10-31"),
                                _discount("rest", "87.5", "variable")),
                credits=[_credit("yen", NEWCOMER, "7")]),
        account("both", "USD", {"tenant_id": "9lives"}, {"tenant_id": "acme", "ends_on": moved},
                discounts=spans(_discount("ten", "10"), _discount("late", "33.333333", "variable",
                                                                  starts_on=moved)),
                credits=[_credit("a", "acme", "0.01"), _credit("a", "9lives", "0.5", "2026-11")]),
        # What it takes off the leaver's bill is too much; of acme's it pays November's alone.
        account("new", "USD", {"tenant_id": "acme", "starts_on": moved}, {"tenant_id": LEAVER},
                discounts=spans(_discount("early", "5", "levy", "minimum", ends_on="2026-10-02"),
                                _discount("never", "99", "levy", ends_on="2026-10-01")),
                credits=[_credit("sorry", LEAVER, "1000000"), _credit("sorry", "acme", "3.14")]),
        account("kw", "KWD", {"tenant_id": "b_2:x"},
                discounts=spans(_discount("old", "25", "facility", ends_on="2026-10-31"),
                                _discount("half", "60", starts_on="2026-11-01"),
                                _discount("more", "40.5", "variable", starts_on="2026-11-01"))),
    ]  # fmt: skip


def _discount(key: str, percent: str, *kinds: str, **span: str) -> Json:
    every = ("facility", "levy", "minimum", "variable")
    return {"id": key, "percent": percent, "reason": "test", "kinds": list(kinds or every), **span}


def _credit(key: str, tenant: str, amount: str, period: str = "2026-10") -> Json:
    return {"id": key, "tenant_id": tenant, "period": period, "amount": amount, "reason": "test"}


def _rules(pick: Pick[str]) -> list[Json]:
    pool, front = {"owner_tag": "pool"}, {"module_tag": "front"}
    return [
        rule("gone:1", 1, "platform", "2026-01-01", match={"owner_tag": "nobody"},
             ends_on="2026-10-03"),
        rule("own:1", 5, "platform", "2026-01-01", match={"account": "999", "service": "S3"}),
        rule("tag:1", 10, "tag", "2026-01-01"),
        rule("pool:1", 20, "usage_share", "2026-01-01", match=pool, metric="weight"),
        rule("pool:2", 20, "usage_share", "2026-10-04", match=pool, metric="calls"),
        # A version that begins with the one before takes all its days.
        rule("pool:3", 20, "usage_share", pick(("2026-10-04", "2026-10-06")), match=pool,
             metric=pick(("weight", "gb"))),
        rule("front:1", 30, "usage_share", "2026-10-02", match=front, metric="users"),
        rule("front:2", 9, "platform", "2026-10-08", match={**front, "service": "RDS"}),
        # Thirds that leave a remainder; one of the three is no tenant, and the leaver leaves.
        rule("fixed:1", 25, "fixed_share", "2026-01-01", match={"owner_tag": "shared"},
             shares=shares({"acme": "0.333333", "ghost": "0.333334", LEAVER: "0.333333"})),
        rule("maps:1", 8, "fixed_share", "2026-10-02", match={"source": "external", "service": "geo"},
             shares=shares({"9lives": "0.000001", "acme": "0.999999"})),
        rule("even:1", 26, "even", "2026-01-01", match={"owner_tag": "common"}),
        rule("even:2", 26, "even", "2026-10-05", match={"owner_tag": "common"},
             tenants=["stranger", LEAVER, "acme"]),
        rule("even:3", 26, "even", "2026-10-07", match={"owner_tag": "common"}, tenants=["ghost"]),
        rule("idle:1", 4, "platform", "2026-10-03", match={"source": "snowflake", "service": "idle"}),
        rule("rest:1", 40, "usage_share", "2026-10-04", match={"source": "snowflake"}, metric="calls"),
    ]  # fmt: skip


def _settings(pick: Pick[str]) -> list[Json]:
    def config(key: str, *values: Json) -> Json:
        return document("config", key, {"id": key, "values": spans(*values)})

    limits, planted, after = ("0.02", "0", "0.5", "0.123456"), "2026-10-05", "2026-10-11"
    return [
        config("settle_hours", {"value": "48"}),
        config("cost_source", {"value": "cur"}),
        config("cost_source:333", {"value": "aws_cost"}),
        config(
            "unattributed_threshold",
            {"value": pick(limits), "ends_on": planted},
            {"value": "0.02", "starts_on": planted, "ends_on": after},
            {"value": pick(limits), "starts_on": after},
        ),
        # `old` is removed on the fourth and `owners` goes on from there, with the same raw tag.
        aliases("old", "owner", {"Pool": "acme"}, ends_on="2026-10-04"),
        aliases("older", "owner", {"Pool": "zeal"}, ends_on="2026-10-04"),
        aliases("owners", "owner", {"Pool": "pool", "ACME": "acme"}, starts_on="2026-10-04"),
        aliases("modules", "module", {"Front": "front", "": "untold"}),
        # Heard, not read: `Com_Mon` and ` POOL` mean what their folded names mean; "SHARED" too.
        aliases(
            "heard",
            "owner",
            {
                "com mon": "common",
                "p.o.o.l": "pool",
                "gemein": "shared",
                "9-Lives": "9lives",
                "a": "acme",
            },
            fold=True,
        ),
        aliases("services", "service", {"Amazon EC2": "EC2", "IDLE": "idle"}, fold=True),
        config("cost_metric", {"value": "amortized", "starts_on": "2026-10-07"}),
        document(
            "cost_rate",
            "snowflake_credit",
            {
                "id": "snowflake_credit",
                "values": spans(
                    {"value": pick(("2.5", "3.0", "1.999999")), "ends_on": "2026-10-04"},
                    {"value": pick(("0.000001", "2.35", "3")), "starts_on": "2026-10-05"},
                ),
            },
        ),
        # The dinar has a rate too late for its first month, the yen in time.
        *(
            document(
                "cost_rate", key, {"id": key, "values": spans({"value": rate, "starts_on": day})}
            )
            for key, rate, day in (("JPY", "0.006789", "2026-09-01"), ("KWD", "3.25", "2026-10-01"))
        ),
        *warehouses(),
    ]
