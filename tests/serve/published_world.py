"""Somebody who asks the tenant API, and a small published set that is written by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from meterbook.canonical import canonical_json, gzipped, sha256
from meterbook.ports import Clock
from meterbook.serve.identity import Verifier
from meterbook.serve.tenant_app import TenantDesk, tenant_app
from meterbook_local.clock import FixedClock
from meterbook_local.local_issuer import AUDIENCE, ISSUER, LocalIssuer
from meterbook_local.views import FolderTenants, FolderViews

NOON = FixedClock(datetime(2026, 12, 15, 12, tzinfo=UTC))
KEY = b"k" * 32
READER = "usage:read invoices:read"
Fields = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Sequence[str]

    @property
    def json(self) -> Fields:
        found: Fields = json.loads(self.body)
        return found

    @property
    def text(self) -> str:
        return self.body.decode()


def event_of(
    method: str,
    address: str,
    headers: Mapping[str, str],
    cookies: Sequence[str] = (),
    body: bytes | None = None,
) -> Fields:
    """A request as an HTTP API hands it over (payload 2.0)."""
    path, _, query = address.partition("?")
    http = {"method": method, "path": path}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(headers),
        "cookies": list(cookies),
        "requestContext": {"requestId": "request-1", "stage": "$default", "http": http},
        "body": None if body is None else base64.b64encode(body).decode(),
        "isBase64Encoded": body is not None,
    }


def said_by(app: APIGatewayHttpResolver, event: Fields) -> Said:
    answer = app.resolve(event, None)  # type: ignore[arg-type]
    body = answer["body"] or ""
    raw = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return Said(answer["statusCode"], headers, raw, answer.get("cookies", []))


@dataclass
class PublishedWorld:
    """A folder of published documents, the API over it, and who signs its readers' tokens."""

    root: Path
    views_root: Path
    clock: Clock = NOON
    secure: bool = True
    more: Fields = field(default_factory=dict)

    @cached_property
    def issuer(self) -> LocalIssuer:
        return LocalIssuer(self.root / "issuer.key", self.clock)

    @cached_property
    def tenants(self) -> FolderTenants:
        return FolderTenants(self.views_root, KEY, self.clock)

    @cached_property
    def desk(self) -> TenantDesk:
        who = Verifier(ISSUER, AUDIENCE, self.issuer, self.clock)
        return TenantDesk(self.tenants, who, self.clock, KEY, self.secure, **self.more)

    @cached_property
    def app(self) -> APIGatewayHttpResolver:
        return tenant_app(self.desk)

    def token(self, tenant_id: str, scope: str = READER, actor: str = "ada") -> str:
        claims = {"custom:tenant_id": tenant_id} if tenant_id else {}
        return self.issuer.token(actor, {"scope": scope, **claims})

    def ask(
        self, address: str, tenant_id: str = "cedar", method: str = "GET", **headers: str
    ) -> Said:
        """Ask as a program of a tenant; `if_none_match="…"` is the header of that name."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = {"authorization": f"Bearer {self.token(tenant_id)}"} if tenant_id else {}
        return said_by(self.app, event_of(method, address, bearer | named))

    def open(self, address: str, tenant_id: str = "cedar", **headers: str) -> Said:
        """Ask as a browser does, in a session of a tenant's person."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        name = "__Host-meterbook" if self.secure else "meterbook"
        return said_by(
            self.app, event_of("GET", address, named, [f"{name}={self.token(tenant_id)}"])
        )


# ---- a small set -----------------------------------------------------------------------------


def usage_event(time: str, id_: str, metric: str = "calls", module: str = "MOD-1") -> Fields:
    """An event as a day's document has it."""
    return {
        "ref": sha256(time + id_)[:24], "id": id_, "source": f"/{module}/a", "metric": metric,
        "module_id": module, "time": time, "quantity": "1", "unit": "call", "counted_id": "",
        "withdrawn": False, "place": "", "received": "",
    }  # fmt: skip


def write_events(
    root: Path,
    events: Sequence[Fields],
    tenant_id: str = "cedar",
    as_of: str = "2026-12-15T08:00:00Z",
) -> None:
    """Publish one tenant's December that has these events and nothing else to say."""
    views, prefix = FolderViews(root), f"tenants/{tenant_id}/"
    days: Fields = {}
    for day in sorted({event["time"][:10] for event in events}):
        rows = sorted(
            (event for event in events if event["time"][:10] == day),
            key=lambda row: (row["time"], row["source"], row["id"]),
        )
        body = canonical_json({"tenant_id": tenant_id, "day": day, "events": rows})
        key = f"events/{sha256(body)}.json.gz"
        views.replace(prefix + key, gzipped(body))
        days[day] = {"key": key, "count": len(rows)}
    month = _write(views, prefix, {"tenant_id": tenant_id, "period": "2026-12"})
    held = _write(views, prefix, {"period": "2026-12", "days": days})
    periods = [{"period": "2026-12", "state": "open", "currency": "USD", "key": month}]
    index: Fields = {
        "tenant_id": tenant_id, "language": "en", "periods": periods, "focus": {},
        "brand": {"name": tenant_id, "colour": "", "logo": {}}, "days": {"2026-12": {"key": held}},
    }  # fmt: skip
    version = sha256(canonical_json(index))
    views.replace(prefix + "index.json", canonical_json({**index, "version": version}).encode())
    told = {"as_of": as_of, "next": "2026-12-15T12:00:00Z"}
    views.replace("published.json", canonical_json(told).encode())


def _write(views: FolderViews, prefix: str, document: Fields) -> str:
    body = canonical_json(document)
    key = f"documents/{sha256(body)}.json"
    views.replace(prefix + key, body.encode())
    return key
