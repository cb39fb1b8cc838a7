"""One person with one browser window: where they go, what they see, what their browser says."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from browser.site import Site
from playwright.sync_api import Browser, Page, Request, Route

DESKTOP, PHONE = (1280, 900), (390, 844)
_AXE = Axe()
# Best practices are ours to follow as well, so nothing is left out.
_RULES = {"resultTypes": ["violations"]}
# Each mark as [of what it is the sum, of what a part, its figure]; a name has its kind in it.
_MARKS = (
    "[data-sum], [data-part-of]",
    """all => all.map(({dataset: {sum, partOf, ...rest}}) => {
        const [kind, figure] = Object.entries(rest)[0] ?? ["", ""];
        return [sum && `${sum} ${kind}`, partOf && `${partOf} ${kind}`, figure];
    })""",
)
# Reported to the page itself, so that a violation is seen even where the console is not.
_WATCH = """
window.__refused = [];
document.addEventListener("securitypolicyviolation", e => window.__refused.push(e.violatedDirective + " " + e.blockedURI));
"""


@dataclass
class Visit:
    """A window of its own: own cookies, own theme and width, with or without JavaScript."""

    page: Page
    site: Site
    js: bool
    elsewhere: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @staticmethod
    def begin(
        browser: Browser,
        site: Site,
        visitor: str,
        js: bool = True,
        theme: str = "light",
        size: tuple[int, int] = DESKTOP,
        scale: float = 1,
    ) -> Visit:
        """Open a window in which a visitor is signed in, and their first page; nobody: an empty one."""
        context: Any = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, device_scale_factor=scale,
            color_scheme=theme, java_script_enabled=js, locale="en-GB", reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(60_000)  # a busy machine is no failure
        visit = Visit(context.new_page(), site, js)
        context.route("**/*", visit._ours_only)
        if js:
            context.add_init_script(_WATCH)
        visit.page.on("console", lambda said: visit._heard(said.type, said.text))
        visit.page.on("pageerror", lambda error: visit.wrong.append(str(error)))
        if visitor:
            cookie, start = site.signed_in(visitor)
            context.add_cookies([{"name": "meterbook", "value": cookie, "url": site.url}])
            visit.go(start)
        return visit

    def go(self, path: str) -> int:
        """Open an address; the status it answered with."""
        answered = self.page.goto(self.site.url + path)
        assert answered is not None
        return answered.status

    def follow(self, selector: str) -> None:
        """Click the first link or button that fits, and wait for the page that it leads to."""
        before = self.page.url
        self.page.locator(selector).first.click()
        self.page.wait_for_url(lambda url: url != before)

    @property
    def path(self) -> str:
        """Where the window is."""
        return self.page.url.removeprefix(self.site.url)

    def text(self, selector: str = "main") -> str:
        """What a person reads."""
        return self.page.locator(selector).first.inner_text()

    def adds_up(self) -> int:
        """Check that the parts on this page sum to their whole; how many sums there are."""
        wholes: dict[str, Decimal] = {}
        parts: defaultdict[str, list[Decimal]] = defaultdict(list)
        for whole, parent, figure in self.page.eval_on_selector_all(*_MARKS):
            if whole:
                assert wholes.setdefault(whole, Decimal(figure)) == Decimal(figure), whole
            if parent:
                parts[parent].append(Decimal(figure))
        assert parts.keys() <= wholes.keys(), f"{self.path}: {parts.keys() - wholes.keys()}"
        for name, amounts in parts.items():
            assert sum(amounts) == wholes[name], f"{self.path}: {name}"
        return len(parts)

    def axe(self) -> list[str]:
        """What axe finds, one line each."""
        found = _AXE.run(self.page, options=_RULES).response["violations"]
        return [
            f"{self.path} {one['id']}: {node['html'][:160]}"
            for one in found
            for node in one["nodes"]
        ]

    def refused(self) -> list[str]:
        """What the page's own policy has kept it from doing."""
        return self.page.evaluate("window.__refused") if self.js else []

    def end(self) -> None:
        """Close the window; nobody else was asked for anything, and nothing went wrong unseen."""
        self.page.context.close()
        assert self.elsewhere == []
        assert self.wrong == []

    def _ours_only(self, route: Route, request: Request) -> None:
        if request.url.startswith((self.site.url, "data:")):
            route.continue_()
            return
        self.elsewhere.append(request.url)
        route.abort()

    def _heard(self, kind: str, text: str) -> None:
        # A page that is not there is told as an error too; the tests ask for some on purpose.
        if kind == "error" and "Failed to load resource" not in text:
            self.wrong.append(text)
