"""Costs other than those of AWS come in by a command: from providers that are asked, or from files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.saying import run_in
from costs.account_usage_exports import DAILY, day_line, export
from costs.provider_server import Answer, Provider, serving

NOW = "2026-10-03T06:30:00Z"
CATALOG = """
kind: external_provider
id: mail
url: {url}/costs?from={{start}}&to={{end}}
format: csv
header: X-Key
secret: mail-key
columns: {{usage_date: day, cost: cost, currency: {{value: USD}}}}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with serving() as provider:
        yield provider


@pytest.fixture(scope="module")
def root(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that knows the provider."""
    folder = tmp_path_factory.mktemp("bring")
    (folder / "catalog").mkdir()
    (folder / "catalog" / "mail.yaml").write_text(CATALOG.format(url=provider.url), "utf-8")
    for words in (("init",), ("apply", folder / "catalog")):
        assert run_in(folder / "book", *words, now=NOW).exit_code == 0
    return folder / "book"


def test_fetch_external_tells_what_each_provider_charged(
    root: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METERBOOK_SECRET_MAIL_KEY", "key")
    provider.says("/costs", Answer(b"day,cost\n2026-10-01,0.25\n2026-10-02,1e-7\n"))
    done = run_in(root, "fetch", "external", now=NOW)
    assert done.exit_code == 0, done.output
    assert done.stdout.split()[-4:-1] == ["mail", "2", "0.2500001"]
    assert "1 provider(s) fetched." in done.stderr
    assert provider.asked[-1][0] == "/costs?from=2026-09-01&to=2026-10-03"
    assert provider.asked[-1][1]["X-Key"] == "key"


def test_fetch_external_fails_with_the_name_of_the_secret_that_is_missing(root: Path) -> None:
    done = run_in(root, "fetch", "external", now=NOW)
    assert done.exit_code == 1
    assert "Set the environment variable METERBOOK_SECRET_MAIL_KEY." in done.stderr


def test_ingest_account_usage_tells_days_and_credits(root: Path, tmp_path: Path) -> None:
    daily = export(tmp_path / "daily.csv", DAILY, day_line(), day_line("2026-10-02", billed="2.25"))
    done = run_in(root, "ingest", "account-usage", daily, now=NOW)
    assert done.exit_code == 0, done.output
    assert "2 row(s), 2 day(s) with 3.75 credits billed, as delivery account_usage." in done.stderr
    again = run_in(root, "ingest", "account-usage", daily, now=NOW)
    assert "Nothing new" in again.stderr
