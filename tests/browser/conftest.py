"""A real browser, a server of our own on loopback, and nobody else: what these tests stand on.

Without Chromium they skip and say which command installs it; where METERBOOK_BROWSER=required or
CI=true, a skip is a failure. Whatever a page asks of another address is blocked, and told.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from browser.site import Site, running
from browser.visit import Visit
from demo_run import DemoRun
from meterbook_local.demo_december import NOW
from playwright.sync_api import Browser, sync_playwright

INSTALL = "apt-get install --no-install-recommends chromium fonts-dejavu-core"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once."""
    found = shutil.which("chromium")
    if found is None:
        missing = f"no Chromium is installed: {INSTALL}"
        if os.environ.get("METERBOOK_BROWSER") == "required" or os.environ.get("CI") == "true":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`meterbook serve` over a copy of what the demo leaves, as of the demo's last moment."""
    root = tmp_path_factory.mktemp("served") / "book"
    shutil.copytree(demo.root, root)
    with running(root, NOW) as site:
        yield site


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """Visit the site as somebody; at the end nothing may have gone wrong unseen."""
    yield from visits(browser, site)


def visits(browser: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """Visits to a site, which are ended and looked through."""
    begun: list[Visit] = []

    def begin(visitor: str, **options: object) -> Visit:
        begun.append(Visit.begin(browser, site, visitor, **options))
        return begun[-1]

    yield begin
    for one in begun:
        one.end()
