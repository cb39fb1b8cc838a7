"""The brand's colour can be read on every page, and nothing but a colour gets into its sheet."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterbook.pages.static import (
    DARK_GROUND,
    DEFAULT_COLOUR,
    LIGHT_GROUND,
    brand_css,
    contrast,
    static_files,
    static_path,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
AA = 4.5


def shades(css: str) -> list[tuple[str, str]]:
    return re.findall(r"--brand:(#[0-9a-f]{6});--on-brand:(#[0-9a-f]{6})", css)


@given(COLOURS)
def test_any_colour_can_be_read_in_light_and_in_dark(colour: str) -> None:
    light, dark, printed = shades(brand_css(colour))
    assert contrast(light[0], LIGHT_GROUND) >= AA
    assert contrast(dark[0], DARK_GROUND) >= AA
    assert all(contrast(*pair) >= AA for pair in (light, dark))
    assert printed == light


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert shades(brand_css("#0f5f5c"))[0][0] == "#0f5f5c"


@pytest.mark.parametrize(
    "colour",
    ["", "red", "#1F4E79", "#1f4e7", "#1f4e79;}", "#1f4e79\n", "#1f4e79}body{display:none"],
)
def test_what_is_no_colour_is_the_default(colour: str) -> None:
    assert brand_css(colour) == brand_css(DEFAULT_COLOUR)


def test_the_sheet_has_the_grounds_that_colours_are_measured_on() -> None:
    sheet = static_files()[static_path("page.css")][1].decode()
    assert f"--ground: {LIGHT_GROUND}" in sheet
    assert f"--sheet: {DARK_GROUND}" in sheet


def test_contrast_is_that_of_the_guideline() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


def test_a_file_is_served_under_its_digest() -> None:
    assert {path.rpartition(".")[2] for path in static_files()} == {"css", "js", "svg"}
    assert re.fullmatch(r"/static/page\.[0-9a-f]{12}\.css", static_path("page.css"))
    assert static_path("htmx-4.0.1.min.js") in static_files()
    with pytest.raises(KeyError):
        static_path("page.js")
