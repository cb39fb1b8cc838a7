"""What stands on a line becomes an event as it stands: no value is judged, rounded or lost."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from collect.usage_imports import CSV, LOG, Desk
from meterbook.collect.events import packs
from meterbook.errors import FileRefused

JSONL = """
source: api
format: jsonl
time: {column: at}
tenant: {column: who.tenant}
module: {column: module}
metrics:
  - {metric: tokens, quantity: {column: use.tokens}, unit: token}
  - {metric: requests, quantity: {value: "1"}}
attributes: {customer: who.customer, plan: who.plan}
event_id: {column: id}
"""
CLOUDEVENTS = "source: platform\nformat: cloudevents\n"
EVENT = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/MOD-042/scorer",
    "type": "calls",
    "subject": "acme",
    "time": "2026-10-01T00:00:00Z",
    "data": {"quantity": "3", "attributes": {"customer": "c1"}},
}


def quantities(desk: Desk) -> list[str]:
    return [event["data"]["quantity"] for event in desk.events]


def test_a_log_line_becomes_an_event_and_other_lines_are_not_usage(desk: Desk) -> None:
    desk.mapping = desk.read(LOG)
    done = desk.land_text("2026-10-01T00:00:00Z GET /acme 68\nGET /health\n")
    identity = done.files[0].identity
    assert desk.events == [
        {
            "specversion": "1.0",
            "id": f"{identity}:1:work",
            "source": "/front/web",
            "type": "work",
            "subject": "acme",
            "time": "2026-10-01T00:00:00Z",
            "data": {"quantity": "68", "unit": "unit"},
        }
    ]
    assert (done.files[0].lines, done.files[0].not_usage_lines, done.files[0].events) == (2, 1, 1)


def test_a_pack_of_large_events_is_cut_before_it_is_too_large_for_a_row() -> None:
    events = [{"id": str(n), "data": "x" * 2**20} for n in range(9)]
    packed: list[Any] = list(packs(events, "d1", datetime(2026, 11, 5, tzinfo=UTC)))
    assert [pack["detail"]["count"] for pack in packed] == [2, 2, 2, 2, 1]
    assert [event for pack in packed for event in pack["detail"]["events"]] == events


def test_events_travel_in_packs_of_at_most_a_hundred(desk: Desk) -> None:
    desk.land_text("at,tenant,calls\n" + "2026-10-01T00:00:00Z,acme,1\n" * 250)
    (record,) = desk.records
    assert [row["detail"]["count"] for row in desk.rows] == [100, 100, 50]
    assert [row["id"] for row in desk.rows] == [f"{record['delivery_id']}:{n}" for n in (1, 2, 3)]
    assert {row["time"] for row in desk.rows} == {"2026-11-01T06:00:00Z"}
    assert len({event["id"] for event in desk.events}) == 250


@pytest.mark.parametrize("text", ["1_000", "NaN", "1e400", "1,5", "0.1234567", "-3", "", " 7 "])
def test_a_quantity_is_landed_as_it_was_written(text: str, desk: Desk) -> None:
    desk.land_text(f'at,tenant,calls\n2026-10-01T00:00:00Z,acme,"{text}"\n')
    assert quantities(desk) == [text]


def test_numbers_in_json_keep_their_text(desk: Desk) -> None:
    desk.mapping = desk.read(JSONL)
    for number in ["0.10", "1e400", "123456789012345678901234567890.5", "-0", "NaN", "true", "[1]"]:
        line = f'{{"who": {{"tenant": "a"}}, "use": {{"tokens": {number}}}, "id": {number}}}'
        desk.land_text(line + "\n", f"{number}.jsonl")
    tokens = [e["data"]["quantity"] for e in desk.events if e["type"] == "tokens"]
    assert sorted(tokens) == sorted(
        ["0.10", "1e400", "123456789012345678901234567890.5", "-0", "NaN", "true", '["1"]']
    )


def test_a_json_line_gives_an_event_for_each_metric(desk: Desk) -> None:
    desk.mapping = desk.read(JSONL)
    who = {"tenant": "acme", "customer": "c1"}
    line = {"at": "2026-10-01", "who": who, "use": {"tokens": 12}, "module": "chat", "id": "r-9"}
    desk.land_text(json.dumps(line))
    assert [(e["id"], e["source"], e["data"]) for e in desk.events] == [
        (
            "r-9:tokens",
            "/chat/api",
            {"quantity": "12", "unit": "token", "attributes": {"customer": "c1"}},
        ),
        ("r-9:requests", "/chat/api", {"quantity": "1", "attributes": {"customer": "c1"}}),
    ]


def test_a_key_that_holds_dots_is_found_before_the_path(desk: Desk) -> None:
    desk.mapping = desk.read(JSONL)
    desk.land_text('{"who.tenant": "acme", "who": {"tenant": "other"}}')
    assert {event["subject"] for event in desk.events} == {"acme"}


def test_a_line_without_its_own_id_gets_one_from_file_and_line(desk: Desk) -> None:
    desk.mapping = desk.read(JSONL)
    done = desk.land_text('\n{"id": ""}\n{"id": null}\n')
    identity = done.files[0].identity
    assert [e["id"] for e in desk.events] == [f"{identity}:2:requests", f"{identity}:3:requests"]


def test_a_json_line_that_counts_nothing_is_not_usage(desk: Desk) -> None:
    desk.mapping = desk.read(JSONL.replace('  - {metric: requests, quantity: {value: "1"}}\n', ""))
    done = desk.land_text('{"msg": "started"}\n{"use": {"tokens": null}}\n{"use": {"tokens": 5}}\n')
    assert done.files[0].not_usage_lines == 1
    assert quantities(desk) == ["", "5"]


def test_missing_tenant_and_module_are_left_to_the_judge(desk: Desk) -> None:
    desk.mapping = desk.read(CSV.replace("{value: front}", "{column: module}"))
    desk.land_text("at,tenant,calls,module\nT,,1,\nT,acme,1,a b/c\nT,acme,1,MOD-042:x\n")
    assert [event.get("subject") for event in desk.events] == [None, "acme", "acme"]
    assert [event["source"] for event in desk.events] == [
        "/unknown/meter",
        "/a%20b%2Fc/meter",
        "/MOD-042:x/meter",
    ]


def test_an_optional_group_that_did_not_match_is_no_quantity(desk: Desk) -> None:
    desk.mapping = desk.read(LOG.replace(r" (?P<work>\S+)$", r"(?: (?P<work>\d+))?$"))
    done = desk.land_text("T GET /acme\nT GET /acme 5\n")
    assert quantities(desk) == ["5"]
    assert done.files[0].not_usage_lines == 1


# -- time ------------------------------------------------------------------------------------------

TIMES = [
    ("", "", "2026-10-01 10:00", "2026-10-01 10:00"),
    ("", "", "yesterday", "yesterday"),
    ("", "UTC", "2026-10-01 10:00:01.1234567", "2026-10-01T10:00:01.1234567Z"),
    ("", "UTC", "2026-10-01", "2026-10-01T00:00:00Z"),
    ("", "UTC", "2026-10-01T10:00:00+05:30", "2026-10-01T10:00:00+05:30"),
    ("", "UTC", "yesterday", "yesterday"),
    ("%d/%b/%Y:%H:%M:%S %z", "", "26/Nov/2019:00:00:04 +0000", "2019-11-26T00:00:04Z"),
    ("%d/%b/%Y:%H:%M:%S %z", "", "26/Nov/2019:00:00:04 -0800", "2019-11-26T00:00:04-08:00"),
    ("%d/%b/%Y:%H:%M:%S %z", "", "26/Nov/2019", "26/Nov/2019"),
    ("%d.%m.%Y %H:%M", "", "01.10.2026 10:00", "2026-10-01T10:00:00"),
    ("%d.%m.%Y %H:%M", "UTC", "01.10.2026 10:00", "2026-10-01T10:00:00Z"),
]


@pytest.mark.parametrize(("form", "zone", "text", "landed"), TIMES)
def test_a_time_keeps_the_offset_it_was_written_with(
    form: str, zone: str, text: str, landed: str, desk: Desk
) -> None:
    time = "column: at" + (f", format: '{form}'" if form else "") + (", zone: UTC" if zone else "")
    desk.mapping = desk.read(CSV.replace("column: at", time))
    desk.land_text(f"at,tenant,calls\n{text},acme,1\n")
    assert [event["time"] for event in desk.events] == [landed]


# -- lines that cannot be read ---------------------------------------------------------------------


def test_a_line_that_cannot_be_read_is_landed_as_malformed(desk: Desk) -> None:
    done = desk.land_text("at,tenant,calls\nT,acme\nT,acme,1\nT,acme,1,9\n")
    identity = done.files[0].identity
    malformed = [event for event in desk.events if "malformed" in event]
    assert malformed == [
        {"id": f"{identity}:2:malformed", "source": "/unknown/meter", "malformed": "T,acme"},
        {"id": f"{identity}:4:malformed", "source": "/unknown/meter", "malformed": "T,acme,1,9"},
    ]
    assert done.files[0].events == 3


@pytest.mark.parametrize(
    "line", ['{"id": "r', "[1, 2]", '"text"', "7", "null", "[" * 3000, '{"a":' * 3000]
)
def test_json_that_is_no_record_is_landed_as_malformed(line: str, desk: Desk) -> None:
    desk.mapping = desk.read(JSONL)
    desk.land_text('{"id": "good"}\n' + line + "\n")
    assert [event["malformed"] for event in desk.events[1:]] == [line[:1000]]


def test_bytes_that_are_no_text_stay_visible(desk: Desk) -> None:
    desk.land_text(b"at,tenant,calls\nT,caf\xe9,1\n")
    assert [event["subject"] for event in desk.events] == ["caf\\xe9"]


def test_half_characters_in_json_stay_visible(desk: Desk) -> None:
    desk.mapping = desk.read(JSONL)
    desk.land_text('{"who": {"tenant": "a\\ud800b \\u00e9"}}\n')
    assert {event["subject"] for event in desk.events} == {"a\\ud800b é"}


# -- CSV -------------------------------------------------------------------------------------------


def test_a_record_over_two_lines_is_known_by_its_first(desk: Desk) -> None:
    desk.mapping = desk.read(CSV + "attributes: {note: note}\n")
    done = desk.land_text('at,tenant,calls,note\nT,acme,1,"two\nlines"\n\nT,acme,2,x\n')
    identity = done.files[0].identity
    assert [event["id"] for event in desk.events] == [f"{identity}:2:calls", f"{identity}:5:calls"]
    assert desk.events[0]["data"]["attributes"] == {"note": "two\nlines"}
    assert done.files[0].not_usage_lines == 2  # the header and the blank line


def test_a_quote_that_never_ends_refuses_the_file(desk: Desk) -> None:
    file = desk.file("open.csv", 'at,tenant,calls\nT,acme,1\nT,"acme,1\nT,acme,1\n')
    with pytest.raises(FileRefused, match="line 3: a quote that opens here never ends"):
        desk.land(file)
    assert desk.landing.objects == {}


def test_quotes_mean_nothing_where_the_mapping_says_so(desk: Desk) -> None:
    desk.mapping = desk.read(CSV + "quote: none\n")
    desk.land_text('at,tenant,calls\nT,"acme,1\n')
    assert [event["subject"] for event in desk.events] == ['"acme']


def test_columns_may_be_named_by_the_mapping_and_split_by_a_tab(desk: Desk) -> None:
    desk.mapping = desk.read(
        CSV.replace("header: true", 'columns: [at, tenant, calls]\ndelimiter: "\\t"')
    )
    desk.land_text("T\tacme\t1\r\nT\tglobex\t2\r\n")
    assert [(event["subject"], event["data"]["quantity"]) for event in desk.events] == [
        ("acme", "1"),
        ("globex", "2"),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column(desk: Desk) -> None:
    desk.land_text("\ufeffat,tenant,calls\nT,acme,1\n")
    assert [event["time"] for event in desk.events] == ["T"]


def test_a_very_long_field_is_read(desk: Desk) -> None:
    desk.land_text("at,tenant,calls\nT,acme," + "1" * 300_000 + "\n")
    assert [len(text) for text in quantities(desk)] == [300_000]


def test_a_missing_column_is_refused_with_the_nearest_names(desk: Desk) -> None:
    file = desk.file("usage.csv", "at,tenants,calls\nT,acme,1\n")
    with pytest.raises(FileRefused, match=r"no column 'tenant'. The nearest names are: tenants"):
        desk.land(file)


def test_a_column_that_is_there_twice_is_refused(desk: Desk) -> None:
    file = desk.file("usage.csv", "at,tenant,calls,calls\nT,acme,1,2\n")
    with pytest.raises(FileRefused, match="two columns 'calls'"):
        desk.land(file)


# -- CloudEvents -----------------------------------------------------------------------------------


def test_cloudevents_are_landed_as_they_are(desk: Desk) -> None:
    desk.mapping = desk.read(CLOUDEVENTS)
    pack = {"detail": {"count": 2, "events": [EVENT | {"id": "e2"}, EVENT | {"id": "e3"}]}}
    lines = [EVENT, pack, [EVENT | {"id": "e4"}]]
    done = desk.land_text("\n".join(json.dumps(line) for line in lines))
    assert desk.events == [EVENT | {"id": f"e{n}"} for n in (1, 2, 3, 4)]
    assert (done.files[0].lines, done.files[0].events) == (3, 4)


def test_numbers_in_a_cloudevent_become_their_text(desk: Desk) -> None:
    desk.mapping = desk.read(CLOUDEVENTS)
    desk.land_text(json.dumps(EVENT).replace('"3"', "3.50"))
    assert quantities(desk) == ["3.50"]


def test_a_cloudevent_without_id_or_source_is_malformed(desk: Desk) -> None:
    desk.mapping = desk.read(CLOUDEVENTS)
    anonymous = {key: value for key, value in EVENT.items() if key != "id"}
    done = desk.land_text(json.dumps([EVENT, anonymous, "text"]) + "\n{}\n{broken\n")
    identity = done.files[0].identity
    assert [event["id"] for event in desk.events] == [
        "e1",
        f"{identity}:1:2:malformed",
        f"{identity}:1:3:malformed",
        f"{identity}:2:1:malformed",
        f"{identity}:3:malformed",
    ]


def test_a_cloudevent_nested_deeper_than_64_levels_is_malformed(desk: Desk) -> None:
    desk.mapping = desk.read(CLOUDEVENTS)
    bears, breaks = (json.loads("[" * levels + "]" * levels) for levels in (63, 64))
    lines = [json.dumps(EVENT | {"data": data}) for data in (bears, breaks)]
    done = desk.land_text("\n".join(lines))
    malformed = {"id": f"{done.files[0].identity}:2:malformed", "source": "/unknown/platform"}
    assert desk.events == [
        EVENT | {"data": bears},
        malformed | {"malformed": lines[1]},
    ]


# -- files -----------------------------------------------------------------------------------------


def test_gzip_is_known_by_its_bytes_and_means_the_same_file(desk: Desk) -> None:
    text = "at,tenant,calls\nT,acme,1\n"
    plain = desk.land_text(text, "usage.csv").files[0]
    packed = desk.land_text(gzip.compress(text.encode()), "usage.csv.gz").files[0]
    assert packed.unchanged
    assert packed.identity == plain.identity


REFUSED_FILES = {
    "the gzip stream is cut short": gzip.compress(b"at,tenant,calls\n" + b"T,acme,1\n" * 9999)[
        :-20
    ],
    "the gzip stream is damaged": gzip.compress(b"at,tenant,calls\nT,a,1\n")[:-8] + bytes(8),
    "the file is empty": b"",
    "none of its 1 lines is usage": b"at,tenant,calls\n",
    "this is a Parquet file": b"PAR1....",
    "this is UTF-16 text": "at,tenant,calls\nT,acme,1\n".encode("utf-16"),
    "there is no column 'at'": b"\n",
}


@pytest.mark.parametrize("sentence", REFUSED_FILES)
def test_a_bad_file_is_refused_and_nothing_is_landed(sentence: str, desk: Desk) -> None:
    good = desk.file("good.csv", "at,tenant,calls\nT,acme,1\n")
    bad = desk.file("bad.csv", REFUSED_FILES[sentence])
    with pytest.raises(FileRefused, match=sentence):
        desk.land(good, bad)
    assert desk.landing.objects == {}


def test_a_missing_file_and_a_directory_are_refused(desk: Desk) -> None:
    with pytest.raises(FileRefused, match="there is no such file"):
        desk.land(desk.folder / "none.csv")
    with pytest.raises(FileRefused, match="this is a directory"):
        desk.land(desk.folder)


def test_a_mapping_that_matches_no_line_is_refused(desk: Desk) -> None:
    desk.mapping = desk.read(LOG)
    file = desk.file("access.log", "GET /health\n" * 3)
    with pytest.raises(FileRefused, match="none of its 3 lines is usage by this mapping"):
        desk.land(file)


def test_a_file_that_nothing_can_be_read_from_is_refused(desk: Desk) -> None:
    desk.mapping = desk.read(JSONL)
    with pytest.raises(FileRefused, match="none of its 2 lines is usage"):
        desk.land_text("at,tenant\nT,acme\n")


# -- units and corrections -------------------------------------------------------------------------

CORRECTED = """
source: meter
format: csv
header: true
time: {column: at}
tenant: {column: tenant}
module: {value: front}
metrics:
  - {metric: calls, quantity: {column: calls}, unit: {column: unit}}
event_id: {column: id}
reverses: {column: corrects}
"""


def test_a_line_may_bring_its_own_unit_and_name_the_line_that_it_takes_back(desk: Desk) -> None:
    desk.mapping = desk.read(CORRECTED)
    desk.land_text(
        "at,tenant,calls,unit,id,corrects\nT,acme,5,kcall,a,\nT,acme,-5,,b,a\nT,acme,-1,,c,a:calls\n"
    )
    assert [(event["id"], event["data"]) for event in desk.events] == [
        ("a:calls", {"quantity": "5", "unit": "kcall"}),
        ("b:calls", {"quantity": "-5", "reverses": "a:calls"}),
        ("c:calls", {"quantity": "-1", "reverses": "a:calls"}),
    ]


def test_what_an_event_says_of_producer_sequence_and_reversal_is_landed_as_it_stands(
    desk: Desk,
) -> None:
    desk.mapping = desk.read("source: platform\nformat: cloudevents\n")
    event = EVENT | {"producer": "f/b1", "sequence": "17", "dataschema": "usage_recorded.v1"}
    event |= {"data": {"quantity": "-1", "reverses": "e-1"}}
    desk.land_text(json.dumps(event))
    assert desk.events == [event]
