"""Who owns which cost: the readers of rules, tag aliases, rates, warehouses and query owners."""

from __future__ import annotations

from decimal import Decimal

from meterbook.catalog.config import over_time
from meterbook.catalog.document import Fields, did_you_mean, folded_name
from meterbook.catalog.reader import Reader
from meterbook.errors import UnknownCurrency
from meterbook.money import minor_digits

SOURCES = ("aws", "external", "snowflake")
METHODS = ("tag", "usage_share", "fixed_share", "even", "platform")
# The field by which a method splits a pool, in words, and what it is for.
SPLIT_BY = {
    "metric": ("usage_share", "a metric", "It names the metric by whose use a pool is split."),
    "shares": ("fixed_share", "shares", "They say which part of a pool each tenant has."),
    "tenants": ("even", "tenants", "They are those among whom a pool is split evenly."),
}
TAGS = ("owner", "module", "service")


def allocation_rule(doc: Reader) -> Fields:
    """A version of a rule that gives cost an owner; the first by position that matches decides."""
    method = doc.choice("method", " ".join(METHODS))
    _must_fit_method(doc, method)
    return {
        "version": doc.version(),
        "position": doc.whole("position", 0, 999_999),
        "method": method,
        "match": _match(doc),
        "metric": doc.identifier("metric", ""),
        "shares": _shares(doc),
        "tenants": sorted(of.identifier("tenant") for of in doc.entries("tenants", "tenant")),
    }


def _must_fit_method(doc: Reader, method: str) -> None:
    for name, (owner, phrase, hint) in SPLIT_BY.items():
        given = bool(doc.fields.get(name))
        if given and method != owner:
            raise doc.refusal(name, f"the method {method} does not take {phrase}", hint)
        if not given and method == owner and name != "tenants":
            raise doc.refusal(name, f"the method {method} needs {phrase}", hint)


def _match(doc: Reader) -> Fields:
    fields = ("owner_tag", "module_tag", "service", "account")
    match = doc.mapping("match", " ".join(("source", *fields)))
    if match is None:
        return dict.fromkeys(("source", *fields), "")
    source = match.choice("source", " ".join(SOURCES), "")
    return {"source": source} | {name: match.text(name, "") for name in fields}


def _shares(doc: Reader) -> list[Fields]:
    shares = [_share(entry) for entry in doc.entries("shares", "tenant share", pairs=True)]
    total = sum(Decimal(share["share"]) for share in shares)
    if shares and total != 1:
        hint = "They are parts of the whole cost: change them until they add up to 1."
        raise doc.refusal("shares", f"they add up to {total}, not to 1", hint)
    return sorted(shares, key=lambda share: share["tenant_id"])


def _share(entry: Reader) -> Fields:
    share = entry.share("share", finest=6)
    if share == "0":
        raise entry.refusal("share", "0 gives nothing", "Take the tenant out, or write its part.")
    return {"tenant_id": entry.identifier("tenant"), "share": share}


def tag_aliases(doc: Reader) -> Fields:
    """What a raw value of a tag stands for; with `fold`, however it is cased and hyphenated."""
    aliases = doc.entries("aliases", "raw value", pairs=True)
    pairs = [{"raw": alias.text("raw"), "value": alias.text("value")} for alias in aliases]
    pairs.sort(key=lambda pair: pair["raw"])
    fold = doc.flag("fold")
    if fold:
        _must_fold_apart(doc, pairs)
    return {"tag": doc.choice("tag", " ".join(TAGS)), "fold": fold, "aliases": pairs}


def _must_fold_apart(doc: Reader, pairs: list[Fields]) -> None:
    """Refuse two values of one folded text; what an alias stands for is a name of itself too."""
    known: dict[str, Fields] = {}
    for pair in [*pairs, *({"raw": pair["value"], "value": pair["value"]} for pair in pairs)]:
        folded = folded_name(pair["raw"])
        if not folded:
            detail = f"nothing is left of {pair['raw']!r} when it is folded"
            raise doc.refusal("aliases", detail, "Take it out, or do not fold.")
        other = known.setdefault(folded, pair)
        if other["value"] != pair["value"]:
            detail = f"{other['raw']!r} and {pair['raw']!r} are one name when they are folded, and "
            detail += f"stand for {other['value']!r} and {pair['value']!r}"
            raise doc.refusal("aliases", detail, "Let them stand for one value, or do not fold.")


def cost_rate(doc: Reader) -> Fields:
    """What a Snowflake credit, or a unit of another currency, costs in USD, over time."""
    _must_be_priced(doc)
    return over_time(doc, _usd)


def _must_be_priced(doc: Reader) -> None:
    name, hint = doc.text("id"), "Known are snowflake_credit and currencies such as EUR."
    if name == "USD":
        raise doc.refusal("id", "cost is kept in USD, which needs no rate", "Take it out.")
    try:
        if name != "snowflake_credit":
            minor_digits(name)
    except UnknownCurrency:
        near = did_you_mean(name, ["snowflake_credit"])
        raise doc.refusal("id", f"no cost is in {name!r}", f"{near} {hint}".strip()) from None


def _usd(entry: Reader) -> str:
    value = entry.decimal("value", finest=6)
    if value == "0":
        raise entry.refusal("value", "0 makes cost disappear", "Write what one costs in USD.")
    return value


def warehouse(doc: Reader) -> Fields:
    """Whose a Snowflake warehouse is: one tenant's own, or of many with an owner for the rest."""
    owners = {
        "dedicated_to": doc.identifier("dedicated_to", ""),
        "otherwise": doc.text("otherwise", ""),
    }
    if all(owners.values()) or not any(owners.values()):
        detail = "either `dedicated_to` or `otherwise` is wanted here"
        hint = "Name the tenant that all of it is for, or who owns what nothing else decides."
        raise doc.refusal("dedicated_to", detail, hint)
    return owners


def query_owners(doc: Reader) -> Fields:
    """Whose queries carry a tag, or run in a role or as a user."""
    owners = doc.entries("owners", "value owner", pairs=True)
    pairs = [{"value": entry.text("value"), "owner": entry.text("owner")} for entry in owners]
    return {
        "by": doc.choice("by", "query_tag role user"),
        "owners": sorted(pairs, key=lambda pair: pair["value"]),
    }
