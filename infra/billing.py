"""Billing: the close, the issue, the documents, and who may vouch for them."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parseaddr

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import names
from infra.evidence import evidence, register_key, sign_with
from infra.lambdas import Shape, book_job, role_of
from infra.permissions import allow
from infra.rendering import hand_over_by, render_invoice, render_queue
from infra.schedules import Rhythm, schedule
from infra.settings import Environment

LARGE = Shape(timeout_s=900, memory_mb=2048)
# After the daily jobs: the close looks at what they have fetched and found.
CLOSE = Rhythm("close", Duration.hours(12), {"minute": "0", "hour": "9"})
# One of them comes soon after the close. Each resumes the warehouse, so they are not more.
ISSUE = Rhythm("issue", Duration.hours(3), {"minute": "45", "hour": "1/4"})


class Billing(Stack):
    """What is ready is closed, and what is approved is issued; a person may start both as well."""

    def __init__(self, scope: Construct, environment: Environment, landing_key_arn: str) -> None:
        super().__init__(scope, "billing", stack_name=names.resource(environment, "billing"))
        closing = book_job(self, environment, "close_period", LARGE, ["closes"], landing_key_arn)
        queue = render_queue(self, environment)
        rendering = render_invoice(self, environment, queue, landing_key_arn)
        signing = register_key(self, environment)
        issuing = book_job(
            self,
            environment,
            "issue_invoices",
            replace(LARGE, layers=("typeset",)),
            ["invoices"],
            landing_key_arn,
            evidence_bucket=names.bucket(environment, "evidence"),
            signing_key=signing.key_arn,
            render_queue=queue.queue_url,
            **_mailing(environment),
        )
        self.evidence_key = evidence(self, environment, role_of(issuing), role_of(rendering))
        sign_with(role_of(issuing), signing)
        hand_over_by(role_of(issuing), queue)
        _may_mail(environment, issuing)
        for function, rhythm in ((closing, CLOSE), (issuing, ISSUE)):
            schedule(self, environment, function, rhythm)


def _mailing(environment: Environment) -> dict[str, str]:
    """What is said about mail, where anything is: without a sender nothing is mailed."""
    told = {"mail_sender": environment.mail_sender, "documents_url": environment.documents_url}
    return {name: value for name, value in told.items() if value}


def _may_mail(environment: Environment, issuing: lambda_.Function) -> None:
    """Let it mail as the one sender; the domain is an identity that SES has verified."""
    address = parseaddr(environment.mail_sender)[1]
    if address:
        identity = names.arn(environment, "ses", f"identity/{address.rpartition('@')[2]}")
        as_sender = {"StringEquals": {"ses:FromAddress": address}}
        role: iam.IRole = role_of(issuing)
        allow(role, ["ses:SendEmail", "ses:SendRawEmail"], identity, when=as_sender)
