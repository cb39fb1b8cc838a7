"""A licensee's programs and browsers see what is published for their tenant, and nothing else.

The figures are those of the published documents, to the last character.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from demo_run import DemoRun
from jsonschema import Draft202012Validator
from meterbook.serve.openapi import document
from meterbook.serve.tenant_app import ROUTES
from meterbook_local.clock import FixedClock
from serve.published_world import PublishedWorld, usage_event, write_events

TENANTS = ("juniper", "kestrel", "larkspur", "meridian", "tidewater")
PLACES = [
    "/v1/usage", "/v1/estimate", "/v1/trend?days=90", "/v1/plans", "/v1/usage/events?limit=5",
    "/v1/invoices", "/v1/export/lines", "/", "/modules/-", "/invoices",
]  # fmt: skip


@pytest.fixture(scope="module")
def world(demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> PublishedWorld:
    """The demo's published documents, an hour after they were published."""
    views = demo.root / "views"
    told = json.loads((views / "published.json").read_bytes())
    an_hour_later = FixedClock(datetime.fromisoformat(told["as_of"]) + timedelta(hours=1))
    return PublishedWorld(tmp_path_factory.mktemp("readers"), views, an_hour_later)


def newest(world: PublishedWorld, tenant: str) -> dict[str, Any]:
    """The document of a tenant's newest month, as it is published."""
    store = world.tenants.open(tenant)
    index = json.loads(store.get("index.json"))
    found: dict[str, Any] = json.loads(store.get(index["periods"][0]["key"]))
    return found


@pytest.mark.parametrize("tenant", TENANTS)
def test_the_figures_are_the_published_ones(world: PublishedWorld, tenant: str) -> None:
    month = newest(world, tenant)
    estimate = world.ask("/v1/estimate", tenant).json
    usage = world.ask("/v1/usage", tenant).json
    assert estimate["bill"] == month["bill"]
    assert (estimate["total"], estimate["tenant_id"]) == (month["total"], tenant)
    assert usage["metrics"] == month["metrics"]
    of_modules = sum(Decimal(module["amount"]) for module in estimate["modules"])
    assert of_modules == Decimal(estimate["net"])


@pytest.mark.parametrize("address", [place for place in PLACES if place.startswith("/v1")])
def test_an_answer_is_of_its_described_form(world: PublishedWorld, address: str) -> None:
    described = document()
    path = address.partition("?")[0]
    answers = described["paths"][path]["get"]["responses"]["200"]["content"]
    for tenant in TENANTS:
        said = world.ask(address, tenant)
        assert said.status == 200, said.text
        media_type, schema = next(iter(answers.items()))
        assert said.headers["content-type"].startswith(media_type)
        if media_type == "application/json":
            whole = {**schema["schema"], "components": described["components"]}
            Draft202012Validator(whole).validate(said.json)


def test_the_lines_of_a_month_add_up_to_its_net(world: PublishedWorld) -> None:
    said = world.ask("/v1/export/lines?period=2026-10", "tidewater")
    rows = list(csv.DictReader(io.StringIO(said.text)))
    net = world.ask("/v1/estimate?period=2026-10", "tidewater").json["net"]
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal(net)
    assert "lines-tidewater-2026-10.csv" in said.headers["content-disposition"]


def test_the_trend_goes_back_over_the_months(world: PublishedWorld) -> None:
    days = [one["day"] for one in world.ask("/v1/trend?days=40", "tidewater").json["days"]]
    assert days == sorted(days)
    assert len(days) == 40


def test_an_invoice_is_told_as_it_was_sealed_and_its_files_open(world: PublishedWorld) -> None:
    for entry in world.ask("/v1/invoices", "tidewater").json["invoices"]:
        told = world.ask(f"/v1/invoices/{entry['number']}", "tidewater").json
        assert told["document"]["number"] == entry["number"]
        for kind, address in entry["files"].items():
            way = world.ask(address, "tidewater")
            assert (way.status, way.headers["cache-control"]) == (303, "no-store")
            body, name = world.tenants.opened(way.headers["location"].removeprefix("/files/"))
            assert body[:4] in (b"%PDF", b"PK\x03\x04", b"<?xm")
            assert name.startswith(entry["number"]), kind


@pytest.mark.parametrize(("kind", "begins"), [("csv", b"BilledCost,"), ("parquet", b"PAR1")])
def test_the_way_to_the_focus_file_is_told(world: PublishedWorld, kind: str, begins: bytes) -> None:
    way = world.ask(f"/v1/export/focus?period=2026-10&format={kind}", "tidewater")
    body, name = world.tenants.opened(way.headers["location"].removeprefix("/files/"))
    assert name == f"focus-tidewater-2026-10.{kind}"
    assert body.startswith(begins)


# ---- nothing of anybody else -----------------------------------------------------------------


@pytest.mark.parametrize("form", ["/v1/invoices/{}", "/v1/invoices/{}/pdf", "/invoices/{}"])
def test_anothers_invoice_and_nobodys_are_the_same_to_a_stranger(
    world: PublishedWorld, form: str
) -> None:
    (theirs, *_) = (one["number"] for one in world.ask("/v1/invoices", "kestrel").json["invoices"])
    foreign = world.ask(form.format(theirs), "tidewater")
    unknown = world.ask(form.format("NL-2026-999999"), "tidewater")
    assert (foreign.status, unknown.status) == (404, 404)
    assert foreign.body == unknown.body
    assert foreign.headers == unknown.headers


@pytest.mark.parametrize(
    "address",
    ["/v1/usage?period=2019-01", "/v1/usage/events?day=2019-01-01", "/modules/MOD-999",
     "/metrics/nothing", "/metrics/ml_inference/2019-01-01", "/static/nothing.css",
     f"/events/2026-10-02/{'0' * 24}", "/events/2026-10-02/x", "/modules/..%2F..%2Findex.json"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(world: PublishedWorld, address: str) -> None:
    assert world.ask(address, "tidewater").status == 404


@pytest.mark.parametrize("name", ["tenant", "tenant_id", "account_id", "sub"])
def test_nobody_can_ask_for_another_tenant(world: PublishedWorld, name: str) -> None:
    assert world.ask(f"/v1/usage?{name}=kestrel", "tidewater").status == 400


def test_a_tenant_of_whom_nothing_is_published_finds_nothing(world: PublishedWorld) -> None:
    for address in ("/v1/usage", "/", "/v1/plans"):
        assert world.ask(address, "nobody").status == 404
    assert world.ask("/brand.css", "nobody").status == 200


def test_the_scope_decides_what_is_shown(world: PublishedWorld) -> None:
    for route in ROUTES:
        if route.scope:
            granted = {"usage:read", "invoices:read", "admin:read", "admin:write"} - {route.scope}
            token = world.token("tidewater", " ".join(granted))
            said = world.ask(
                route.rule.replace("<", "").replace(">", ""), "", authorization=f"Bearer {token}"
            )
            assert said.status == 403, route.rule


def test_many_threads_of_many_tenants_each_get_their_own(world: PublishedWorld) -> None:
    alone = {(t, p): world.ask(p, t).body for t in TENANTS for p in PLACES}
    with ThreadPoolExecutor(16) as readers:
        asked = [(t, p) for _ in range(4) for p in PLACES for t in TENANTS]
        told = list(readers.map(lambda one: world.ask(one[1], one[0]).body, asked))
    assert all(body == alone[one] for one, body in zip(asked, told, strict=True))


# ---- what is kept, and how old it is -----------------------------------------------------------


@pytest.mark.parametrize("address", PLACES)
def test_what_the_reader_has_already_is_not_sent_again(world: PublishedWorld, address: str) -> None:
    first = world.ask(address, "tidewater")
    again = world.ask(address, "tidewater", if_none_match=f'"x", W/{first.headers["etag"]}')
    assert (first.status, again.status, again.body) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert world.ask(address, "kestrel", if_none_match=first.headers["etag"]).status == 200


@pytest.mark.parametrize("takes", ["gzip", "br, GZIP;q=0.5", "deflate,gzip"])
@pytest.mark.parametrize("address", ["/", "/v1/estimate", "/openapi.json"])
def test_who_takes_gzip_is_sent_less(world: PublishedWorld, takes: str, address: str) -> None:
    plain, packed = (world.ask(address, "tidewater", accept_encoding=one) for one in ("", takes))
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) * 2 < len(plain.body)
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"]
    etag = packed.headers["etag"]
    assert etag != plain.headers["etag"]
    again = world.ask(address, "tidewater", accept_encoding=takes, if_none_match=etag)
    assert (again.status, again.body, "content-encoding" in again.headers) == (304, b"", False)


@pytest.mark.parametrize("takes", ["", "br", "gzip;q=0", "gzip; q=0.0", "x-gzip"])
def test_who_does_not_take_gzip_is_sent_none(world: PublishedWorld, takes: str) -> None:
    said = world.ask("/", "tidewater", accept_encoding=takes)
    assert "content-encoding" not in said.headers
    assert said.text.startswith("<!doctype html>")


def test_what_is_published_anew_is_seen_at_once(tmp_path: Path) -> None:
    small = PublishedWorld(tmp_path, tmp_path / "views")
    events = [usage_event("2026-12-01T00:00:00Z", "a")]
    write_events(small.views_root, events)
    first = small.ask("/v1/usage/events")
    write_events(small.views_root, [*events, usage_event("2026-12-01T00:00:01Z", "b")])
    assert (
        len(small.ask("/v1/usage/events", if_none_match=first.headers["etag"]).json["events"]) == 2
    )


@pytest.mark.parametrize(("hours", "is_stale"), [(4.4, False), (4.6, True)])
def test_figures_that_are_late_say_so(tmp_path: Path, hours: float, is_stale: bool) -> None:
    then = datetime(2026, 12, 15, 8, tzinfo=UTC) + timedelta(hours=hours)
    late = PublishedWorld(tmp_path, tmp_path / "views", FixedClock(then))
    write_events(late.views_root, [usage_event("2026-12-01T00:00:00Z", "a")])
    said = late.ask("/v1/usage/events").json
    assert (said["as_of"], said["is_stale"]) == ("2026-12-15T08:00:00Z", is_stale)


def test_an_answer_is_given_from_memory_until_the_set_changes(world: PublishedWorld) -> None:
    for place in PLACES:
        assert world.ask(place, "juniper").body == world.ask(place, "juniper").body


# ---- in a browser ----------------------------------------------------------------------------


def test_who_is_not_signed_in_is_led_there_and_back(world: PublishedWorld) -> None:
    said = world.ask("/metrics/ml_inference?period=2026-10", "")
    assert said.status == 303
    back = "/sign-in?to=%2Fmetrics%2Fml_inference%3Fperiod%3D2026-10"
    assert said.headers["location"] == back


def test_every_page_opens_in_a_session(world: PublishedWorld) -> None:
    for page in walk(world):
        said = world.open(page, "tidewater")
        assert said.status == 200, page
        assert said.headers["content-type"] == "text/html; charset=utf-8"


def walk(world: PublishedWorld) -> Iterator[str]:
    yield from ("/", "/?period=2026-10", "/modules/-", "/invoices", "/invoices/NL-2026-000003")
    (event, *_) = world.ask("/v1/usage/events?period=2026-10", "tidewater").json["events"]
    day, metric = event["time"][:10], event["metric"]
    yield from (f"/metrics/{metric}?period=2026-10", f"/metrics/{metric}/{day}")
    yield from (f"/metrics/{metric}/{day}?limit=1", f"/events/{day}/{event['ref']}")


def test_what_pages_load_is_kept_for_ever_and_needs_no_token(world: PublishedWorld) -> None:
    html = world.open("/", "tidewater").text
    css = html.partition('rel="stylesheet" href="')[2].partition('"')[0]
    said = world.ask(css, "")
    assert (said.status, said.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert said.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_sign_of_the_seller_can_do_nothing_by_itself(world: PublishedWorld) -> None:
    said = world.open("/logo", "tidewater")
    assert (said.status, said.headers["content-type"]) == (200, "image/svg+xml")
    assert "sandbox" in said.headers["content-security-policy"]


def test_no_schema_library_is_loaded_where_requests_are_answered() -> None:
    heavy = ("boto3", "duckdb", "jsonschema", "lxml", "pydantic", "snowflake", "sqlglot", "yaml")
    script = "import sys, meterbook.serve.tenant_app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not set(heavy) & set(done.stdout.split())
