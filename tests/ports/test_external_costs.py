"""A page of costs comes whole, from the address that was asked, or the error says why it did not.

The adapter is the same in the cloud and on one machine; it is asked here over a real socket.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from costs.provider_server import Answer, Provider, serving
from meterbook.errors import (
    ExternalCostsRefused,
    ExternalCostsUnavailable,
    InputRefused,
    SettingMissing,
)
from meterbook.http import external_costs
from meterbook.http.external_costs import RETRIES, HttpExternalCosts
from meterbook.ports import CostPage
from meterbook_local.secrets import secret
from urllib3 import Timeout

AT_ONCE = RETRIES.new(backoff_factor=0, backoff_jitter=0)
SECRET = "Bearer kept-to-itself"  # noqa: S105 - what must not be seen
SECRETS = {"twilio-costs": SECRET}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving() as provider:
        yield provider


def asking(read_seconds: float = 5) -> HttpExternalCosts:
    timeout = Timeout(connect=read_seconds, read=read_seconds)
    return HttpExternalCosts(SECRETS.__getitem__, AT_ONCE, timeout)


def page(url: str, header: str = "") -> CostPage:
    return CostPage("twilio", url, header, "twilio-costs" if header else "")


def test_the_body_is_what_the_provider_sent(provider: Provider) -> None:
    provider.says("/costs", Answer(b"\xef\xbb\xbfday\n"))
    assert asking().page(page(f"{provider.url}/costs?from=2026-10-01")) == b"\xef\xbb\xbfday\n"
    assert provider.asked[0][0] == "/costs?from=2026-10-01"


def test_the_secret_stands_in_its_header_and_only_where_one_is_named(provider: Provider) -> None:
    provider.says("/costs", Answer(b"{}"))
    asking().page(page(f"{provider.url}/costs", "Authorization"))
    asking().page(page(f"{provider.url}/costs"))
    (_, with_secret), (_, without) = provider.asked
    assert with_secret["Authorization"] == SECRET
    assert SECRET not in without.values()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 599])
def test_what_may_pass_is_asked_again(provider: Provider, status: int) -> None:
    provider.says("/costs", Answer(status=status), Answer(status=status), Answer(b"whole"))
    assert asking().page(page(f"{provider.url}/costs")) == b"whole"
    assert len(provider.asked) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_what_does_not_pass_is_given_up_after_five_requests(
    provider: Provider, status: int
) -> None:
    provider.says("/costs", Answer(SECRET.encode(), status=status))
    with pytest.raises(ExternalCostsUnavailable, match=f"twilio .*answered {status}") as told:
        asking().page(page(f"{provider.url}/costs", "Authorization"))
    assert len(provider.asked) == 5
    assert told.value.retryable
    assert SECRET not in str(told.value)


@pytest.mark.parametrize("status", [204, 301, 400, 401, 403, 404, 410])
def test_any_other_answer_fails_at_once(provider: Provider, status: int) -> None:
    provider.says("/costs", Answer(SECRET.encode(), status, {"Location": "/elsewhere"}))
    with pytest.raises(ExternalCostsRefused, match=f"twilio .*answered {status}") as told:
        asking().page(page(f"{provider.url}/costs", "Authorization"))
    assert [path for path, _ in provider.asked] == ["/costs"]
    assert told.value.code == "EXTERNAL_COSTS_4XX"
    assert not told.value.retryable
    assert SECRET not in str(told.value)


def test_a_body_that_is_cut_short_is_no_answer(provider: Provider) -> None:
    provider.says("/costs", Answer(b"day,cost\n", lost_bytes=10))
    with pytest.raises(ExternalCostsUnavailable):
        asking(read_seconds=0.2).page(page(f"{provider.url}/costs"))


def test_an_answer_whose_end_nothing_tells_is_refused(provider: Provider) -> None:
    """What is missing from it would be missed by nobody."""
    provider.says("/costs", Answer(b"day,cost\n2026-10-01,1\n", lost_bytes=None))
    with pytest.raises(ExternalCostsRefused, match="how long"):
        asking().page(page(f"{provider.url}/costs"))


def test_a_provider_that_is_silent_is_not_waited_for(provider: Provider) -> None:
    provider.says("/costs", Answer(b"late", wait_seconds=0.3))
    with pytest.raises(ExternalCostsUnavailable, match="timed out"):
        asking(read_seconds=0.02).page(page(f"{provider.url}/costs"))


def test_a_provider_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(ExternalCostsUnavailable, match="twilio"):
        asking().page(page("http://127.0.0.1:9/costs"))


def test_what_stands_in_an_address_is_not_told(provider: Provider) -> None:
    """The address of a next page may have a token in it."""
    provider.says("/costs", Answer(wait_seconds=0.3))
    for base in (provider.url, "http://127.0.0.1:9"):
        with pytest.raises(ExternalCostsUnavailable) as raised:
            asking(read_seconds=0.02).page(page(f"{base}/costs?token=kept-to-itself"))
        assert "kept-to-itself" not in str(raised.value)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ExternalCostsRefused, match="cannot be read"):
        asking().page(page("http://127.0.0.1:99999/costs"))


@pytest.mark.parametrize("more", [0, 1])
def test_a_page_has_a_longest_length(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    monkeypatch.setattr(external_costs, "LONGEST_PAGE_BYTES", 100)
    provider.says("/costs", Answer(b"x" * (100 + more)))
    if not more:
        assert len(asking().page(page(f"{provider.url}/costs"))) == 100
        return
    with pytest.raises(ExternalCostsRefused, match="longer than 100 bytes"):
        asking().page(page(f"{provider.url}/costs"))


@pytest.mark.parametrize(
    "url", ["http://example.com/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/", "/costs"]
)
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    with pytest.raises(ExternalCostsRefused, match="not https"):
        asking().page(page(url))


@pytest.mark.parametrize("text", ["", " \n", "Bearer a\nb", "Bearer é"])
def test_a_secret_that_no_header_can_carry_is_refused_and_not_told(
    provider: Provider, text: str
) -> None:
    costs = HttpExternalCosts(lambda _: text, AT_ONCE)
    with pytest.raises(InputRefused, match="twilio-costs") as told:
        costs.page(page(f"{provider.url}/costs", "Authorization"))
    assert "Bearer" not in str(told.value)
    assert provider.asked == []


def test_on_one_machine_a_secret_is_a_variable_of_the_environment() -> None:
    assert secret("twilio-costs", {"METERBOOK_SECRET_TWILIO_COSTS": "key"}) == "key"
    with pytest.raises(SettingMissing, match="METERBOOK_SECRET_TWILIO_COSTS"):
        secret("twilio-costs", {})
