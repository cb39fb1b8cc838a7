"""Cost Explorer's answers from a folder: one JSON file a page, with the query that it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from meterbook.canonical import canonical_json
from meterbook.errors import CostExplorerRefused, CostExplorerUnavailable
from meterbook.ports import CostQuery


class RecordedCosts:
    """A `CostExplorer` that repeats recorded pages, in the order of their file names.

    A file is `{"query": …, "page": …}`: the query as `asked` says it, the page as AWS gave it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
        """The recorded pages; each but the last promises another, under a token of its own.

        Errors: `CostExplorerRefused` where none was recorded, `CostExplorerUnavailable`.
        """
        question, seen = canonical_json(asked(query)), set()
        for page in self._found(question):
            yield page
            token = page.get("NextPageToken")
            if not token:
                return
            if token in seen:
                raise CostExplorerUnavailable(detail="it names a page that it has given before")
            seen.add(token)
        raise CostExplorerUnavailable(detail=f"the next page of {question} was not recorded")

    def _found(self, question: str) -> list[Mapping[str, object]]:
        files = [json.loads(path.read_bytes()) for path in sorted(self.folder.glob("*.json"))]
        found = [file["page"] for file in files if canonical_json(file["query"]) == question]
        if not found:
            raise CostExplorerRefused(detail=f"no answer to {question} is in {self.folder.name}")
        return found


def asked(query: CostQuery) -> dict[str, object]:
    """A query as the files of a recording say it."""
    return {
        "start": query.start.isoformat(),
        "end": query.end.isoformat(),
        "metrics": list(query.metrics),
        "group_by": [list(grouping) for grouping in query.group_by],
        "service": query.service,
    }
