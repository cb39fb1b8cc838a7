"""The outside world as the jobs see it: one Protocol per outside system.

Each has a cloud adapter and a one-machine adapter, and one contract suite (`tests/ports`) that both
must pass. A room takes ports as arguments and never imports an adapter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Literal, Protocol

from meterbook.errors import InputRefused
from meterbook.sqlfiles import SqlFile

# A SQL value is str, int, Decimal, bool, date, datetime (naive UTC) or None.
Row = dict[str, object]


class Clock(Protocol):
    """The only source of the current time."""

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        ...


class ObjectStore(Protocol):
    """A bucket: whole objects under keys like `cur/part.jsonl.gz`, written once, never changed."""

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write the object whole unless the key exists; say whether this call wrote it.

        Of two writers at once exactly one is told True. After a crash the object is there whole
        or not at all.
        """
        ...

    def get(self, key: str) -> bytes:
        """The object's bytes. Errors: `KeyError` when there is none."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with the prefix, in ascending order of their UTF-8 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """An object's bytes, and when they were written (aware UTC)."""

    body: bytes
    written_at: datetime


class DatedStore(ObjectStore, Protocol):
    """A bucket that others write to: when they did so tells the order of what they wrote."""

    def read(self, key: str) -> Stored:
        """The object's bytes and their time, of one version. Errors: `KeyError`."""
        ...


class EventBus(Protocol):
    """Where announcements go; at least once, so each carries an id that follows from its facts."""

    def publish(self, event: Announcement) -> None:
        """Hand the event over. Errors: code `EVENTBRIDGE_PUBLISH_FAILED`."""
        ...


@dataclass(frozen=True, slots=True)
class Announcement:
    """One event out: `detail_type` names the schema in `events/`, `detail` holds JSON values."""

    event_id: str
    source: str
    detail_type: str
    time: datetime
    detail: Mapping[str, object]


Grouping = Literal["DIMENSION", "TAG", "COST_CATEGORY"]
COST_METRICS = frozenset((
    "AmortizedCost", "BlendedCost", "NetAmortizedCost", "NetUnblendedCost", "NormalizedUsageAmount",
    "UnblendedCost", "UsageQuantity",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class CostQuery:
    """One GetCostAndUsage request: days `[start, end)`, at most two groupings, one filter.

    What AWS would refuse cannot be asked. Errors: `InputRefused`.
    """

    start: date
    end: date
    metrics: tuple[str, ...]
    group_by: tuple[tuple[Grouping, str], ...] = ()
    service: str | None = None

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InputRefused(detail=f"{self.start} to {self.end} (exclusive) holds no day.")
        if not self.metrics or not COST_METRICS.issuperset(self.metrics):
            raise InputRefused(detail=f"{self.metrics} are no metrics of Cost Explorer.")
        if len(self.group_by) > 2:
            raise InputRefused(detail=f"Cost Explorer groups by two keys, not by {self.group_by}.")
        if len(set(self.group_by)) < len(self.group_by):
            raise InputRefused(detail=f"{self.group_by} names one key twice.")


class CostExplorer(Protocol):
    """AWS Cost Explorer, page by page, as AWS answers it."""

    def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
        """The answer's pages in order. Each page costs $0.01, so a caller counts them.

        An answer is whole or an error. Errors: `CostExplorerRefused` for a request that is wrong,
        `CostExplorerUnavailable` for one that may be repeated, for a page that was promised and is
        not there, and for pages that never end.
        """
        ...


@dataclass(frozen=True, slots=True)
class CostPage:
    """One page of what a provider charged: where it is, and the header that a secret fills."""

    provider: str
    url: str
    header: str = ""
    secret: str = ""


class ExternalCosts(Protocol):
    """What providers other than AWS and Snowflake charge, as they answer over HTTP."""

    def page(self, asked: CostPage) -> bytes:
        """The answer's body. Errors: `ExternalCostsRefused`, `ExternalCostsUnavailable`."""
        ...


class Signer(Protocol):
    """Who vouches for the register: an RSA-3072 key that others can check with the public half."""

    def public_key(self) -> bytes:
        """The public key as SubjectPublicKeyInfo, in DER."""
        ...

    def sign(self, message: bytes) -> bytes:
        """A PKCS#1 v1.5 signature over the SHA-256 of the message: same message, same bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A message with files to somebody; its id follows from what it tells, so it goes out once."""

    mail_id: str
    sender: str
    recipient: str
    subject: str
    text: str
    attachments: Mapping[str, bytes]


class Mailer(Protocol):
    """What takes documents to those who want them by mail."""

    def send(self, mail: Mail) -> None:
        """Hand the message over. Errors: code `MAIL_REFUSED` or, to be repeated, `MAIL_FAILED`."""
        ...


class RenderQueue(Protocol):
    """Who writes the documents of numbers that are handed over."""

    def send(self, seller_id: str, numbers: Sequence[str]) -> None:
        """Hand numbers over: their documents are written by then or will be, in any order.

        Errors: code `QUEUE_UNAVAILABLE`, to be repeated; some may have been taken by then.
        """
        ...


class WebhookSender(Protocol):
    """Who posts to addresses of others, and to none that lies inside a network."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer, whatever it is; a redirect is one, and is not followed.

        Errors: `WebhookRefused` for an address that is never asked, `WebhookFailed`, to be
        repeated, where no answer came.
        """
        ...


class ViewStore(Protocol):
    """Where what readers see is published: derived documents that are written over, never facts."""

    def get(self, key: str) -> bytes:
        """The document's bytes. Errors: `KeyError` when there is none."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with the prefix, in ascending order of their UTF-8 bytes."""
        ...

    def replace(self, key: str, body: bytes) -> None:
        """Write the document, over the one that is there: a reader gets one of both, whole."""
        ...

    def remove(self, key: str) -> None:
        """Take the document away; one that is not there is none."""
        ...


class TenantStore(Protocol):
    """What one tenant's request can reach of the published documents, and nothing besides."""

    def get(self, key: str) -> bytes:
        """A document by its key below the tenant's own prefix. Errors: `KeyError`."""
        ...

    def published(self) -> bytes:
        """What says when all was published last. Errors: `KeyError` before the first time."""
        ...

    def link(self, key: str, filename: str) -> str:
        """A URL that opens this one document, under a name to save it by, for five minutes."""
        ...


class TenantStores(Protocol):
    """The way to what belongs to one tenant, with credentials that reach no other's."""

    def open(self, tenant_id: str) -> TenantStore:
        """What this tenant can reach. Errors: `BadIdentifier` for what cannot be a tenant's id."""
        ...


class KeySource(Protocol):
    """The public keys of who signs the tokens."""

    def key(self, kid: str) -> Mapping[str, Any]:
        """A JSON Web Key by its id. Errors: `KeyError` when the issuer names no such key."""
        ...


class TokenEndpoint(Protocol):
    """Who gives a token for the code with which somebody comes back from signing in."""

    def token(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token. Errors: `SignInRefused` for a bad code, `SignInUnavailable`."""
        ...


class JobStarter(Protocol):
    """Who starts a job of ours, by the name it has in every room."""

    def start(self, job: str, payload: Mapping[str, object]) -> None:
        """Start it; what it does is told where it runs. Errors: code `JOB_NOT_STARTED`."""
        ...


@dataclass(frozen=True, slots=True)
class Recalculated:
    """What the tariff says of one document's facts: rows of `period_lines` and `period_faults`."""

    lines: list[Row]
    faults: list[Row]


class Recalculator(Protocol):
    """The tariff's own SQL, run once more over facts that are handed in instead of the book's."""

    def lines(self, body: Mapping[str, object]) -> list[Row]:
        """The rows of `billing.period_lines` that frozen facts and documents give.

        `body` is a frozen document's; plans in it may be others than those that were frozen.
        """
        ...

    def results(self, bodies: Sequence[Mapping[str, Any]]) -> list[Recalculated]:
        """The same for many at once, in their order, with what stands in the way of more lines."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """One delivery that a load brought into the book; `row_count` is None where nobody tells it."""

    delivery_id: str
    stream: str
    row_count: int | None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh did to one model: `how` is unchanged, whole, or parts."""

    name: str
    how: str


class Warehouse(Protocol):
    """The engine that holds the book. There is no insert: facts come in by `load` alone."""

    sql_folders: ClassVar[tuple[str, ...]]
    """The folders of `sql/` that define the book on this engine."""

    def pending(self, files: Sequence[SqlFile]) -> list[SqlFile]:
        """The files whose text is not the one that was applied last, in order of creation."""
        ...

    def apply(self, files: Sequence[SqlFile]) -> list[str]:
        """Create or alter what the files define, in their order; return the names that changed."""
        ...

    def load(self, landing: ObjectStore, at: datetime) -> list[Loaded]:
        """Load every closed delivery that is not in the book yet, each whole or not at all."""
        ...

    def refresh(self, only: Collection[str] = ()) -> list[Refreshed]:
        """Bring every model up to date in dependency order, in one transaction.

        `only` names models that somebody waits for: at least these, and what they read.
        """
        ...

    def query(self, sql: str, binds: Sequence[object] = ()) -> list[Row]:
        """Rows of one select with `?` for bound values; column names in lower case."""
        ...
