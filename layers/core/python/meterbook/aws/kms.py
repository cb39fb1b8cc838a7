"""A key in KMS that signs the register: its private half never leaves KMS."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.errors import SigningFailed, SigningRefused

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

# What AWS means to pass; all else stays as it is until somebody changes a right or the key.
_LATER = frozenset((
    "DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException",
    "LimitExceededException", "ServiceUnavailable", "ThrottlingException",
))  # fmt: skip


class KmsSigner:
    """A `Signer` with an asymmetric key of KMS: spec RSA_3072, usage SIGN_VERIFY.

    It is sent the message itself, which may have 4,096 bytes: the head of a sheet has a constant
    size far below. KMS is never asked to verify: whoever has the public key needs nobody for that.
    """

    def __init__(self, client: KMSClient, key: str) -> None:
        self._client = client
        self._key = key

    def public_key(self) -> bytes:
        """The public key as SubjectPublicKeyInfo, in DER; asked for once."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """PKCS#1 v1.5 over SHA-256. Errors: `SigningRefused`, `SigningFailed` (retryable)."""
        try:
            return self._client.sign(
                KeyId=self._key,
                Message=message,
                MessageType="RAW",
                SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
            )["Signature"]
        except (BotoCoreError, ClientError) as error:
            raise self._failed(error) from error

    @cached_property
    def _public_key(self) -> bytes:
        try:
            return self._client.get_public_key(KeyId=self._key)["PublicKey"]
        except (BotoCoreError, ClientError) as error:
            raise self._failed(error) from error

    def _failed(self, error: BotoCoreError | ClientError) -> SigningFailed | SigningRefused:
        answer = error.response if isinstance(error, ClientError) else {}
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        later = status >= 500 or answer.get("Error", {}).get("Code", "") in _LATER
        return (SigningFailed if later else SigningRefused)(key=self._key, detail=error)
