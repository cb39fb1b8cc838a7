"""The manifest that AWS writes last when it has written a Data Export (CUR 2.0) for a month.

    <prefix>/<export>/metadata/BILLING_PERIOD=2026-10/<export>-Manifest.json
    <prefix>/<export>/data/BILLING_PERIOD=2026-10/<export>-00001.csv.gz

Between the two there may be a folder per execution, where the export keeps its versions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

from meterbook.errors import FileRefused
from meterbook.identifier import identifier
from meterbook.period import Period
from meterbook.ports import DatedStore

_KEY = re.compile(
    r"(?:.*/)?(?P<export>[^/]+)/metadata/BILLING_PERIOD=(?P<period>[^/]+)/(?:.+/)?"
    r"(?P=export)-Manifest\.json"
)
_DATA = re.compile(r"s3://[^/]+/(.+)")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one execution of an export wrote, and when it was done."""

    key: str
    export: str
    period: Period
    execution_id: str
    data_keys: tuple[str, ...]
    written_at: datetime

    @property
    def delivery_id(self) -> str:
        """The same for the same execution, however often its manifest is told of."""
        return f"{self.export}.{self.period}.{self.execution_id}"


def read_manifest(exported: DatedStore, key: str) -> Manifest:
    """Read a manifest. Errors: `FileRefused` where the key or the text is none."""
    named = _KEY.fullmatch(key)
    if named is None:
        raise _refused(key, "this is no manifest of a Data Export")
    try:
        stored = exported.read(key)
        told = json.loads(stored.body)
        execution_id, data_files = str(told["executionId"]), list(told["dataFiles"])
        data_keys = tuple(_data_key(key, uri) for uri in data_files)
    except KeyError as error:
        raise _refused(key, f"{error} is not there") from None
    except (ValueError, TypeError):
        raise _refused(key, "this is no JSON object with a list of files") from None
    if not data_keys or len(set(data_keys)) < len(data_keys):
        raise _refused(key, "it names no file, or one of them twice")
    return Manifest(
        key=key,
        export=identifier(named["export"], "export name", longest=80),
        period=Period.parse(named["period"]),
        execution_id=identifier(execution_id, "execution id", longest=64),
        data_keys=data_keys,
        written_at=stored.written_at,
    )


def _data_key(key: str, uri: str) -> str:
    match = _DATA.fullmatch(uri)
    if match is None:
        raise _refused(key, f"it names {uri!r}, which is no object in S3")
    return match[1]


def _refused(key: str, detail: str) -> FileRefused:
    return FileRefused(file=key, detail=detail)
