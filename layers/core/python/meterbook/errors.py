"""Everything that can go wrong, with its data and its remedy.

    MeterbookError                    code, one clear sentence, remedy; `retryable` False
    ├── InputRefused                  what a person or a source handed in cannot be taken
    │   ├── BadPeriod · UnknownCurrency · CurrencyMismatch · BadIdentifier
    │   ├── FileRefused               a file, with its row and field where they are known
    │   ├── MappingRefused            a mapping file
    │   └── CatalogRefused            a catalog document
    ├── Refused                       a guard says no: the request is clear, doing it would be wrong
    │   ├── DeliveryOverlaps · FileChanged · PeriodNotOver · PeriodNotReady · NothingToClose
    │   ├── EInvoiceRefused           a document that no e-invoice can be made of
    │   ├── WorkspaceMissing · WorkspaceAlien     no workspace is there, or something else is
    │   ├── NotLoopback               other machines would reach what has no password
    │   ├── SignInRefused             the sign-in was not begun here, is too old, or was used before
    │   └── WorkspaceBusy             another command holds the workspace (retryable)
    ├── WorkspaceDamaged              a file of the workspace cannot be read
    ├── PublishFailed                 the event bus did not take an announcement (retryable)
    │   └── EventTooLarge             it never will
    ├── MailRefused                   the mail service will not take this message
    ├── MailFailed                    it gave no answer, or not now (retryable)
    ├── QueueUnavailable              the queue of the documents did not take a number (retryable)
    ├── SigningRefused                the key that signs the register is not there or not ours
    ├── SigningFailed                 it gave no signature now (retryable)
    ├── SignInUnavailable             who signs people in gave no good answer (retryable)
    ├── JobNotStarted                 a job of ours could not be started (retryable)
    ├── StoreUnavailable              the object store gave no answer, or no for one (retryable)
    ├── CostExplorerRefused           Cost Explorer says that the request is wrong
    ├── CostExplorerUnavailable       Cost Explorer gave no answer that can be used (retryable)
    ├── ExternalCostsFailed           what providers charged could not be fetched
    │   ├── ExternalCostsRefused      the provider says that the request is wrong
    │   └── ExternalCostsUnavailable  the provider gave no answer that can be used (retryable)
    ├── WebhookRefused                an address outside that is never asked, or a message too large
    ├── WebhookFailed                 an address outside has not taken an event (retryable)
    ├── SnowflakeFailed               Snowflake refused a statement
    │   ├── SnowflakeLoginRefused     the key pair, the user or the role is not accepted
    │   └── SnowflakeUnavailable      Snowflake gave no answer, or a lock was held (retryable)
    ├── BookInconsistent              a law does not hold: a check returned rows, a document differs
    ├── SqlRefused                    a text under sql/ that an engine cannot run
    └── SettingMissing                an environment variable is not there
        ├── ParameterMissing          a parameter that the deployment publishes is not there
        └── SecretMissing             a secret that a catalog document names cannot be read

A person sees `str(error)` and an exit code, never a traceback.
"""

from __future__ import annotations

from typing import ClassVar


class MeterbookError(Exception):
    """The root: a code for machines, a sentence for people, and what to do next."""

    code: ClassVar[str] = "METERBOOK_ERROR"
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1
    sentence: ClassVar[str] = "{detail}"
    remedy: ClassVar[str] = ""

    def __init__(self, **data: object) -> None:
        self.data = data
        super().__init__(self.sentence.format(**data))

    def __str__(self) -> str:
        remedy = self.remedy.format(**self.data)
        return f"{self.args[0]} {remedy}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        """Travel whole from one process to another."""
        return _restored, (type(self), self.data, self.args)


def _restored(
    kind: type[MeterbookError], data: dict[str, object], args: tuple[object, ...]
) -> MeterbookError:
    error = kind.__new__(kind)
    error.data, error.args = data, args
    return error


class InputRefused(MeterbookError):
    """What was handed in cannot be taken; the book is as it was."""

    code = "INPUT_REFUSED"


class BadPeriod(InputRefused):
    code = "BAD_PERIOD"
    sentence = "{text!r} is not a billing period."
    remedy = "Write a month as YYYY-MM, for example 2026-10."


class UnknownCurrency(InputRefused):
    code = "UNKNOWN_CURRENCY"
    sentence = "{currency!r} is not an ISO 4217 currency with a minor unit."
    remedy = "Use a three-letter code such as USD, EUR or JPY."


class CurrencyMismatch(InputRefused):
    code = "CURRENCY_MISMATCH"


class BadIdentifier(InputRefused):
    code = "BAD_IDENTIFIER"
    sentence = "{what} {value!r} cannot be used as an id."
    remedy = (
        "Ids have 1 to 128 letters, digits, '.', '_', ':' or '-' and begin with a letter or digit."
    )


class FileRefused(InputRefused):
    """A file cannot be taken: `file`, where known `row` (1 = first line), and what is wrong."""

    code = "FILE_REFUSED"
    sentence = "{file}: {detail}."

    def __init__(self, *, file: str, detail: str, row: int | None = None, remedy: str = "") -> None:
        place = file if row is None else f"{file}, line {row}"
        super().__init__(file=place, detail=detail.rstrip("."), row=row, hint=remedy)

    remedy = "{hint}"


class MappingRefused(FileRefused):
    code = "MAPPING_REFUSED"


class CatalogRefused(FileRefused):
    code = "CATALOG_REFUSED"


class Refused(MeterbookError):
    """A guard says no; the sentence says which option says yes, where there is one."""

    code = "REFUSED"
    exit_code = 4


class DeliveryOverlaps(Refused):
    code = "DELIVERY_OVERLAPS"
    sentence = (
        "{file} covers days that are already covered for {called} {payer}, export {export}: "
        "{days}. Landed so far: {landed_usd} USD; in this file: {offered_usd} USD."
    )
    remedy = "Say --replaces to put it in their place, or --adds if both are part of the bill."


class FileChanged(Refused):
    code = "FILE_CHANGED"


class PeriodNotOver(Refused):
    code = "PERIOD_NOT_OVER"
    sentence = "Period {period} ends on {end}; it is not over at {now}."
    remedy = "Wait until it is, or say --allow-open to close it as it stands."


class PeriodNotReady(Refused):
    code = "PERIOD_NOT_READY"
    sentence = "Period {period} cannot be closed yet: {detail}."
    remedy = (
        "`meterbook close {period} --dry-run` shows the list; `meterbook decide` lets a point pass."
    )


class NothingToClose(Refused):
    code = "NOTHING_TO_CLOSE"
    sentence = "Period {period} holds no line to bill."
    remedy = "Look at `meterbook status` for the months that have usage or cost."


class EInvoiceRefused(Refused):
    code = "E_INVOICE_REFUSED"
    sentence = "No e-invoice can be written of {number}: {detail}."
    remedy = "Its PDF and JSON stand; they are complete."


class SignInRefused(Refused):
    code = "SIGN_IN_REFUSED"
    sentence = "This sign-in cannot be completed: {detail}."
    remedy = "Sign in again."


class WorkspaceBusy(Refused):
    code = "WORKSPACE_BUSY"
    retryable = True
    sentence = "The workspace {workspace} is held by {holder}."
    remedy = "Wait until that command has ended, then say this again."


class NotLoopback(Refused):
    code = "NOT_LOOPBACK"
    sentence = "{host} can be reached from other machines, and there is no password here."
    remedy = "Say --host 127.0.0.1. What others may see is deployed: docs/deploy.md says how."


class WorkspaceMissing(Refused):
    code = "WORKSPACE_MISSING"
    sentence = "There is no workspace at {workspace}."
    remedy = "Make one with `meterbook init`, or name another with --workspace."


class WorkspaceAlien(Refused):
    code = "WORKSPACE_ALIEN"
    sentence = "{workspace} is not a Meterbook workspace: {detail}."
    remedy = "Name another folder with --workspace."


class WorkspaceDamaged(MeterbookError):
    code = "WORKSPACE_DAMAGED"
    sentence = "{file} cannot be read: {detail}."
    remedy = "{hint}"


class PublishFailed(MeterbookError):
    code = "EVENTBRIDGE_PUBLISH_FAILED"
    retryable = True
    sentence = "The event bus {bus} did not take an announcement: {detail}."
    remedy = "Run the job again: what was announced already is not announced twice."


class EventTooLarge(PublishFailed):
    retryable = False
    remedy = "Tell less in the event: an entry has room for less than 256 KB."


class MailRefused(MeterbookError):
    code = "MAIL_REFUSED"
    sentence = "The mail {mail_id} to {recipient} is not taken: {detail}."
    remedy = "Asking again gives the same answer: look at the sender's identity and the address."


class MailFailed(MeterbookError):
    code = "MAIL_FAILED"
    retryable = True
    sentence = "The mail {mail_id} to {recipient} was not handed over: {detail}."
    remedy = "Run the job again: what was handed over already is not sent twice."


class QueueUnavailable(MeterbookError):
    code = "QUEUE_UNAVAILABLE"
    retryable = True
    sentence = "The queue {queue} did not take {count} numbers: {detail}."
    remedy = "Run the job again: a document that is stored is not written twice."


class SigningRefused(MeterbookError):
    code = "SIGNING_REFUSED"
    sentence = "The key {key} does not sign: {detail}."
    remedy = "Asking again gives the same answer: look at the key, its spec and the role's rights."


class SigningFailed(MeterbookError):
    code = "SIGNING_FAILED"
    retryable = True
    sentence = "The key {key} gave no answer: {detail}."
    remedy = "Run the job again: no number was given without a signature."


class SignInUnavailable(MeterbookError):
    code = "SIGN_IN_UNAVAILABLE"
    retryable = True
    sentence = "{url} gave no answer that can be used: {detail}."
    remedy = (
        "Try again in a minute. If it stays like this, look whether the user pool still stands."
    )


class JobNotStarted(MeterbookError):
    code = "JOB_NOT_STARTED"
    retryable = True
    sentence = "The job {job} could not be started: {detail}."
    remedy = "Try again in a minute. What was asked before is neither lost nor done twice."


class StoreUnavailable(MeterbookError):
    code = "STORE_UNAVAILABLE"
    retryable = True
    sentence = "The bucket {bucket} did not do what was asked for {key!r}: {detail}."
    remedy = "Run the job again: it takes up where it stopped."


class CostExplorerRefused(MeterbookError):
    code = "COST_EXPLORER_4XX"
    sentence = "Cost Explorer refused the request: {detail}."
    remedy = "Asking again gives the same answer: look at the role's rights and the request."


class CostExplorerUnavailable(MeterbookError):
    code = "COST_EXPLORER_UNAVAILABLE"
    retryable = True
    sentence = "Cost Explorer gave no answer that can be used: {detail}."
    remedy = "Run the job again: nothing of this run counts."


class ExternalCostsFailed(MeterbookError):
    code = "EXTERNAL_COSTS_FAILED"
    sentence = "The costs of {providers} could not be fetched: {detail}"
    remedy = "Nothing of these counts; what the other providers charged has landed."


class ExternalCostsRefused(ExternalCostsFailed):
    code = "EXTERNAL_COSTS_4XX"
    sentence = "{provider} does not give its costs: {detail}."
    remedy = (
        "Asking again gives the same answer: look at the address and the secret in the catalog's "
        "document of the provider."
    )


class ExternalCostsUnavailable(ExternalCostsFailed):
    code = "EXTERNAL_COSTS_UNAVAILABLE"
    retryable = True
    sentence = "{provider} gave no answer that can be used: {detail}."
    remedy = "Run the job again: nothing that was fetched of this provider counts."


class WebhookRefused(MeterbookError):
    code = "WEBHOOK_REFUSED"
    sentence = "Nothing is posted to {host}: {detail}."
    remedy = "Asking again gives the same answer: look at the webhook's document in the catalog."


class WebhookFailed(MeterbookError):
    code = "WEBHOOK_FAILED"
    retryable = True
    sentence = "{host} has not taken an event: {detail}."
    remedy = "It is posted again, under the same id, after a pause."


class SnowflakeFailed(MeterbookError):
    code = "SNOWFLAKE_FAILED"
    sentence = "Snowflake refused a statement ({number}): {detail}."
    remedy = (
        "Asking again gives the same answer: look at the role's rights and at what was applied."
    )


class SnowflakeLoginRefused(SnowflakeFailed):
    code = "SNOWFLAKE_LOGIN_REFUSED"
    sentence = "Snowflake let nobody in: {detail}."
    remedy = (
        "Compare the secret's account, user, private_key, passphrase and role with the account's."
    )


class SnowflakeUnavailable(SnowflakeFailed):
    code = "SNOWFLAKE_UNAVAILABLE"
    retryable = True
    sentence = "Snowflake gave no answer ({number}): {detail}."
    remedy = "Run the job again: it takes up where it stopped."


class BookInconsistent(MeterbookError):
    code = "BOOK_INCONSISTENT"
    exit_code = 3


class SqlRefused(MeterbookError):
    code = "SQL_REFUSED"
    sentence = "{file}: {detail}"


class SettingMissing(MeterbookError):
    code = "ENV_MISSING"
    sentence = "The setting {name} is missing."
    remedy = "Set the environment variable {name}."


class ParameterMissing(SettingMissing):
    sentence = "The parameter {name} is missing."
    remedy = "Deploy the stack that publishes it, or give the setting another name."


class SecretMissing(SettingMissing):
    sentence = "The secret {name} cannot be read: {detail}."
    remedy = "Put it into Secrets Manager under this name, where the function may read it."
