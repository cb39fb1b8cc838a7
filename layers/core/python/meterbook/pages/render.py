"""The room's templates, compiled once, and the frame that stands around every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from meterbook.pages.chart import fill_bar, projection_band, swatch, trend_chart
from meterbook.pages.figures import Voice, is_nothing, negated
from meterbook.pages.static import static_path
from meterbook.sqlfiles import project_folder

Words = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page: whose it is, how old it is, who looks at it.

    `area` is `licensee` or `finance`; `current` names the entry of the menu that is open; `menu`
    is (name, word, url) for each entry; `logo` is the address of the brand's picture, or nothing.
    """

    language: str
    brand: str
    current: str = ""
    area: str = "licensee"
    menu: tuple[tuple[str, str, str], ...] = ()
    logo: str = ""
    as_of: str = ""
    next_due: str = ""
    is_stale: bool = False
    actor: str = ""
    csrf: str = ""
    more_words: Words = field(default_factory=dict)


def page(template: str, frame: Frame, **shown: object) -> str:
    """A template of `web/pages` as the text of a page, in the language of its frame.

    Errors: jinja2's own for a template that names what it was not given: nothing is left blank.
    """
    voice = Voice(frame.language, frame.more_words.get(frame.language, {}))
    return _templates().get_template(template).render(frame=frame, say=voice, **shown)


def link(path: str, /, **query: str) -> str:
    """A path with its query; each part of the path is quoted, and an empty value is left out."""
    asked = urlencode({name: value for name, value in query.items() if value})
    return quote(path) + (f"?{asked}" if asked else "")


@lru_cache(maxsize=1)
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(project_folder("web") / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= {
        "link": link,
        "negated": negated,
        "static": static_path,
        "fill_bar": fill_bar,
        "projection_band": projection_band,
        "swatch": swatch,
        "trend_chart": trend_chart,
    }
    templates.tests["nothing"] = is_nothing
    return templates
