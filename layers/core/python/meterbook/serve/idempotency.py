"""A write that is asked for twice under one `Idempotency-Key` is done once and answered twice.

A claim is laid down before, the answer after; both are objects written once, so of two askers at
the same time one does it. A claim without an answer is one that is being worked on (409) or, after
a quarter of an hour, one whose worker is gone. After a day a key may be used anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from meterbook.canonical import canonical_json, sha256
from meterbook.ports import Clock, ObjectStore
from meterbook.serve.asked import Answer, Asked
from meterbook.serve.problems import Problem, bad_request

HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
KEPT = timedelta(hours=24)
_LONGEST_WORK = timedelta(minutes=15)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Once:
    """Where claims and answers are kept."""

    records: ObjectStore
    clock: Clock

    def run(self, asked: Asked, do: Callable[[], Answer]) -> Answer:
        """The answer of `do`, or the one it gave before. Errors: `Problem` 400, 409, 422.

        What was refused or failed has done nothing: it may be asked for again at once.
        """
        key = asked.headers.get(HEADER, "")
        if not key:
            return do()
        if not _KEY.fullmatch(key):
            raise bad_request("The Idempotency-Key has to be 1 to 255 letters, digits or signs.")
        place = "replies/" + sha256(canonical_json([asked.identity.actor, asked.path, key]))
        said = sha256(canonical_json([dict(asked.values)]))
        for turn in count():
            claimed = self._claimed(f"{place}/{turn}", said)
            if claimed is None:
                return self._done(f"{place}/{turn}", do)
            if not self._is_over(f"{place}/{turn}", claimed):
                return self._replayed(f"{place}/{turn}", said, claimed)
        raise AssertionError  # count() does not end

    def _claimed(self, place: str, said: str) -> dict[str, Any] | None:
        """The claim of somebody else; None where this call laid it down."""
        claim = canonical_json({"at": self.clock.now().isoformat(), "said": said})
        if self.records.put_if_absent(f"{place}/claim.json", claim.encode()):
            return None
        found: dict[str, Any] = json.loads(self.records.get(f"{place}/claim.json"))
        return found

    def _is_over(self, place: str, claim: dict[str, Any]) -> bool:
        age = self.clock.now() - datetime.fromisoformat(claim["at"])
        answer = self._answer(place)
        if answer is None:
            return age > _LONGEST_WORK
        return age > KEPT or answer["status"] >= 400

    def _replayed(self, place: str, said: str, claim: dict[str, Any]) -> Answer:
        if claim["said"] != said:
            raise Problem(422, "KEY_REUSED", "This Idempotency-Key was used for something else.")
        if (answer := self._answer(place)) is None:
            again = {"retry-after": "5"}
            raise Problem(409, "IN_FLIGHT", "This is being done already; ask again soon.", again)
        headers = answer["headers"] | {REPLAYED: "true"}
        return Answer(answer["status"], answer["body"], answer["media_type"], headers)

    def _done(self, place: str, do: Callable[[], Answer]) -> Answer:
        answer = Answer(500)
        try:
            answer = do()
        finally:
            self.records.put_if_absent(f"{place}/answer.json", _written(answer))
        return answer

    def _answer(self, place: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self.records.get(f"{place}/answer.json"))
        except KeyError:
            return None
        return found


def _written(answer: Answer) -> bytes:
    return canonical_json({
        "status": answer.status,
        "body": answer.body,
        "media_type": answer.media_type,
        "headers": dict(answer.headers),
    }).encode()  # fmt: skip
