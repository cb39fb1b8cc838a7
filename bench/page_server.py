"""The front door over a workspace, with beside its pages what they are measured against.

`/beside/file` is a static file that the app serves as it serves its own, `/file` one that the
server reads from the disk without any app, `/beside/first` the overview when nothing of it
is remembered, and `/beside/query` the overview when it is asked of the book.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.book import Book
from meterbook.pages import view as pages
from meterbook.serve import tenant_pages
from meterbook.serve.asked import Answer, Asked, page_answer
from meterbook.serve.front import front_app
from meterbook.serve.headers import FOR_EVER
from meterbook.serve.identity import Verifier
from meterbook.serve.memory import Memory
from meterbook.serve.routes import Routes
from meterbook.serve.tenant_app import ROUTES, TenantDesk
from meterbook_cli.front import front_door_of
from meterbook_local.clock import FixedClock
from meterbook_local.demo_december import NOW
from meterbook_local.front_door import FrontDoor, listening
from meterbook_local.gateway import Environ
from meterbook_local.local_issuer import AUDIENCE, ISSUER, LocalIssuer, web_secret
from meterbook_local.views import FolderTenants
from meterbook_local.workspace import open_workspace

from bench.ground import PROJECT
from bench.page_by_query import month_by_query

FILE = "page.html"
_SCOPE = "usage:read"


@contextmanager
def serving(root: Path, core: int) -> Iterator[int]:
    """The port of a server over a workspace, on one processor, until the context ends."""
    command = [sys.executable, "-m", "bench.page_server", str(root), str(core)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()


def main() -> None:
    """Serve the workspace that the command line names."""
    root, core = Path(sys.argv[1]), int(sys.argv[2])
    os.sched_setaffinity(0, {core})
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that users wait is the point
    with open_workspace(root, FixedClock(NOW), "bench", create=False) as workspace:
        server = listening(_with_files(_door(root, workspace.book), root), "127.0.0.1", 0)
        print(server.effective_port, flush=True)
        server.run()


def _door(root: Path, book: Book) -> FrontDoor:
    """The door of `meterbook serve`, without its log, and with routes of ours in its app."""
    clock = FixedClock(NOW)
    issuer, secret = LocalIssuer(root / "issuer.key", clock), web_secret(root / "web.key")
    verifier = Verifier(ISSUER, AUDIENCE, issuer, clock)
    tenants = FolderTenants(root / "views", secret, clock)
    desk = TenantDesk(tenants, verifier, clock, secret, secure=False)
    app = front_app(desk, (*ROUTES, *_beside(root, book)), tenant_pages.wrong_page)
    door = front_door_of(root, clock, "bench", lambda _: None)
    return replace(door, tenant=lambda event: app.resolve(event, LambdaContext()))


def _beside(root: Path, book: Book) -> Routes[TenantDesk]:
    routes: Routes[TenantDesk] = Routes()

    @cache
    def kept() -> Answer:
        body = (root / FILE).read_text("utf-8")
        return Answer(200, body, "text/html; charset=utf-8", {"cache-control": FOR_EVER}).kept()

    @routes.page("/beside/file")
    def file(desk: TenantDesk, asked: Asked) -> Answer:
        """A static file, as the app has it."""
        return kept()

    @routes.page("/beside/first", _SCOPE)
    def first(desk: TenantDesk, asked: Asked) -> Answer:
        """The overview from its documents, which are read for the first time."""
        nothing = replace(desk, documents=Memory(2**26), answers=Memory(2**26))
        return tenant_pages.overview(nothing, asked)

    @routes.page("/beside/query", _SCOPE)
    def query(desk: TenantDesk, asked: Asked) -> Answer:
        """The overview from the book."""
        published = desk.open(asked.identity.tenant_id)
        newest, former = published.periods()[:2]
        month = month_by_query(book, published.index, newest["period"])
        view = pages.View(
            published.index, [month, published.document(former["key"])], published.as_of,
            published.told["next"], published.is_stale, asked.csrf, asked.identity.actor,
        )  # fmt: skip
        return page_answer(pages.overview(view)).kept()

    return routes


def _with_files(door: FrontDoor, root: Path) -> Callable[..., Iterable[bytes]]:
    """The door, and beside it the file, read from the disk each time."""

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/file":
            return door(environ, start_response)
        packed = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        body = (root / (f"{FILE}.gz" if packed else FILE)).read_bytes()
        start_response("200 OK", [("content-length", str(len(body)))])
        return [body]

    return answer


if __name__ == "__main__":
    main()
