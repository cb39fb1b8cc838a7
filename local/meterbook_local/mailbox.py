"""A folder that stands in for a mail service: each message is a file that a mail program opens."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from meterbook.errors import InputRefused, MailFailed, MailRefused
from meterbook.mime import mime_bytes
from meterbook.ports import Mail

from meterbook_local.folder import FolderStore


class Mailbox:
    """A `Mailer` that keeps `<mail id>.eml`; a message that is sent again is there already."""

    def __init__(self, root: Path) -> None:
        self._letters = FolderStore(root)

    def send(self, mail: Mail) -> None:
        """Keep the message. Errors: `MailRefused`; `MailFailed` when the disk does not take it."""
        told = {"mail_id": mail.mail_id, "recipient": mail.recipient}
        try:
            self._letters.put_if_absent(f"{mail.mail_id}.eml", mime_bytes(mail))
        except (InputRefused, ValueError) as error:
            raise MailRefused(**told, detail=error) from error
        except OSError as error:
            raise MailFailed(**told, detail=error.strerror or error) from error

    def sent(self) -> list[EmailMessage]:
        """The messages so far, in the order of their ids."""
        bodies = [self._letters.get(key) for key in self._letters.keys("")]
        return [message_from_bytes(body, EmailMessage, policy=default) for body in bodies]
