"""`python -m bench`: run the suite on Linux, write results.json and results.md."""

from __future__ import annotations

import argparse
import os
import pkgutil
import platform
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import bench
from bench.ground import PROJECT, THREADS, Ground
from bench.measure import Measure, line_of, write_results


def main() -> None:
    """Run what the command line asks for."""
    asked = _arguments()
    sizes = (1_000_000,) if asked.quick else (1_000_000, 10_000_000)
    ground = Ground(asked.build, sizes, asked.peers)
    # Both sides of every pair get the same processors.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    ground.empty("work")
    found: list[Measure] = []
    for name in asked.only or _rooms():
        for measure in import_module(f"bench.{name}").measures(ground):
            found.append(measure)
            write_results(ground.folder, found, _machine())  # kept, should a later one break off
            print(line_of(measure), flush=True)
    ground.empty("work").rmdir()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("--quick", action="store_true", help="a month of 1,000,000 events only")
    parser.add_argument("--only", action="append", choices=list(_rooms()), help="one benchmark")
    parser.add_argument("--build", type=Path, default=PROJECT / "build" / "bench")
    parser.add_argument("--peers", type=Path, default=PROJECT / ".venv" / "peers/bin/python")
    return parser.parse_args()


def _rooms() -> Iterator[str]:
    """The modules beside this one that measure something."""
    for found in pkgutil.iter_modules(bench.__path__):
        own = found.ispkg or found.name == "__main__"
        if not own and hasattr(import_module(f"bench.{found.name}"), "measures"):
            yield found.name


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "sqlglot", "boto3"))
    cores = f"{THREADS} of {os.cpu_count()} processors ({platform.machine()})"
    return f"Python {platform.python_version()}, {versions}; {cores}."


if __name__ == "__main__":
    main()
