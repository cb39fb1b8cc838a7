"""A logo is taken when it can be printed, and refused before an invoice has its number otherwise."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from pathlib import Path

import pytest
from catalog.catalog_sample import Reading
from meterbook.catalog.logo import LARGEST
from meterbook.errors import CatalogRefused

SELLER = "{kind: seller, id: n, name: N, invoice_series: NL, logo: %s}"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">%s</svg>'


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 1, row: bytes = b"\0\0") -> bytes:
    """A grey picture of one row."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "picture", "media_type"),
    [
        ("logo.png", png(), "image/png"),
        ("N-1.svg", SVG % b'<path id="p" d="M0 0H9" fill="red"/>', "image/svg+xml"),
        ("own.svg", SVG % b'<linearGradient id="b" href="#a"/>', "image/svg+xml"),
    ],
)
def test_a_logo_is_landed_whole_with_its_media_type(
    name: str, picture: bytes, media_type: str, folder: Path, read: Reading
) -> None:
    (folder / name).write_bytes(picture)
    (seller,) = read(SELLER % name)
    assert seller.body["logo"]["media_type"] == media_type
    assert b64decode(seller.body["logo"]["base64"]) == picture


@pytest.mark.parametrize(
    ("name", "picture", "says"),
    [
        ("a.png", SVG % b"", "it is not a PNG"),
        ("a.png", png()[:-12], "it is cut off"),
        ("a.png", png()[:-20], "it is damaged"),
        ("a.png", png().replace(b"IDAT", b"IDAU"), "it is damaged"),
        ("a.png", png(4097), "it is more than 4096 pixels wide or high"),
        ("a.svg", png(), "it declares a DOCTYPE, or is not UTF-8"),
        ("a.svg", b"<!DOCTYPE svg []>" + SVG % b"", "it declares a DOCTYPE, or is not UTF-8"),
        ("a.svg", b"<svg>", "it is not XML: no element found: line 1, column 5"),
        ("a.svg", b"<svg/>", "it is not an SVG, or has no size"),
        (
            "a.svg",
            (SVG % b"").replace(b'viewBox="0 0 9 9', b'width="0'),
            "it is not an SVG, or has no size",
        ),
        ("a.svg", SVG % (b"<g/>" * 1000), "it has more than 1000 parts"),
        ("a.svg", SVG % b"<script/>", "it holds <script>, and may hold shapes and paths alone"),
        ("a.svg", SVG % b"<text>N</text>", "it holds <text>, and may hold shapes and paths alone"),
        ("a.svg", SVG % b"<g><image href='#a'/></g>", "it holds <image>, and may hold shapes"),
        ("a.svg", SVG % b"<a href='https://a.example'/>", "it refers to something outside itself"),
        ("a.svg", SVG % b"<!--" + b"." * LARGEST + b"-->", ""),
    ],
)
def test_a_logo_that_cannot_be_printed_is_refused(
    name: str, picture: bytes, says: str, folder: Path, read: Reading
) -> None:
    (folder / name).write_bytes(picture)
    with pytest.raises(CatalogRefused) as refused:
        read(SELLER % name)
    wanted = f"logo: {name} cannot be printed: {says}" if says else "more than 200000. Every PDF"
    assert wanted in str(refused.value)
