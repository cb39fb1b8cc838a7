"""The field readers: a value leaves them in normal form, or a sentence says what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from meterbook.catalog.document import FIRST_DAY, LAST_DAY, Fields, clipped, did_you_mean, filled
from meterbook.errors import BadIdentifier, CatalogRefused, UnknownCurrency
from meterbook.identifier import is_identifier
from meterbook.money import minor_digits

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?")
# ISO 3166-1: the two-letter codes.
COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ "
    "BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM "
    "DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS "
    "GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN "
    "KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ "
    "MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV "
    "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI "
    "VN VU WF WS YE YT ZA ZM ZW"
)
UNIT_SIZES = tuple(str(10**digits) for digits in range(10))


@dataclass(frozen=True, slots=True)
class Reader:
    """One mapping of a document while it is read: it knows file, document and field.

    A field that is absent and has no default is refused; so is an unknown one. Every method that
    reads raises `CatalogRefused`.
    """

    file: str
    line: int
    document: str
    fields: Mapping[str, Any]
    path: str = ""

    def refusal(self, name: str, detail: str, remedy: str = "") -> CatalogRefused:
        """Build the error that names file, line, document and field, for the caller to raise."""
        place = ".".join(part for part in (self.path, name) if part)
        return CatalogRefused(
            file=self.file,
            row=self.line,
            detail=f"{self.document}, {place}: {detail}",
            remedy=remedy,
        )

    def only(self, known: str) -> Reader:
        """Refuse a field that is not among these words, with the nearest one that is."""
        names = known.split()
        for name in self.fields:
            if name not in names:
                raise self.refusal(
                    name,
                    "there is no such field here",
                    f"{did_you_mean(name, names)} Known are {', '.join(sorted(names))}.".strip(),
                )
        return self

    def text(self, name: str, default: str | None = None) -> str:
        """One line of text as it was written; absent and empty are the same."""
        value = self.fields.get(name, "")
        if not isinstance(value, str):
            raise self.refusal(name, "one value is wanted here, not a list or a mapping")
        line = value.rstrip("\n")
        if _CONTROL.search(line):
            raise self.refusal(name, "a line break or control character is in the text")
        if line.strip():
            return line
        if default is None:
            raise self.refusal(name, "this field must be there and not be empty")
        return default

    def lines(self, name: str) -> list[str]:
        """A text of several lines, written as a list or as one block."""
        value = self.fields.get(name, [])
        items = value.splitlines() if isinstance(value, str) else value
        if not isinstance(items, list):
            raise self.refusal(name, "a list of lines is wanted here")
        parts = {f"{name}[{number}]": item for number, item in enumerate(items, 1)}
        part = replace(self, fields=parts)
        return [part.text(key) for key in parts]

    def identifier(self, name: str, default: str | None = None) -> str:
        """An id as every other room accepts it."""
        value = self.text(name, default)
        if value != default and not is_identifier(value):
            raise self.refusal(name, f"{value!r} cannot be used as an id", BadIdentifier.remedy)
        return value

    def matching(self, name: str, pattern: str, example: str, default: str | None = None) -> str:
        """A text of a given form, shown by an example when it is not."""
        value = self.text(name, default)
        if value != default and not re.fullmatch(pattern, value):
            raise self.refusal(name, f"{value!r} has not the form wanted", f"Write {example}.")
        return value

    def choice(self, name: str, options: str, default: str | None = None) -> str:
        """One of a few words."""
        value, words = self.text(name, default), options.split()
        if value != default and value not in words:
            hint = f"{did_you_mean(value, words)} Write one of {', '.join(words)}.".strip()
            raise self.refusal(name, f"{value!r} is not known here", hint)
        return value

    def flag(self, name: str) -> bool:
        """`true` or `false`; false when absent."""
        return self.choice(name, "true false", "false") == "true"

    def whole(self, name: str, least: int, most: int, default: str | None = None) -> str:
        """A whole number within bounds, as text."""
        value = self.text(name, default)
        if not _WHOLE.fullmatch(value) or not least <= int(value) <= most:
            raise self.refusal(name, f"{value!r} is not a whole number from {least} to {most}")
        return value

    def version(self) -> str:
        """The number of a version, from 1 on."""
        return self.whole("version", 1, 999_999)

    def decimal(
        self,
        name: str,
        *,
        finest: int,
        digits: int = 12,
        shown: int = 0,
        default: str | None = None,
    ) -> str:
        """An exact number >= 0 of at most `finest` decimals and below 10^`digits`.

        Normal form: no zeros at the end beyond `shown` decimals, so 0.4 and 0.40 are one price.
        """
        value = self.text(name, default)
        match = _DECIMAL.fullmatch(value)
        if match is None:
            hint = "Write digits with at most one point, for example 1250.50."
            raise self.refusal(name, f"{value!r} is not a plain number of 0 or more", hint)
        before, after = match[1], match[2] or ""
        if len(after) > finest:
            allowed = f"at most {finest}" if finest else "no"
            raise self.refusal(name, f"{value} is too fine: {allowed} decimals are allowed here")
        if len(before) > digits:
            raise self.refusal(name, f"{value} is not below 10^{digits}")
        after = after.rstrip("0").ljust(shown, "0")
        return f"{before}.{after}" if after else before

    def share(self, name: str, *, finest: int) -> str:
        """An exact part of a whole, from 0 to 1."""
        value = self.decimal(name, finest=finest)
        if value[0] != "0" and value != "1":
            raise self.refusal(name, f"{value} is not a share from 0 to 1", "Write 2 % as 0.02.")
        return value

    def percent(self, name: str, most: int, default: str | None = None) -> str:
        """A percentage of 0 or more with at most 2 decimals."""
        value = self.decimal(name, finest=2, default=default)
        if Decimal(value) > most:
            raise self.refusal(name, f"{value} is more than {most} percent")
        return value

    def country(self, name: str) -> str:
        """An ISO 3166 code, or nothing."""
        value = self.matching(name, "[A-Z]{2}", "an ISO 3166 code such as NZ", "")
        if value and value not in COUNTRIES.split():
            hint = "Write GB for the United Kingdom, GR for Greece."
            raise self.refusal(name, f"{value} is no country of ISO 3166", hint)
        return value

    def currency(self, name: str) -> str:
        """An ISO 4217 code with a minor unit."""
        value = self.text(name)
        try:
            minor_digits(value)
        except UnknownCurrency as error:
            detail = error.args[0].rstrip(".")
            raise self.refusal(name, detail, UnknownCurrency.remedy) from None
        return value

    def days(self, open_end: str = LAST_DAY) -> dict[str, str]:
        """The days `[from, until)`; `open_end` is the end of one that is not written."""
        starts_on, ends_on = self._day("from", FIRST_DAY), self._day("until", open_end)
        if ends_on and starts_on >= ends_on:
            hint = "The day in `until` is the first on which it no longer holds."
            raise self.refusal("until", f"{ends_on} is not after `from` ({starts_on})", hint)
        return {"starts_on": starts_on, "ends_on": ends_on}

    def _day(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            if value and not _DATE.fullmatch(value):
                raise ValueError
            return value and date.fromisoformat(value).isoformat()
        except ValueError:
            hint = "Write YYYY-MM-DD, for example 2026-10-01."
            raise self.refusal(name, f"{value!r} is not a day of the calendar", hint) from None

    def mapping(self, name: str, known: str) -> Reader | None:
        """The mapping under a field, or None when it is absent or empty."""
        value = self.fields.get(name) or {}
        if not isinstance(value, dict):
            raise self.refusal(name, "a mapping is wanted here")
        inner = replace(self, fields=value, path=f"{self.path}.{name}".strip("."))
        return inner.only(known) if value else None

    def entries(self, name: str, known: str, pairs: bool = False) -> Iterator[Reader]:
        """The entries of a list. A bare text stands for the first known field.

        With `pairs` a mapping `{a: b}` is a list too: `a` is the first known field, `b` the second.
        """
        value, names = self.fields.get(name) or [], known.split()
        if pairs and isinstance(value, dict):
            value = [{names[0]: key, names[1]: item} for key, item in value.items()]
        if not isinstance(value, list):
            raise self.refusal(name, "a list is wanted here")
        for number, item in enumerate(value, 1):
            fields = {names[0]: item} if isinstance(item, str) else item
            if not isinstance(fields, dict):
                raise self.refusal(f"{name}[{number}]", f"a {names[0]} or a mapping is wanted here")
            label = fields.get(names[0])
            entry = f"{name}[{label if isinstance(label, str) and label else number}]"
            path = f"{self.path}.{entry}".strip(".")
            yield replace(self, fields=fields, path=path).only(known)

    def timeline(
        self, name: str, known: str, read: Callable[[Reader], Fields], apart: str = ""
    ) -> list[Fields]:
        """The entries of a list with their days: ends filled, all cut to the document's days.

        `read` gives an entry's other fields; `apart` names the one whose values do not follow each
        other (two modules may run side by side, two subscriptions may not).
        """
        window = self.days()
        entries = list(self.entries(name, f"{known} from until"))
        whole = filled((read(entry) | entry.days(open_end="") for entry in entries), apart)
        cut = [clipped(entry, **window) for entry in whole]
        for entry in cut:
            if entry["starts_on"] >= entry["ends_on"]:
                detail = f"an entry lies outside the document's days {_written(window)}"
                raise self.refusal(name, detail)
        return cut


def _written(window: Mapping[str, str]) -> str:
    return f"[{window['starts_on']}, {window['ends_on']})"
