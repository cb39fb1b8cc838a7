"""Run by the Python of `.venv/focus`, never by ours: what FOCUS's validator says of a file.

    python validate_focus.py CRITERIA FILE

writes a JSON object: for each rule its outcome ("passed", "skipped", "failed" or "errored") and
what is said of it. The rules are those that lie in the package; none are fetched.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

# The one expression of the validator that Python 3.11 does not read, as 3.11 writes it.
NEW, OLD = rb"{k.replace('\"', '\"\"')}", rb"{k.replace(chr(34), chr(34) * 2)}"


_compiled = SourceFileLoader.source_to_code


def _also_on_311(self: SourceFileLoader, data: Any, path: Any, **more: Any) -> Any:
    return _compiled(self, data.replace(NEW, OLD), path, **more)


def validated(file: str, criteria: str) -> dict[str, list[str]]:
    """The outcome of each rule for one file, and its message."""
    from focus_validator.validator import Validator  # noqa: PLC0415 - once 3.11 can read it

    validator = Validator(
        data_filename=file, output_destination=os.devnull, output_type="unittest",
        rules_version="1.2", focus_dataset="CostAndUsage", rules_block_remote_download=True,
        applicability_criteria=criteria,
    )  # fmt: skip
    found = validator.validate().by_rule_id
    return {name: [_outcome(entry), _message(entry)] for name, entry in found.items()}


def _outcome(entry: dict[str, Any]) -> str:
    details = entry.get("details", {})
    if details.get("skipped"):
        return "skipped"
    if entry["ok"]:
        return "passed"
    return "errored" if details.get("error") else "failed"


def _message(entry: dict[str, Any]) -> str:
    return str(entry.get("details", {}).get("message") or "")


def main(criteria: str, file: str) -> None:
    """Validate the file, and say what was found."""
    SourceFileLoader.source_to_code = _also_on_311
    import focus_validator  # noqa: PLC0415 - as above

    logging.disable(logging.CRITICAL)
    path = str(Path(file).absolute())
    # It looks for its list of currencies where it is started.
    os.chdir(Path(str(focus_validator.__file__)).parents[1])
    json.dump(validated(path, criteria), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
