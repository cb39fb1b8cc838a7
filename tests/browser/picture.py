"""Take the README's picture of a licensee's page: `PYTHONPATH=tests python -m browser.picture build/demo`.

It is the overview of the open month as the demo leaves it, 1280 wide, cut below the chart, at one and a
half times the dots.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from browser.site import running
from browser.visit import Visit
from meterbook_local.demo_december import NOW
from playwright.sync_api import sync_playwright


def take(workspace: Path, picture: Path) -> None:
    """Serve a demo's workspace and write the picture."""
    with sync_playwright() as playwright, running(workspace, NOW) as site:
        found = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        window = Visit.begin(browser, site, "tenant:tidewater", scale=1.5)
        window.page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": 1280, "height": 692})
        window.end()
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path("docs/overview.png"))
