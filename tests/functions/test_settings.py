"""A process is told what differs between deployments by its environment, and by nothing else."""

from __future__ import annotations

from dataclasses import fields

import pytest
from meterbook.errors import SettingMissing
from meterbook.settings import (
    AdminApiSettings,
    BookSettings,
    IssueSettings,
    LandingSettings,
    PublishSettings,
    RenderSettings,
    Settings,
    TenantApiSettings,
    WebSettings,
)

KINDS = (
    AdminApiSettings, BookSettings, IssueSettings, LandingSettings, PublishSettings, RenderSettings,
    Settings, TenantApiSettings, WebSettings,
)  # fmt: skip


def test_without_an_environment_the_event_source_is_meterbook() -> None:
    assert Settings.from_environment({}) == Settings("meterbook")


@pytest.mark.parametrize("kind", KINDS)
def test_a_setting_that_is_set_and_empty_is_refused(kind: type[Settings]) -> None:
    with pytest.raises(SettingMissing, match="METERBOOK_EVENT_SOURCE"):
        kind.from_environment({"METERBOOK_EVENT_SOURCE": ""})


def test_a_function_that_reads_no_book_needs_no_snowflake() -> None:
    environment = {"METERBOOK_LANDING_BUCKET": "landing", "METERBOOK_EXPORT_BUCKET": "exports"}
    assert LandingSettings.from_environment(environment).export_bucket == "exports"
    with pytest.raises(SettingMissing, match="METERBOOK_EVENT_BUS"):
        BookSettings.from_environment(environment)


def test_what_writes_documents_needs_no_book() -> None:
    environment = {"METERBOOK_LANDING_BUCKET": "landing", "METERBOOK_EVIDENCE_BUCKET": "evidence"}
    settings = RenderSettings.from_environment(environment)
    assert (settings.landing_bucket, settings.evidence_bucket) == ("landing", "evidence")


def test_what_answers_licensees_needs_no_book() -> None:
    told = {"VIEWS_BUCKET": "views", "TENANT_ROLE": "arn", "SIGN_IN_URL": "https://…"}
    environment = {f"METERBOOK_{name}": value for name, value in told.items()}
    assert TenantApiSettings.from_environment(environment).views_bucket == "views"
    with pytest.raises(SettingMissing, match="METERBOOK_ISSUER"):
        WebSettings.from_environment(environment)


def test_nothing_is_mailed_where_no_sender_is_named() -> None:
    names = {field.name for field in fields(IssueSettings)} - {"mail_sender", "documents_url"}
    environment = {f"METERBOOK_{name.upper()}": "x" for name in names}
    assert IssueSettings.from_environment(environment).mail_sender == ""
    with pytest.raises(SettingMissing, match="METERBOOK_MAIL_SENDER"):
        IssueSettings.from_environment(environment | {"METERBOOK_MAIL_SENDER": ""})
