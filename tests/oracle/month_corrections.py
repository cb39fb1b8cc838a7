"""The corrections of a generated month, and what is told in other words, units and versions."""

from __future__ import annotations

from oracle.month_parts import LEAVER, UNITS, counting, event, reversal
from oracle.records import Json

THIRD, NEXT_MONTH = "2026-10-03T10:00:00Z", "2026-11-02T09:00:00Z"


def originals() -> list[Json]:
    """What is reversed below; each comes before or after its reversal."""

    def of(key: str, metric: str, quantity: str, tenant: str = "acme", time: str = THIRD) -> Json:
        return event(key, tenant, metric, time, quantity)

    return [
        of("o-part", "calls", "10"),
        of("o-over", "calls", "5"),
        of("o-unit", "gb", "2"),
        of("o-peak", "peak", "97.5"),
        of("o-next", "peak", "96.5"),
        of("o-bent", "peak", "3"),
        of("o-seat", "seats", "41"),
        of("o-held", "storage", "300"),
        of("o-left", "seats", "12", tenant=LEAVER),
        of("o-gone", "retired", "8", time="2026-09-29T10:00:00Z"),
        of("o-alone", "peak", "1", tenant="9lives", time="2026-10-06T10:00:00Z"),
        of("o-beaten", "calls", "3"),
        {**of("o-beaten", "calls", "30"), "time": "2026-10-03T09:59:59.999999Z"},
        {**of("o-there", "calls", "6"), "source": "/M-2/f"},
        counting("o-user", "acme", "users", THIRD, "once"),
        counting("o-twin", "acme", "users", THIRD, "twin"),
        counting("o-twin2", "acme", "users", THIRD, "twin"),
        of("o-rival", "calls", "4"),
        of("o-mixed", "calls", "5"),
    ]


def reversals() -> list[Json]:
    """Those that match, each a part or the whole of an event of another day, month or catalog."""
    of = {one["id"]: one for one in originals()}
    bare = {"reverses": "o-user"}
    twice = reversal(of["o-peak"], "r-peak", "-97.5")
    part = reversal(of["o-part"], "r-part1", "-4", time=NEXT_MONTH)
    return [
        part,
        reversal(of["o-part"], "r-part2", "-6.000000", time="2026-01-01T00:00:00Z"),
        # A thousand and a half of MB off two GB; both of one event that is no sum.
        reversal(of["o-unit"], "r-unit", "-1500", data=_in("MB", "-1500", "o-unit")),
        *(twice, twice, {**twice, "id": "r-again", "time": NEXT_MONTH}),
        reversal(of["o-seat"], "r-seat", "-41", time=NEXT_MONTH),
        reversal(of["o-held"], "r-held", "-300000", data=_in("MB", "-300000", "o-held")),
        reversal(of["o-left"], "r-left", "-12", time="2026-10-25T00:00:00Z"),
        reversal(of["o-gone"], "r-gone", "-8"),
        reversal(of["o-alone"], "r-alone", "-1"),
        reversal(of["o-user"], "r-user", "", data=bare),
        reversal(of["o-twin"], "r-twin", "-7", data={"quantity": "-7", "reverses": "o-twin"}),
        reversal(of["o-beaten"], "r-beaten", "-20"),
        # Told with another quantity, later: the first story counts.
        {**part, "time": "2026-11-02T09:00:00.5Z", "data": {**part["data"], "quantity": "-5"}},
    ]


def _in(unit: str, quantity: str, reverses: str) -> Json:
    return {"quantity": quantity, "unit": unit, "reverses": reverses}


def unmatched() -> list[Json]:
    """Reversals of what is not there, not theirs, not theirs alone, or not as much as they say."""
    of = {one["id"]: one for one in originals()}
    part = reversal(of["o-part"], "r-part1", "-4")
    return [
        reversal(of["o-over"], "u-over1", "-3"),
        reversal(of["o-over"], "u-over2", "-2.000001"),
        reversal(of["o-mixed"], "u-more", "-6"),
        reversal(of["o-mixed"], "u-less", "2"),
        reversal(of["o-part"], "u-none", "-1", data=_in("call", "-1", "nowhere")),
        reversal(of["o-part"], "u-itself", "-1", data=_in("call", "-1", "u-itself")),
        reversal(part, "u-twice", "-4"),
        reversal(of["o-bent"], "u-bent", "-2.999999"),
        reversal(of["o-bent"], "u-plus", "3"),
        reversal(of["o-part"], "u-plus2", "1"),
        reversal(of["o-part"], "u-zero", "0"),
        reversal(of["o-part"], "u-metric", "-1", type="gb", data=_in("GB", "-1", "o-part")),
        reversal(of["o-there"], "u-source", "-6", source="/M-1/f"),
        reversal(of["o-part"], "u-tenant", "-1", subject="b_2:x"),
        # The key of this one was won by an earlier event that is no reversal.
        reversal(of["o-part"], "o-rival", "-1", time=NEXT_MONTH),
        reversal(of["o-rival"], "u-late", "-5"),
        # Refused before anybody asks what they reverse.
        reversal(of["o-part"], "j-unit", "-1", data=_in("calls", "-1", "o-part")),
        reversal(of["o-part"], "j-fine", "-0.5", data=_in("mcall", "-0.0005", "o-part")),
        reversal(of["o-part"], "j-text", "-1e0"),
        reversal(of["o-part"], "j-none", ""),
        reversal(of["o-part"], "j-who", "-1", subject="stranger"),
        reversal(of["o-part"], "j-what", "-1", type="unheard"),
        reversal(of["o-part"], "j-when", "-1", time="2026-11-06T00:00:00Z"),
        reversal(of["o-part"], "j-empty", "-1", data=_in("call", "-1", "")),
    ]


def otherwise_told() -> list[Json]:
    """One event in two units and two spellings is one; versions that we know and do not."""

    def of(key: str, metric: str, quantity: str, unit: str = "", **more: object) -> Json:
        told = event(key, "acme", metric, "2026-10-04T10:00:00Z", quantity, unit)
        return {**told, **more}

    tagged = of("w-tags", "calls", "9")
    data = {**tagged["data"], "attributes": {"b": 'é"\\/\n', "a": "x", "B": "\u0001 <&>"}}
    turned = {**data, "attributes": dict(reversed(data["attributes"].items()))}
    other = {**data, "quantity": "19", "attributes": {**data["attributes"], "a": "👩‍🚀"}}
    unsaid = {name: value for name, value in data.items() if name != "attributes"}
    return [
        *(of("w-same", "gb", number, unit)
          for number, unit in (("1.5", "GB"), ("1500", "MB"), ("+01.500", ""), ("0.0015", "TB"))),
        *({**tagged, "data": words} for words in (data, turned, other, unsaid, data)),
        # Nothing is different but the metric, or the event that is reversed.
        *(of("w-twin", metric, "3", UNITS[metric]) for metric in ("calls", "exotic")),
        *(reversal(of("o-beaten", "calls", "1"), "w-named", "-1", data=_in("call", "-1", name))
          for name in ("o-beaten", "o-rival")),
        of("w-kilo", "calls", "0.5", "kcall"),
        of("w-least", "storage", "1", "KB"),
        of("w-most", "exotic", "99999999999.999", "heap"),
        of("w-fine", "storage", "0.5", "KB"),
        of("w-large", "exotic", "100000000000", "heap"),
        of("w-finer", "vault", "1", "MB", time="2026-10-12T00:00:00Z"),
        of("w-old", "calls", "1", dataschema="usage_recorded.v1"),
        of("w-plain", "calls", "1", dataschema=""),
        of("w-new", "calls", "1", dataschema="usage_recorded.v2"),
        of("w-spec", "calls", "1", specversion="0.3"),
        {key: value for key, value in of("w-bare", "calls", "1").items() if key != "specversion"},
        of("w-minus", "calls", "-0"),
    ]  # fmt: skip
