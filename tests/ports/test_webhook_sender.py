"""A webhook is posted to the address that was judged, which is nobody's inside, or to none.

The sender is the same in the cloud and on one machine. It is asked here over TLS on loopback, which
a deployment could not reach: the way there is an argument that only a test gives.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest
from meterbook.errors import WebhookFailed, WebhookRefused
from meterbook.http.webhooks import HttpWebhooks, Reach, is_public
from ports.webhook_server import HOST, URL, Receiver, public, receiving

HEADERS = {"webhook-id": "1b56cb294f1a9348"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_what_is_posted_arrives_as_it_was_under_the_name_of_the_host(receiver: Receiver) -> None:
    assert HttpWebhooks(receiver.reach()).post(URL, HEADERS, b'{"a":"\xc3\xa9"}') == 204
    (posted,) = receiver.posted
    assert (posted.path, posted.body) == ("/in?from=meterbook", b'{"a":"\xc3\xa9"}')
    assert (posted.sni, posted.headers["Host"]) == (HOST, HOST)
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["webhook-id"] == HEADERS["webhook-id"]


@pytest.mark.parametrize("status", [200, 201, 301, 302, 307, 400, 404, 410, 429, 500, 503])
def test_the_status_is_told_and_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.statuses = [status]
    assert HttpWebhooks(receiver.reach()).post(URL, HEADERS, b"{}") == status
    assert [posted.path for posted in receiver.posted] == ["/in?from=meterbook"]


# ---- who is never asked ------------------------------------------------------------------------

INSIDE = [
    "0.0.0.0",  # noqa: S104
    "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.1.2.3",
    "168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%2", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::", "3fff::1", "5f00::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1",
           "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused(receiver: Receiver, address: str) -> None:
    sender = HttpWebhooks(public(receiver.reach([address])))
    with pytest.raises(WebhookRefused, match=f"{HOST}.*not a public one"):
        sender.post(URL, HEADERS, b"{}")
    assert receiver.connections == 0


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_of_somebody_outside_is_allowed(address: str) -> None:
    assert is_public(ip_address(address))


def test_one_address_inside_condemns_the_whole_name(receiver: Receiver) -> None:
    for addresses in (["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"]):
        with pytest.raises(WebhookRefused, match=r"10\.0\.0\.1"):
            HttpWebhooks(receiver.reach(addresses)).post(URL, HEADERS, b"{}")
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.acme.example/in", "ftp://hooks.acme.example/", "//hooks.acme.example/", "/in",
        "https://localhost/", "https://hooks/", "https://127.0.0.1/", "https://127.1/",
        "https://2130706433/", "https://0x7f.1/", "https://0x7f000001/", "https://0177.0.0.1/",
        "https://127.0.0.1./", "https://[::1]/", "https://[::ffff:169.254.169.254]/",
        "https://hooks.acme.example:8443/", "https://hooks.acme.example:443/",
        "https://me:1234@hooks.acme.example/", "https://hooks.acme.example@127.0.0.1/",
        "https://hooks.acme.example\\@127.0.0.1/", "https://hooks.acme.example#@127.0.0.1/",
        "https://hooks.acme.example/in#part", "https://hooks.acme.example/a b",
        "https://hooks.acme.example/\r\nHost: inside", "https://hooks.acme.example\n/",
        "https://①②⑦.⓪.⓪.①/", "https://hööks.example/", "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
    ],
)  # fmt: skip
def test_what_is_no_https_address_of_a_name_is_not_even_looked_up(url: str) -> None:
    asked: list[str] = []
    sender = HttpWebhooks(Reach(resolve=lambda name: asked.append(name) or []))
    with pytest.raises(WebhookRefused, match="not https to a host's name"):
        sender.post(url, HEADERS, b"{}")
    assert asked == []


def test_a_deployment_reaches_public_addresses_at_port_443_and_nothing_else() -> None:
    reach = Reach()
    assert (reach.port, reach.allows, reach.trust) == (443, is_public, None)


def test_the_connection_goes_to_the_address_that_was_judged(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads somewhere else a moment later is not asked a second time."""
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    looked_up: list[object] = []
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: looked_up.append(host) or real(host, *rest, **more)
    )  # fmt: skip
    sender = HttpWebhooks(replace(receiver.reach(), resolve=lambda _: next(answers)))
    assert sender.post(URL, HEADERS, b"{}") == 204
    assert set(looked_up) == {"127.0.0.1"}
    with pytest.raises(WebhookRefused, match=r"169\.254\.169\.254"):
        sender.post(URL, HEADERS, b"{}")


def test_no_proxy_of_the_environment_is_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert HttpWebhooks(receiver.reach()).post(URL, HEADERS, b"{}") == 204


# ---- who does not prove to be the host ---------------------------------------------------------


def test_a_certificate_of_another_name_is_no_answer(receiver: Receiver) -> None:
    with pytest.raises(WebhookFailed, match=r"hooks\.other\.example.*certificate"):
        HttpWebhooks(receiver.reach()).post("https://hooks.other.example/in", HEADERS, b"{}")
    assert receiver.posted == []


def test_a_certificate_that_nobody_vouches_for_is_no_answer(receiver: Receiver) -> None:
    sender = HttpWebhooks(replace(receiver.reach(), trust=ssl.create_default_context()))
    with pytest.raises(WebhookFailed, match="certificate"):
        sender.post(URL, HEADERS, b"{}")
    assert receiver.posted == []


# ---- who does not answer -----------------------------------------------------------------------


def test_an_answer_that_does_not_come_is_a_failure_that_may_be_repeated(receiver: Receiver) -> None:
    receiver.wait_seconds = 0.5
    with pytest.raises(WebhookFailed) as failed:
        HttpWebhooks(receiver.reach(seconds=0.1)).post(URL, HEADERS, b"{}")
    assert failed.value.retryable
    assert "from=meterbook" not in str(failed.value)


def test_an_answer_that_drips_holds_nobody_up(receiver: Receiver) -> None:
    receiver.drips = b"HTTP/1.1 100 Continue\r\n\r\n" * 1000
    began = time.monotonic()
    with pytest.raises(WebhookFailed):
        HttpWebhooks(receiver.reach(seconds=0.2)).post(URL, HEADERS, b"{}")
    assert time.monotonic() - began < 2


def test_headers_without_end_hold_nobody_up_and_the_status_counts(receiver: Receiver) -> None:
    receiver.drips = b"HTTP/1.1 200 OK\r\n" + b"X-More: x\r\n" * 1000
    began = time.monotonic()
    assert HttpWebhooks(receiver.reach(seconds=0.4)).post(URL, HEADERS, b"{}") == 200
    assert time.monotonic() - began < 2


def test_an_answer_without_end_is_not_read(receiver: Receiver) -> None:
    receiver.is_endless, receiver.statuses = True, [200]
    assert HttpWebhooks(receiver.reach(seconds=1)).post(URL, HEADERS, b"{}") == 200


def test_a_name_without_an_address_and_a_port_without_a_server_are_failures(
    receiver: Receiver,
) -> None:
    with pytest.raises(WebhookFailed, match="no address"):
        HttpWebhooks(receiver.reach([])).post(URL, HEADERS, b"{}")
    with pytest.raises(WebhookFailed):
        HttpWebhooks(replace(receiver.reach(), port=9)).post(URL, HEADERS, b"{}")


def test_an_address_that_is_dead_gives_way_to_the_next_one(receiver: Receiver) -> None:
    reach = receiver.reach(["127.0.0.77", "127.0.0.1"])  # the server listens at one of them
    assert HttpWebhooks(reach).post(URL, HEADERS, b"{}") == 204
