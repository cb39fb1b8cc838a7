"""From the total down to the event: every amount leads to what it is made of, and the parts sum to it.

It is so with JavaScript and without, and by keyboard alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from browser.site import Site
from browser.visit import Visit

MONTH = "2026-12"
TENANTS = ("juniper", "kestrel", "larkspur", "meridian", "tidewater")
Visits = Callable[..., Visit]


def links(window: Visit, beginning: str) -> list[tuple[str, str]]:
    """Address and words of the links that begin so, each address once."""
    found = window.page.eval_on_selector_all(
        f"main a[href^='{beginning}']", "all => all.map(a => [a.getAttribute('href'), a.innerText])"
    )
    return list(dict(found).items())


def below(window: Visit, module: str) -> Iterator[str]:
    """Each way down from a module's page: metric, then its last day, then an event of it."""
    window.go(module)
    window.adds_up()
    for metric, amount in links(window, "/metrics/"):
        assert window.go(metric) == 200
        window.adds_up()
        if window.page.locator("[data-sum~='lines']").count():
            assert amount in window.text()
        day = links(window, re.sub(r"\?.*", "/", metric))[-1][0]
        assert window.go(day) == 200
        assert window.adds_up() == (
            0 if "active_customers" in day else 1
        )  # who is distinct is no sum
        event, name = links(window, "/events/")[0]
        assert window.go(event) == 200
        assert name in window.text("h1")
        assert "Rating steps" in window.text()
        yield event


def test_each_way_down_from_the_total_ends_at_an_event_with_its_steps(visit: Visits) -> None:
    window = visit("tenant:tidewater", js=False)
    modules = links(window, "/modules/")
    assert [address.partition("?")[0] for address, _ in modules] == [
        "/modules/MOD-011", "/modules/MOD-024", "/modules/MOD-042", "/modules/MOD-055", "/modules/-",
    ]  # fmt: skip
    events = [event for address, _ in modules for event in below(window, address)]
    assert len(set(events)) == len(events) == 10


def test_with_javascript_the_same_links_lead_the_same_way(visit: Visits) -> None:
    window = visit("tenant:tidewater")
    for module in ("MOD-011", "MOD-055"):
        window.go("/")
        window.page.evaluate("window.here = true")
        for step in (f"/modules/{module}", "/metrics/", "/metrics/", "/events/"):
            selector = f"main a[href^='{step}']"
            window.follow(
                f"{selector}[href*='/2026-12-']" if "metrics/" in window.path else selector
            )
            window.adds_up()
        assert "Rating steps" in window.text()
        # The window is the one that was opened: only its content was exchanged, and it goes back.
        assert window.page.evaluate("window.here") is True
        window.page.go_back()
        window.page.wait_for_url("**/metrics/**")
        assert window.text("h1")


def test_each_month_of_each_tenant_adds_up(visit: Visits) -> None:
    for tenant in TENANTS:
        window = visit(f"tenant:{tenant}", js=False)
        for month in ("2026-12", "2026-11", "2026-10"):
            assert window.go(f"/?period={month}") == 200
            assert window.adds_up() > 10


def test_each_document_is_shown_and_each_of_its_files_is_that_document(
    visit: Visits, site: Site
) -> None:
    window = visit("tenant:meridian", js=False)
    window.follow("a[href='/invoices']")
    numbers = [words for _, words in links(window, "/invoices/") if words.startswith("NLDE-")]
    assert numbers == ["NLDE-2026-000003", "NLDE-2026-000002", "NLDE-2026-000001"]
    for number in numbers:
        assert window.go(f"/invoices/{number}") == 200
        assert number in window.text("h1")
        assert window.adds_up() > 0
        kept = site.root / "evidence/invoices" / number
        for kind in ("pdf", "xml"):
            got = window.page.request.get(f"{site.url}/invoices/{number}/{kind}")
            assert got.body() in [file.read_bytes() for file in kept.glob(f"*.{kind}")]
        bundle = window.page.request.get(f"{site.url}/invoices/{number}/bundle")
        assert bundle.body().startswith(b"PK")
    assert any("/files/…" in line for line in site.log)


def press_until(window: Visit, address: str, most: int = 80) -> None:
    """Press Tab until the focus is on a link that begins so."""
    for _ in range(most):
        window.page.keyboard.press("Tab")
        at = window.page.evaluate("document.activeElement.getAttribute('href') ?? ''")
        if at.startswith(address):
            return
    pytest.fail(f"no Tab leads to {address}")


def test_a_keyboard_is_enough(visit: Visits) -> None:
    window = visit("tenant:tidewater")
    keys = window.page.keyboard
    keys.press("Tab")
    assert window.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    keys.press("Enter")
    assert window.page.evaluate("document.activeElement.id") == "main"
    steps = ("/modules/MOD-024", "/metrics/ml_inference?", "/metrics/ml_inference/", "/events/")
    for step in steps:
        press_until(window, step)
        before = window.page.url
        keys.press("Enter")
        window.page.wait_for_url(lambda url, before=before: url != before)
        window.page.locator("#main:focus").wait_for()
    assert "Rating steps" in window.text()


def test_the_months_are_chosen_by_keyboard_too(visit: Visits) -> None:
    window = visit("tenant:tidewater")
    window.page.locator("details.picker summary").focus()
    window.page.keyboard.press("Enter")
    press_until(window, "/?period=2026-10", 5)
    window.page.keyboard.press("Enter")
    window.page.wait_for_url("**/?period=2026-10")
    assert "1,413.55" in window.text()


def test_a_german_licensee_reads_german_and_german_figures(visit: Visits) -> None:
    window = visit("tenant:meridian", js=False)
    window.go("/?period=2026-10")
    assert window.page.get_attribute("html", "lang") == "de"
    assert "2.275,29" in window.text()
    assert "Kundenumlage" in window.text()


def test_what_is_not_there_and_what_is_anothers_look_the_same(visit: Visits) -> None:
    window = visit("tenant:tidewater", js=False)
    assert window.go("/invoices/NL-2026-999999") == 404
    unknown = window.text()
    anothers = "/invoices/NLDE-2026-000001"
    for address in (anothers, f"{anothers}/pdf", "/modules/MOD-999", "/metrics/nothing", "/no"):
        assert window.go(address) == 404
        assert window.text() == unknown


def test_one_signs_in_by_a_button_and_after_signing_out_nothing_is_shown(visit: Visits) -> None:
    window = visit("")
    window.go("/")
    window.follow("button[name=visitor]:text-is('Tidewater Credit Union')")
    assert (window.path, window.text("h1")) == ("/", "Tidewater Credit Union")
    window.follow("form[action='/sign-out'] button")
    window.go("/invoices")
    assert window.path.startswith("/sign-in")
