"""Both APIs described (OpenAPI 3.1), written from the tables that requests are checked by.

`python -m meterbook.serve.openapi` writes `web/openapi.json`, which is committed and served. None
of this is loaded where requests are answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from meterbook.serve import admin_app, tenant_app
from meterbook.serve.admin_schemas import SCHEMAS as ADMIN_SCHEMAS
from meterbook.serve.idempotency import HEADER
from meterbook.serve.problems import MEDIA_TYPE
from meterbook.serve.routes import Param, Route
from meterbook.serve.tenant_schemas import SCHEMAS, ref
from meterbook.sqlfiles import project_folder

VERSION = "1.0.0"
_ABOUT = (
    "What was used, what it costs so far and why. Decimals are strings, times are UTC, and every "
    "answer says what time it is of. Who asks, and for which tenant, is said by the token alone."
)
_PROBLEMS = {
    "400": "The request cannot be answered as it is written.",
    "401": "There is no token, or not one that is valid here.",
    "403": "The token does not grant this.",
    "404": "There is nothing here for this tenant.",
}
_OF_WRITES = {
    "409": "This cannot be done as things stand, or is being done already.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key was used for something else.",
}
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "The same when this is sent again: it is done once, for 24 hours.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def document() -> dict[str, Any]:
    """The whole description."""
    routes: list[Route[Any]] = [*tenant_app.ROUTES, *admin_app.ROUTES]
    paths: dict[str, Any] = {}
    for route in (route for route in routes if route.kind == "api"):
        place = re.sub(r"<(\w+)>", r"{\1}", route.rule)
        paths.setdefault(place, {})[route.method.lower()] = _operation(route)
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Meterbook", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **ADMIN_SCHEMAS},
            "securitySchemes": {"token": bearer},
        },
    }


def text() -> str:
    """The same as it is committed."""
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _operation(route: Route[Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": ["licensee" if route.tenant else "finance"],
        "parameters": list(_parameters(route)),
        "responses": _responses(route),
        "security": [{"token": [route.scope]}] if route.scope else [],
    }
    if route.method == "POST" and route.body:
        content = {"application/json": {"schema": _body(route.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _operation_id(route: Route[Any]) -> str:
    return "_".join([route.method.lower(), *re.findall(r"\w+", route.rule)])


def _parameters(route: Route[Any]) -> Iterator[dict[str, Any]]:
    for place, params in (("path", route.path), ("query", route.query)):
        for param in params:
            yield {
                "name": param.name,
                "in": place,
                "description": param.text,
                "required": place == "path" or param.required,
                "schema": param.schema(),
            }
    if route.method == "POST":
        yield _KEY


def _body(params: tuple[Param, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {one.name: one.schema() | {"description": one.text} for one in params},
        "required": [one.name for one in params if one.required],
        "additionalProperties": False,
    }


def _responses(route: Route[Any]) -> dict[str, Any]:
    problem = {MEDIA_TYPE: {"schema": ref("Problem")}}
    told = _PROBLEMS | (_OF_WRITES if route.method == "POST" else {})
    problems = {status: {"description": why, "content": problem} for status, why in told.items()}
    other = {"default": {"description": "Any other problem.", "content": problem}}
    return {**_answer(route), **(problems if route.scope else {}), **other}


def _answer(route: Route[Any]) -> dict[str, Any]:
    """What is said when all is well: a document, a table, or the way to a file."""
    if not route.answer:
        where = {"Location": {"description": "The file.", "schema": {"type": "string"}}}
        return {"303": {"description": "Where the file is, for five minutes.", "headers": where}}
    if "/" in route.answer:
        schema = {"type": "object" if route.answer.endswith("json") else "string"}
        content = {route.answer: {"schema": schema}}
    else:
        content = {"application/json": {"schema": ref(route.answer)}}
    if route.method == "POST":
        return {"2XX": {"description": "Done, or begun.", "content": content}}
    known = {"304": {"description": "What If-None-Match names still stands."}}
    return {"200": {"description": "The answer.", "content": content}, **known}


if __name__ == "__main__":
    (project_folder("web") / "openapi.json").write_text(text(), "utf-8")
