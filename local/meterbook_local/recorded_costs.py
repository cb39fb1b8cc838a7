"""Cost Explorer's answers from a folder: one JSON file a page, with the query that it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from meterbook.canonical import canonical_json
from meterbook.errors import CostExplorerRefused
from meterbook.ports import CostQuery


class RecordedCosts:
    """A `CostExplorer` that repeats recorded pages, in the order of their file names.

    A file is `{"query": …, "page": …}`: the query as `asked` says it, the page as AWS gave it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
        """The recorded pages. Errors: `CostExplorerRefused` where none was recorded."""
        question = canonical_json(asked(query))
        files = (json.loads(path.read_bytes()) for path in sorted(self.folder.glob("*.json")))
        found = [file["page"] for file in files if canonical_json(file["query"]) == question]
        if not found:
            raise CostExplorerRefused(detail=f"no answer to {question} is in {self.folder.name}")
        yield from found


def asked(query: CostQuery) -> dict[str, object]:
    """A query as the files of a recording say it."""
    return {
        "start": query.start.isoformat(),
        "end": query.end.isoformat(),
        "metrics": list(query.metrics),
        "group_by": [list(grouping) for grouping in query.group_by],
        "service": query.service,
    }
