"""What is posted of an event, and its signature, as Standard Webhooks has them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime

from meterbook.canonical import canonical_json
from meterbook.errors import InputRefused
from meterbook.ports import Announcement

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
KEY_BYTES = range(24, 65)


def payload(event: Announcement) -> bytes:
    """The body: the same bytes however often it is posted."""
    told = {"type": event.detail_type, "timestamp": event.time, "data": dict(event.detail)}
    return canonical_json(told).encode()


def signed_headers(event_id: str, at: datetime, body: bytes, secret: str) -> dict[str, str]:
    """The id, the moment of posting, and a signature by every key that the secret holds.

    While a key is exchanged the secret holds two, apart by a blank; either one verifies.
    Errors: `InputRefused`, which does not repeat the secret.
    """
    timestamp = str(int(at.timestamp()))
    content = f"{event_id}.{timestamp}.".encode() + body
    signatures = [_signature(_key(one), content) for one in secret.split()]
    if not signatures:
        raise _refused()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (ValueError, binascii.Error):
        raise _refused() from None
    if not text.startswith(SECRET_PREFIX) or len(key) not in KEY_BYTES:
        raise _refused()
    return key


def _refused() -> InputRefused:
    return InputRefused(
        detail=f"The secret is not {SECRET_PREFIX} and 24 to 64 bytes in base64, or two such."
    )
