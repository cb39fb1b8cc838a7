"""The catalog as people write it: every YAML file below a folder, read into normal form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from meterbook.catalog.document import Document, Fields
from meterbook.catalog.kinds import KINDS
from meterbook.catalog.reader import Reader
from meterbook.errors import CatalogRefused


def read_catalog(folder: Path) -> list[Document]:
    """Read all documents below a folder, in order of kind and id whatever file they are in.

    Errors: `CatalogRefused` with file, line, document and field of the first thing that is wrong.
    """
    found: dict[tuple[str, str], Document] = {}
    for document in (one for file in _files(folder) for one in read_file(file)):
        if earlier := found.get(document.key):
            detail = f"{document.title} is already in {earlier.place}"
            raise document.refusal(detail, "Keep one of the two.")
        found[document.key] = document
    if not found:
        raise CatalogRefused(file=str(folder), detail="there is no catalog document in this folder")
    return [found[key] for key in sorted(found)]


def read_file(file: Path) -> list[Document]:
    """Read the documents of one file, in their order. Errors: `CatalogRefused`."""
    return [_document(str(file), line, fields) for line, fields in _yaml_documents(file)]


def schema_file() -> Path:
    """The JSON Schema of a document, by which an editor completes and checks what is written."""
    return Path(__file__).with_name("catalog.schema.json")


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CatalogRefused(file=str(folder), detail="there is no such folder")
    # A dangling link stays in: what is not read would be removed from the book.
    files = {path for path in folder.rglob("*") if path.suffix.lower() in (".yaml", ".yml")}
    hidden = {file for file in files if any(p[0] == "." for p in file.relative_to(folder).parts)}
    return sorted(file for file in files - hidden if not file.is_dir())


class _Loader(yaml.BaseLoader):
    """YAML in which every scalar is the text that was written and no key stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the key {key.value!r} stands twice in one mapping"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _yaml_documents(file: Path) -> Iterator[tuple[int, Fields]]:
    try:
        loader = _Loader(file.read_bytes())
        while loader.check_node() and (node := loader.get_node()):
            value, line = loader.construct_document(node), node.start_mark.line + 1
            if value != "":  # what stands between two `---` with nothing in it
                yield line, _mapping(value, file, line)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", str(error))
        detail = f"this is not YAML that can be read: {problem}"
        row = mark.line + 1 if mark else None
        raise CatalogRefused(file=str(file), row=row, detail=detail) from None
    except OSError as error:
        detail = f"this file cannot be read: {error.strerror}"
        raise CatalogRefused(file=str(file), detail=detail) from None


def _mapping(value: object, file: Path, line: int) -> Fields:
    if isinstance(value, dict) and "kind" in value:
        return value
    hint = f"Begin it with `kind:`, one of {', '.join(KINDS)}."
    raise CatalogRefused(file=str(file), row=line, detail="this document has no kind", remedy=hint)


def _document(file: str, line: int, fields: Fields) -> Document:
    kind = Reader(file, line, "a document", fields).choice("kind", " ".join(KINDS))
    untitled = Reader(file, line, f"a {kind}", fields)
    document_id = untitled.text("id") if KINDS[kind].named_elsewhere else untitled.identifier("id")
    doc = Reader(file, line, f"{kind} {document_id}", fields)
    doc.only(f"kind id from until {KINDS[kind].fields}")
    body = {"id": document_id} | doc.days() | KINDS[kind].read(doc)
    record_id = f"{document_id}:{body['version']}" if "version" in body else document_id
    return Document(kind, record_id, body, file, line)
