"""What a licensee's page promises: what it shows adds up, text stays text, it leads on, it reads aloud."""

from __future__ import annotations

import gzip
import re
from itertools import pairwise
from typing import Any

import pytest
from meterbook.pages.static import static_files
from meterbook.pages.view import events_page, metric_page, module_page, overview
from pages import example_documents as example
from pages.every_page import every_page, names_twice, read, sums_of

PAGES = dict(every_page())
GERMAN = dict(every_page(language="de"))
PAYLOAD = """"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}'</td></svg>&amp;"""
TEXTS = {
    "name", "title", "description", "detail", "text", "steps", "unit", "tenant_name", "basis", "id",
    "place", "counted_id", "reason", "notes", "payment_terms", "purchase_order",
}  # fmt: skip
SUMS = {
    "overview": {"total", "group-variable", "net", "trend", "2026-12-01", "aws", "aws-1"},
    "module": {"module"},
    "metric": {"metric", "used", "lines", "2026-12-02"},
    "metric of a module": {"used"},
    "events": {"day"},
    "events of a module": {"day"},
    "a part of the events": {"page"},
    "late events": {"day"},
    "invoice": {"total", "group-variable"},
}
ADDRESS = re.compile(
    r"#[\w-]+|/|/\?period=[\d-]+(#[\w-]+)?|/(modules|metrics|invoices)/[\w-]+(/[\w-]+)?(\?[\w=&-]+)?"
    r"|/events/[\d-]+/[0-9a-f]{24}|/invoices|/sign-out|/brand\.css|/logo|/static/[\w.-]+"
)


def poisoned(found: Any, key: str = "") -> Any:
    """Documents whose every text is one that would be a page's own, if it were let in."""
    if isinstance(found, dict):
        # The source of an event is what it says of itself; that of a cost is a word of ours.
        own = {"source": "place"} if "ref" in found else {}
        return {name: poisoned(value, own.get(name, name)) for name, value in found.items()}
    if isinstance(found, list):
        return [poisoned(one, key) for one in found]
    return PAYLOAD if key in TEXTS and isinstance(found, str) and found else found


@pytest.mark.parametrize("name", PAGES)
def test_whatever_has_parts_is_their_sum(name: str) -> None:
    sums = sums_of(PAGES[name])
    assert sums.keys() >= SUMS.get(name, set())
    assert {name: said for name, (said, _) in sums.items()} == {
        name: parts for name, (_, parts) in sums.items()
    }


@pytest.mark.parametrize(("name", "page"), [*every_page(poisoned)])
def test_text_stays_text_in_every_field(name: str, page: str) -> None:
    poisonous, clean = read(page), read(PAGES[name])
    assert [(tag, marks.keys()) for tag, marks in poisonous.tags] == [
        (tag, marks.keys()) for tag, marks in clean.tags
    ]
    assert name in ("problem", "invoices") or PAYLOAD in "".join(poisonous.text)


@pytest.mark.parametrize("page", [*PAGES.values(), *GERMAN.values()], ids=[*PAGES, *GERMAN])
def test_a_page_is_whole_and_fetches_nothing_from_elsewhere(page: str) -> None:
    found = read(page)
    assert not found.open
    assert not names_twice(page)
    links = [
        marks.get("href") or marks.get("src") or marks.get("action") for _, marks in found.tags
    ]
    assert [link for link in links if link and not ADDRESS.fullmatch(link)] == []
    assert [tag for tag, marks in found.tags if "style" in marks or tag == "style"] == []
    assert all(marks.get("src") for tag, marks in found.tags if tag == "script")


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_can_be_read_aloud(page: str) -> None:
    tags = read(page).tags
    levels = [int(tag[1]) for tag, _ in tags if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert all("scope" in marks for tag, marks in tags if tag == "th")
    assert page.count("<table") == page.count("<caption")
    charts = [marks for tag, marks in tags if tag == "svg" and marks.get("role") == "img"]
    assert all(marks.get("aria-label") or marks.get("aria-labelledby") for marks in charts)
    assert [marks["href"] for tag, marks in tags if marks.get("class") == "skip"] == ["#main"]


def test_a_chart_says_in_a_table_what_it_shows() -> None:
    page = PAGES["overview"]
    assert page.count('class="twin"') == 3  # the trend, the projection, the costs of each day
    for day in example.month()["trend"]["days"]:
        assert f'data-sum="{day["day"]}"' in page
    assert all(f'<text class="flag-text" y="{y}"' in page for y in (14, 33))


def test_only_days_of_an_earlier_month_in_the_same_currency_stand_before_a_months_own() -> None:
    own = example.month()
    for former in (example.month("2026-11", "closed") | {"currency": "JPY"}, example.month()):
        page = overview(example.view([own, former]))
        assert page.count('class="over"') == len(own["trend"]["days"])


def test_thirty_days_are_shown_of_two_months_and_a_whole_month_by_itself() -> None:
    assert PAGES["overview"].count('class="over"') == 30
    assert PAGES["overview of an issued month"].count('class="over"') == 31


def test_more_modules_than_there_are_colours_are_folded_into_one() -> None:
    month = example.month()
    for day in month["trend"]["days"]:
        day["amounts"] |= {f"MOD-{at:03}": "0.00001" for at in range(100, 112)}
    page = overview(example.view([month]))
    assert page.count("<pattern") == 8
    assert "Other modules" in page


def test_old_figures_say_so() -> None:
    stale = overview(example.view(is_stale=True))
    assert "older than they should be" in stale
    assert "2026-12-05 08:00" in stale
    assert "older than they should be" not in PAGES["overview"]


def test_what_cannot_be_billed_yet_is_said() -> None:
    faults = [{"reason": "rate_missing", "detail": "No rate for calls."}]
    page = overview(example.view([example.month() | {"faults": faults}]))
    assert "No rate for calls." in page


def test_a_withdrawn_event_and_one_that_came_late_are_shown_and_not_counted() -> None:
    page = PAGES["late events"]
    assert "withdrawn" in page
    assert "Came after the close" in page
    assert page.count('data-part-of="day"') == 3


def test_what_is_not_there_is_not_made_up() -> None:
    view = example.view()
    day = example.events()
    for page in (
        lambda: module_page(view, "MOD-999"),
        lambda: metric_page(view, "nothing", None),
        lambda: metric_page(view, "calls", "MOD-999"),
        lambda: metric_page(example.view([]), "calls", None),
        lambda: events_page(view, "nothing", day, [], "", {}),
    ):
        with pytest.raises(KeyError):
            page()


def test_another_month_is_the_same_page_where_it_has_one_and_else_the_overview() -> None:
    former = example.month("2026-11", "closed")
    former["modules"].pop(1)
    page = module_page(example.view([example.month(), former]), "MOD-024")
    assert '<a href="/?period=2026-11">November' in page
    assert '<a href="/modules/MOD-011?period=2026-11">' in module_page(example.view(), "MOD-011")


def test_a_line_of_another_tenant_leads_nowhere() -> None:
    month = example.month()
    month["bill"]["groups"][1]["lines"][0]["tenant_id"] = "sibling"
    page = overview(example.view([month]))
    row = page[page.index('id="line-2"') :]
    assert "href" not in row[: row.index("</tr>")]


def test_figures_are_written_as_the_language_has_them() -> None:
    assert "EUR\u00a0354.10" in PAGES["overview"]
    assert "EUR\u00a0354,10" in GERMAN["overview"]
    assert "Dezember 2026, Tag 5 von 31" in GERMAN["overview"]
    assert "05.12.2026 08:00\u00a0UTC" in GERMAN["overview"]
    assert "144\u00a0%" in GERMAN["overview"]


def test_the_same_documents_make_the_same_page() -> None:
    assert dict(every_page()) == PAGES


def test_an_overview_with_all_that_it_loads_weighs_little() -> None:
    page = PAGES["overview of an issued month"].encode()
    loaded = [body for _, body in static_files().values()]
    assert sum(len(gzip.compress(body, mtime=0)) for body in [page, *loaded]) < 40_000
    assert sum(map(len, [page, *loaded])) < 100_000
