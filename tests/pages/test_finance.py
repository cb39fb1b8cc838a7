"""Finance's pages: children come to their parents, names stay text, and red is said in a word.

The pages are drawn from what `report.finance` tells of a book; nothing here goes over HTTP.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from close.small_world import World
from meterbook.pages import finance as pages
from meterbook.pages.finance_words import WORDS
from meterbook.period import Period
from meterbook.report import finance

OCTOBER = Period.parse("2026-10")
NOW = datetime(2026, 12, 5, 8, tzinfo=UTC)
PAYLOADS = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "' onx='1")


class Page(HTMLParser):
    """The marked figures of a page, its tags and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wholes: dict[tuple[str, str], Decimal] = {}
        self.parts: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.tags.append((tag, given))
        for kind in ("amount", "revenue", "cost", "margin"):
            if f"data-{kind}" in given:
                figure = Decimal(given[f"data-{kind}"])
                if "data-sum" in given:
                    self.wholes[given["data-sum"], kind] = figure
                if "data-part-of" in given:
                    self.parts[given["data-part-of"], kind].append(figure)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="session")
def told(proven: World) -> dict[str, Any]:
    """What the book of two closed months says of October."""
    book = proven.at(NOW)
    return {
        "economics": finance.unit_economics(book, OCTOBER),
        "costs": finance.costs(book, OCTOBER),
        "unowned": finance.unowned(book, OCTOBER),
        "conserved": finance.conserved(book, OCTOBER),
        "close": finance.close_checklist(book, OCTOBER),
        "view": pages.FinanceView(
            "2026-10", finance.known_periods(book), "2026-12-05T08:00:00Z", "paula", "mark", True,
            scores=finance.scores(book, OCTOBER),
        ),
    }  # fmt: skip


def drawn(told: dict[str, Any], language: str = "en", **changes: Any) -> dict[str, str]:
    """Every page of finance, by its name."""
    shown = told | changes
    view = pages.FinanceView(
        **{name: getattr(shown["view"], name) for name in pages.FinanceView.__slots__}
        | {"language": language}
    )
    economics, close = shown["economics"], shown["close"]
    return {
        "overview": pages.overview(view, economics, shown["conserved"], close),
        "tenants": pages.tenants_page(view, economics),
        "tenant": pages.tenants_page(view, economics, economics["tenants"][0]["tenant_id"]),
        "costs": pages.costs_page(view, shown["costs"], economics),
        "unattributed": pages.unattributed_page(view, shown["unowned"]),
        "conservation": pages.conservation_page(
            view, shown["conserved"], shown.get("verdicts", [])
        ),
        "close": pages.close_page(view, close),
    }


PAGES = ("overview", "tenants", "tenant", "costs", "unattributed", "conservation", "close")


@pytest.mark.parametrize("name", ["tenants", "tenant", "costs", "unattributed", "conservation"])
def test_what_a_page_shows_comes_to_its_sums(told: dict[str, Any], name: str) -> None:
    page = Page(drawn(told)[name])
    assert page.wholes
    for whole, figure in page.wholes.items():
        assert sum(page.parts[whole]) == figure, whole
    assert set(page.parts) <= set(page.wholes)


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_and_holds_neither_script_nor_style_of_its_own(
    told: dict[str, Any], name: str, language: str
) -> None:
    html = drawn(told, language)[name]
    page = Page(html)
    assert len(gzip.compress(html.encode())) < 30_000
    assert f'<html lang="{language}">' in html
    for tag, given in page.tags:
        assert tag != "style" and "style" not in given
        assert tag != "script" or given["src"].startswith("/static/")
        assert not [name for name in given if name.startswith("on")]


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["de"].keys()


def renamed(value: Any, name: str) -> Any:
    """A document in which every name that a person gave is another."""
    if isinstance(value, list):
        return [renamed(one, name) for one in value]
    if not isinstance(value, dict):
        return value
    given = {"name", "tenant_name", "module_name", "reason", "because", "service", "resource",
             "owner_tag", "account", "resource_type", "what", "approved_because", "decided_by",
             "yaml", "source", "reasons"}  # fmt: skip
    return {
        key: name if key in given and isinstance(one, str) else renamed(one, name)
        for key, one in value.items()
    }


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_any_name_stays_text(told: dict[str, Any], payload: str) -> None:
    parked = [{"account_id": payload, "tenant_id": "", "reasons": [payload]}]
    bad = {key: renamed(told[key], payload) for key in told if key != "view"}
    bad["close"] = bad["close"] | {"parked": parked}
    for name, html in drawn(told, **bad).items():
        page = Page(html)
        assert payload in page.text or payload not in html
        assert not [tag for tag, given in page.tags if tag == "img" or "onx" in given], name
        assert not [tag for tag, given in page.tags if tag == "script" and "src" not in given]


def test_a_day_that_is_not_conserved_is_red_and_says_by_how_much(told: dict[str, Any]) -> None:
    red = deepcopy(told["conserved"])
    red["days"][0] |= {"residual_usd": "0.000001", "is_conserved": False}
    red["conservation"] |= {"residual_usd": "0.000001", "is_conserved": False}
    html = drawn(told, conserved=red)["conservation"]
    assert html.count('<tr class="red">') == 1 and "not conserved" in html
    assert '<span class="chip bad">0.000001</span>' in html


def test_verdicts_are_said_in_words(told: dict[str, Any]) -> None:
    one = {"verdict_id": "v", "reconciled_at": "2026-11-05T08:00:00Z", "tolerance_usd": "0.01",
           "day_count": 31, "compared_count": 31, "difference_count": 2, "incomplete_count": 0}  # fmt: skip
    html = drawn(told, verdicts=[one | {"verdict": "differs"}])["conservation"]
    assert '<span class="chip bad">differs</span>' in html


def test_what_nobody_owns_comes_with_documents_for_the_catalog(told: dict[str, Any]) -> None:
    ready = told["unowned"] | {"yaml": "---\nkind: tag_aliases\n", "lines": [
        {"source": "aws", "service": "AmazonEC2", "account": "1", "resource": "i-1",
         "owner_tag": "acmee", "cost_usd": "0.001", "tenant_id": "acme", "because": "spelled alike",
         "fix": "unattributed-2026-12-05"},
    ]}  # fmt: skip
    page = Page(drawn(told, unowned=ready)["unattributed"])
    assert "kind: tag_aliases" in page.text and "unattributed-2026-12-05" in page.text
    assert "< 0.01" in page.text  # it is little, and it is not nothing


def test_who_may_only_look_sees_no_button_of_the_close(told: dict[str, Any]) -> None:
    looking = pages.FinanceView("2026-10", told["view"].periods, "2026-12-05T08:00:00Z", "paula")
    close = deepcopy(told["close"])
    close["points"][-1] |= {"state": "open", "measure": 3, "may_be_waived": True}
    html = {may: pages.close_page(view, close) for may, view in ((0, looking), (1, told["view"]))}
    assert 'action="/finance/close/' not in html[0] and "look, not decide" in html[0]
    assert 'action="/finance/close/2026-10/decide"' in html[1]
    assert html[1].count('name="csrf" value="mark"') >= 3


def test_a_month_of_which_nothing_is_known_says_so(told: dict[str, Any]) -> None:
    nothing = {
        "economics": {"total": None, "tenants": [], "modules": []},
        "costs": {"months": [], "services": [], "previous_cost_usd": "0"},
        "close": {"points": [], "accounts": [], "parked": [], "to_issue": [], "is_over": True,
                  "is_ready": True},
    }  # fmt: skip
    view, zero = pages.FinanceView("2031-01", (), "2026-12-05T08:00:00Z"), dict.fromkeys(
        ("control_usd", "attributed_usd", "kept_usd", "unattributed_usd", "residual_usd"), "0"
    )  # fmt: skip
    law = {"days": [], "conservation": zero | {"is_conserved": True}}
    for html in (
        pages.overview(view, nothing["economics"], law, nothing["close"]),
        pages.tenants_page(view, nothing["economics"]),
        pages.costs_page(view, nothing["costs"], nothing["economics"]),
        pages.conservation_page(view, law, []),
        pages.close_page(view, nothing["close"]),
    ):
        assert 'class="empty"' in html
    with pytest.raises(KeyError):
        pages.tenants_page(view, nothing["economics"], "acme")
