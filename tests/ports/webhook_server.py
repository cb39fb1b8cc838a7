"""An address outside as tests have it: a TLS server of this machine with a CA of its own."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from meterbook.http.webhooks import Address, Reach
from meterbook_local.clock import SystemClock

HOST = "hooks.acme.example"
URL = f"https://{HOST}/in?from=meterbook"


@dataclass(frozen=True)
class Posted:
    """One request as it came in; `sni` is the name that the connection asked for."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    sni: str


@dataclass
class Receiver:
    """Answers with these statuses in order, the last one again and again."""

    port: int
    trust: ssl.SSLContext
    statuses: list[int] = field(default_factory=lambda: [204])
    posted: list[Posted] = field(default_factory=list)
    connections: int = 0
    wait_seconds: float = 0
    drips: bytes = b""
    is_endless: bool = False

    def reach(self, addresses: Sequence[str] = ("127.0.0.1",), seconds: float = 5) -> Reach:
        """A sender's way to this server, which is on loopback, and to nothing else."""
        return Reach(self.port, is_loopback, lambda _: addresses, self.trust, seconds)

    def status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


def is_loopback(address: Address) -> bool:
    return address.is_loopback


def public(reach: Reach) -> Reach:
    """The same way, judged as a deployment judges it."""
    return replace(reach, allows=Reach().allows)


@cache
def _identity() -> tuple[bytes, bytes]:
    """A CA's certificate, and the server's own with its key, in PEM."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a CA of this test")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca = _certificate(ca_name, ca_name, ca_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    ca = ca.add_extension(usage, critical=True)
    own = _certificate(name, ca_name, key).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False
    )
    pem = serialization.Encoding.PEM
    written = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signed = [one.sign(ca_key, hashes.SHA256()).public_bytes(pem) for one in (ca, own)]
    return signed[0], signed[1] + written


def _certificate(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = SystemClock().now()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A server that listens until the test is over."""
    ca, own = _identity()
    names: dict[int, str] = {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda tls, name, _: names.update({id(tls): str(name)})
    with TemporaryDirectory() as folder:
        Path(folder, "own.pem").write_bytes(own)
        context.load_cert_chain(Path(folder, "own.pem"))
    receiver = Receiver(0, ssl.create_default_context(cadata=ca.decode()))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sni = names.get(id(self.connection), "")
            receiver.posted.append(Posted(self.path, dict(self.headers), body, sni))
            time.sleep(receiver.wait_seconds)
            self._drip(receiver.drips)
            self.send_response(receiver.status())
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            while receiver.is_endless:
                self.wfile.write(b"x" * 2**16)

        def _drip(self, text: bytes) -> None:
            """One byte now and then: no single wait is long, and it hardly ever ends."""
            for byte in text:
                self.wfile.write(bytes([byte]))
                time.sleep(0.005)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def process_request(self, request: object, client_address: object) -> None:
            receiver.connections += 1
            super().process_request(request, client_address)

        def handle_error(self, *_: object) -> None:
            """A client that did not wait is no error of the server."""

    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(5)
