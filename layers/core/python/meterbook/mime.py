"""A mail as the bytes that travel: nothing in it is left to chance, nor to the hour.

The date and a Message-ID are left to whoever hands it on.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from mimetypes import guess_type

from meterbook.canonical import sha256
from meterbook.ports import Mail

_UNKNOWN = "application/octet-stream"


def mime_bytes(mail: Mail) -> bytes:
    """The message with its files, in the order of their names.

    Errors: `ValueError` where a header would hold a line's end.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["X-Meterbook-Mail"] = mail.mail_id
    message.set_content(mail.text, cte="quoted-printable")
    for name, body in sorted(mail.attachments.items()):
        kind, _, below = (guess_type(name)[0] or _UNKNOWN).partition("/")
        message.add_attachment(body, kind, below, filename=name)
    if message.is_multipart():
        message.set_boundary(sha256(mail.mail_id.encode())[:32])
    return message.as_bytes()
