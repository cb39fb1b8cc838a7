"""The arithmetic of a line in words: what was counted, what is included, and what one costs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from meterbook.canonical import short
from meterbook.close.snapshot import Fields
from meterbook.invoice.lines import Wording

_EN = {
    "used": "{used} {unit} used, {included} included: {billable} billed",
    "counted": "{used} {unit} counted",
    "tier": "{billable} of them in tier {tier}",
    "package": "{billable} billed: the package that was begun counts whole",
    "priced": "{billable} × {price} = {amount}",
    "priced_per": "{billable} × {price} per {size} = {amount}",
    "fee": "{price} a month",
    "fee_days": "{price} a month, {days} of {size} days = {amount}",
    "cost": "{cost} USD attributed",
    "markup": "plus {percent} %",
    "rate": "at {rate} USD for 1 {currency} = {amount}",
    "least": "at least {base}, less what is billed = {amount}",
    "event_included": "Units {first} to {last} of the month: covered by the {included} included.",
    "event_billed": "Units {first} to {last} of the month: {quantity} × {price} per {size} "
    "= {amount} {currency}.",
    "event_packaged": "Units {first} to {last} of the month: beyond the {included} included, in a "
    "package of {size} at {price}.",
    "event_distinct": "Counts {id} once in the month, however often it appears.",
    "event_level": "A reading: it holds until the next one, and does not add up.",
    "event_withdrawn": "Withdrawn by a correction: it counts for nothing.",
    "event_late": "It came after the month was closed: what it changes is an adjustment of a later "
    "bill.",
    "event_unrated": "No plan has a price for {metric} yet: it is neither billed nor dropped.",
}
_DE = {
    "used": "{used} {unit} genutzt, {included} inklusive: {billable} berechnet",
    "counted": "{used} {unit} gezählt",
    "tier": "davon {billable} in Stufe {tier}",
    "package": "{billable} berechnet: das angebrochene Paket zählt ganz",
    "priced": "{billable} × {price} = {amount}",
    "priced_per": "{billable} × {price} je {size} = {amount}",
    "fee": "{price} im Monat",
    "fee_days": "{price} im Monat, {days} von {size} Tagen = {amount}",
    "cost": "{cost} USD zugeordnet",
    "markup": "zuzüglich {percent} %",
    "rate": "zu {rate} USD für 1 {currency} = {amount}",
    "least": "mindestens {base}, abzüglich des Berechneten = {amount}",
    "event_included": "Einheiten {first} bis {last} des Monats: in den {included} inklusiven "
    "enthalten.",
    "event_billed": "Einheiten {first} bis {last} des Monats: {quantity} × {price} je {size} "
    "= {amount} {currency}.",
    "event_packaged": "Einheiten {first} bis {last} des Monats: über die {included} inklusiven "
    "hinaus, in einem Paket von {size} zu {price}.",
    "event_distinct": "Zählt {id} einmal im Monat, wie oft es auch vorkommt.",
    "event_level": "Ein Messwert: er gilt bis zum nächsten und wird nicht addiert.",
    "event_withdrawn": "Durch eine Korrektur zurückgezogen: zählt nicht.",
    "event_late": "Es kam nach dem Abschluss des Monats: was es ändert, steht als Anpassung auf "
    "einer späteren Rechnung.",
    "event_unrated": "Noch hat kein Plan einen Preis für {metric}: weder berechnet noch verloren.",
}
_WORDS = MappingProxyType({"en": MappingProxyType(_EN), "de": MappingProxyType(_DE)})


def step_words(language: str) -> Mapping[str, str]:
    """The words of a language for what is reckoned."""
    return _WORDS[language]


def steps_of(line: Fields, shown: Fields, wording: Wording) -> list[str]:
    """How a frozen line's amount comes about; `shown` is the line as the invoice has it."""
    return _KINDS.get(line["line_kind"], _nothing)(line, shown, wording)


def _metered(line: Fields, shown: Fields, wording: Wording) -> list[str]:
    said, figures = step_words(wording.language), _figures(line, shown, wording)
    counted = "counted" if line["line_kind"] == "levy" else "used"
    steps = [said[counted].format(**figures)]
    if line["pricing"] in ("graduated", "volume"):
        steps.append(said["tier"].format(**figures))
    if line["pricing"] == "package":
        steps.append(said["package"].format(**figures))
    by_one = Decimal(line["unit_size"]) == 1
    return [*steps, said["priced" if by_one else "priced_per"].format(**figures)]


def _facility(line: Fields, shown: Fields, wording: Wording) -> list[str]:
    word = "fee_days" if line["pricing"] == "daily" else "fee"
    return [step_words(wording.language)[word].format(**_figures(line, shown, wording))]


def _passthrough(line: Fields, shown: Fields, wording: Wording) -> list[str]:
    said, figures = step_words(wording.language), _figures(line, shown, wording)
    steps = [said["cost"].format(**figures)]
    if Decimal(line["markup_percent"]):
        steps.append(said["markup"].format(**figures))
    if Decimal(line["usd_per_unit"] or "1") != 1:
        steps.append(said["rate"].format(**figures))
    return steps


def _minimum(line: Fields, shown: Fields, wording: Wording) -> list[str]:
    return [step_words(wording.language)["least"].format(**_figures(line, shown, wording))]


def _nothing(_line: Fields, _shown: Fields, _wording: Wording) -> list[str]:
    return []


def _figures(line: Fields, shown: Fields, wording: Wording) -> dict[str, str]:
    figure = wording.figure
    size = line["unit_size"]
    return {
        "used": figure(line["quantity"]),
        "unit": str(shown.get("unit", "")),
        "included": figure(line["included_quantity"]),
        "billable": figure(line["billable_quantity"]),
        "days": figure(line["billable_quantity"]),
        "tier": str(line["tier"]),
        "price": f"{figure(line['unit_price'])} {wording.currency}",
        "size": figure(size),
        "amount": wording.money(line["amount"]),
        "base": f"{figure(line['base_amount'])} {wording.currency}",
        "cost": figure(short(line["cost_usd"])),
        "percent": figure(line["markup_percent"] or "0"),
        "rate": figure(line["usd_per_unit"] or "1"),
        "currency": wording.currency,
    }


_KINDS = {
    "levy": _metered,
    "variable": _metered,
    "facility": _facility,
    "passthrough": _passthrough,
    "minimum": _minimum,
}
