"""Every mailer keeps this contract: a message arrives as it was made, and a refusal says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aws.moto_cloud import Fault, aws_error, client, disturb, new_client
from meterbook.aws.ses import SesMailer
from meterbook.errors import MailFailed, MailRefused
from meterbook.mime import mime_bytes
from meterbook.ports import Mail, Mailer
from meterbook_local.mailbox import Mailbox
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses import ses_backends

pytestmark = pytest.mark.usefixtures("cloud")
SENDER = "Reseller Ltd <billing@reseller.example>"
MAIL = Mail(
    "INV-2026-0001.acme",
    SENDER,
    "accounts@acme.example",
    "Invoice INV-2026-0001",
    "Your invoice for 2026-10 comes to 105.00 EUR.\nhttps://bills.reseller.example/INV-2026-0001\n",
    {"INV-2026-0001.pdf": b"%PDF-1.7 \xff\x00", "INV-2026-0001.xml": b"<a>\xc3\xa9</a>"},
)


@dataclass(frozen=True)
class Post:
    """A mailer, and how this suite sees what arrived."""

    mailer: Mailer
    arrived: Callable[[], list[EmailMessage]]
    broken: Mailer


def _mailbox(place: Path) -> Post:
    mailbox = Mailbox(place / "mail")
    return Post(mailbox, mailbox.sent, Mailbox(Path("/proc/no-such-folder")))


def _ses(_: Path) -> Post:
    ses, broken = client("sesv2"), new_client("sesv2")
    ses.create_email_identity(EmailIdentity="reseller.example")
    disturb(broken, "SendEmail", aws_error(500, "InternalFailure"))
    return Post(SesMailer(ses), _sent_by_ses, SesMailer(broken))


def _sent_by_ses() -> list[EmailMessage]:
    backend = ses_backends[DEFAULT_ACCOUNT_ID][client("sesv2").meta.region_name]
    raw = [message.raw_data.encode() for message in backend.sent_messages]
    return [message_from_bytes(one, EmailMessage, policy=default) for one in raw]


ADAPTERS: dict[str, Callable[[Path], Post]] = {"mailbox": _mailbox, "ses": _ses}


@pytest.fixture(params=ADAPTERS)
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Post:
    return ADAPTERS[request.param](tmp_path)


def test_a_message_arrives_with_every_field_and_file(post: Post) -> None:
    post.mailer.send(MAIL)
    (arrived,) = post.arrived()
    told = {name: arrived[name] for name in ("From", "To", "Subject", "X-Meterbook-Mail")}
    assert list(told.values()) == [MAIL.sender, MAIL.recipient, MAIL.subject, MAIL.mail_id]
    text = arrived.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    files = {one.get_filename(): one.get_payload(decode=True) for one in arrived.iter_attachments()}
    assert files == MAIL.attachments


def test_a_message_that_is_sent_again_has_the_same_id(post: Post) -> None:
    post.mailer.send(MAIL)
    post.mailer.send(MAIL)
    assert {arrived["X-Meterbook-Mail"] for arrived in post.arrived()} == {MAIL.mail_id}


def test_text_in_any_script_arrives_as_it_was_written(post: Post) -> None:
    mail = replace(MAIL, subject="Rechnung für März – 105,00 €", text="Grüße, 𝄞\n.\nvon uns\n")
    post.mailer.send(mail)
    (arrived,) = post.arrived()
    assert arrived["Subject"] == mail.subject
    text = arrived.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == mail.text


@pytest.mark.parametrize("field", ["sender", "recipient", "subject"])
def test_a_line_end_in_a_header_is_refused_and_nothing_goes_out(post: Post, field: str) -> None:
    hostile = replace(MAIL, **{field: "a@b.example\nBcc: everybody@b.example"})
    with pytest.raises(MailRefused):
        post.mailer.send(hostile)
    assert post.arrived() == []


def test_a_service_that_does_not_answer_may_be_asked_again(post: Post) -> None:
    with pytest.raises(MailFailed) as failed:
        post.broken.send(MAIL)
    assert (failed.value.code, failed.value.retryable) == ("MAIL_FAILED", True)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (aws_error(400, "MessageRejected"), MailRefused),
        (aws_error(400, "MailFromDomainNotVerifiedException"), MailRefused),
        (aws_error(429, "TooManyRequestsException"), MailFailed),
        (aws_error(400, "SendingPausedException"), MailFailed),
    ],
)
def test_ses_says_whether_asking_again_can_help(fault: Fault, told: type[Exception]) -> None:
    ses = new_client("sesv2")
    disturb(ses, "SendEmail", fault)
    with pytest.raises(told, match=f"mail {MAIL.mail_id} to {MAIL.recipient}"):
        SesMailer(ses).send(MAIL)


def test_the_same_mail_is_the_same_bytes_whatever_the_order_of_its_files() -> None:
    turned = dict(reversed(MAIL.attachments.items()))
    assert mime_bytes(replace(MAIL, attachments=turned)) == mime_bytes(MAIL)


def test_every_line_is_one_that_mail_can_carry() -> None:
    mail = replace(MAIL, text="x" * 5000 + "\nФ" * 500)
    lines = mime_bytes(mail).split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line for line in lines)
