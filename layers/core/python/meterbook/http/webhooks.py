"""Events posted to addresses of others, who must not lead us anywhere but outside.

The name is resolved here, every address behind it is judged, and the connection goes to an address
that was judged: a name that leads elsewhere a moment later leads nowhere. The certificate is
checked against the name. No redirect is followed and no proxy is asked; of the answer the status is
read and nothing else.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from ssl import SSLContext, SSLSocket, create_default_context
from threading import Timer

from meterbook.errors import WebhookFailed, WebhookRefused

Address = IPv4Address | IPv6Address
# A name ends in letters: 2130706433, 0x7f.1 and 127.0.0.1 are none, nor is [::1], nor localhost.
URL = re.compile(r"https://((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z][A-Za-z0-9-]{0,62})(/[!\"$-\[\]-~]*)?")
LONGEST_NAME = 253
TRIED = 4
CONNECT_SECONDS, READ_SECONDS, ALL_SECONDS = 5.0, 10.0, 15.0
# IANA's registries of special addresses. A network that is not listed is one of the public ones.
NOT_PUBLIC_V4 = [ip_network(one) for one in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
    "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3",
    "168.63.129.16/32",  # the metadata of another cloud, at an address that looks public
)]  # fmt: skip
# Of IPv6 only this is public: mapped IPv4, NAT64, ULA, link-local and multicast are all outside.
PUBLIC_V6 = ip_network("2000::/3")
NOT_PUBLIC_V6 = [ip_network(one) for one in (
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20",
)]  # fmt: skip


def is_public(address: Address) -> bool:
    """Whether an address belongs to somebody outside: no network of ours, no machine's own."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_V4)
    return address in PUBLIC_V6 and not any(address in network for network in NOT_PUBLIC_V6)


def resolved(name: str) -> list[str]:
    """The addresses behind a name, as the machine's resolver has them."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom the sender can reach. A test names a server of its machine; a deployment names nothing.

    `seconds` is how long one post may take altogether, once it is connected.
    """

    port: int = 443
    allows: Callable[[Address], bool] = is_public
    resolve: Callable[[str], Sequence[str]] = resolved
    trust: SSLContext | None = None
    seconds: float = ALL_SECONDS


PUBLIC = Reach()


class HttpWebhooks:
    """A `WebhookSender` over HTTPS, to public addresses alone."""

    def __init__(self, reach: Reach = PUBLIC) -> None:
        self._reach = reach
        self._trust = reach.trust or create_default_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer. Errors: `WebhookRefused`, `WebhookFailed`."""
        name, target = _place(url)
        try:
            with self._connected(self._judged(name)) as plain, self._secured(plain, name) as tls:
                return self._status(tls, name, target, headers, body)
        except (OSError, HTTPException) as error:
            raise WebhookFailed(host=name, detail=_why(error)) from error

    def _judged(self, name: str) -> list[str]:
        """The addresses behind the name; one of them that is not public condemns it."""
        found = [ip_address(one) for one in self._reach.resolve(name)]
        for address in found:
            if not self._reach.allows(address):
                raise WebhookRefused(host=name, detail=f"its address {address} is not a public one")
        return [str(address) for address in found[:TRIED]]

    def _connected(self, addresses: Sequence[str]) -> socket.socket:
        fault = OSError("its name has no address")
        for address in addresses:
            try:
                return socket.create_connection((address, self._reach.port), CONNECT_SECONDS)
            except OSError as error:
                fault = error
        raise fault

    def _secured(self, plain: socket.socket, name: str) -> SSLSocket:
        plain.settimeout(READ_SECONDS)
        return self._trust.wrap_socket(
            plain, server_hostname=name, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )

    def _status(
        self, tls: SSLSocket, name: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> int:
        connection = HTTPConnection(name)  # it writes and reads HTTP, and connects to nothing:
        connection.sock, connection.auto_open = tls, 0
        with _cut_off(tls, self._reach.seconds):
            tls.do_handshake()
            connection.request("POST", target, body, {**_OWN, **headers})
            return connection.getresponse().status


_OWN = {"Content-Type": "application/json", "User-Agent": "meterbook", "Connection": "close"}


def _place(url: str) -> tuple[str, str]:
    """Name and path of an address. The path may hold a token, so it is not told."""
    if not (found := URL.fullmatch(url)) or len(found[1]) > LONGEST_NAME:
        detail = "it is not https to a host's name, without port and password"
        raise WebhookRefused(host="an address", detail=detail)
    return found[1], found[2] or "/"


def _why(error: Exception) -> str:
    """What went wrong on the way; of an answer that is not HTTP nothing is repeated."""
    return str(error) if isinstance(error, OSError) else "its answer is not HTTP"


@contextmanager
def _cut_off(tls: SSLSocket, seconds: float) -> Iterator[None]:
    """Let nobody hold us by answering a byte at a time: each byte would begin a new timeout."""
    timer = Timer(seconds, _shut, [tls])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(tls: SSLSocket) -> None:
    """Shut the socket below TLS: what waits for it is told at once."""
    try:
        socket.socket.shutdown(tls, socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
