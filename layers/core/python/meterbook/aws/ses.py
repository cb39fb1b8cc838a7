"""Mail through SES: the message goes out as the bytes that we made, files and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.errors import MailFailed, MailRefused
from meterbook.mime import mime_bytes
from meterbook.ports import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# What SES answers with a status of 400 and yet means: not now.
_NOT_NOW = (
    "LimitExceededException",
    "SendingPausedException",
    "ThrottlingException",
    "TooManyRequestsException",
)


class SesMailer:
    """A `Mailer` on SES; how often a request is repeated is the client's configuration.

    SES knows no request again: where an answer is lost and the request repeated, the mail may come
    twice, with one id in its header `X-Meterbook-Mail`.
    """

    def __init__(self, client: SESV2Client) -> None:
        self._client = client

    def send(self, mail: Mail) -> None:
        """Hand the message over. Errors: `MailRefused`; `MailFailed`, to be repeated."""
        told = {"mail_id": mail.mail_id, "recipient": mail.recipient}
        try:
            self._client.send_email(
                FromEmailAddress=mail.sender,
                Destination={"ToAddresses": [mail.recipient]},
                Content={"Raw": {"Data": mime_bytes(mail)}},
            )
        except ValueError as error:
            raise MailRefused(**told, detail=error) from error
        except ClientError as error:
            raise (MailRefused if _is_final(error) else MailFailed)(**told, detail=error) from error
        except BotoCoreError as error:
            raise MailFailed(**told, detail=error) from error


def _is_final(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    code = error.response.get("Error", {}).get("Code", "")
    return 400 <= status < 500 and status != 429 and code not in _NOT_NOW
