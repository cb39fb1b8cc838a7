"""Finance's pages add up, and a month is closed with their buttons: signed, with a reason, once.

A button does nothing for who may only read, and nothing for a page that is not ours.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browser.conftest import visits
from browser.site import Site, running
from browser.visit import Visit
from demo_run import DemoRun
from playwright.sync_api import Browser, expect

MONTH = "/finance/close/2026-12"
PAGES = {"tenants": 3, "costs": 3, "unattributed": 2, "conservation": 20}


@pytest.mark.parametrize("page", PAGES)
def test_each_page_of_finance_adds_up(visit: Callable[..., Visit], page: str) -> None:
    window = visit("finance-reader", js=False)
    assert window.go(f"/finance/{page}?period=2026-11") == 200
    assert window.adds_up() >= PAGES[page]


def test_the_pages_of_finance_lead_to_one_another(visit: Callable[..., Visit]) -> None:
    window = visit("finance-reader")
    for page in PAGES:
        window.follow(f"nav a[href^='/finance/{page}']")
        assert window.text("h1")
    assert window.refused() == []


def test_a_licensee_has_no_way_in(visit: Callable[..., Visit]) -> None:
    window = visit("tenant:tidewater", js=False)
    assert window.go("/finance") == 403
    assert "Larkspur" not in window.text()


@pytest.fixture(scope="module")
def january(demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same book in January, when December is over: a copy, because these tests close it."""
    root = tmp_path_factory.mktemp("january") / "book"
    shutil.copytree(demo.root, root)
    with running(root, datetime(2027, 1, 5, 8, tzinfo=UTC)) as site:
        yield site


@pytest.fixture
def come(browser: Browser, january: Site) -> Iterator[Callable[..., Visit]]:
    yield from visits(browser, january)


def posted(window: Visit, place: str, **fields: str) -> int:
    """What a form of these fields is answered with when another program sends it."""
    url = f"{window.site.url}{MONTH}/{place}"
    once = {"idempotency_key": "0123456789abcdef" * 2}
    return window.page.request.post(url, form=once | fields, max_redirects=0).status


def token(window: Visit) -> str:
    return window.page.locator("input[name=csrf]").last.get_attribute("value") or ""


def test_no_form_counts_without_the_mark_of_its_page(come: Callable[..., Visit]) -> None:
    window = come("finance", js=False)
    window.go(MONTH)
    point = {"point": "cost_missing", "reason": "seen"}
    assert posted(window, "decide", **point) == 403
    assert posted(window, "decide", **point, csrf=token(window)[::-1]) == 403
    stranger = come("finance-reader", js=False)
    stranger.go(MONTH)
    assert posted(window, "decide", **point, csrf=token(stranger)) == 403
    window.page.set_extra_http_headers({"sec-fetch-site": "cross-site"})
    assert posted(window, "close") == 403


def test_who_may_only_read_has_no_button_that_works(come: Callable[..., Visit]) -> None:
    window = come("finance-reader", js=False)
    window.go(MONTH)
    fields = {"point": "cost_missing", "reason": "seen", "csrf": token(window)}
    assert posted(window, "decide", **fields) == 403
    assert window.page.locator("main form button:enabled").count() == 0


def test_a_month_is_decided_about_closed_and_issued_by_its_buttons(
    come: Callable[..., Visit], january: Site
) -> None:
    window = come("finance")
    window.go(MONTH)
    points = window.page.locator("form[action$='/decide']")
    for left in range(points.count(), 0, -1):
        points.first.locator("input[name=reason]").fill("Looked at with Ada")
        points.first.locator("button").click()
        expect(points).to_have_count(left - 1, timeout=60_000)
    for job in ("close", "issue"):
        window.follow(f"form[action$='/{job}'] button:enabled")
    numbers = set(re.findall(r"NL(?:DE)?-2026-\d{6}|NL(?:DE)?-2027-\d{6}", window.text()))
    assert numbers
    assert all((january.root / "evidence/invoices" / one).is_dir() for one in numbers)
    done = [json.loads(file.read_text()) for file in _records(january.root)]
    writes = [
        (one["actor"], one["route"].rpartition("/")[2]) for one in done if one["method"] == "POST"
    ]
    assert set(writes) == {("finance@localhost", word) for word in ("decide", "close", "issue")} | {
        ("finance-reader@localhost", "decide")  # what was refused is written down as well
    }
    assert not any("csrf" in one["parameters"] for one in done)


def _records(root: Path) -> list[Path]:
    return sorted((root / "records/audit").rglob("*.json"))
