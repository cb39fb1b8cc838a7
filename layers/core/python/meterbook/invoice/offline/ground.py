"""What the verifier stands on: the files, exact figures, and how something is said to be wrong."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Fields = dict[str, Any]

SUMS = "SHA256SUMS"
REGISTER, DOCUMENT, PROOF, EVENTS = "register.json", "invoice.json", "proof.json", "events.jsonl"
FILES = ("README.txt", EVENTS, DOCUMENT, PROOF, REGISTER, "verify.py")


class Wrong(Exception):
    """Something that does not hold, and the file that it is in."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"{file}: {what}")


class Bundle:
    """The files of the bundle, wherever they are read from."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        try:
            return self._read(name)
        except (OSError, KeyError):
            raise Wrong(name, "is not here") from None

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        try:
            self.read(name)
        except Wrong:
            return False
        return True

    def json(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        """What a file says."""
        return json.loads(self.read(name).decode("utf-8"))

    def lines(self, name: str) -> list[Any]:
        """What a file says line by line."""
        return [json.loads(line) for line in self.read(name).decode("utf-8").split("\n") if line]


def figure(text: str) -> Fraction:
    """A decimal, exactly; nothing is nought."""
    return Fraction(str(text) or "0")


def rounded(value: Fraction, digits: int) -> Fraction:
    """A value at the currency's minor unit, half away from zero."""
    units = (2 * abs(value) * 10**digits + 1) // 2
    return Fraction(-units if value < 0 else units, 10**digits)


def shown(value: Fraction, digits: int = 12) -> str:
    """A figure as people write it; it has at most so many decimals."""
    units = abs(rounded(value, digits)) * 10**digits
    whole, rest = divmod(int(units), 10**digits)
    decimals = "{:0{}d}".format(rest, digits).rstrip("0") if digits else ""
    sign = "-" if value < 0 else ""
    return "{}{}{}".format(sign, whole, "." + decimals if decimals else "")


def canonical(value: object) -> bytes:
    """The one JSON text of a value, which is what is hashed."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def sha256(data: bytes | str) -> str:
    """The hex digest of bytes, or of a text in UTF-8."""
    return hashlib.sha256(data.encode("utf-8") if isinstance(data, str) else data).hexdigest()


def place_of(row: Fields, column: str = "metric") -> tuple[str, str]:
    """Whose and what a row is."""
    return row["tenant_id"], row[column]


def repeats(proof: Fields) -> bool:
    """Whether the document may repeat another one's lines, with whose events they are proven."""
    return bool(proof["kind"] != "invoice")
