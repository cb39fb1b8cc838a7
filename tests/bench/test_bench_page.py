"""Both ways to a page say the same, and every user gets the same bytes, or no figure counts."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from demo_run import DemoRun
from meterbook.canonical import canonical_json
from meterbook.pages.view import problem_page, static_files
from meterbook_local.clock import FixedClock
from meterbook_local.demo_december import NOW
from meterbook_local.views import FolderViews
from meterbook_local.workspace import open_workspace

from bench.page_by_query import month_by_query
from bench.readers import HOST, ask, load
from bench.tenant_page import loaded_by, read_import_times

# What -X importtime writes: a module stands below all that it imported.
IMPORTED = """
import time: self [us] | cumulative | imported package
import time:       300 |        300 |   site
import time:       100 |        100 |       botocore.session
import time:        50 |        150 |     boto3
import time:       200 |        200 |     json
import time:       400 |        750 |   ours
import time:        70 |         70 |     urllib3
import time:        80 |        150 |   botocore.config
import time:        30 |         30 |   last
import time:        20 |        950 | handler
"""


def test_the_start_of_a_function_is_counted_without_boto3_and_what_that_imports() -> None:
    assert read_import_times(IMPORTED) == {"whole": 0.95, "own": 0.65}


def test_a_page_weighs_what_its_head_names() -> None:
    loaded = loaded_by(problem_page(404, "Not found", "It is not here.", "en").encode())
    assert {"/brand.css", *static_files()} >= set(loaded)
    assert {path.rpartition(".")[2] for path in loaded} == {"css", "js", "svg"}
    assert loaded_by(b'<a href="/x">x</a><img alt="" src="/logo">') == ["/logo"]


def test_so_many_users_ask_so_often_between_them() -> None:
    with answering(lambda n: b"always the same") as (port, asked):
        told = load(port, "/", {}, requests=40, users=3, core=_a_core())
    assert len(asked) == 40 + 1  # the first answer, which the others are compared with
    assert 0 < told["p50"] <= told["p99"]
    assert told["rate"] > 0


def test_no_time_counts_when_the_same_question_has_two_answers() -> None:
    with answering(lambda n: b"%d" % n) as (port, _), pytest.raises(ValueError, match="two ways"):
        load(port, "/", {}, requests=5, users=1, core=_a_core())


def test_what_is_asked_of_the_book_is_what_is_published(demo: DemoRun) -> None:
    views = FolderViews(demo.root / "views")
    with open_workspace(demo.root, FixedClock(NOW), "test", create=False) as workspace:
        for tenant in ("larkspur", "tidewater"):
            index = json.loads(views.get(f"tenants/{tenant}/index.json"))
            newest = index["periods"][0]
            published = json.loads(views.get(f"tenants/{tenant}/{newest['key']}"))
            asked = month_by_query(workspace.book, index, newest["period"])
            assert newest["state"] == "open"
            assert json.loads(canonical_json(asked)) == published


def test_the_size_on_the_wire_has_the_head_in_it() -> None:
    with answering(lambda n: b"body") as (port, _):
        reply = ask(port, "/", {})
    assert reply.body == b"body"
    assert reply.wire_bytes > len(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody")


def _a_core() -> int:
    return min(os.sched_getaffinity(0))


@contextmanager
def answering(body_of) -> Iterator[tuple[int, list[str]]]:
    """The port of a server whose n-th answer is said, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            body = body_of(len(asked))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    before = os.sched_getaffinity(0)  # who asks is put on one processor
    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            os.sched_setaffinity(0, before)
