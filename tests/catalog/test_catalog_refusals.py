"""What is wrong in a catalog is refused in one sentence: file, line, document, field, remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from catalog.catalog_sample import Reading
from meterbook.catalog.consistency import must_be_consistent, must_not_overlap
from meterbook.catalog.read_catalog import read_catalog
from meterbook.errors import CatalogRefused

HERE = Path(__file__).parent


def cases(name: str) -> list[object]:
    found = yaml.safe_load((HERE / f"{name}.yaml").read_text("utf-8"))
    return [pytest.param(case["given"], case["says"], id=case["it"]) for case in found]


@pytest.mark.parametrize(("given", "says"), cases("catalog_refusals"))
def test_a_document_that_cannot_be_taken(given: str, says: str, read: Reading) -> None:
    with pytest.raises(CatalogRefused) as refused:
        read(given)
    assert str(refused.value) == says


@pytest.mark.parametrize(("given", "says"), cases("catalog_contradictions"))
def test_documents_that_contradict_each_other(given: str, says: str, read: Reading) -> None:
    documents = read(given)
    with pytest.raises(CatalogRefused) as refused:
        must_be_consistent(documents)
        must_not_overlap(documents)
    assert str(refused.value) == says


@pytest.mark.parametrize(("former", "later"), [(1, 2), (9, 10)])
def test_a_rule_may_take_the_position_that_another_leaves(
    read: Reading, former: int, later: int
) -> None:
    must_not_overlap(
        read(f"""
        {{kind: allocation_rule, id: one, version: {former}, position: 10, method: tag}}
        ---
        {{kind: allocation_rule, id: one, version: {later}, position: 20, method: tag,
          from: 2026-10-01}}
        ---
        {{kind: allocation_rule, id: two, version: 1, position: 10, method: tag, from: 2026-10-01}}
        """)
    )


def test_two_files_with_one_document_are_both_named(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "new.yml").write_text("{kind: module, id: MOD-042}")
    (folder / "modules.yaml").write_text("\n{kind: module, id: MOD-042}")
    with pytest.raises(
        CatalogRefused, match=r"^catalog/modules.yaml, line 2: .* catalog/deep/new.yml, l"
    ):
        read_catalog(folder)


def test_a_file_that_is_no_text_is_refused_by_name(folder: Path) -> None:
    (folder / "logo.yaml").write_bytes(b"\x89PNG\xff\x00")
    with pytest.raises(CatalogRefused, match=r"^catalog/logo.yaml: this is not YAML"):
        read_catalog(folder)


def test_a_file_that_cannot_be_read_is_refused_by_name(folder: Path) -> None:
    (folder / "gone.yaml").symlink_to("nowhere")
    with pytest.raises(CatalogRefused, match=r"^catalog/gone.yaml: this file cannot be read: No s"):
        read_catalog(folder)


@pytest.mark.parametrize("text", ["", "# a comment alone\n", "---\n---\n"])
def test_a_folder_without_a_document_is_refused(text: str, read: Reading) -> None:
    with pytest.raises(CatalogRefused, match=r"^catalog: there is no catalog document in this"):
        read(text)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogRefused, match=r"catalgo: there is no such folder\."):
        read_catalog(tmp_path / "catalgo")
