"""CloudKitty's hashmap module, its own code from configuration to rated points.

Its configuration is in a database in memory, read once, before it rates. A price is the cost of a
service; one that falls with the volume has thresholds beside it, which multiply that cost.
"""

from __future__ import annotations

import importlib.metadata
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any
from warnings import simplefilter

from bench.answers import Answer, digest
from bench.cards import prices

_MONTH = datetime(2026, 10, 1), datetime(2026, 11, 1)  # noqa: DTZ001 - it takes them without a zone
_CENT = Decimal("0.01")
_BEFORE = datetime(2026, 1, 1)  # noqa: DTZ001


def version() -> str:
    """Which CloudKitty it is. Errors: `ImportError` when it cannot run here."""
    _rating()
    return importlib.metadata.version("cloudkitty")


def rate(usage: str) -> Answer:
    """A price for each point of a Parquet file, which are in its own form before time counts."""
    module, points = _hashmap(), _points(usage)
    begun = process_time()
    rated = module.process(points)
    spent = process_time() - begun
    rows = (
        f"{point.groupby['tenant']}\t{metric}\t{point.price.quantize(_CENT, ROUND_HALF_UP)}\n"
        for metric, point in rated.iterpoints()
    )
    file = Path(f"{usage}.tsv")
    file.write_text("".join(sorted(rows)), "utf-8")
    return {"seconds": spent, "digest": digest(file)}


def _hashmap() -> Any:  # noqa: ANN401 - a peer's module has no types of ours
    """The module as it stands after reading its configuration."""
    config = import_module("oslo_config.cfg").CONF
    hashmap = _rating()
    models = import_module("cloudkitty.rating.hash.db.sqlalchemy.models")
    config([], project="cloudkitty", default_config_files=[], default_config_dirs=[])
    config.set_override("connection", "sqlite://", group="database")
    with import_module("cloudkitty.db").session_for_write() as session:
        models.Base.metadata.create_all(session.get_bind())
    for metric, steps in prices().items():
        _configure(hashmap.hash_db_api.get_instance(), metric, steps)
    return hashmap.HashMap("bench")


def _rating() -> Any:  # noqa: ANN401
    """The module's code; what it imports would warn of itself."""
    simplefilter("ignore")
    return import_module("cloudkitty.rating.hash")


def _configure(database: Any, metric: str, steps: Any) -> None:  # noqa: ANN401
    service = database.create_service(metric).service_id
    (_, first), *further = ((Decimal(above), Decimal(price)) for above, price in steps)
    database.create_mapping(first, "flat", service_id=service, start=_BEFORE, created_by="bench")
    for above, price in further:
        database.create_threshold(above, price / first, "rate", service_id=service)


def _points(usage: str) -> Any:  # noqa: ANN401
    frames = import_module("cloudkitty.dataframe")
    frame, month = frames.DataFrame(*_MONTH), import_module("pyarrow.parquet").read_table(usage)
    for row in month.to_pylist():
        point = frames.DataPoint(
            "call", Decimal(row["quantity"]), 0, {"tenant": row["tenant_id"]}, {}
        )
        frame.add_point(point, row["metric"])
    return frame
