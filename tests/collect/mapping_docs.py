"""The examples of `docs/mapping.md`: a mapping, and where they follow it a file and what it becomes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text("utf-8")
_EXAMPLE = re.compile(
    r"```yaml\n(.*?)```(?:\n\n```text\n(.*?)```\n\n```json\n(.*?)```)?", re.DOTALL
)


@dataclass(frozen=True)
class Example:
    """One example: `file` and `landed` are empty where only the mapping is shown."""

    mapping: str
    file: str
    landed: str


def examples(part: str) -> list[Example]:
    """The examples of one part, "Usage" or "Cost"."""
    section = re.search(rf"^## {part}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert section is not None
    return [Example(m[1], m[2] or "", m[3] or "") for m in _EXAMPLE.finditer(section[1])]


def keys_explained(part: str) -> set[str]:
    """The keys in the first column of a part's table."""
    section = re.search(rf"^## {part}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert section is not None
    rows = re.findall(r"^\| (`.*?`) \|", section[1], re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}
