"""`serve` shows a workspace's pages to this machine, publishes first if nobody has, and ends when told."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from cli.saying import NOW, run_in
from demo_run import DemoRun


def test_a_workspace_is_served_until_ctrl_c(workspace: Path) -> None:
    command = "from meterbook_cli.main import run; run()"
    words = ["--workspace", workspace, "--now", NOW, "serve", "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-c", command, *map(str, words)],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"},
    ) as server:  # fmt: skip
        assert server.stderr is not None
        said = [server.stderr.readline(), server.stderr.readline()]
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+", said[1])
        with urlopen(f"{url}/sign-in") as page:  # noqa: S310 - our own server
            assert "Finance (read and write)" in page.read().decode()
        with pytest.raises(HTTPError, match="421"):
            urlopen(Request(url, headers={"host": "rebound.example"}))  # noqa: S310
        server.send_signal(signal.SIGINT)
        rest = server.stderr.read()
        assert server.wait(20) == 0
    assert said[0] == "Publishing\n"
    assert (workspace / "views/published.json").is_file()
    assert re.search(r"^127\.0\.0\.1 GET /sign-in 200 \d+ B \d+ ms$", rest, re.MULTILINE)
    assert "Traceback" not in rest


def test_it_is_shown_to_no_other_machine(workspace: Path) -> None:
    (workspace / "views").mkdir()
    (workspace / "views/published.json").write_text("{}")
    done = run_in(workspace, "serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - refused
    assert done.exit_code == 4
    assert "Say --host 127.0.0.1." in done.stderr


def test_the_demo_ends_by_naming_the_command_that_shows_its_pages(demo: DemoRun) -> None:
    last = demo.stderr.splitlines()[-1]
    words = shlex.split(last.partition(": ")[2])
    assert words[:2] == ["meterbook", "--workspace"]
    assert words[3:] == ["--now", "2026-12-15T08:00:00Z", "serve"], "a blank in a path is quoted"
    assert (demo.root / "views/published.json").is_file()
