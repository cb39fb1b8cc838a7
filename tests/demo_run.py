"""`meterbook demo`, run once in a process of its own for all the tests that look at what it leaves."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoRun:
    """The workspace that the demo left, and what it said."""

    root: Path
    stdout: str
    stderr: str


def shared_demo_run(ours: Path, everybodys: Path) -> DemoRun:
    """A copy in a folder of `ours`; the first of several processes makes what they all copy."""
    made = everybodys / "demo run"
    with (everybodys / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _run(everybodys / "demo in the making")
            (everybodys / "demo in the making").rename(made)
    shutil.copytree(made, ours / "demo copy")
    said = [(ours / "demo copy" / name).read_text("utf-8") for name in ("stdout", "stderr")]
    return DemoRun(ours / "demo copy" / "book", *said)


def _run(folder: Path) -> None:
    folder.mkdir()
    command = [sys.executable, "-c", "from meterbook_cli.main import run; run()"]
    done = subprocess.run(
        [*command, "demo", "--workspace", str(folder / "book")],
        capture_output=True, check=False, cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    (folder / "stdout").write_bytes(done.stdout)
    (folder / "stderr").write_bytes(done.stderr)
