"""A process is told what differs between deployments by its environment, and by nothing else."""

from __future__ import annotations

import pytest
from meterbook.errors import SettingMissing
from meterbook.settings import BookSettings, EvidenceSettings, LandingSettings, Settings


def test_without_an_environment_the_event_source_is_meterbook() -> None:
    assert Settings.from_environment({}) == Settings("meterbook")


@pytest.mark.parametrize("kind", [Settings, LandingSettings, BookSettings, EvidenceSettings])
def test_a_setting_that_is_set_and_empty_is_refused(kind: type[Settings]) -> None:
    with pytest.raises(SettingMissing, match="METERBOOK_EVENT_SOURCE"):
        kind.from_environment({"METERBOOK_EVENT_SOURCE": ""})


def test_a_function_that_reads_no_book_needs_no_snowflake() -> None:
    environment = {"METERBOOK_LANDING_BUCKET": "landing", "METERBOOK_EXPORT_BUCKET": "exports"}
    assert LandingSettings.from_environment(environment).export_bucket == "exports"
    with pytest.raises(SettingMissing, match="METERBOOK_EVENT_BUS"):
        BookSettings.from_environment(environment)
