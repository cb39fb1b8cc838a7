"""A book of an earlier Meterbook has nothing to change when the catalog is applied that made it."""

from __future__ import annotations

import json

import pytest
from catalog.catalog_sample import SAMPLE, Reading
from meterbook.catalog.compare import Held, steps
from meterbook.catalog.document import Document, Fields
from meterbook.catalog.grown import grown

# What documents said before accounts were taxed and prices stood in tiers.
KNOWN = {
    "seller": "id starts_on ends_on name address country tax_id email invoice_series bank",
    "metric": "id starts_on ends_on name unit aggregation counts conversions visibility domain",
    "module": "id starts_on ends_on name",
    "plan": "id starts_on ends_on version currency passthrough levy facility_fees rates",
    "tenant": "id starts_on ends_on name modules subscriptions",
    "account": "id starts_on ends_on name seller currency address country tax_id email "
    "payment_days tenants",
}
KNOWN_OF_RATE = "metric included unit_price unit_size"


def only(names: str, body: Fields) -> Fields:
    return {name: body[name] for name in names.split()}


def as_before(document: Document) -> Fields:
    body = only(KNOWN[document.kind], document.body)
    if document.kind == "plan":
        body["rates"] = [only(KNOWN_OF_RATE, rate) for rate in body["rates"]]
    return json.loads(json.dumps(body))


def test_a_book_from_before_equals_the_catalog_that_made_it(read: Reading) -> None:
    wanted = read(SAMPLE)
    assert {document.kind for document in wanted} == set(KNOWN)
    held = [
        Held(Document(of.kind, of.id, grown(of.kind, as_before(of))), removed=False)
        for of in wanted
    ]
    assert steps(held, wanted, "2026-11-05", "") == []


@pytest.mark.parametrize("kind", ["config", "tenant", "allocation_rule"])
def test_what_has_not_grown_stays_as_it_is(kind: str) -> None:
    assert grown(kind, {"id": "a", "values": []}) == {"id": "a", "values": []}


def test_what_a_document_says_itself_goes_first() -> None:
    assert grown("module", {"id": "a", "tax_class": "zero"})["tax_class"] == "zero"
