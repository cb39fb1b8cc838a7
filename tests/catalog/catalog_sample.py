"""A small catalog that the tests start from, and what their fixtures give."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from meterbook.book import Book
from meterbook.catalog.document import Document
from meterbook.ports import ObjectStore

NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)

# Reads a text as the only file of a catalog folder.
Reading = Callable[[str], list[Document]]
# Opens a book over a landing bucket.
Opening = Callable[[ObjectStore], Book]

SAMPLE = """
kind: seller
id: north
name: Northlight Platform Ltd
invoice_series: NL
---
{kind: metric, id: active_customers, unit: customer, aggregation: distinct, counts: customer_id}
---
{kind: metric, id: ml_inference, unit: inference}
---
{kind: module, id: MOD-042, name: Document vault}
---
kind: plan
id: growth
version: 3
currency: USD
levy: {metric: active_customers, unit_price: 0.35}
facility_fees: {MOD-042: 250}
rates:
  - {metric: ml_inference, included: 10000, unit_price: 0.40, per: 1000}
---
kind: tenant
id: acme
from: 2026-01-01
modules: [MOD-042]
subscriptions: [{plan: growth, version: 3}]
---
kind: account
id: acme
name: Acme Payments
seller: north
currency: USD
tenants: [acme]
"""
