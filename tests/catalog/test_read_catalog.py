"""A catalog is read into one normal form, however people lay out, order and abbreviate it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from catalog.catalog_sample import SAMPLE, Reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meterbook.catalog.document import Document, Fields
from meterbook.catalog.kinds import AGGREGATIONS
from meterbook.catalog.read_catalog import read_catalog

ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}
NOBODY = {"name": "", "phone": "", "email": ""}


def only(documents: list[Document]) -> Fields:
    (document,) = documents
    return document.body


def test_a_plan_is_landed_with_every_shorthand_written_out(read: Reading) -> None:
    plan = next(document for document in read(SAMPLE) if document.kind == "plan")
    assert plan.id == "growth:3"
    assert plan.body == {
        **ALWAYS,
        "id": "growth",
        "version": "3",
        "currency": "USD",
        "passthrough": [],
        "markups": [],
        "minimum": "",
        "prorate": "",
        "levy": {"metric": "active_customers", "unit_price": "0.35", "unit_size": "1"},
        "facility_fees": [{"module_id": "MOD-042", "fee": "250.00"}],
        "rates": [
            {
                "metric": "ml_inference",
                "included": "10000",
                "pricing": "flat",
                "unit_price": "0.40",
                "unit_size": "1000",
                "tiers": [],
            }
        ],
    }


def test_what_is_not_written_is_landed_as_its_default(read: Reading) -> None:
    bodies = {document.kind: document.body for document in read(SAMPLE)}
    assert bodies["account"] == {
        **ALWAYS,
        "id": "acme",
        "name": "Acme Payments",
        "seller": "north",
        "currency": "USD",
        "address": [],
        "city": "",
        "postcode": "",
        "country": "",
        "vat_id": "",
        "tax_id": "",
        "legal_id": "",
        "email": "",
        "contact": NOBODY,
        "payment_days": "30",
        "tax": "none",
        "tax_exemption_reason": "",
        "e_invoice": "en16931",
        "buyer_reference": "",
        "purchase_order": "",
        "language": "en",
        "mail_to": "",
        "discounts": [],
        "credits": [],
        "tenants": [{"tenant_id": "acme", **ALWAYS}],
    }
    nothing = {"bank": "", "iban": "", "bic": "", "credit_note_series": "", "contact": NOBODY}
    nothing |= {"tax_rates": [], "logo": {}, "colour": ""}
    assert {name: bodies["seller"][name] for name in nothing} == nothing
    assert bodies["metric"]["visibility"] == "licensee"
    assert bodies["tenant"]["name"] == "acme"


@pytest.mark.parametrize(
    "written",
    ["{MB: 0.0010, KB: 0.000001}", "[{unit: MB, factor: 0.001}, {unit: KB, factor: 0.000001}]"],
)
def test_a_metric_says_how_it_is_aggregated_and_what_it_converts(
    written: str, read: Reading
) -> None:
    metric = (
        f"kind: metric, id: stored, unit: GB, aggregation: time_weighted, conversions: {written}"
    )
    assert only(read(f"{{{metric}}}")) == {
        **ALWAYS,
        "id": "stored",
        "name": "stored",
        "unit": "GB",
        "aggregation": "time_weighted",
        "counts": "",
        "conversions": [{"unit": "KB", "factor": "0.000001"}, {"unit": "MB", "factor": "0.001"}],
        "visibility": "licensee",
        "domain": "",
        "tax_class": "standard",
    }


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_aggregation_is_taken_and_converts_nothing_by_itself(
    aggregation: str, read: Reading
) -> None:
    counts = "a" if aggregation == "distinct" else ""
    text = f"kind: metric, id: m, unit: u, aggregation: {aggregation}, counts: '{counts}'"
    body = only(read(f"{{{text}}}"))
    assert (body["aggregation"], body["conversions"]) == (aggregation, [])


def test_the_packs_are_one_catalog_of_metrics_and_of_the_names_of_services() -> None:
    packs = read_catalog(Path(__file__).parents[2] / "examples/packs")
    metrics = [pack for pack in packs if pack.kind == "metric"]
    (services,) = [pack.body for pack in packs if pack.kind != "metric"]
    assert services["tag"] == "service"
    assert {alias["value"] for alias in services["aliases"]} > {"AmazonEC2", "AWSLambda"}
    assert {pack.body["aggregation"] for pack in metrics} == {
        "sum",
        "max",
        "latest",
        "time_weighted",
    }
    assert {"lambda_gb_seconds", "lambda_invocations"} < {pack.id for pack in packs}


def test_a_plan_without_levy_fees_and_rates_says_so_with_nothing(read: Reading) -> None:
    plan = only(read("{kind: plan, id: free, version: 1, currency: USD}"))
    assert (plan["levy"], plan["facility_fees"], plan["rates"]) == ({}, [], [])


def test_an_entry_ends_where_the_next_one_begins_and_within_its_document(read: Reading) -> None:
    tenant = only(
        read("""
        kind: tenant
        id: acme
        from: 2026-01-01
        until: 2027-01-01
        modules: [MOD-043, MOD-042, {module: MOD-043, from: 2026-06-01, until: 2026-07-01}]
        subscriptions:
          - {plan: growth, version: 3, from: 2026-10-01}
          - {plan: growth, version: 2}
        """)
    )
    assert tenant["subscriptions"] == [
        {
            "plan_id": "growth",
            "plan_version": "2",
            "starts_on": "2026-01-01",
            "ends_on": "2026-10-01",
        },
        {
            "plan_id": "growth",
            "plan_version": "3",
            "starts_on": "2026-10-01",
            "ends_on": "2027-01-01",
        },
    ]
    assert tenant["modules"] == [
        {"module_id": "MOD-042", "starts_on": "2026-01-01", "ends_on": "2027-01-01"},
        {"module_id": "MOD-043", "starts_on": "2026-01-01", "ends_on": "2026-06-01"},
        {"module_id": "MOD-043", "starts_on": "2026-06-01", "ends_on": "2026-07-01"},
    ]


def test_one_value_of_a_setting_is_a_list_of_one(read: Reading) -> None:
    config = only(read("{kind: config, id: settle_hours, value: 72, from: 2026-10-01}"))
    values = [{"value": "72", "starts_on": "2026-10-01", "ends_on": "9999-12-31"}]
    assert config == {**ALWAYS, "id": "settle_hours", "values": values}


def test_a_rule_that_leaves_a_tag_out_matches_any(read: Reading) -> None:
    rule = only(
        read("""
        {kind: allocation_rule, id: pool, version: 2, position: 10, method: usage_share,
         metric: work, match: {owner_tag: ordering}, from: 2026-10-01}
        """)
    )
    assert rule["match"] == {
        "source": "",
        "owner_tag": "ordering",
        "module_tag": "",
        "service": "",
        "account": "",
    }
    assert (rule["version"], rule["position"], rule["starts_on"]) == ("2", "10", "2026-10-01")


@pytest.mark.parametrize(
    ("written", "sources"),
    [
        ("true", ["aws", "external", "snowflake"]),
        ("false", []),
        ("", []),
        ("[]", []),
        ("[snowflake, aws, aws]", ["aws", "snowflake"]),
    ],
)
def test_a_plan_names_the_sources_that_it_passes_through(
    written: str, sources: list[str], read: Reading
) -> None:
    text = f"{{kind: plan, id: p, version: 1, currency: USD, passthrough: {written}}}"
    assert only(read(text))["passthrough"] == sources


@pytest.mark.parametrize("passthrough", ["false", "[external, aws]"])
def test_a_plan_may_price_credits_when_it_does_not_pass_snowflake_through(
    passthrough: str, read: Reading
) -> None:
    rates = "rates: [{metric: snowflake_credits, unit_price: 3.90}]"
    text = f"kind: plan, id: p, version: 1, currency: USD, passthrough: {passthrough}"
    assert only(read(f"{{{text}, {rates}}}"))["rates"][0]["unit_price"] == "3.90"


def rate(text: str, read: Reading) -> Fields:
    plan = f"kind: plan, id: p, version: 1, currency: USD, rates: [{{metric: gb, {text}}}]"
    (found,) = only(read(f"{{{plan}}}"))["rates"]
    return dict(found)


@pytest.mark.parametrize("pricing", ["graduated", "volume"])
def test_a_price_in_tiers_is_landed_with_their_numbers(pricing: str, read: Reading) -> None:
    tiers = "[{up_to: 1000.0, unit_price: 0.4}, {up_to: 2000.5, unit_price: 0}, {unit_price: 3}]"
    assert rate(f"pricing: {pricing}, per: 10, included: 5, tiers: {tiers}", read) == {
        "metric": "gb",
        "included": "5",
        "pricing": pricing,
        "unit_price": "0",
        "unit_size": "10",
        "tiers": [
            {"tier": "1", "up_to": "1000", "unit_price": "0.40"},
            {"tier": "2", "up_to": "2000.5", "unit_price": "0.00"},
            {"tier": "3", "up_to": "", "unit_price": "3.00"},
        ],
    }


def test_a_package_has_one_price_and_no_tiers(read: Reading) -> None:
    found = rate("pricing: package, unit_price: 9, per: 1000", read)
    assert (found["pricing"], found["unit_price"], found["unit_size"], found["tiers"]) == (
        "package",
        "9.00",
        "1000",
        [],
    )


def test_a_plan_may_have_mark_ups_a_minimum_and_count_days(read: Reading) -> None:
    more = "passthrough: [{source: snowflake, markup: 12.50}, aws, {source: external, markup: 0}]"
    text = f"kind: plan, id: p, version: 1, currency: EUR, minimum: 250, prorate: daily, {more}"
    plan = only(read(f"{{{text}}}"))
    assert plan["passthrough"] == ["aws", "external", "snowflake"]
    assert plan["markups"] == [{"source": "snowflake", "percent": "12.5"}]
    assert (plan["minimum"], plan["prorate"]) == ("250.00", "daily")


@pytest.mark.parametrize(
    ("written", "landed"),
    [
        ("DE 136 695 976", "DE136695976"),
        ("GB 999 9999 73", "GB999999973"),
        ("che-107.787.577 mwst", "CHE107787577MWST"),
        ("NO 995 525 828 MVA", "NO995525828MVA"),
        ("EL 094259216", "EL094259216"),
        ("XI432525179", "XI432525179"),
        ("ATU13585627", "ATU13585627"),
        ("NZ 49-091-850", "NZ49091850"),  # of a country whose form is not known here
    ],
)
def test_a_vat_id_is_landed_without_what_only_shows_it(
    written: str, landed: str, read: Reading
) -> None:
    text = f"{{kind: seller, id: n, name: N, invoice_series: NL, vat_id: {written}}}"
    assert only(read(text))["vat_id"] == landed


def test_a_seller_says_how_it_is_paid_taxed_and_asked(read: Reading) -> None:
    text = """
        kind: seller
        id: n
        name: N
        invoice_series: NL
        credit_note_series: NLC
        legal_id: HRB 1
        contact: {name: Desk, phone: +49 69 1}
        tax_rates:
          - {tax_class: standard, percent: 19.0, from: 2021-01-01}
          - {tax_class: reduced, percent: 7}
          - {tax_class: standard, percent: 16}
        iban: DE89 3704 0044 0532 0130 00
        bic: cobadeff
    """
    seller = only(read(text))
    assert (seller["iban"], seller["bic"]) == ("DE89370400440532013000", "COBADEFF")
    assert (seller["credit_note_series"], seller["legal_id"]) == ("NLC", "HRB 1")
    assert seller["contact"] == {"name": "Desk", "phone": "+49 69 1", "email": ""}
    ends = {"starts_on": "1900-01-01", "ends_on": "2021-01-01"}
    assert seller["tax_rates"] == [
        {"tax_class": "reduced", "percent": "7", **ALWAYS},
        {"tax_class": "standard", "percent": "16", **ends},
        {"tax_class": "standard", "percent": "19", **ALWAYS, "starts_on": "2021-01-01"},
    ]


ACCOUNT = "kind: account, id: a, name: A, seller: n, currency: JPY, tenants: [acme]"


def test_an_account_is_given_discounts_and_credits(read: Reading) -> None:
    text = """
        discounts: [
          {id: loyal, percent: 7.50, reason: Loyal, from: 2027-01-01},
          {id: loyal, percent: 5, reason: Loyal, kinds: [variable, levy, levy]},
          {id: all, percent: 95, reason: Pilot, until: 2026-10-01}],
        credits: [{tenant: acme, period: 2026-10, id: sorry, amount: 500, reason: Outage}]
    """
    account = only(read(f"{{{ACCOUNT}, {text}}}"))
    every = ["facility", "levy", "minimum", "variable"]
    assert [tuple(of.values()) for of in account["discounts"]] == [
        ("all", "95", "Pilot", every, "1900-01-01", "2026-10-01"),
        ("loyal", "5", "Loyal", ["levy", "variable"], "1900-01-01", "2027-01-01"),
        ("loyal", "7.5", "Loyal", every, "2027-01-01", "9999-12-31"),
    ]
    assert account["credits"] == [
        {
            "id": "sorry",
            "tenant_id": "acme",
            "period": "2026-10",
            "amount": "500",
            "reason": "Outage",
        }
    ]


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("country: DE, e_invoice: xrechnung", "04011000-12345-03"),
        ("country: DE, e_invoice: xrechnung", "Kostenstelle 4711"),
        # Only an XRechnung to Germany goes by a Leitweg-ID; elsewhere the same text is a text.
        ("country: DE", "04011000-12345-34"),
        ("country: AT, e_invoice: xrechnung", "04011000-12345-34"),
    ],
)
def test_a_buyer_reference_is_what_the_buyer_wants_it_to_be(
    text: str, reference: str, read: Reading
) -> None:
    given = f"{{{ACCOUNT}, tax: domestic, {text}, buyer_reference: {reference}}}"
    assert only(read(given))["buyer_reference"] == reference


@pytest.mark.parametrize("currency", ["EUR", "JPY"])
@pytest.mark.parametrize("tax", ["domestic", "reverse_charge", "export", "small_business"])
def test_a_taxed_account_has_an_e_invoice_unless_it_is_off(
    tax: str, currency: str, read: Reading
) -> None:
    text = ACCOUNT.replace("JPY", currency)
    assert only(read(f"{{{text}, tax: {tax}}}"))["e_invoice"] == "en16931"
    assert only(read(f"{{{text}, tax: {tax}, e_invoice: off}}"))["e_invoice"] == "off"


def test_an_exempt_account_says_by_which_rule(read: Reading) -> None:
    account = only(read(f"{{{ACCOUNT}, tax: exempt, tax_exemption_reason: § 4 Nr. 8 UStG}}"))
    assert (account["tax"], account["tax_exemption_reason"]) == ("exempt", "§ 4 Nr. 8 UStG")


def rule(method: str, read: Reading) -> Fields:
    return only(
        read(f"{{kind: allocation_rule, id: r, version: 1, position: 1, method: {method}}}")
    )


@pytest.mark.parametrize(
    ("method", "split"),
    [
        ("tag", {}),
        ("platform", {}),
        ("usage_share, metric: work", {"metric": "work"}),
        ("even", {}),
        ("even, tenants: [globex, {tenant: acme}]", {"tenants": ["acme", "globex"]}),
        (
            "fixed_share, shares: {globex: 0.300, acme: 0.700}",
            {
                "shares": [
                    {"tenant_id": "acme", "share": "0.7"},
                    {"tenant_id": "globex", "share": "0.3"},
                ]
            },
        ),
        ("fixed_share, shares: {acme: 1.0}", {"shares": [{"tenant_id": "acme", "share": "1"}]}),
    ],
)
def test_a_rule_says_what_it_splits_by_and_nothing_else(
    method: str, split: Fields, read: Reading
) -> None:
    body = rule(method, read)
    nothing = {"metric": "", "shares": [], "tenants": []}
    assert {name: body[name] for name in nothing} == nothing | split


def test_shares_are_added_up_exactly(read: Reading) -> None:
    thirds = "fixed_share, shares: {a: 0.333333, b: 0.333333, c: 0.333334}"
    assert [share["share"] for share in rule(thirds, read)["shares"]][2] == "0.333334"


@pytest.mark.parametrize("source", ["aws", "external", "snowflake"])
def test_a_rule_may_be_for_one_source(source: str, read: Reading) -> None:
    match = rule(f"platform, match: {{source: {source}, service: idle}}", read)["match"]
    assert (match["source"], match["service"], match["owner_tag"]) == (source, "idle", "")


@pytest.mark.parametrize("fold", ["true", "false"])
@pytest.mark.parametrize("tag", ["owner", "module", "service"])
def test_aliases_of_each_tag_may_fold(tag: str, fold: str, read: Reading) -> None:
    same = "aliases: {BaseLoad: base-load, Base Load: base-load, base: base-load}"
    aliases = only(read(f"{{kind: tag_aliases, id: a, tag: {tag}, fold: {fold}, {same}}}"))
    assert (aliases["tag"], aliases["fold"], len(aliases["aliases"])) == (tag, fold == "true", 3)


def test_what_does_not_fold_may_differ_by_a_hyphen(read: Reading) -> None:
    assert only(read("{kind: tag_aliases, id: a, tag: owner, aliases: {a-b: one, a_b: two}}"))


def test_a_rate_is_a_value_over_time(read: Reading) -> None:
    values = "[{value: 3.10, from: 2026-01-01}, {value: 2.850, from: 2026-10-01}]"
    assert only(read(f"{{kind: cost_rate, id: snowflake_credit, values: {values}}}")) == {
        **ALWAYS,
        "id": "snowflake_credit",
        "values": [
            {"value": "3.1", "starts_on": "2026-01-01", "ends_on": "2026-10-01"},
            {"value": "2.85", "starts_on": "2026-10-01", "ends_on": "9999-12-31"},
        ],
    }
    euro = only(read("{kind: cost_rate, id: EUR, value: 1.0842, until: 2026-10-01}"))
    assert euro["values"] == [
        {"value": "1.0842", "starts_on": "1900-01-01", "ends_on": "2026-10-01"}
    ]


@pytest.mark.parametrize("name", ["ETL_WH", "_ETL$1", "Reporting warehouse, new"])
def test_a_warehouse_is_named_as_snowflake_writes_it(name: str, read: Reading) -> None:
    (document,) = read(f"{{kind: warehouse, id: '{name}', otherwise: shared, from: 2026-10-01}}")
    assert document.id == name
    assert document.body == {
        **ALWAYS,
        "id": name,
        "dedicated_to": "",
        "otherwise": "shared",
        "starts_on": "2026-10-01",
    }


@pytest.mark.parametrize(
    "written",
    ["{ETL: acme, BI: shared}", "[{value: ETL, owner: acme}, {owner: shared, value: BI}]"],
)
def test_query_owners_are_pairs_however_they_are_written(written: str, read: Reading) -> None:
    assert only(read(f"{{kind: query_owners, id: roles, by: role, owners: {written}}}")) == {
        **ALWAYS,
        "id": "roles",
        "by": "role",
        "owners": [{"value": "BI", "owner": "shared"}, {"value": "ETL", "owner": "acme"}],
    }


PROVIDER = """
kind: external_provider
id: twilio
url: https://api.example.com/usage.json?from={start}&to={last}
format: json
columns: {usage_date: day, cost: {column: price.amount}, currency: {value: USD}}
"""


def test_a_provider_is_landed_with_every_field(read: Reading) -> None:
    assert only(read(PROVIDER)) == {
        **ALWAYS,
        "id": "twilio",
        "name": "twilio",
        "url": "https://api.example.com/usage.json?from={start}&to={last}",
        "format": "json",
        "rows": "",
        "next": "",
        "total": "",
        "header": "",
        "secret": "",
        "columns": [
            {"field": "cost", "column": "price.amount", "value": ""},
            {"field": "currency", "column": "", "value": "USD"},
            {"field": "usage_date", "column": "day", "value": ""},
        ],
    }


def test_a_provider_says_where_rows_pages_total_and_secret_are(read: Reading) -> None:
    more = "rows: data.items\nnext: links.next\ntotal: sum\nheader: X-Api-Key\nsecret: twilio-1"
    body = only(read(PROVIDER + more))
    paths = (body["rows"], body["next"], body["total"])
    assert paths == ("data.items", "links.next", "sum")
    assert (body["header"], body["secret"]) == ("X-Api-Key", "twilio-1")


def test_a_column_of_csv_has_any_name(read: Reading) -> None:
    csv = PROVIDER.replace("json\n", "csv\n").replace("price.amount", "Cost. in USD")
    assert only(read(csv))["columns"][0]["column"] == "Cost. in USD"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com:8443/v1/{start}/{end}",
        "https://api.example.com?from={start}&to={end}&again={start}",
        "http://localhost:8080/costs/{start}..{last}.csv",
        "http://127.0.0.1/?{start}{end}",
        "http://[::1]:9000/?{end}{start}",
    ],
)
def test_a_provider_may_be_on_this_machine_or_behind_https(url: str, read: Reading) -> None:
    text = re.sub("url: .*", f"url: '{url}'", PROVIDER)
    assert only(read(text))["url"] == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cost_metric", "amortized"),
        ("cost_window_months", "0"),
        ("cost_window_months", "12"),
        ("reconcile_tolerance_usd", "0"),
        ("reconcile_tolerance_usd", "12.5"),
        ("cost_source:210987654321", "aws_cost"),
    ],
)
def test_a_setting_takes_its_values(name: str, value: str, read: Reading) -> None:
    setting = only(read(f"{{kind: config, id: '{name}', value: {value}, from: 2026-10-01}}"))
    assert setting["values"][0]["value"] == value


@pytest.mark.parametrize(
    "written",
    ["{b: two, a: one}", "[{raw: a, value: one}, {value: two, raw: b}]"],
)
def test_aliases_are_pairs_however_they_are_written(written: str, read: Reading) -> None:
    aliases = only(read(f"{{kind: tag_aliases, id: owners, tag: owner, aliases: {written}}}"))
    assert aliases["aliases"] == [{"raw": "a", "value": "one"}, {"raw": "b", "value": "two"}]


@pytest.mark.parametrize("written", ["[1 Elm, Bristol]", '"1 Elm\\nBristol"'])
def test_an_address_is_lines_however_it_is_written(written: str, read: Reading) -> None:
    text = f"{{kind: seller, id: n, name: N, invoice_series: NL, address: {written}}}"
    assert only(read(text))["address"] == ["1 Elm", "Bristol"]


@pytest.mark.parametrize(
    ("currency", "written", "landed"),
    [
        ("USD", "0.4", "0.40"),
        ("USD", "0.400", "0.40"),
        ("USD", "4", "4.00"),
        ("USD", "0.000004", "0.000004"),
        ("JPY", "5.00", "5"),
        ("KWD", "0.4", "0.400"),
        ("USD", "999999999999.999999", "999999999999.999999"),
    ],
)
def test_one_price_has_one_text(currency: str, written: str, landed: str, read: Reading) -> None:
    rate = f"[{{metric: gb, unit_price: {written}}}]"
    plan = only(read(f"{{kind: plan, id: p, version: 1, currency: {currency}, rates: {rate}}}"))
    assert plan["rates"][0]["unit_price"] == landed


def test_a_text_is_what_was_written_also_where_yaml_sees_a_number(read: Reading) -> None:
    module = only(read("{kind: module, id: 042, name: 1e3}"))
    assert (module["id"], module["name"]) == ("042", "1e3")


def test_hidden_files_and_files_of_other_kinds_are_left_alone(folder: Path) -> None:
    (folder / ".github").mkdir()
    (folder / ".github" / "ci.yaml").write_text("on: push")
    (folder / "README.md").write_text("kind: module")
    (folder / "archive.yaml").mkdir()
    (folder / "modules.YML").write_text("{kind: module, id: MOD-042}")
    assert [document.id for document in read_catalog(folder)] == ["MOD-042"]


def shuffled(value: object, dice: st.DataObject) -> object:
    if isinstance(value, list):
        return [shuffled(item, dice) for item in value]
    if isinstance(value, dict):
        names = dice.draw(st.permutations(sorted(value)))
        return {name: shuffled(value[name], dice) for name in names}
    return value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(dice=st.data())
def test_files_order_keys_style_and_comments_mean_nothing(
    dice: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plain = tmp_path_factory.mktemp("plain")
    (plain / "all.yaml").write_text(SAMPLE)
    documents = dice.draw(st.permutations(list(yaml.load_all(SAMPLE, yaml.BaseLoader))))
    other = tmp_path_factory.mktemp("other")
    for number, document in enumerate(documents):
        file = other / dice.draw(st.sampled_from(["a/x.yaml", "b.yml", f"{number}.yaml"]))
        file.parent.mkdir(exist_ok=True)
        style = dice.draw(st.sampled_from([None, True, False]))
        text = yaml.safe_dump(shuffled(document, dice), default_flow_style=style, sort_keys=False)
        with file.open("a") as end:
            end.write(f"---\n# number {number}\n{text}")
    assert read_catalog(other) == read_catalog(plain)
