"""What a provider charges lands day by day as it was written, whole or not at all.

The providers are documents of the catalog and servers on this machine.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from close.disturbed import Crash, Disturbance, DisturbedStore
from costs.provider_server import Answer, Provider, serving, told
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.costs import external_answer
from meterbook.costs.external_provider import ExternalProvider
from meterbook.costs.fetch_external_costs import (
    ExternalFetched,
    fetch_external_costs,
    land_external_costs,
)
from meterbook.costs.window import Days
from meterbook.errors import (
    ExternalCostsFailed,
    ExternalCostsRefused,
    InputRefused,
    MeterbookError,
    Refused,
)
from meterbook.http.external_costs import RETRIES, HttpExternalCosts
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore

NOW = datetime(2026, 10, 4, 6, 30, tzinfo=UTC)
DAYS = Days(date(2026, 10, 1), date(2026, 10, 4))
TWILIO = """
kind: external_provider
id: {id}
url: {url}/usage?from={{start}}&to={{last}}
format: json
rows: usage.records
next: links.next
total: usage.total
columns:
  usage_date: day
  cost: price.amount
  currency: {{value: USD}}
  service: category
  owner_tag: subaccount
"""
MAIL = """
kind: external_provider
id: {id}
url: {url}/mail/{{start}}/{{end}}
format: csv
columns: {{usage_date: Day, cost: Cost, currency: Currency, service: {{value: mail}}, owner_tag: Team}}
"""


def record(day: int = 1, cost: Any = "1.25", **more: Any) -> dict[str, Any]:
    return {"day": f"2026-10-{day:02d}", "price": {"amount": cost}, **more}


def usage(*records: Any, total: Any, following: Any = None) -> Answer:
    return told(usage={"records": records, "total": total}, links={"next": following})


def document(folder: Path, text: str) -> Any:
    folder.mkdir(exist_ok=True)
    (folder / "provider.yaml").write_text(text, "utf-8")
    (found,) = read_catalog(folder)
    return found.body


@dataclass
class Desk:
    """A landing area, a provider that listens, and the way from one to the other."""

    folder: Path
    server: Provider
    landing: FolderStore = field(init=False)

    def __post_init__(self) -> None:
        self.landing = FolderStore(self.folder / "landing")

    def provider(self, form: str = TWILIO, id: str = "twilio") -> ExternalProvider:
        text = form.format(id=id, url=self.server.url)
        return ExternalProvider.of(document(self.folder / "one", text))

    def land(
        self, form: str = TWILIO, now: datetime = NOW, store: Any = None, id: str = "twilio"
    ) -> ExternalFetched:
        provider = self.provider(form, id)
        return land_external_costs(store or self.landing, now, asking(), provider, DAYS)

    def rows(self) -> list[dict[str, Any]]:
        files = [self.landing.get(key) for key in self.landing.keys("external_cost/")]
        return [json.loads(line) for file in files for line in gzip.decompress(file).splitlines()]

    def closed(self) -> list[dict[str, Any]]:
        keys = self.landing.keys("deliveries/external_cost/")
        return [json.loads(self.landing.get(key)) for key in keys]


def asking() -> HttpExternalCosts:
    return HttpExternalCosts({}.__getitem__, RETRIES.new(total=0))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serving() as server:
        yield Desk(tmp_path, server)


# ------------------------------------------------------------------------------ what is landed


def test_the_days_are_put_into_the_address(desk: Desk) -> None:
    desk.server.says("/usage", usage(total=0))
    desk.server.says("/mail/2026-10-01/2026-10-04", Answer(b"Day,Cost,Currency,Team\n"))
    desk.land()
    desk.land(MAIL)
    addresses = [address for address, _ in desk.server.asked]
    assert addresses == ["/usage?from=2026-10-01&to=2026-10-03", "/mail/2026-10-01/2026-10-04"]


@pytest.mark.parametrize("written", ["0.10", "1e-12", "-0.000000000001", "123456789012.25", "3"])
def test_a_cost_lands_as_it_was_written(desk: Desk, written: str) -> None:
    whole = b'{"usage": {"total": %s, "records": [{"day": "2026-10-01", "price": {"amount": %s}}]}}'
    desk.server.says("/usage", Answer(whole.replace(b"%s", written.encode())))
    assert desk.land().control_usd == Decimal(written)
    assert desk.rows() == [{"usage_date": "2026-10-01", "cost": written, "currency": "USD"}]


def test_rows_of_json_land_with_the_fields_that_the_document_names(desk: Desk) -> None:
    acme = record(2, "0.5", category="sms", subaccount="acme", body="not asked for")
    nobody = record(2, "0.25", category="", subaccount=None)
    desk.server.says("/usage", usage(acme, nobody, total="0.75"))
    desk.land()
    common = {"usage_date": "2026-10-02", "currency": "USD"}
    assert desk.rows() == [
        common | {"cost": "0.5", "service": "sms", "owner_tag": "acme"},
        common | {"cost": "0.25"},
    ]


def test_text_that_is_no_unicode_lands_visibly(desk: Desk) -> None:
    desk.server.says("/usage", usage(record(1, "1", category="\ud800\u00e9\0"), total="1"))
    desk.land()
    assert desk.rows()[0]["service"] == "\\ud800é\0"


def test_rows_of_csv_land_with_the_fields_that_the_document_names(desk: Desk) -> None:
    lines = (
        b'\xef\xbb\xbfTeam,Day,Cost,Currency\r\n"a,b",2026-10-03T23:59:59Z,0.0000001,USD\r\n\r\n'
    )
    desk.server.says("/mail/2026-10-01/2026-10-04", Answer(lines))
    desk.land(MAIL)
    assert desk.rows() == [
        {
            "usage_date": "2026-10-03",
            "cost": "0.0000001",
            "currency": "USD",
            "service": "mail",
            "owner_tag": "a,b",
        }
    ]


def test_every_day_that_was_asked_has_a_total_also_one_without_a_row(desk: Desk) -> None:
    desk.server.says("/usage", usage(record(2, "0.1"), record(2, "0.2"), total="0.3"))
    done = desk.land()
    (closed,) = desk.closed()
    assert [(day["control_usd"], day["row_count"]) for day in closed["days"]] == [
        ("0", 0),
        ("0.3", 2),
        ("0", 0),
    ]
    names = ("stream", "payer", "family", "scope", "replaces")
    assert [closed[name] for name in names] == [
        "external_cost",
        "twilio",
        "twilio:external",
        "twilio:external",
        False,
    ]
    assert (done.provider, done.rows, done.control_usd) == ("twilio", 2, Decimal("0.3"))


def test_pages_are_followed_to_the_last(desk: Desk) -> None:
    desk.server.says("/usage", usage(record(1), total="3.75", following="/second?page=2"))
    second = f"{desk.server.url}/third"
    desk.server.says("/second", usage(record(2), total="3.75", following=second))
    desk.server.says("/third", usage(record(3), total=None, following=""))
    assert desk.land().control_usd == Decimal("3.75")
    assert [row["usage_date"][-2:] for row in desk.rows()] == ["01", "02", "03"]


def test_a_later_fetch_comes_later_even_if_the_clock_went_back(desk: Desk) -> None:
    """Also where another provider's id begins like this one's delivery ids."""
    desk.server.says("/usage", usage(total=0))
    ids = [desk.land(id="a.external").delivery_id, desk.land(id="a").delivery_id]
    again = desk.land(id="a", now=NOW.replace(year=2025)).delivery_id
    assert ids == ["a.external.external.20261004T063000000000", "a.external.20261004T063000000000"]
    assert again == "a.external.20261004T063000000001"


def test_a_run_that_dies_leaves_no_delivery(desk: Desk) -> None:
    desk.server.says("/usage", usage(record(), total="1.25"))
    for before in range(2):
        with pytest.raises(Crash):
            desk.land(store=DisturbedStore(desk.landing, Disturbance(before)))
    assert desk.closed() == []
    assert desk.land().rows == 1
    assert len(desk.closed()) == 1


def test_of_two_runs_at_the_same_moment_one_counts(desk: Desk) -> None:
    desk.server.says("/usage", usage(record(), total="1.25"))
    quicker = Disturbance(1, desk.land)
    with pytest.raises(Refused, match=r"twilio .*another run"):
        desk.land(store=DisturbedStore(desk.landing, quicker))
    assert len(desk.closed()) == 1


# ------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (usage(record(1, "1"), record(2, "2"), total="3.01"), "3.01 USD, its rows sum to 3 USD"),
        (usage(record(1, "1"), total=None), "no total at 'usage.total'"),
        (usage(record(1, "1"), total="about 1"), "'about 1'.* no cost"),
        (usage(total="0.01"), "0.01 USD, its rows sum to 0 USD"),
        (usage(record(4), total="1.25"), "2026-10-04, which was not asked.*{last}"),
        (usage(record(1), record(1, None), total="1"), "row 2 of page 1.* cost .*price.amount.* empty"),
        (usage(record(1, "1,5"), total="1"), "'1,5', which is no cost"),
        (usage(record(1, "1e-13"), total="1"), "12 decimals"),
        (usage(record(1, ["1"]), total="1"), "price.amount.* no text and no number"),
        (usage(record(1, True), total="1"), "price.amount.* no text and no number"),
        (usage({"price": {"amount": 1}}, total="1"), "usage_date at day is empty or missing"),
        (usage("2026-10-01", total="1"), "usage_date at day is empty or missing"),
        (told(usage={"records": None}), "no list of rows at 'usage.records'"),
        (told(error="none today"), "no list of rows"),
        (Answer(b""), "not JSON"),
        (Answer(b"<html>"), "not JSON"),
        (Answer(b"[" * 100_000), "not JSON"),
        (Answer(b'{"usage": {"total": 1, "records": [{"day": "2026-10-01", "price": {"amount": NaN}}]}}'), "'NaN'"),
        (usage(record(1), total="1.25", following="https://example.com/next"), "another host, 'example.com'"),
        (usage(record(1), total="1.25", following="//127.0.0.1:1/next"), "another host"),
        (usage(record(1), total="1.25", following="http://[next"), "no address"),
        (usage(record(1), total="1.25", following="/usage?from=2026-10-01&to=2026-10-03"), "given before"),
        (usage(record(1), total=None, following="/usage?from=2026-10-01&to=2026-10-03#2"), "given before"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_taken_lands_nothing(
    desk: Desk, answer: Answer, because: str
) -> None:
    desk.server.says("/usage", answer)
    with pytest.raises(InputRefused, match=f"(?s)twilio.*{because}"):
        desk.land()
    assert desk.closed() == []
    assert desk.rows() == []


@pytest.mark.parametrize(
    ("lines", "because"),
    [
        (b"", "no column"),
        (b"Day,Cost,Team\n", "no column 'Currency'"),
        (b"Day,Cost,Currency,Team,Day\n", "two columns 'Day'"),
        (b"Day,Cost,Currency,Team\n2026-10-01,1,USD\n", "line 2"),
        (b'Day,Cost,Currency,Team\n2026-10-01,1,USD,"a\n', "line 2.* quote"),
        (b"Day,Cost,Currency,Team\n2026-10-01,1,EUR,a\n", "currency at Currency is 'EUR'"),
    ],
)
def test_csv_that_cannot_be_taken_lands_nothing(desk: Desk, lines: bytes, because: str) -> None:
    desk.server.says("/mail/2026-10-01/2026-10-04", Answer(lines))
    with pytest.raises(InputRefused, match=f"mail.*{because}"):
        desk.land(MAIL, id="mail")
    assert desk.closed() == []


def test_a_page_that_is_lost_is_missed_by_the_total(desk: Desk) -> None:
    """Enumerated: any one of three pages."""
    for lost in range(3):
        pages = [record(day) for day in (1, 2, 3) if day - 1 != lost]
        desk.server.says("/usage", usage(pages[0], total="3.75", following="/more"))
        desk.server.says("/more", usage(pages[1], total="3.75"))
        with pytest.raises(InputRefused, match=r"3\.75 USD, its rows sum to 2\.50 USD"):
            desk.land()
    assert desk.closed() == []


def test_pages_that_never_end_are_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_answer, "MOST_PAGES", 5)
    following = [usage(total=0, following=f"/usage?page={n}") for n in range(9)]
    desk.server.says("/usage", *following)
    with pytest.raises(InputRefused, match="more than 5 pages"):
        desk.land()
    desk.server.says("/usage", *following[:4], usage(total=0))
    assert desk.land().rows == 0


# ------------------------------------------------------------------------------------- the job


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with nothing in it, which each test copies."""
    path = tmp_path_factory.mktemp("founded") / "book.duckdb"
    with closing(DuckDBWarehouse(path)) as warehouse:
        Book(warehouse, FolderStore(path.parent / "landing"), FixedClock(NOW)).apply()
    return path


@pytest.fixture
def found(founded: Path, desk: Desk) -> Iterator[Callable[..., Book]]:
    """A way to found a book on some documents."""
    path = shutil.copy(founded, desk.folder / "book.duckdb")
    with closing(DuckDBWarehouse(path)) as warehouse:

        def book_of(*documents: str) -> Book:
            catalog = desk.folder / "catalog"
            catalog.mkdir()
            (catalog / "all.yaml").write_text("\n---\n".join(documents), "utf-8")
            book = Book(warehouse, desk.landing, FixedClock(NOW))
            book.apply()
            apply_catalog(book, read_catalog(catalog))
            return book

        yield book_of


def test_one_provider_that_fails_does_not_keep_the_others_from_landing(
    desk: Desk, found: Any
) -> None:
    url = desk.server.url
    forms = {"first": TWILIO, "broken": MAIL, "over": MAIL + "until: 2026-08-31\n", "last": TWILIO}
    book = found(*(form.format(id=id, url=url) for id, form in forms.items()))
    desk.server.says("/usage", usage(record(1, "2", subaccount="acme"), total="2"))
    with pytest.raises(ExternalCostsRefused, match=r"broken .*404"):
        fetch_external_costs(book, asking())
    assert [closed["payer"] for closed in desk.closed()] == ["first", "last"]
    shown: list[Any] = book.show("v_external_api_costs")
    assert [(r["provider"], r["owner_tag"], r["cost_usd"]) for r in shown] == [
        ("first", "acme", 2),
        ("last", "acme", 2),
    ]


def test_it_asks_from_the_first_day_of_the_month_before_while_a_provider_is_in_force(
    desk: Desk, found: Any
) -> None:
    ended = TWILIO + "from: 2026-09-10\nuntil: 2026-10-02\n"
    documents = [ended.format(id="ended", url=desk.server.url)]
    documents.append(MAIL.format(id="mail", url=desk.server.url))
    desk.server.says("/usage", usage(total=0))
    desk.server.says("/mail/2026-09-01/2026-10-04", Answer(b"Day,Cost,Currency,Team\n"))
    fetched = fetch_external_costs(found(*documents), asking())
    assert [one.provider for one in fetched] == ["ended", "mail"]
    assert [len(closed["days"]) for closed in desk.closed()] == [22, 33]


def test_several_failures_are_told_together(desk: Desk, found: Any) -> None:
    documents = [MAIL.format(id=id, url=desk.server.url) for id in ("one", "two")]
    with pytest.raises(ExternalCostsFailed, match="one, two") as failed:
        fetch_external_costs(found(*documents), asking())
    assert failed.value.code == "EXTERNAL_COSTS_FAILED"
    assert "two does not give its costs" in str(failed.value)


def test_a_failure_leaves_the_good_figures_of_yesterday(desk: Desk, found: Any) -> None:
    book = found(TWILIO.format(id="twilio", url=desk.server.url))
    desk.server.says("/usage", usage(record(1, "2"), total="2"))
    fetch_external_costs(book, asking())
    before = book.show("v_external_api_costs")
    desk.server.says("/usage", usage(record(1, "1"), total="2"))
    with pytest.raises(MeterbookError, match="twilio"):
        fetch_external_costs(book, asking())
    assert book.show("v_external_api_costs") == before
    desk.server.says("/usage", usage(record(1, "3"), total="3"))
    fetch_external_costs(book, asking())
    assert [row["cost_usd"] for row in book.show("v_external_api_costs")] == [3]
