"""What `serve` is plugged together from: the apps that are deployed, over one workspace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from meterbook.book import Book
from meterbook.pages.render import Frame, page
from meterbook.ports import Clock
from meterbook.serve.admin_app import AdminDesk, admin_app
from meterbook.serve.identity import Verifier
from meterbook.serve.tenant_app import TenantDesk, tenant_app
from meterbook_local.folder import FolderStore
from meterbook_local.front_door import FrontDoor, Visitor
from meterbook_local.local_issuer import AUDIENCE, ISSUER, LocalIssuer, web_secret
from meterbook_local.views import FolderTenants, FolderViews
from meterbook_local.workspace import open_workspace

from meterbook_cli.local_jobs import LocalJobs

_READS = "admin:read"


def _finance(id_: str, name: str, scope: str) -> Visitor:
    return Visitor(id_, name, f"{id_}@localhost", {"scope": scope}, "/finance")


_FINANCE = (
    _finance("finance-reader", "Finance (read)", _READS),
    _finance("finance", "Finance (read and write)", f"{_READS} admin:write"),
)


def front_door_of(
    root: Path, clock: Clock, event_source: str, log: Callable[[str], None], verb: str = "serve"
) -> FrontDoor:
    """The front door over a workspace whose tables are there."""
    issuer, secret = LocalIssuer(root / "issuer.key", clock), web_secret(root / "web.key")
    verifier = Verifier(ISSUER, AUDIENCE, issuer, clock)
    tenants = FolderTenants(root / "views", secret, clock)
    licensees = tenant_app(TenantDesk(tenants, verifier, clock, secret, secure=False))
    finance = admin_app(
        AdminDesk(
            open_book=partial(_book, root, clock, verb),
            jobs=LocalJobs(root, clock, event_source),
            verifier=verifier,
            clock=clock,
            signing_key=secret,
            records=FolderStore(root / "records"),
            secure=False,
        )
    )
    return FrontDoor(
        tenant=lambda event: licensees.resolve(event, LambdaContext()),
        finance=lambda event: finance.resolve(event, LambdaContext()),
        issuer=issuer,
        files=tenants,
        visitors=partial(visitors, FolderViews(root / "views")),
        sign_in_page=_sign_in_page,
        clock=clock,
        log=log,
    )


@contextmanager
def _book(root: Path, clock: Clock, verb: str) -> Iterator[Book]:
    """The book for one request: between two requests commands find the workspace free."""
    with open_workspace(root, clock, verb, create=False) as workspace:
        yield workspace.book


def visitors(views: FolderViews) -> Sequence[Visitor]:
    """Everybody that one can look as: each tenant that is published, then finance."""
    keys = (key for key in views.keys("tenants/") if key.endswith("/index.json"))
    return [*map(_licensee, (json.loads(views.get(key)) for key in keys)), *_FINANCE]


def _licensee(index: Mapping[str, Any]) -> Visitor:
    id_ = index["tenant_id"]
    claims = {"custom:tenant_id": id_, "scope": "usage:read invoices:read"}
    return Visitor(f"tenant:{id_}", index["name"], f"{id_}@localhost", claims, "/")


def _sign_in_page(everybody: Sequence[Visitor]) -> str:
    finance = [one for one in everybody if one in _FINANCE]
    licensees = [one for one in everybody if one not in _FINANCE]
    groups = [
        ("Licensees", "Each sees what is its own.", licensees),
        ("Finance", "All tenants: margins, costs, what has no owner, and the close.", finance),
    ]
    return page("local_sign_in.html", Frame(language="en", brand="Meterbook"), groups=groups)
