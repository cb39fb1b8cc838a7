"""The reference of the catalog is true: its examples are one catalog, and no field is missing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from catalog.catalog_sample import Opening
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.config import CONFIG
from meterbook.catalog.defaults import VALUES, with_defaults
from meterbook.catalog.kinds import KINDS
from meterbook.catalog.read_catalog import read_catalog
from meterbook_local.folder import FolderStore

ROOT = Path(__file__).parents[2]
LOGO = ROOT / "examples/demo/catalog/northlight.svg"
REFERENCE = (ROOT / "docs/catalog.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL))


def test_the_examples_are_one_catalog_that_applies(
    folder: Path, tmp_path: Path, open_book: Opening
) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL)
    (folder / "examples.yaml").write_text("---\n".join(examples), "utf-8")
    shutil.copy(LOGO, folder)
    documents = read_catalog(folder)
    assert {document.kind for document in documents} == set(KINDS)
    book = open_book(FolderStore(tmp_path / "landing"))
    assert len(apply_catalog(book, documents).changes) == len(with_defaults(documents))


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_is_explained(kind: str) -> None:
    for field in KINDS[kind].fields.split():
        assert re.search(rf"\b{field}\b", SECTIONS[kind]), field


@pytest.mark.parametrize("name", CONFIG)
def test_every_setting_is_listed_with_its_default(name: str) -> None:
    assert f"| `{name}` | `{VALUES[name]}` |" in SECTIONS["config"]
