"""A document is mailed to the account that wants it so, in its language, once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from close.small_world import NOW, World
from invoice.taxed_world import MAIL_TO
from meterbook.errors import MailFailed, MailRefused
from meterbook.invoice.files import document_key
from meterbook.invoice.issue_invoices import IssueRun, issue_invoices
from meterbook.invoice.mail import Post, mail_all
from meterbook.ports import Mail, Mailer

NUMBER = "NIM-2026-000002"


@dataclass
class Moody:
    """A mail service that is down, or that knows no such address."""

    fault: type[MailFailed | MailRefused]
    asked: list[str] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        self.asked.append(mail.recipient)
        raise self.fault(mail_id=mail.mail_id, recipient=mail.recipient, detail="no")


def _issue(world: World, mailer: Mailer | None, **post: str) -> IssueRun:
    return issue_invoices(world.book, replace(world.desk, post=Post(mailer, **post)))


def test_the_mail_brings_the_stored_files_in_the_accounts_language(taxed: World) -> None:
    taxed.issue()
    (mail,) = taxed.mailbox.sent()
    assert (mail["From"], mail["To"]) == ("billing@nimbus.example", MAIL_TO)
    assert mail["Subject"] == f"Rechnung {NUMBER} von Nimbus Platform GmbH"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "für 2026-10: 300,25 USD" in text.get_content()
    files = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
    assert files == {
        f"{NUMBER}.pdf": taxed.evidence.get(document_key(NUMBER, "invoice.pdf")),
        f"{NUMBER}.cii.xml": taxed.evidence.get(document_key(NUMBER, "invoice.cii.xml")),
    }


def test_nobody_gets_a_mail_who_does_not_want_one(world: World) -> None:
    world.issue()
    assert world.mailbox.sent() == []


def test_a_document_is_mailed_once_however_often_the_job_runs(taxed: World) -> None:
    taxed.issue()
    taxed.issue()
    assert len(taxed.mailbox.sent()) == 1
    assert len(list(taxed.announced.keys("mails/"))) == 1


def test_a_link_and_a_sender_are_what_the_deployment_says(taxed: World) -> None:
    _issue(taxed, taxed.mailbox, sender="Bills <bills@x.example>", documents_url="https://b.x/")
    (mail,) = taxed.mailbox.sent()
    assert mail["From"] == "Bills <bills@x.example>"
    text = mail.get_body(("plain",))
    assert text is not None
    assert f"https://b.x/{document_key(NUMBER, 'invoice.pdf')}" in text.get_content()


def test_without_a_mailer_documents_are_issued_and_wait_for_one(taxed: World) -> None:
    assert len(_issue(taxed, None).issued) == 2
    assert taxed.issue() == []
    assert len(taxed.mailbox.sent()) == 1


def test_what_was_issued_long_ago_is_mailed_to_nobody(taxed: World) -> None:
    _issue(taxed, None)
    desk = replace(taxed.desk, post=Post(taxed.mailbox))
    issue_invoices(taxed.at(NOW + timedelta(days=61)), desk)
    assert taxed.mailbox.sent() == []


def test_a_service_that_is_down_is_asked_once_a_run_and_again_by_the_next(taxed: World) -> None:
    down = Moody(MailFailed)
    run = _issue(taxed, down)
    assert [(one.number, one.is_final) for one in run.unmailed] == [(NUMBER, False)]
    assert len(run.issued) == 2
    assert down.asked == [MAIL_TO]
    taxed.issue()
    assert len(taxed.mailbox.sent()) == 1


def test_an_address_that_is_refused_is_told_once(taxed: World) -> None:
    run = _issue(taxed, Moody(MailRefused))
    assert [(one.number, one.is_final) for one in run.unmailed] == [(NUMBER, True)]
    again = Moody(MailRefused)
    assert (_issue(taxed, again).unmailed, again.asked) == ([], [])
    (note,) = taxed.announced.keys("mails/")
    assert b'"refused"' in taxed.announced.get(note)


def test_a_seller_without_an_address_mails_nothing_and_says_so(taxed: World) -> None:
    made = taxed.issue()[1]
    body = taxed.evidence.get(document_key(NUMBER, "invoice.json"))
    elsewhere = type(taxed.evidence)(taxed.root / "elsewhere")
    for key in made.keys:
        elsewhere.put_if_absent(key, taxed.evidence.get(key))
    (elsewhere.root / made.json_key).write_bytes(body.replace(b"billing@nimbus.example", b""))
    announced = type(taxed.announced)(taxed.root / "announced-elsewhere")
    (unmailed,) = mail_all(Post(taxed.mailbox), elsewhere, announced, [made], NOW.date())
    assert "its seller has no email" in unmailed.reason
