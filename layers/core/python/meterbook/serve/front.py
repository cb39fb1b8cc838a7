"""The front of both APIs: what every request goes through before and after its route.

Read, recognised, let in, checked, answered, written down; whatever goes wrong on the way is told
as a problem. The routing is Powertools', so one app answers behind API Gateway and on one machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.shared.cookies import Cookie as SetCookie
from aws_lambda_powertools.shared.cookies import SameSite
from aws_lambda_powertools.utilities.typing import LambdaContext

from meterbook.canonical import canonical_json
from meterbook.ports import Clock, ObjectStore
from meterbook.serve import problems
from meterbook.serve.asked import Answer, Asked, Cookie, read_event, request_id, see_other
from meterbook.serve.audit import record
from meterbook.serve.csrf import FIELD, HEADER, check_csrf, check_origin, csrf_token
from meterbook.serve.headers import etag_of, is_known, packed_etag, takes_gzip, with_security
from meterbook.serve.idempotency import Once
from meterbook.serve.identity import Verifier
from meterbook.serve.routes import Route
from meterbook.serve.sign_in import own_path

_log = Logger(child=True)
Wrong = Callable[[Asked, problems.Problem], Answer]


class Front(Protocol):
    """What a desk has for the front: whom it trusts, and where writes are put down."""

    @property
    def verifier(self) -> Verifier:
        """Who tells a token of ours from another."""
        ...

    @property
    def clock(self) -> Clock:
        """The time of what is written down."""
        ...

    @property
    def signing_key(self) -> bytes:
        """What cursors and the marks of forms are signed with."""
        ...

    @property
    def secure(self) -> bool:
        """Whether readers come over TLS; not so on loopback alone."""
        ...

    @property
    def public_url(self) -> str:
        """Where browsers find this service; empty: where the request's Host says."""
        ...

    @property
    def records(self) -> ObjectStore | None:
        """Where is written down who did what; a desk where nothing is done needs none."""
        ...


D = TypeVar("D", bound=Front)


def cookie_name(desk: Front) -> str:
    """The cookie of a session; its prefix makes browsers keep it to this host and to TLS."""
    return "__Host-meterbook" if desk.secure else "meterbook"


class _App(APIGatewayHttpResolver):
    """Powertools keeps the request in class variables, so threads take turns."""

    _turn: ClassVar = Lock()

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer one event."""
        with self._turn:
            return super().resolve(event, context)


def front_app(desk: D, routes: Iterable[Route[D]], wrong: Wrong) -> APIGatewayHttpResolver:
    """The app that answers the routes; `wrong` says a problem to somebody who reads pages."""
    table, gate, app = list(routes), _Gate(desk, wrong), _App()
    for route in table:
        app.route(route.rule, method=route.method)(_entered(app, gate, route))

    @app.not_found
    def nowhere(_: Exception) -> Response[Any]:
        return gate.nowhere(app.current_event.raw_event, table)

    return app


def _entered(
    app: APIGatewayHttpResolver, gate: _Gate[D], route: Route[D]
) -> Callable[..., Response[Any]]:
    def enter(**path_values: str) -> Response[Any]:
        return gate.answer(app.current_event.raw_event, route, path_values)

    return enter


class _Gate(Generic[D]):
    """One desk's front: from an event to a response."""

    def __init__(self, desk: D, wrong: Wrong) -> None:
        self._desk = desk
        self._wrong = wrong

    def answer(
        self, event: Mapping[str, Any], route: Route[D], path_values: Mapping[str, str]
    ) -> Response[Any]:
        """What the route says, or what went wrong on the way to it."""
        asked = None
        try:
            asked = read_event(event)
            asked = self._recognised(asked, must=bool(route.scope))
            self._let_in(asked, route)
            asked = self._checked(asked, route, path_values)
            answer = self._ran(route, asked)
        except Exception as error:
            answer = self._told(event, asked, error, for_people=route.kind != "api")
        if asked and route.is_recorded and asked.identity.actor:
            answer = self._recorded(event, asked, route, answer)
        return self._response(asked, answer)

    def nowhere(self, event: Mapping[str, Any], table: Iterable[Route[D]]) -> Response[Any]:
        """What is said where there is no route, or none for this method."""
        path, asked = event["rawPath"], None
        allowed = sorted({route.method for route in table if route.is_at(path)})
        problem = problems.not_found()
        if allowed and event["requestContext"]["http"]["method"].upper() not in allowed:
            named = {"allow": ", ".join(allowed)}
            problem = problems.Problem(405, "METHOD", "This is not done with this method.", named)
        try:
            asked = read_event(event)
        except problems.Problem as error:
            problem = error
        return self._response(
            asked, self._told(event, asked, problem, for_people=not _is_api(path))
        )

    def _let_in(self, asked: Asked, route: Route[D]) -> None:
        """Refuse who may not ask this. Errors: `Problem` 403."""
        if route.method == "POST":
            check_origin(asked.headers, self._desk.public_url)
        if not route.scope:
            return
        if bool(asked.identity.tenant_id) is not route.tenant:
            raise problems.forbidden("The token is for the other side of this service.")
        if route.scope not in asked.identity.scopes:
            raise problems.forbidden(f"The token does not grant {route.scope}.")

    def _recognised(self, asked: Asked, *, must: bool) -> Asked:
        """Who asks, where the request says it; `must`: it has to. Errors: `Problem` 401."""
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        if kind and kind.lower() != "bearer":
            token = ""
        token = token.strip() if kind else asked.cookies.get(cookie_name(self._desk), "")
        if not token:
            if must:
                raise problems.unauthenticated("Say who you are: send a token.")
            return asked
        try:
            identity = self._desk.verifier.identity(token)
        except problems.Problem:
            if must:
                raise
            return asked
        csrf = "" if kind else csrf_token(self._desk.signing_key, token)
        return replace(asked, identity=identity, session=token, csrf=csrf)

    def _checked(self, asked: Asked, route: Route[D], path_values: Mapping[str, str]) -> Asked:
        """What is asked for. A write in a browser's session has to carry the mark of its page."""
        values = route.values(asked, path_values)
        token = asked.headers.get(HEADER, "") or values.get(FIELD, "")
        values.pop(FIELD, None)
        if route.method == "POST" and route.scope and asked.csrf:
            check_csrf(self._desk.signing_key, asked.session, token)
        return replace(asked, values=values)

    def _ran(self, route: Route[D], asked: Asked) -> Answer:
        records = self._desk.records
        if route.method == "POST" and route.kind == "api" and records:
            once = Once(records, self._desk.clock)
            return once.run(asked, lambda: route.run(self._desk, asked))
        return route.run(self._desk, asked)

    def _told(
        self, event: Mapping[str, Any], asked: Asked | None, error: Exception, *, for_people: bool
    ) -> Answer:
        problem = problems.problem_of(error)
        if problem.status >= 500:
            _log.error("request failed", exc_info=error, error_code=problem.code)
        if for_people and problem.status == 401:
            return see_other(_sign_in(asked))
        if for_people and asked:
            return replace(self._wrong(asked, problem), headers=problem.headers)
        text = canonical_json(problem.document(request_id(event)))
        return Answer(problem.status, text, problems.MEDIA_TYPE, problem.headers)

    def _recorded(
        self, event: Mapping[str, Any], asked: Asked, route: Route[D], answer: Answer
    ) -> Answer:
        """What nobody could write down was not answered either."""
        try:
            if self._desk.records is None:
                raise TypeError(f"{route.rule} is written down, and the desk has no records")
            record(self._desk.records, self._desk.clock.now(), asked, route, answer.status)
        except Exception as error:
            return self._told(event, asked, error, for_people=route.kind != "api")
        return answer

    def _response(self, asked: Asked | None, answer: Answer) -> Response[Any]:
        headers = with_security(answer.headers, over_tls=self._desk.secure)
        body = answer.body
        if asked and answer.status == 200 and asked.method == "GET":
            etag = answer.etag or etag_of(answer.body)
            if answer.packed and takes_gzip(asked.headers.get("accept-encoding", "")):
                body, etag, headers["content-encoding"] = answer.packed, packed_etag(etag), "gzip"
            headers["etag"] = etag
            if is_known(etag, asked.headers.get("if-none-match", "")):
                headers.pop("content-encoding", None)
                return Response(304, None, "", headers)
        # Named in lower case, or Powertools would write a packed body of JSON as JSON once more.
        headers["content-type"] = answer.media_type
        cookies = [self._cookie(cookie) for cookie in answer.cookies]
        return Response(answer.status, None, body, headers, cookies)

    def _cookie(self, cookie: Cookie) -> SetCookie:
        return SetCookie(
            cookie.name, cookie.value, path="/", secure=self._desk.secure, http_only=True,
            max_age=cookie.seconds, same_site=SameSite.LAX_MODE,
        )  # fmt: skip


def _sign_in(asked: Asked | None) -> str:
    """The way in, from where it leads back to the page that was asked for."""
    if asked is None or asked.method != "GET" or asked.path == "/":
        return "/sign-in"
    address = f"{asked.path}?{asked.query}" if asked.query else asked.path
    return f"/sign-in?{urlencode({'to': address})}" if own_path(address) == address else "/sign-in"


def _is_api(path: str) -> bool:
    return path.startswith("/v1") or path.endswith(".json")
