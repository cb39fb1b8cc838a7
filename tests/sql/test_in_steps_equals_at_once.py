"""Law 4: refreshing after every piece gives the same tables as refreshing once, for every model.

The pieces are small on purpose and nasty on purpose: catalog versions that arrive late, events told
twice and told differently, bills that are restated, replaced, added to, or miss a file for a while.
"""

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterbook.delivery import ControlTotal, Delivery, close_delivery, land_rows
from meterbook.errors import FileRefused
from meterbook.sqlfiles import SqlFile, read_sql
from meterbook_local.dialect import parse
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from oracle.month_closes import Close, close_row, term
from oracle.month_credits import hour_row, query_row, warehouse_service

NOW = datetime(2026, 11, 3, tzinfo=UTC)
FILES = read_sql("tables") + read_sql("models")
MODELS = {
    file.name: parse(file.text, file.path)[0].expression.named_selects
    for file in FILES
    if file.refresh
}
TENANTS = ["acme", "globex"]
DAYS = [date(2026, 10, day) for day in (1, 2, 31)] + [date(2026, 11, 1)]
ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}


def document(kind, id, body, **dates):
    return {"kind": kind, "id": id, "document": {"id": id.split(":")[0], **ALWAYS, **body, **dates}}


def plan(version, price, levy=True, **more):
    metrics = ["calls"] if version == 1 else ["calls", "snowflake_credits"]
    tiers = [
        {"tier": "1", "up_to": "9", "unit_price": price},
        {"tier": "2", "up_to": "", "unit_price": "0.1"},
    ]
    rates = [
        {"metric": name, "included": "10", "unit_price": price, "unit_size": "1", "tiers": tiers}
        | ({"pricing": "graduated"} if version == 2 else {})
        for name in metrics
    ]
    return document(
        "plan",
        f"basic:{version}",
        {
            "version": str(version),
            "currency": "USD",
            "passthrough": ["aws", "external", "snowflake"] if version == 1 else [],
            "levy": {"metric": "customers", "unit_price": "0.35", "unit_size": "1"} if levy else {},
            "facility_fees": [{"module_id": "m1", "fee": "20"}],
            "rates": rates,
            **more,
        },
    )


def account(currency, *tenants, **more):
    links = [{"tenant_id": tenant, **ALWAYS} for tenant in tenants]
    return document(
        "account", "a-acme", {"seller": "us", "currency": currency, "tenants": links, **more}
    )


def tenant(name, tiers, **dates):
    subscriptions = [
        {"plan_id": "basic", "plan_version": version, "starts_on": start, "ends_on": end}
        for version, start, end in tiers
    ]
    modules = [{"module_id": "m1", **ALWAYS}]
    return document(
        "tenant", name, {"name": name, "modules": modules, "subscriptions": subscriptions}, **dates
    )


def rule(id, position, method, owner="", metric="", start="1900-01-01", **more):
    match = {"source": "", "owner_tag": owner, "module_tag": "", "service": "", "account": ""}
    match |= more.pop("match", {})
    name, version = id.split(":")
    body = {"version": version, "position": position, "method": method, "match": match}
    terms = {"metric": metric, "shares": [], "tenants": [], **more}
    return document("allocation_rule", f"{name}:{version}", {**body, **terms}, starts_on=start)


def config(key, value):
    return document("config", key, {"values": [{"value": value, **ALWAYS}]})


def owners(by, pairs):
    listed = [{"value": value, "owner": owner, **ALWAYS} for value, owner in pairs.items()]
    return document("query_owners", by, {"by": by, "owners": listed})


def metric(name, aggregation="sum", counts=""):
    body = {"unit": "call", "aggregation": aggregation, "counts": counts, "visibility": "licensee"}
    return document("metric", name, body)


FULL_YEAR = ("1", "2026-01-01", "9999-12-31")
DISCOUNTS = [{"id": "ten", "percent": "10", "kinds": ["facility", "minimum"], **ALWAYS}]
CREDITS = [{"id": "sorry", "tenant_id": "acme", "period": "2026-10", "amount": "3"}]
REVISIONS = [
    [
        *(config(*pair) for pair in [("unattributed_threshold", "0.02"), ("settle_hours", "48")]),
        config("cost_source", "cur"),
        metric("calls"),
        metric("customers", "distinct", "customer"),
        plan(1, "0.5"),
        tenant("acme", [FULL_YEAR]),
        account("USD", "acme"),
        rule("own:1", "1", "tag"),
        rule("shared:1", "2", "usage_share", "pool", "calls"),
        rule("idle:1", "0", "platform", match={"source": "snowflake", "service": "idle"}),
        metric("snowflake_credits"),
        config("cost_metric", "amortized"),
        document("cost_rate", "snowflake_credit", {"values": [{"value": "2.5", **ALWAYS}]}),
        document("warehouse", "OWN_WH", {"dedicated_to": "acme", "otherwise": ""}),
        owners("role", {"LOADER": "pool"}),
    ],
    [
        plan(
            2,
            "0.25",
            levy=False,
            minimum="50",
            prorate="daily",
            markups=[{"source": "aws", "percent": "5"}],
        ),
        account("USD", "acme", "globex", discounts=DISCOUNTS, credits=CREDITS),
        tenant("globex", [("2", "2026-10-02", "9999-12-31")]),
        rule("shared:2", "2", "usage_share", "pool", "customers", start="2026-10-31"),
        rule(
            "agreed:1",
            "4",
            "fixed_share",
            "who",
            start="2026-10-02",
            shares=[
                {"tenant_id": "acme", "share": "0.333333"},
                {"tenant_id": "globex", "share": "0.666667"},
            ],
        ),
        rule("rest:1", "9", "even"),
        document("warehouse", "OWN_WH", {"dedicated_to": "", "otherwise": "globex"}),
        rule("ours:1", "3", "platform", "ops"),
        document(
            "tag_aliases",
            "owners",
            {"tag": "owner", "fold": True, "aliases": [{"raw": "shared", "value": "pool"}]},
        ),
    ],
    [
        tenant("acme", [FULL_YEAR], ends_on="2026-11-01"),
        config("unattributed_threshold", "0.5"),
        config("cost_source", "aws_cost"),
        config("cost_metric", "unblended"),
        document("cost_rate", "snowflake_credit", {"values": [{"value": "3.0", **ALWAYS}]}),
        document("cost_rate", "EUR", {"values": [{"value": "1.25", **ALWAYS}]}),
        account("EUR", "acme", "globex"),
    ],
]


def catalog_delivery(number):
    rows = [
        {"revision": number + 1, "removed": False, "commit": "", **row} for row in REVISIONS[number]
    ]
    return ("catalog", f"{number + 1:08d}", "catalog", rows, {}, False)


def october_closed():
    """The account's October, closed with a card and a rate that the catalog knows otherwise."""
    terms = [
        term("tenant", "acme", "us", place=2, detail="EUR"),
        term("card", "acme", "basic", 2, 1, "31"),
        term("discount", "", "half", amount="50", detail="levy,minimum"),
        term("rate", "", "EUR", amount="1.1"),
    ]
    row = close_row(Close("2026-10", "a-acme", "EUR", terms))
    return ("closes", "2026-10.a-acme", "closes", [row], {}, False)


def usage_rows(events):
    """One pack of (key, tenant, day, metric, quantity, customer), and one record that is no pack."""
    packed = [
        {
            "id": f"e{key}",
            "source": "/m1/host",
            "type": kind,
            "subject": who,
            "time": f"{day}T10:00:00Z",
            "data": {"quantity": quantity, "unit": "call", "attributes": {"customer": customer}},
        }
        for key, who, day, kind, quantity, customer in events
    ]
    return [{"detail": {"count": len(packed), "events": packed}}, {"detail": "cut"}]


@st.composite
def usage_delivery(draw, number):
    events = draw(st.lists(st.tuples(
        st.integers(0, 4), st.sampled_from([*TENANTS, *TENANTS, "nobody"]), st.sampled_from(DAYS[1:3]),
        st.sampled_from(["calls", "calls", "customers"]), st.sampled_from(["7", "7.5", "30", "NaN"]),
        st.sampled_from(["c1", "c2", "c2", ""])), min_size=2, max_size=8))  # fmt: skip
    return ("usage", f"u{number}", "usage:t", usage_rows(events), {}, False)


@st.composite
def cost_delivery(draw, number):
    stream = draw(st.sampled_from(["cur", "cur", "aws_cost", "external_cost"]))
    lines = draw(st.lists(st.tuples(
        st.sampled_from(DAYS), st.sampled_from(["acme", "globex", "pool", "P-ool ", "ops", "", "who"]),
        st.sampled_from(["1.05E-8", "10", "0.333333333333", "-4", "2.5"])), min_size=1, max_size=8))  # fmt: skip
    rows = [
        {"usage_date": str(day), "cost": cost, "currency": "USD", "service": "S3", "owner_tag": tag}
        for day, tag, cost in lines
    ]
    if draw(st.booleans()):
        rows = [{**row, "amortized_cost": "3"} for row in rows]
    totals = {day: total_of(row for row in rows if row["usage_date"] == str(day)) for day in DAYS}
    covered = {
        day: totals[day] for day in DAYS[: draw(st.integers(0, 2))] + [one[0] for one in lines]
    }
    scope = draw(st.sampled_from(["p:x", "p:x:added"]))
    return (stream, f"c{number}", scope, rows, covered, draw(st.integers(0, 3)) == 0)


def total_of(rows):
    """A day's unblended total, and the amortized one where every row tells it."""
    told = list(rows)
    spread = [Decimal(row["amortized_cost"]) for row in told if "amortized_cost" in row]
    return sum((Decimal(row["cost"]) for row in told), Decimal(0)), sum(spread) if spread else None


@st.composite
def export(draw, number):
    """Two hours of two warehouses, queries over an hour and over midnight, and the days' services."""
    day, credits = (
        draw(st.sampled_from([DAYS[:2], DAYS[1:2]])),
        st.sampled_from(["42", "0.0000000007"]),
    )
    spent, name = st.sampled_from(["0", "600001", "7200000"]), st.sampled_from(["OWN_WH", "WH"])
    hours = [
        hour_row(
            where,
            f"{one}T{hour}:00:00+00:00",
            draw(credits),
            "0.5",
            draw(st.sampled_from([None, "1"])),
        )
        for one in day
        for where in ("OWN_WH", "WH")
        for hour in ("00", "23")
    ]
    queries = [
        query_row(
            f"q{at}-{one}",
            draw(name),
            f"{one}T{at}+00:00",
            draw(spent),
            draw(st.sampled_from(["", "acme"])),
            draw(st.sampled_from(["LOADER", "R"])),
            "U",
        )
        for one in day
        for at in ("00:10:00.5", "23:59:59.999")
    ]
    rows = hours + queries + warehouse_service(hours, {str(one): Decimal("-0.3") for one in day})
    totals = {one: (Decimal(0), None) for one in day}
    return ("account_usage", f"s{number}", "account_usage", rows, totals, False)  # fmt: skip


def decision(stream, number):
    subject = {
        "decision": "accept_delivery",
        "stream": stream,
        "subject": f"c{number}",
        "actor": "ada",
    }
    told = {**subject, "reason": "seen", "decided_at": "2026-11-03T00:00:00Z"}
    return ("decisions", f"accept_delivery.{stream}.c{number}", "decisions", [told], {}, False)


@st.composite
def pieces(draw):
    first = [catalog_delivery(0), catalog_delivery(1)]
    then = [catalog_delivery(2)]
    then += [draw(usage_delivery(number)) for number in range(draw(st.integers(1, 2)))]
    then += [draw(cost_delivery(number)) for number in range(draw(st.integers(2, 3)))]
    then += [draw(export(number)) for number in range(draw(st.integers(1, 2)))]
    then += [october_closed()] if draw(st.booleans()) else []
    then += [decision("cur", draw(st.integers(0, 2)))] if draw(st.booleans()) else []
    if draw(st.integers(0, 3)) == 0:  # facts before the catalog that judges them
        return draw(st.permutations(first + then))
    return first + draw(st.permutations(then))


def land(store, piece):
    stream, delivery_id, scope, rows, totals, replaces = piece
    days = [ControlTotal(day, total, 1, spread) for day, (total, spread) in totals.items()]
    order = NOW + timedelta(seconds=int(delivery_id[-1])) if delivery_id[-1].isdigit() else NOW
    return Delivery(
        delivery_id, stream, scope[:3], scope, order, land_rows(store, stream, delivery_id, rows),
        days, "p" if "cost" in stream or stream == "cur" else "", replaces,
    )  # fmt: skip


def contents(warehouse):
    return {
        name: sorted(warehouse.query(f"select {', '.join(columns)} from {name}"), key=repr)
        for name, columns in MODELS.items()
    }


def difference(files, landed, root, late=None):
    """The models whose rows differ between refreshing after every piece and refreshing once."""
    steps, once, store = DuckDBWarehouse(), DuckDBWarehouse(), FolderStore(root)
    steps.apply(files)
    once.apply(files)
    for number, piece in enumerate(landed):
        delivery = land(store, piece)
        close_delivery(store, delivery)
        if number == late:  # the closing record overtakes its rows
            path = root / delivery.files[0].file_name
            body = path.read_bytes()
            path.unlink()
            steps.load(store, NOW)
            steps.refresh()
            path.write_bytes(body)
        steps.load(store, NOW)
        steps.refresh()
    once.load(store, NOW)
    once.refresh()
    stepped, at_once = contents(steps), contents(once)
    steps.close()
    once.close()
    assert at_once["metering.usage_lines"]
    return [name for name in stepped if stepped[name] != at_once[name]]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return tmp_path_factory.mktemp("stores")


@settings(max_examples=3, deadline=None, derandomize=True)
@given(data=st.data())
def test_refreshing_after_every_piece_equals_refreshing_once(data, stores):
    landed = data.draw(pieces())
    late = data.draw(st.integers(0, len(landed) - 1))
    root = stores / str(len(list(stores.iterdir())))
    assert difference(FILES, landed, root, late) == []


OCTOBER_2 = date(2026, 10, 2)
TOLD_TWICE = [
    catalog_delivery(0),
    catalog_delivery(1),
    ("cur", "c1", "p:x", [{"usage_date": "2026-10-02", "cost": "9", "currency": "USD", "service": "S3",
                           "owner_tag": "pool"}], {OCTOBER_2: (Decimal(9), None)}, False),
    ("usage", "u1", "usage:t", usage_rows([
        (1, "acme", OCTOBER_2, "calls", "7", ""), (2, "acme", OCTOBER_2, "customers", "1", "c1")]), {}, False),
    ("usage", "u2", "usage:t", usage_rows([
        (1, "acme", OCTOBER_2, "calls", "7", ""), (3, "globex", OCTOBER_2, "calls", "2", ""),
        (4, "acme", OCTOBER_2, "customers", "1", "c1")]), {}, False),
]  # fmt: skip


def test_a_model_kept_by_the_wrong_columns_is_caught(tmp_path):
    """Those of usage are in test_usage_however_it_arrives.py."""
    wrong = "refresh: append by usage_date, split_by, tenant_id"
    files = [
        SqlFile(file.path, file.text.replace("refresh: parts by usage_date", wrong))
        if file.name.endswith(".split_shares")
        else file
        for file in FILES
    ]
    assert files != FILES
    assert difference(FILES, TOLD_TWICE, tmp_path / "right") == []
    assert "metering.split_shares" in difference(files, TOLD_TWICE, tmp_path / "wrong")


def test_a_refresh_without_news_touches_nothing(tmp_path):
    warehouse = DuckDBWarehouse()
    warehouse.apply(FILES)
    store = FolderStore(tmp_path)
    close_delivery(store, land(store, catalog_delivery(0)))
    warehouse.load(store, NOW)
    warehouse.refresh()
    assert {model.how for model in warehouse.refresh()} == {"unchanged"}
    warehouse.close()


def test_a_changed_text_is_filled_again_with_all_that_reads_it(tmp_path):
    warehouse = DuckDBWarehouse()
    warehouse.apply(FILES)
    warehouse.refresh()
    for reason, changes, filled in (
        ("'time_not_utc'", "metering.usage_lines", "metering.usage_lines"),
        ("'unit_mismatch'", "metering.usage_judged", "metering.usage_rejects"),  # a view it reads
    ):
        changed = [SqlFile(file.path, file.text.replace(reason, "'no'")) for file in FILES]
        assert warehouse.apply(changed) == [changes]
        assert {model.name: model.how for model in warehouse.refresh()}[filled] == "whole"
        warehouse.apply(FILES)
        warehouse.refresh()
    warehouse.close()


def events_file(store, name, *keys):
    """A file of usage as Firehose writes it."""
    (pack, _) = usage_rows([(key, "acme", OCTOBER_2, "calls", "7", "") for key in keys])
    store.put_if_absent(
        f"usage/2026/10/02/{name}.jsonl.gz", gzip.compress(json.dumps(pack).encode())
    )


def counted(warehouse):
    return warehouse.query("select count(*) as n from metering.usage_events")[0]["n"]


def test_a_file_of_usage_that_cannot_be_read_is_named_and_comes_in_when_it_is_mended(tmp_path):
    store, warehouse = (
        FolderStore(tmp_path / "landing"),
        DuckDBWarehouse(None, tmp_path / "landing"),
    )
    warehouse.apply(FILES)
    close_delivery(store, land(store, catalog_delivery(0)))
    events_file(store, "whole", 1, 2)
    store.put_if_absent("usage/2026/10/02/cut.jsonl.gz", b"no gzip")
    warehouse.load(store, NOW)
    with pytest.raises(FileRefused, match=r"usage/2026/10/02/cut\.jsonl\.gz"):
        warehouse.refresh()
    (tmp_path / "landing/usage/2026/10/02/cut.jsonl.gz").unlink()
    events_file(store, "cut", 3)
    assert [one.delivery_id for one in warehouse.load(store, NOW)] == [
        "usage/2026/10/02/cut.jsonl.gz"
    ]
    warehouse.refresh()
    assert counted(warehouse) == 3
    warehouse.close()


def test_a_book_of_an_earlier_layout_is_built_again_from_landing(tmp_path):
    with duckdb.connect(str(tmp_path / "book.duckdb")) as old:
        old.execute(
            "create schema engine; create table engine.applied (path varchar, sha256 varchar)"
        )
        old.execute("create schema metering; create table metering.landed_usage (record json)")
    store = FolderStore(tmp_path / "landing")
    close_delivery(store, land(store, catalog_delivery(0)))
    events_file(store, "one", 1)
    for _ in range(2):  # and the second time it is one of this layout
        warehouse = DuckDBWarehouse(tmp_path / "book.duckdb", tmp_path / "landing")
        warehouse.apply(FILES)
        warehouse.load(store, NOW)
        warehouse.refresh()
        assert counted(warehouse) == 1
        warehouse.close()


def test_a_landed_record_is_found_where_it_lies_with_its_row(tmp_path):
    store, warehouse = (
        FolderStore(tmp_path / "elsewhere"),
        DuckDBWarehouse(tmp_path / "book.duckdb"),
    )
    warehouse.apply(FILES)
    close_delivery(store, land(store, usage_of([1, 2], [3])))
    warehouse.load(store, NOW)
    warehouse.refresh()
    rows = warehouse.query(
        "select file_row, record:detail.count::number(38, 0) as n from metering.landed_usage order by 1"
    )
    assert [(int(row["file_row"]), int(row["n"])) for row in rows] == [(1, 2), (2, 1)]
    warehouse.close()


def usage_of(*packs):
    rows = [
        usage_rows([(key, "acme", OCTOBER_2, "calls", "7", "") for key in keys])[0]
        for keys in packs
    ]
    return ("usage", "u1", "usage:t", rows, {}, False)
