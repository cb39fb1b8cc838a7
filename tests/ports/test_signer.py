"""Every signer keeps this contract: one key of RSA-3072 whose signatures anybody can verify."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import signing
from aws.moto_cloud import aws_error, disturb, new_client
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from meterbook.aws.kms import KmsSigner
from meterbook.errors import SigningFailed, SigningRefused, WorkspaceDamaged
from meterbook.invoice.signature import is_signed
from meterbook.ports import Signer
from meterbook_local.signer import LocalSigner
from moto import mock_aws

MESSAGE = '{"sheet":1,"seller_id":"nimbus","name":"é𝄞"}'.encode()


def _key(kms: Any, spec: str = "RSA_3072") -> str:
    made: str = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    return made


@pytest.fixture(scope="module")
def kms() -> Iterator[Any]:
    """A mocked KMS for the whole module: making a key takes a third of a second."""
    with mock_aws():
        yield new_client("kms")


@pytest.fixture(scope="module")
def arn(kms: Any) -> str:
    return _key(kms)


ADAPTERS: dict[str, Callable[[Any, str], Signer]] = {
    "local": lambda _, __: signing.signer(),
    "kms": KmsSigner,
}


@pytest.fixture(params=ADAPTERS)
def one(request: pytest.FixtureRequest, kms: Any, arn: str) -> Signer:
    return ADAPTERS[request.param](kms, arn)


def _holds(message: bytes, signature: bytes, signer: Signer) -> bool:
    return is_signed(hashlib.sha256(message).digest(), signature, signer.public_key())


def test_the_key_is_one_of_rsa_3072_in_der(one: Signer) -> None:
    key = serialization.load_der_public_key(one.public_key())
    assert isinstance(key, rsa.RSAPublicKey)
    assert (key.key_size, key.public_numbers().e) == (3072, 65537)
    assert one.public_key() == one.public_key()


def test_same_message_same_signature(one: Signer) -> None:
    assert one.sign(MESSAGE) == one.sign(MESSAGE)
    assert len(one.sign(MESSAGE)) == 384


def test_a_signature_holds_by_our_reading_and_by_that_of_a_library(one: Signer) -> None:
    for message in (MESSAGE, b"x", b"x" * 4_096):
        signature = one.sign(message)
        assert _holds(message, signature, one)
        key = serialization.load_der_public_key(one.public_key())
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("place", [0, 1, 191, 383])
def test_one_changed_byte_of_a_signature_is_no_signature_for_anybody(
    one: Signer, place: int
) -> None:
    signature = bytearray(one.sign(MESSAGE))
    signature[place] ^= 1
    key = serialization.load_der_public_key(one.public_key())
    assert isinstance(key, rsa.RSAPublicKey)
    assert not _holds(MESSAGE, bytes(signature), one)
    with pytest.raises(InvalidSignature):
        key.verify(bytes(signature), MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_one_changed_byte_of_a_message_is_found(one: Signer) -> None:
    assert not _holds(MESSAGE + b" ", one.sign(MESSAGE), one)


def test_a_signature_of_another_length_is_none(one: Signer) -> None:
    signature = one.sign(MESSAGE)
    for other in (b"", signature[:-1], b"\0" + signature, signature + b"\0", b"\xff" * 384):
        assert not _holds(MESSAGE, other, one)


@pytest.mark.parametrize("place", [0, 4, 30, 32, 200, 416, 417, 421])
def test_one_changed_byte_of_a_public_key_verifies_nothing(one: Signer, place: int) -> None:
    key = bytearray(one.public_key())
    key[place] ^= 1
    assert not is_signed(hashlib.sha256(MESSAGE).digest(), one.sign(MESSAGE), bytes(key))


def test_what_is_no_key_verifies_nothing(one: Signer) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    small = signing.public_key_of(2048)
    for key in (b"", b"\x30", one.public_key()[:-1], curve.public_bytes(*der), small):
        assert not is_signed(hashlib.sha256(MESSAGE).digest(), one.sign(MESSAGE), key)


# ---- the file ------------------------------------------------------------------------------------


def test_nobody_but_its_owner_reads_the_key_file_and_it_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "register.key"
    assert not LocalSigner(path).is_made
    with ThreadPoolExecutor(2) as two:
        first, second = two.map(lambda _: LocalSigner(path).public_key(), range(2))
    assert first == second == LocalSigner(path).public_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["register.key"]
    assert b"PRIVATE KEY" not in first


def test_a_damaged_key_file_is_named_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "register.key"
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for body in (b"", b"this is no key", curve):
        path.write_bytes(body)
        with pytest.raises(WorkspaceDamaged, match=r"register\.key cannot be read"):
            LocalSigner(path).sign(MESSAGE)
        assert path.read_bytes() == body


# ---- KMS -----------------------------------------------------------------------------------------


def test_kms_agrees_about_what_is_true(kms: Any, arn: str) -> None:
    """Real KMS says no by an exception, moto by a field."""
    signature = KmsSigner(kms, arn).sign(MESSAGE)

    def agrees(message: bytes) -> bool:
        try:
            told: bool = kms.verify(
                KeyId=arn,
                Message=message,
                MessageType="RAW",
                Signature=signature,
                SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
            )["SignatureValid"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "KMSInvalidSignatureException":
                raise
            return False
        return told

    assert agrees(MESSAGE)
    assert not agrees(MESSAGE + b" ")


def test_the_public_key_is_asked_for_once() -> None:
    with mock_aws():
        client = new_client("kms")
        signer = KmsSigner(client, _key(client))
        asked = disturb(client, "GetPublicKey")
        assert signer.public_key() == signer.public_key()
        assert len(asked) == 1


def test_a_key_that_is_not_there_is_refused_by_name(kms: Any) -> None:
    signer = KmsSigner(kms, "alias/none")
    for ask in (signer.public_key, lambda: signer.sign(MESSAGE)):
        with pytest.raises(SigningRefused, match=r"alias/none .* look at the key") as refused:
            ask()
        assert not refused.value.retryable


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ThrottlingException", SigningFailed),
        (400, "KeyUnavailableException", SigningFailed),
        (500, "KMSInternalException", SigningFailed),
        (400, "AccessDeniedException", SigningRefused),
        (400, "DisabledException", SigningRefused),
    ],
)
def test_what_passes_may_be_tried_again_and_what_stays_is_refused(
    status: int, code: str, kind: type[SigningFailed | SigningRefused]
) -> None:
    with mock_aws():
        client = new_client("kms")
        disturb(client, "Sign", aws_error(status, code))
        with pytest.raises(kind, match=code) as failed:
            KmsSigner(client, "alias/register").sign(MESSAGE)
        assert failed.value.retryable is (kind is SigningFailed)
