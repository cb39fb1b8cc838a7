"""Where the cost of an outside service is asked for: its address, and what its answer means."""

from __future__ import annotations

import re
from dataclasses import replace

from meterbook.catalog.document import Fields
from meterbook.catalog.reader import Reader

ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
URL = (
    r"(?=.*\{start\})(?=.*\{(?:end|last)\})"
    r"(?:https://[A-Za-z0-9][A-Za-z0-9.-]*|http://(?:localhost|127\.0\.0\.1|\[::1\]))"
    r"(?::[0-9]{1,5})?[/?](?:[^\s#{}]|\{(?:start|end|last)\})*"
)
PATH = r"[^.\s]+(?:\.[^.\s]+)*"
HEADER = r"[A-Za-z0-9-]{1,64}"
SECRET = r"[a-z0-9][a-z0-9-]{0,63}"  # noqa: S105 - the form of its name
NEEDED = ("usage_date", "cost", "currency")
COLUMNS = (*NEEDED, "owner_tag", "module_tag", "service", "account", "usage_type", "resource_id")


def external_provider(doc: Reader) -> Fields:
    """An outside service whose cost is fetched: what is asked, and where its answer has what."""
    doc.matching("id", ID, "at most 40 letters, digits, '.', '_' or '-'")
    example = (
        "an https address with {start} and {end} (or {last}) behind its host, for example "
        "https://api.example.com/costs?from={start}&to={end}"
    )
    form = doc.choice("format", "json csv")
    return {
        "name": doc.text("name", doc.text("id")),
        "url": doc.matching("url", URL, example),
        "format": form,
        **{name: _path(doc, name, form) for name in ("rows", "next", "total")},
        **_secret(doc),
        "columns": _columns(doc, form),
    }


def _path(doc: Reader, name: str, form: str) -> str:
    path = doc.matching(name, PATH, "keys with points between them, such as data.items", "")
    if path and form != "json":
        raise doc.refusal(name, f"the format {form} does not take it", "It is a path into JSON.")
    return path


def _secret(doc: Reader) -> Fields:
    header = doc.matching("header", HEADER, "a request header such as Authorization", "")
    if bool(header) != bool(doc.text("secret", "")):
        hint = "The header carries what the secret of that name holds."
        raise doc.refusal("secret", "`header` and `secret` go together", hint)
    return {"header": header, "secret": secret_name(doc, "twilio-costs") if header else ""}


def secret_name(doc: Reader, example: str) -> str:
    """The name that a secret is kept under; it may be the secret itself, so it is not told."""
    name = doc.text("secret")
    if not re.fullmatch(SECRET, name):
        hint = f"Write the name under which it is kept, such as {example}, never what it holds."
        raise doc.refusal("secret", "this is not the name of a secret", hint)
    return name


def _columns(doc: Reader, form: str) -> list[Fields]:
    nothing = replace(doc, fields={}, path="columns")
    columns = doc.mapping("columns", " ".join(COLUMNS)) or nothing
    for name in NEEDED:
        if name not in columns.fields:
            raise columns.refusal(name, "this field must be there and not be empty")
    return [_column(columns, name, form) for name in sorted(columns.fields)]


def _column(columns: Reader, name: str, form: str) -> Fields:
    given = columns.fields[name]
    long = {name: {"column": given} if isinstance(given, str) else given}
    # A day and a cost that are the same for all rows would be nobody's figures.
    known = "column" if name in ("usage_date", "cost") else "column value"
    entry = replace(columns, fields=long).mapping(name, known)
    if entry is None or bool(entry.text("column", "")) == bool(entry.text("value", "")):
        raise columns.refusal(name, "a column is wanted here, or a `value` for all rows")
    if form == "json":
        entry.matching("column", PATH, "keys with points between them, such as price.amount", "")
    return {"field": name, "column": entry.text("column", ""), "value": entry.text("value", "")}
