"""A month that fits on a page: two tenants, one of them with a metric that has no price."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CATALOG = """\
kind: seller
id: house
name: House Ltd
address: [1 Street, Town]
country: GB
tax_id: GB 1
email: billing@house.example
invoice_series: H
bank: IBAN 1
---
{kind: module, id: MOD-1, name: First}
---
{kind: metric, id: calls, name: Calls, unit: call, aggregation: sum, visibility: licensee}
---
{kind: metric, id: odds, name: Odds, unit: odd, aggregation: sum, visibility: licensee}
---
kind: plan
id: basic
version: 1
currency: USD
passthrough: false
facility_fees: {MOD-1: 10.00}
rates: [{metric: calls, included: 10, unit_price: 0.50}]
---
kind: tenant
id: acme
name: Acme
from: 2026-10-01
modules: [MOD-1]
subscriptions: [{plan: basic, version: 1, from: 2026-10-01}]
---
kind: tenant
id: bolt
name: "=Bolt"
from: 2026-10-01
modules: [MOD-1]
subscriptions: [{plan: basic, version: 1, from: 2026-10-01}]
---
kind: account
id: acme
name: Acme Inc
seller: house
currency: USD
address: [2 Street, Town]
country: GB
tax_id: ""
email: pay@acme.example
payment_days: 30
tenants: [acme]
---
kind: account
id: bolt
name: Bolt Inc
seller: house
currency: USD
address: [3 Street, Town]
country: GB
tax_id: ""
email: pay@bolt.example
payment_days: 30
tenants: [bolt]
---
kind: allocation_rule
id: by-tag
version: 1
position: 1
method: tag
from: 2026-01-01
"""
CARD_WITH_ODDS = """\
kind: plan
id: basic
version: 2
currency: USD
passthrough: false
facility_fees: {MOD-1: 10.00}
rates:
  - {metric: calls, included: 10, unit_price: 0.50}
  - {metric: odds, included: 0, unit_price: 1.00}
"""
USAGE_MAPPING = """\
source: app
format: csv
header: true
time: {column: at}
tenant: {column: who}
module: {value: MOD-1}
metrics:
  - {metric: calls, quantity: {column: calls}, unit: call}
"""
ODDS_MAPPING = USAGE_MAPPING.replace("calls", "odds").replace("call", "odd").replace("app", "odds")
ODDS = "at,who,odds\n2026-10-05T10:00:00Z,bolt,3\n"
USAGE = """\
at,who,calls
2026-10-01T10:00:00Z,acme,12
2026-10-02T10:00:00Z,acme,8
2026-10-02T11:00:00Z,bolt,4
"""
BAD_USAGE = """\
at,who,calls
2026-10-03T10:00:00Z,acme,"1,5"
2026-10-03T10:00:00Z,acme,NaN
2026-10-03T10:00:00Z,nobody,1
"""
COST_MAPPING = """\
export: tiny
header: true
payer: {column: payer}
usage_date: {column: day}
cost: {column: cost}
currency: {column: currency}
service: {column: service}
account: {column: account}
owner_tag: {column: owner}
module_tag: {column: module}
"""
COST = """\
day,payer,account,service,cost,currency,owner,module
2026-10-01,111122223333,111122223333,AmazonEC2,1.50,USD,acme,MOD-1
2026-10-02,111122223333,111122223333,AmazonEC2,2.5E-1,USD,bolt,MOD-1
2026-10-02,111122223333,111122223333,AmazonS3,0.25,USD,,
"""


@dataclass(frozen=True)
class TinyMonth:
    """Where the files of the month lie."""

    folder: Path
    catalog: Path
    usage: Path
    usage_mapping: Path
    cost: Path
    cost_mapping: Path

    def write(self, name: str, text: str) -> Path:
        """Write one more file beside them."""
        (self.folder / name).write_text(text, "utf-8")
        return self.folder / name


def write_tiny_month(folder: Path) -> TinyMonth:
    """Write the month's files below a folder."""
    (folder / "catalog").mkdir(parents=True)
    texts = {
        "catalog/all.yaml": CATALOG,
        "usage.csv": USAGE,
        "usage.yaml": USAGE_MAPPING,
        "cost.csv": COST,
        "cur.yaml": COST_MAPPING,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    names = ("catalog", "usage.csv", "usage.yaml", "cost.csv", "cur.yaml")
    return TinyMonth(folder, *(folder / name for name in names))
