"""The pages are for everybody: axe finds nothing, in light and in dark, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser.visit import DESKTOP, PHONE, Visit

LICENSEE = (
    "/", "/?period=2026-11", "/modules/MOD-024", "/modules/-", "/metrics/ml_inference",
    "/metrics/active_customers?module=MOD-011", "/metrics/ml_inference/2026-12-10", "/invoices",
    "/invoices/NL-2026-000003", "/invoices/NLC-2026-000002", "/nowhere",
)  # fmt: skip
FINANCE = (
    "/finance", "/finance/tenants", "/finance/costs", "/finance/unattributed",
    "/finance/conservation", "/finance/close/2026-12", "/finance/close/2026-11",
)  # fmt: skip


@pytest.mark.parametrize(
    ("theme", "size"), [("light", PHONE), ("dark", DESKTOP)], ids=["phone", "dark"]
)
@pytest.mark.parametrize(
    ("visitor", "pages"),
    [("tenant:tidewater", LICENSEE), ("finance", FINANCE), ("", ("/sign-in",))],
    ids=["licensee", "finance", "nobody"],
)
def test_axe_finds_nothing(
    visit: Callable[..., Visit],
    visitor: str,
    pages: tuple[str, ...],
    theme: str,
    size: tuple[int, int],
) -> None:
    window = visit(visitor, theme=theme, size=size)
    found = []
    for address in pages:
        window.go(address)
        if "/events" not in address and window.page.locator("main a[href^='/events/']").count():
            found += window.axe()
            window.follow("main a[href^='/events/']")
        found += window.axe()
        assert window.refused() == []
        width = window.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], f"{address} is wider than the window"
    assert found == []
