"""A name is text, whatever is written in it, on every page that shows it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from browser.conftest import visits
from browser.site import Site, running
from browser.visit import PHONE, Visit
from demo_run import DemoRun
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.sqlfiles import project_folder
from meterbook_cli.publish import publish_views
from meterbook_local.clock import FixedClock
from meterbook_local.demo_december import NOW
from meterbook_local.workspace import open_workspace
from playwright.sync_api import Browser

SCRIPT = "<script>window.PWNED=1</script>"
PAYLOAD = f"\"><img src=x onerror=window.PWNED=1>'{SCRIPT}{{{{7*7}}}}\u202e=1+1 "
NAMED = ("seller", "account", "tenant", "module", "metric")
PAGES = {
    "tenant:tidewater": (
        "/", "/?period=2026-11", "/modules/MOD-024", "/metrics/ml_inference",
        "/metrics/ml_inference/2026-12-10", "/invoices", "/sign-in",
    ),
    "finance": (
        "/finance", "/finance/tenants", "/finance/costs", "/finance/unattributed", "/finance/conservation",
        "/finance/close/2026-12",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile(demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo's book after somebody has renamed everything that has a name."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(demo.root, folder / "book")
    catalog = renamed(folder / "catalog")
    with open_workspace(folder / "book", FixedClock(NOW), "test") as workspace:
        apply_catalog(workspace.book, read_catalog(catalog))
        publish_views(workspace)
    with running(folder / "book", NOW) as site:
        yield site


def renamed(folder: Path) -> Path:
    shutil.copytree(project_folder("examples") / "demo/catalog", folder)
    for file in folder.glob("*.yaml"):
        documents = list(yaml.load_all(file.read_text("utf-8"), Loader=yaml.BaseLoader))
        for number, document in enumerate(documents):
            if document["kind"] in NAMED:
                document["name"] = f"{document['kind']} {number} {PAYLOAD}{'Verylong' * 12}"
        file.write_text(yaml.safe_dump_all(documents, allow_unicode=True), "utf-8")
    return folder


@pytest.fixture
def come(browser: Browser, hostile: Site) -> Iterator[Callable[..., Visit]]:
    yield from visits(browser, hostile)


@pytest.mark.parametrize("visitor", PAGES)
def test_a_payload_in_every_name_stays_text(come: Callable[..., Visit], visitor: str) -> None:
    window = come(visitor, size=PHONE)
    for address in PAGES[visitor]:
        assert window.go(address) == 200
        assert window.page.evaluate("window.PWNED") is None
        assert window.refused() == []
        assert window.page.locator("main script, main img, [onerror], [style]").count() == 0
        assert "49" not in window.text("h1")  # no template was filled in from a name
        window.adds_up()
        width = window.page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE[0], f"{address} is wider than the window"


def test_the_payload_can_be_read_as_it_was_written(come: Callable[..., Visit]) -> None:
    window = come("tenant:tidewater", js=False)
    assert SCRIPT in window.text("h1")
    assert "module 1" in window.text()
    assert window.text().count(SCRIPT) > 5
