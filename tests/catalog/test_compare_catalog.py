"""What a catalog changes is said field by field; what is published stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from catalog.catalog_sample import SAMPLE, Reading
from hypothesis import given
from hypothesis import strategies as st
from meterbook.catalog.apply_catalog import default_documents
from meterbook.catalog.compare import Change, Held, differences, steps
from meterbook.catalog.defaults import VALUES, with_defaults
from meterbook.catalog.document import Document, ended
from meterbook.errors import CatalogRefused, Refused

TODAY = "2026-11-05"
ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}


def held(documents: list[Document], removed: bool = False) -> list[Held]:
    return [Held(document, removed) for document in documents]


def changes(
    book: list[Held], wanted: list[Document], ends_on: str = TODAY, closed_until: str = ""
) -> list[Change]:
    return [step.change for step in steps(book, wanted, ends_on, closed_until)]


def test_an_empty_book_gets_every_document(read: Reading) -> None:
    wanted = read(SAMPLE)
    assert [(change.kind, change.id, change.action) for change in changes([], wanted)] == [
        ("account", "acme", "add"),
        ("metric", "active_customers", "add"),
        ("metric", "ml_inference", "add"),
        ("module", "MOD-042", "add"),
        ("plan", "growth:3", "add"),
        ("seller", "north", "add"),
        ("tenant", "acme", "add"),
    ]


def test_a_change_is_described_field_by_field(read: Reading) -> None:
    old = read("""
        kind: tenant
        id: acme
        modules: [MOD-042, {module: MOD-043, until: 2026-10-01}]
        subscriptions: [{plan: growth, version: 2, from: 2026-01-01}]
    """)
    new = read("""
        kind: tenant
        id: acme
        name: Acme Payments
        modules: [{module: MOD-043, until: 2026-12-01}, MOD-044]
        subscriptions: [{plan: growth, version: 3, from: 2026-01-01}]
    """)
    assert changes(held(old), new) == [
        Change(
            "tenant",
            "acme",
            "change",
            [
                "name acme → Acme Payments",
                "modules[MOD-042] removed, was module_id MOD-042, starts_on 1900-01-01, "
                "ends_on 9999-12-31",
                "modules[MOD-043].ends_on 2026-10-01 → 2026-12-01",
                "modules[MOD-044] added: module_id MOD-044, starts_on 1900-01-01, "
                "ends_on 9999-12-31",
                "subscriptions[2026-01-01].plan_version 2 → 3",
            ],
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            {"rates": [{"metric": "ml_inference", "unit_price": "0.40"}]},
            {"rates": [{"metric": "ml_inference", "unit_price": "0.45"}]},
            ["rates[ml_inference].unit_price 0.40 → 0.45"],
        ),
        ({"passthrough": []}, {"passthrough": ["aws"]}, ["passthrough (empty) → aws"]),
        ({"fold": False}, {"fold": True}, ["fold false → true"]),
        (
            {"shares": [{"tenant_id": "acme", "share": "1"}]},
            {"shares": [{"tenant_id": "acme", "share": "0.7"}, {"tenant_id": "b", "share": "0.3"}]},
            ["shares[acme].share 1 → 0.7", "shares[b] added: tenant_id b, share 0.3"],
        ),
        ({"tenants": ["acme"]}, {"tenants": ["acme", "b"]}, ["tenants acme → acme; b"]),
        (
            {"owners": [{"value": "ETL", "owner": "acme"}]},
            {"owners": [{"value": "ETL", "owner": "shared"}]},
            ["owners[ETL].owner acme → shared"],
        ),
        (
            {"columns": [{"field": "cost", "column": "price", "value": ""}]},
            {"columns": [{"field": "cost", "column": "amount", "value": ""}]},
            ["columns[cost].column price → amount"],
        ),
        (
            {"rates": [{"metric": "gb", "tiers": [{"tier": "1", "up_to": "9"}]}]},
            {"rates": [{"metric": "gb", "tiers": [{"tier": "1", "up_to": "8"}]}]},
            ["rates[gb].tiers[1].up_to 9 → 8"],
        ),
        (
            {"markups": [], "discounts": [{"id": "loyal", "percent": "5", "kinds": ["levy"]}]},
            {"markups": [{"source": "aws", "percent": "8"}], "discounts": []},
            [
                "markups[aws] added: source aws, percent 8",
                "discounts[loyal] removed, was id loyal, percent 5, kinds levy",
            ],
        ),
        (
            {"logo": {"media_type": "image/png", "base64": "A" * 4000}},
            {"logo": {"media_type": "image/png", "base64": "B" * 5000}},
            [f"logo.base64 {'A' * 16}… of 4000 characters → {'B' * 16}… of 5000 characters"],
        ),
        ({"email": ""}, {"email": "a@b.example"}, ["email (empty) → a@b.example"]),
        ({"address": ["1 Elm", "Bath"]}, {"address": []}, ["address 1 Elm; Bath → (empty)"]),
        ({"levy": {}}, {"levy": {"metric": "users"}}, ["levy.metric added: users"]),
        (
            {"modules": [{"module_id": "M", "starts_on": "2026-01-01"}]},
            {
                "modules": [
                    {"module_id": "M", "starts_on": "2026-01-01"},
                    {"module_id": "M", "starts_on": "2026-10-01"},
                ]
            },
            ["modules[M from 2026-10-01] added: module_id M, starts_on 2026-10-01"],
        ),
        ({"name": "a"}, {"name": "a"}, []),
    ],
)
def test_a_difference_reads_like_its_field(
    old: dict[str, object], new: dict[str, object], said: list[str]
) -> None:
    assert list(differences(old, new)) == said


def edited(written: str, instead: str) -> str:
    assert SAMPLE.count(written) == 1
    return SAMPLE.replace(written, instead)


def test_a_published_plan_version_cannot_be_edited(read: Reading) -> None:
    book = held(read(SAMPLE))
    with pytest.raises(CatalogRefused) as refused:
        changes(book, read(edited("unit_price: 0.40", "unit_price: 0.45")))
    assert str(refused.value) == (
        "catalog/all.yaml, line 13: plan growth version 3 is published and never changes "
        "(rates[ml_inference].unit_price 0.40 → 0.45). Put it back as it was and write version 4."
    )


def test_the_remedy_names_a_version_that_is_free(read: Reading) -> None:
    book = held(read(SAMPLE))
    newer = "---\n{kind: plan, id: growth, version: 7, currency: USD}\n"
    newer += "---\n{kind: plan, id: growth:8, version: 99, currency: USD}\n"
    with pytest.raises(CatalogRefused, match=r"write version 8\.$"):
        changes(book, read(edited("unit_price: 0.40", "unit_price: 0.45") + newer))


def test_a_published_plan_version_cannot_be_ended_by_an_edit(read: Reading) -> None:
    plan = "{kind: plan, id: growth, version: 3, currency: USD}"
    book = held(read(plan))
    with pytest.raises(CatalogRefused, match="ends_on 9999-12-31 → 2026-12-01"):
        changes(book, read(plan.replace("}", ", until: 2026-12-01}")))


def test_a_plan_version_cannot_be_edited_by_way_of_its_removal(read: Reading) -> None:
    plan = "{kind: plan, id: growth, version: 3, currency: USD}"
    book = held([ended(document, "2026-10-01") for document in read(plan)], removed=True)
    assert [change.action for change in changes(book, read(plan))] == ["add"]
    with pytest.raises(CatalogRefused, match=r"currency USD → EUR"):
        changes(book, read(plan.replace("USD", "EUR")))


def test_a_price_that_is_only_written_in_another_way_is_no_edit(read: Reading) -> None:
    book = held(read(SAMPLE))
    assert changes(book, read(edited("unit_price: 0.40", "unit_price: 0.4"))) == []


def test_a_rule_version_cannot_be_edited(read: Reading) -> None:
    rule = "{kind: allocation_rule, id: own, version: 1, position: 10, method: platform}"
    with pytest.raises(CatalogRefused, match=r"own version 1 is published .* write version 2\.$"):
        changes(held(read(rule)), read(rule.replace("10", "20")))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("unit: call", "unit inference → call"),
        ("unit: inference, aggregation: distinct, counts: user", "aggregation sum → distinct"),
    ],
)
def test_a_metric_keeps_its_meaning(edit: str, said: str, read: Reading) -> None:
    metric = "{kind: metric, id: ml_inference, unit: inference}"
    with pytest.raises(CatalogRefused) as refused:
        changes(held(read(metric)), read(metric.replace("unit: inference", edit)))
    assert said in str(refused.value)
    assert str(refused.value).endswith("put them back and define a new metric.")


def test_a_document_whose_lines_sound_like_days_can_be_removed(read: Reading) -> None:
    (book,) = read(
        "{kind: seller, id: n, name: N, invoice_series: NL, address: [ends_on the hill]}"
    )
    assert ended(book, "2026-10-01").body["address"] == ["ends_on the hill"]


def test_a_metric_may_get_another_name(read: Reading) -> None:
    book = held(read("{kind: metric, id: gb, unit: GB}"))
    wanted = read("{kind: metric, id: gb, unit: GB, name: Storage}")
    assert changes(book, wanted) == [Change("metric", "gb", "change", ["name gb → Storage"])]


def test_a_document_that_is_gone_ends_with_everything_inside_it(read: Reading) -> None:
    book = read("""
        kind: tenant
        id: acme
        from: 2026-01-01
        modules: [MOD-042, {module: MOD-043, until: 2026-05-01}]
        subscriptions:
          - {plan: growth, version: 2}
          - {plan: growth, version: 3, from: 2027-01-01}
    """)
    (step,) = steps(held(book), [], TODAY, "")
    assert step.change == Change("tenant", "acme", "remove", ["ends on 2026-11-05"])
    assert step.document.body == {
        **book[0].body,
        "ends_on": "2026-11-05",
        "modules": [
            {"module_id": "MOD-042", "starts_on": "2026-01-01", "ends_on": "2026-11-05"},
            {"module_id": "MOD-043", "starts_on": "2026-01-01", "ends_on": "2026-05-01"},
        ],
        "subscriptions": [
            {
                "plan_id": "growth",
                "plan_version": "2",
                "starts_on": "2026-01-01",
                "ends_on": "2026-11-05",
            },
        ],
    }


@pytest.mark.parametrize(
    ("days", "end"),
    [
        ("from: 2027-01-01", "2027-01-01"),  # not begun: it becomes empty
        ("until: 2026-05-01", "2026-05-01"),  # over already: it keeps its end
        ("from: 2026-11-05", "2026-11-05"),
    ],
)
def test_a_removal_never_lengthens_a_document(days: str, end: str, read: Reading) -> None:
    book = read(f"{{kind: module, id: MOD-042, {days}}}")
    (step,) = steps(held(book), [], TODAY, "")
    assert step.document.body["ends_on"] == end


def test_what_is_removed_already_is_not_removed_again(read: Reading) -> None:
    book = held(read("{kind: module, id: MOD-042}"), removed=True)
    assert changes(book, []) == []


def test_what_comes_back_is_an_addition(read: Reading) -> None:
    documents = read("{kind: module, id: MOD-042}")
    book = held([ended(document, "2026-10-01") for document in documents], removed=True)
    back = "comes back: it was removed with the end 2026-10-01"
    assert changes(book, documents) == [Change("module", "MOD-042", "add", [back])]


def test_a_removal_cannot_reach_into_a_closed_period(read: Reading) -> None:
    book = held(read("{kind: tenant, id: acme}"))
    with pytest.raises(Refused) as refused:
        changes(book, [], "2026-10-31", "2026-11-01")
    assert str(refused.value) == (
        "tenant acme cannot be removed with the end 2026-10-31: the days before 2026-11-01 are "
        "closed. Remove it with an end on 2026-11-01 or later."
    )
    assert changes(book, [], "2026-11-01", "2026-11-01")[0].details == ["ends on 2026-11-01"]


@pytest.mark.parametrize("days", ["until: 2026-05-01", "from: 2026-12-01"])
def test_a_removal_that_changes_no_closed_day_may_be_early(days: str, read: Reading) -> None:
    book = held(read(f"{{kind: tenant, id: acme, {days}}}"))
    assert changes(book, [], "2026-10-31", "2026-11-01")[0].action == "remove"


def test_every_book_has_its_defaults_until_a_catalog_overrides_them(read: Reading) -> None:
    overridden = with_defaults(read("{kind: config, id: settle_hours, value: 72}"))
    values = {document.id: document.body["values"][0]["value"] for document in overridden}
    assert values == VALUES | {"settle_hours": "72"}
    assert with_defaults([]) == sorted(default_documents(), key=lambda document: document.key)


def test_days_without_a_value_of_their_own_have_the_default(read: Reading) -> None:
    text = """
        kind: config
        id: settle_hours
        values:
          - {value: 24, from: 2026-02-01, until: 2026-03-01}
          - {value: 72, from: 2026-04-01, until: 2026-05-01}
    """
    document = next(of for of in with_defaults(read(text)) if of.id == "settle_hours")
    assert [(entry["starts_on"], entry["value"]) for entry in document.body["values"]] == [
        ("1900-01-01", "48"),
        ("2026-02-01", "24"),
        ("2026-03-01", "48"),
        ("2026-04-01", "72"),
        ("2026-05-01", "48"),
    ]
    assert document.line == 2


def test_a_setting_that_a_catalog_no_longer_overrides_gets_its_default_back(read: Reading) -> None:
    book = held(with_defaults(read("{kind: config, id: settle_hours, value: 72}")))
    said = ["values[1900-01-01].value 72 → 48"]
    assert changes(book, with_defaults([])) == [Change("config", "settle_hours", "change", said)]


IDS = st.sampled_from(["a", "b", "c"])
TENANTS = st.builds(
    lambda key, name, ends: Document("tenant", key, {"id": key, "name": name} | ALWAYS | ends),
    IDS,
    st.sampled_from(["x", "y"]),
    st.sampled_from([{}, {"ends_on": "2026-01-01"}]),
)
CATALOGS = st.lists(TENANTS, unique_by=lambda document: document.key)


@given(st.lists(CATALOGS, max_size=6))
def test_after_applying_there_is_nothing_to_apply(catalogs: list[list[Document]]) -> None:
    book: dict[tuple[str, str], Held] = {}
    for wanted in catalogs:
        for step in steps(list(book.values()), wanted, TODAY, ""):
            removed = step.change.action == "remove"
            book[step.document.key] = Held(replace(step.document), removed)
        assert changes(list(book.values()), wanted) == []
        live = {key: of.document for key, of in book.items() if not of.removed}
        assert live == {document.key: document for document in wanted}
