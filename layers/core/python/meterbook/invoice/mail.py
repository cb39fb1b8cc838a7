"""Mail a document to the account that wants it so, once, under an id that follows from its number.

    mails/<mail id>.json      that it was handed over, or refused for good; put after that

A crash between the two sends the mail twice with one id, never not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from meterbook.announce import event_id
from meterbook.canonical import canonical_json
from meterbook.close.snapshot import Fields
from meterbook.errors import MailFailed, MailRefused
from meterbook.invoice.files import CII, DOCUMENT, PRINT, document_key
from meterbook.invoice.issued import Issued
from meterbook.invoice.words import shown_figure, words
from meterbook.ports import Mail, Mailer, ObjectStore

PREFIX = "mails/"
# A deployment that begins to mail does not send what it issued in the years before.
DAYS = 60


@dataclass(frozen=True, slots=True)
class Post:
    """How mail goes out: by whom, from whom ("" is the seller's own address), and with which link.

    Without a mailer nothing is mailed. `documents_url` is what a link to a stored document begins
    with; "" writes none.
    """

    mailer: Mailer | None = None
    sender: str = ""
    documents_url: str = ""


@dataclass(frozen=True, slots=True)
class Unmailed:
    """A document that could not be mailed now, and why; `is_final` where nobody will try again."""

    number: str
    reason: str
    is_final: bool


def mail_all(
    post: Post, evidence: ObjectStore, announced: ObjectStore, issued: Iterable[Issued], today: date
) -> list[Unmailed]:
    """Mail every document that is wanted by mail and was not handed over yet; say which were not.

    What is refused for good is noted and told once. Where the service does not answer, the rest
    waits for the next run. What is older than `DAYS` is history and goes to nobody.
    """
    if post.mailer is None:
        return []
    known = set(announced.keys(PREFIX))
    unmailed = []
    for made in issued:
        is_history = today - date.fromisoformat(made.issue_date) > timedelta(days=DAYS)
        if is_history or not made.mail_to or _key(_id(made)) in known:
            continue
        try:
            _send(post.mailer, announced, written_mail(post, evidence, made))
        except MailRefused as error:
            _note(announced, _id(made), {"number": made.number, "refused": str(error)})
            unmailed.append(Unmailed(made.number, str(error), is_final=True))
        except MailFailed as error:
            return [*unmailed, Unmailed(made.number, str(error), is_final=False)]
    return unmailed


def written_mail(post: Post, evidence: ObjectStore, made: Issued) -> Mail:
    """The mail of a document, in its language, with the stored files and no others."""
    document = json.loads(evidence.get(document_key(made.number, DOCUMENT)))
    names = (PRINT, CII) if made.e_invoice else (PRINT,)
    files = {name: evidence.get(document_key(made.number, name)) for name in names}
    said, facts = words(document["language"]), _facts(document)
    link = (
        f"\n{post.documents_url}{document_key(made.number, PRINT)}\n" if post.documents_url else ""
    )
    return Mail(
        mail_id=_id(made),
        sender=post.sender or document["seller"]["email"],
        recipient=made.mail_to,
        subject=said["mail_subject"].format(**facts),
        text=said["mail_text"].format(**facts) + link,
        attachments={f"{made.number}.{name.partition('.')[2]}": files[name] for name in names},
    )


def _facts(document: Fields) -> dict[str, str]:
    language = document["language"]
    total = f"{shown_figure(document['total'], language)} {document['currency']}"
    return {
        "kind": words(language)[document["kind"]],
        "number": document["number"],
        "seller": document["seller"]["name"],
        "total": total,
        "period": document["period"]["name"],
    }


def _send(mailer: Mailer, announced: ObjectStore, mail: Mail) -> None:
    if not mail.sender:
        raise MailRefused(
            mail_id=mail.mail_id, recipient=mail.recipient, detail="its seller has no email"
        )
    mailer.send(mail)
    _note(announced, mail.mail_id, {"subject": mail.subject, "recipient": mail.recipient})


def _id(made: Issued) -> str:
    return event_id("mail", made.seller_id, made.number)


def _key(mail_id: str) -> str:
    return f"{PREFIX}{mail_id}.json"


def _note(announced: ObjectStore, mail_id: str, told: dict[str, str]) -> None:
    announced.put_if_absent(_key(mail_id), canonical_json({"mail_id": mail_id, **told}).encode())
