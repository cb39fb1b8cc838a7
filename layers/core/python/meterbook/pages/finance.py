"""The pages of finance: margins, costs, what nobody owns, what is conserved, and the close.

Each function takes the view and documents of `report.finance`, and returns the page as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from meterbook.canonical import canonical_json, sha256
from meterbook.pages.chart import MOST_SERIES, Stacks, swatch
from meterbook.pages.figures import Voice
from meterbook.pages.finance_chart import sparkline
from meterbook.pages.finance_words import WORDS
from meterbook.pages.render import Frame, link, page

Document = Mapping[str, Any]
_PAGES = ("tenants", "costs", "unattributed", "conservation")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class FinanceView:
    """What every page of finance is made from: the month, all months, who looks, what they may."""

    period: str
    periods: Sequence[Document]
    as_of: str
    actor: str = ""
    csrf: str = ""
    may_write: bool = False
    language: str = "en"
    brand: str = "Meterbook"
    scores: Sequence[Document] = ()
    is_over: bool = True

    @property
    def voice(self) -> Voice:
        """The voice of its language."""
        return Voice(self.language, WORDS[self.language])

    @property
    def state(self) -> str:
        """How far the month has come."""
        return next((one["state"] for one in self.periods if one["period"] == self.period), "open")

    def frame(self, current: str) -> Frame:
        """What stands around one of the pages."""
        pages = ((name, f"menu_{name}", self.url(name)) for name in ("overview", *_PAGES, "close"))
        return Frame(
            self.language, self.brand, current, "finance", tuple(pages), as_of=self.as_of,
            actor=self.actor, csrf=self.csrf, more_words=WORDS,
        )  # fmt: skip

    def url(self, name: str, period: str = "", **query: str) -> str:
        """Where a page of a month is, by default of this one."""
        month = period or self.period
        if name == "close":
            return f"/finance/close/{month}"
        place = "/finance" if name == "overview" else f"/finance/{name}"
        return link(place, period=month, **query)

    def key(self, *what: object) -> str:
        """What makes a form that is sent twice one: the page it stands on, and what it does."""
        return sha256(canonical_json([self.as_of, self.period, *what]))[:32]


def overview(view: FinanceView, economics: Document, conserved: Document, close: Document) -> str:
    """How the month stands: four figures, their trust, who earns least, and the close."""
    return _page("overview", view, economics=economics, conserved=conserved, close=close)


def tenants_page(view: FinanceView, economics: Document, tenant_id: str = "") -> str:
    """Margin by tenant, the lowest first, and one of them by module. Errors: `KeyError`."""
    chosen = None
    if tenant_id:
        known = {one["tenant_id"]: one for one in economics["tenants"]}
        chosen = known[tenant_id]
    return _page("tenants", view, economics=economics, chosen=chosen, spark=_spark_of(view))


def costs_page(view: FinanceView, costs: Document, economics: Document) -> str:
    """What the platform cost by month and source, by module and customer, and by service."""
    months = _months_table(costs["months"])
    return _page(
        "costs", view, costs=costs, economics=economics, months=months,
        chart=_cost_chart(view, months),
    )  # fmt: skip


def unattributed_page(view: FinanceView, unowned: Document) -> str:
    """How much of each day's cost nobody owns, the dearest of it, and what would own it."""
    chart = _share_chart(view, unowned["days"])
    return _page("unattributed", view, unowned=unowned, chart=chart)


def conservation_page(view: FinanceView, conserved: Document, verdicts: Sequence[Document]) -> str:
    """Whether each day's cost comes to what its source told, and the verdicts on the month."""
    return _page("conservation", view, conserved=conserved, verdicts=verdicts)


def close_page(view: FinanceView, close: Document, started: str = "") -> str:
    """The checklist of the close, the accounts, and the buttons for who may press them."""
    return _page(
        "close", view, close=close, started=started,
        open_points=sum(point["state"] == "open" for point in close["points"]),
        to_close=sum(one["state"] == "open" for one in close["accounts"]),
    )  # fmt: skip


def _page(name: str, view: FinanceView, **shown: object) -> str:
    frame, say = view.frame(name), view.voice
    return page(
        f"finance/{name}.html", frame, view=view, here=name, source_name=source_name, swatch=swatch,
        percent_axis=lambda figure: say.figure(figure) + say("percent_sign"), **shown,
    )  # fmt: skip


def _spark_of(view: FinanceView) -> object:
    def spark(months: Sequence[Document]) -> object:
        known = [month for month in months if month["margin_usd"] is not None]
        told = "; ".join(
            f"{view.voice.month(one['period'])} {view.voice.cost(one['margin_usd'])}"
            for one in known
        )
        return sparkline([one["margin_usd"] for one in known], view.voice("spark", figures=told))

    return spark


def _months_table(rows: Iterable[Document]) -> dict[str, Any]:
    """Costs as a table: months downwards, sources across; what came to nothing is a nought."""
    months: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        by_source = months.setdefault(row["period"], {})
        known = by_source.get(row["source"], _NOTHING)
        by_source[row["source"]] = known + Decimal(row["cost_usd"])
    sources = sorted({source for month in months.values() for source in month})
    return {
        "sources": sources,
        "rows": [
            {
                "period": period,
                "costs": [f"{month.get(source, _NOTHING):f}" for source in sources],
                "sum": f"{sum(month.values(), _NOTHING):f}",
            }
            for period, month in sorted(months.items())
        ],
    }


def _cost_chart(view: FinanceView, months: Document) -> Stacks | None:
    """One bar a month for a year, so that a single month is a bar among its places."""
    if not months["rows"]:
        return None
    say, by_month = view.voice, {row["period"]: row for row in months["rows"]}
    year = _year_up_to(view.period)
    nought = ["0"] * len(months["sources"])
    columns = [by_month.get(month, {"costs": nought})["costs"] for month in year]
    series = [
        (source_name(say, source), [column[at] for column in columns])
        for at, source in enumerate(months["sources"])
    ]
    hints = [
        f"{say.month(month)}: {say.cost(by_month[month]['sum'])}" if month in by_month
        else say.month(month)
        for month in year
    ]  # fmt: skip
    labels = {0: year[0], 4: year[4], 8: year[8], len(year) - 1: year[-1]}
    return Stacks(say("cost_trend_title"), say("cost_trend_text"), _few(say, series), hints, labels)


def _few(
    say: Voice, series: Sequence[tuple[str, Sequence[str]]]
) -> Sequence[tuple[str, Sequence[str]]]:
    """At most as many series as can be told apart; the last of them holds the rest."""
    if len(series) <= MOST_SERIES:
        return series
    rest = [amounts for _, amounts in series[MOST_SERIES - 1 :]]
    sums = [f"{sum(map(Decimal, column)):f}" for column in zip(*rest, strict=True)]
    return [*series[: MOST_SERIES - 1], (say("others"), sums)]


def _year_up_to(period: str) -> list[str]:
    last = int(period[:4]) * 12 + int(period[5:]) - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(last - 11, last + 1)]


def _share_chart(view: FinanceView, days: Sequence[Document]) -> Stacks | None:
    if not days:
        return None
    say = view.voice
    shares = [Decimal(day["unattributed_share"] or 0) * 100 for day in days]
    most = [Decimal(day["threshold_used"] or 0) * 100 for day in days]
    pairs = list(zip(shares, most, strict=True))
    series = [
        (say("within"), [f"{min(share, limit):f}" for share, limit in pairs]),
        (say("above"), [f"{max(share - limit, _NOTHING):f}" for share, limit in pairs]),
    ]
    hints = [
        f"{say.day(day['usage_date'])}: {say.percent(day['unattributed_share'] or '0')}"
        for day in days
    ]
    places = set(range(0, len(days) - 4, 7)) | {len(days) - 1}
    labels = {at: say.day(days[at]["usage_date"]) for at in places}
    return Stacks(say("share_by_day"), say("share_text"), series, hints, labels)


def source_name(say: Voice, source: str) -> str:
    """What a source of cost is called."""
    word = f"source_{source}"
    return say(word) if say.knows(word) else source
