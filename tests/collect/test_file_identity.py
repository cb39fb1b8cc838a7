"""A file is what it holds: it is known under any name, it grows, and nothing of it counts twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from collect.usage_imports import CSV, LOG, NOW, Desk, MemoryStore
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from meterbook.collect.ingest_usage import land_usage
from meterbook.errors import FileChanged, FileRefused, InputRefused, Refused
from meterbook_local.folder import FolderStore

JSONL = """
source: api
format: jsonl
time: {column: at}
tenant: {column: tenant}
module: {value: front}
metrics:
  - {metric: calls, quantity: {column: calls}}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, LOG)


def log(*works: object) -> str:
    return "".join(f"T GET /acme {work}\n" for work in works)


def works(desk: Desk) -> list[str]:
    return sorted(event["data"]["quantity"] for event in desk.events)


# -- the same, grown, another ----------------------------------------------------------------------


def test_the_same_bytes_twice_land_nothing_and_say_so(desk: Desk) -> None:
    first = desk.land_text(log(1, 2)).files[0]
    before = dict(desk.landing.objects)
    again = desk.land_text(log(1, 2), "copy.log").files[0]
    assert desk.landing.objects == before
    assert (first.unchanged, again.unchanged) == (False, True)
    assert (again.new_lines, again.events, again.identity) == (0, 0, first.identity)


def test_a_grown_file_lands_only_its_new_lines_whatever_its_name(desk: Desk) -> None:
    first = desk.land_text(log(1, 2), "access.log").files[0]
    grown = desk.land_text(log(1, 2, 3), "access.log.1").files[0]
    assert (grown.identity, grown.new_lines, grown.events) == (first.identity, 1, 1)
    assert grown.delivery_id == f"web.{first.identity}.3-3"
    assert works(desk) == ["1", "2", "3"]
    assert desk.land_text(log(1, 2, 3), "access.log").files[0].unchanged


def test_lines_without_usage_are_no_delivery(desk: Desk) -> None:
    desk.land_text(log(1))
    done = desk.land_text(log(1) + "GET /health\n").files[0]
    assert (done.new_lines, done.not_usage_lines, done.delivery_id) == (1, 1, "")
    assert not done.unchanged
    assert desk.land_text(log(1) + "GET /health\n" + log(2)).files[0].events == 1
    assert works(desk) == ["1", "2"]


def test_a_known_name_with_other_content_is_refused_until_it_gets_a_name(desk: Desk) -> None:
    desk.land_text(log(1), "access.log")
    other = desk.file("access.log", log(7))
    with pytest.raises(FileChanged, match=r"'access\.log' was landed for web before.* --as NAME"):
        desk.land(other)
    assert works(desk) == ["1"]
    done = desk.land(other, name="access-2").files[0]
    assert (done.name, works(desk)) == ("access-2", ["1", "7"])
    with pytest.raises(FileChanged):
        desk.land(desk.file("third.log", log(8)), name="access-2")


def test_a_renamed_log_grows_on_under_its_old_name(desk: Desk) -> None:
    desk.land_text(log(1), "access.log")
    desk.land(desk.file("access.log", log(7)), name="access-2")
    assert desk.land_text(log(7, 8), "access.log").files[0].new_lines == 1
    assert works(desk) == ["1", "7", "8"]


def test_files_of_two_sources_never_meet(desk: Desk) -> None:
    first = desk.land_text(log(1)).files[0]
    desk.mapping = desk.read(LOG.replace("source: web", "source: web-2"))
    second = desk.land_text(log(1)).files[0]
    assert not second.unchanged
    assert second.identity != first.identity


def test_a_known_file_under_another_mapping_is_refused_with_what_to_do(desk: Desk) -> None:
    desk.land_text(log(1), "access.log")
    desk.mapping = desk.read(LOG.replace("metric: work", "metric: effort"))
    for content in [log(1), log(1, 2)]:
        with pytest.raises(FileChanged, match=r"another mapping.*`source` of its own"):
            desk.land_text(content, "other.log")
    assert works(desk) == ["1"]


def test_a_shorter_copy_holds_nothing_new(desk: Desk) -> None:
    desk.land_text(log(1, 2, 3))
    for copy in [log(1, 2), log(1, 2).rstrip("\n"), log(1)]:
        assert desk.land_text(copy, f"{len(copy)}.log").files[0].unchanged
    assert works(desk) == ["1", "2", "3"]


def test_files_that_differ_in_any_line_are_two_files(desk: Desk) -> None:
    first = desk.land_text(log(1, 2, 3), "a.log").files[0]
    second = desk.land_text(log(1, 9), "b.log").files[0]
    assert first.identity != second.identity
    assert works(desk) == ["1", "1", "2", "3", "9"]


# -- a last line without an end --------------------------------------------------------------------


def test_a_last_line_without_an_end_is_landed_once(desk: Desk) -> None:
    first = desk.land_text(log(1, 2).rstrip("\n")).files[0]
    assert (first.lines, first.events) == (2, 2)
    assert desk.land_text(log(1, 2)).files[0].unchanged
    assert desk.land_text(log(1, 2, 3)).files[0].new_lines == 1
    assert works(desk) == ["1", "2", "3"]


def test_a_line_end_of_two_bytes_may_be_cut_between_them(desk: Desk) -> None:
    text = log(1, 2, 3).replace("\n", "\r\n")
    for cut in [len(log(1, 2)) + 1, len(log(1, 2)) + 2, len(text)]:
        desk.land_text(text[:cut])
    assert works(desk) == ["1", "2", "3"]


def test_a_last_line_that_went_on_comes_again_for_sql_to_judge(desk: Desk) -> None:
    first = desk.land_text(log(1) + "T GET /acme 6").files[0]
    for longer in ["T GET /acme 68", "T GET /acme 689"]:
        assert desk.land_text(log(1) + longer).files[0].events == 1
    second_lines = [e for e in desk.events if e["id"] == f"{first.identity}:2:work"]
    assert sorted(e["data"]["quantity"] for e in second_lines) == ["6", "68", "689"]
    assert len({record["delivery_id"] for record in desk.records}) == 3


def test_a_last_line_that_changed_makes_another_file(desk: Desk) -> None:
    first = desk.land_text(log(1) + "T GET /acme 6", "a.log").files[0]
    for n, other in enumerate(["T GET /acme 7", "T GET /acme 7\n", "T\n"]):
        assert desk.land_text(log(1, 1)[: len(log(1))] + other, f"{n}.log").files[0].identity != (
            first.identity
        )
        desk.landing.objects = {
            k: v for k, v in desk.landing.objects.items() if first.identity in k
        }


def test_a_copy_cut_within_a_line_is_refused_until_it_gets_a_name(desk: Desk) -> None:
    desk.mapping = desk.read(JSONL)
    lines = [
        '{"at": "T", "tenant": "acme", "calls": 1}\n',
        '{"at": "T", "tenant": "b", "calls": 12}\n',
    ]
    desk.land_text("".join(lines), "a.jsonl")
    cut = desk.file("b.jsonl", lines[0] + '{"at": "T", "tenant": "b", "calls": 1}')
    with pytest.raises(FileChanged, match=r"begins like 'a\.jsonl'.*ends within line 2.*--as NAME"):
        desk.land(cut)
    desk.land(cut, name="b")
    assert works(desk) == ["1", "1", "1", "12"]


def test_files_that_share_only_their_header_are_two_files(desk: Desk) -> None:
    desk.mapping = desk.read(CSV)
    desk.land_text("at,tenant,calls\nT,acme,1\n", "a.csv")
    desk.land_text("at,tenant,calls\nT,globex,5", "b.csv")
    assert sorted(event["subject"] for event in desk.events) == ["acme", "globex"]


def test_one_line_files_without_an_end_are_told_apart(desk: Desk) -> None:
    desk.land_text("T GET /acme 1", "a.log")
    desk.land_text("T GET /globex 1", "b.log")
    assert desk.land_text("T GET /acme 1", "c.log").files[0].unchanged
    assert sorted(event["subject"] for event in desk.events) == ["acme", "globex"]


# -- long files ------------------------------------------------------------------------------------


def test_a_long_file_is_remembered_by_few_checkpoints(desk: Desk) -> None:
    desk.land_text(log(*range(5500)))
    desk.land_text(log(*range(6200)))
    first, second = (record["origin"] for record in desk.records)
    kept = [int(line) for line in first["checkpoints"]]
    assert sorted(kept) == [*range(1, 1001), 2000, 3000, 4000, 5000, 5500]
    assert list(second["checkpoints"]) == ["6000", "6200"]
    assert (first["new_lines"], second["new_lines"], second["lines"]) == (5500, 700, 6200)


@pytest.mark.parametrize("lines", [1000, 1001, 3456, 5000, 5499])
def test_a_shorter_copy_of_a_long_file_holds_nothing_new(lines: int, desk: Desk) -> None:
    desk.land_text(log(*range(5500)))
    copy = log(*range(5500))[: len(log(*range(lines)))]
    assert desk.land_text(copy, "copy.log").files[0].unchanged
    assert (
        desk.land_text(copy[:-5], "cut.log").files[0].unchanged
    )  # ends within a line, no usage yet


def test_a_long_file_that_turned_off_between_checkpoints_is_another_file(desk: Desk) -> None:
    first = desk.land_text(log(*range(5500)), "a.log").files[0]
    second = desk.land_text(log(*range(3400), "x"), "b.log").files[0]
    assert second.identity != first.identity
    assert second.events == 3401


# -- several files, crashes, two commands ----------------------------------------------------------


def test_all_files_are_looked_at_before_the_first_is_landed(desk: Desk) -> None:
    desk.land_text(log(1), "access.log")
    before = dict(desk.landing.objects)
    good = desk.file("good.log", log(5))
    (desk.folder / "other").mkdir()
    with pytest.raises(FileChanged):
        desk.land(good, desk.file("other/access.log", log(6)))
    assert desk.landing.objects == before


def test_of_two_files_in_one_command_the_longer_is_the_shorter_grown(desk: Desk) -> None:
    long, short = desk.file("b.log", log(1, 2, 3)), desk.file("a.log", log(1, 2))
    done = desk.land(long, short, long)
    assert [(file.file, file.new_lines) for file in done.files] == [
        (long, 1),
        (short, 2),
        (long, 1),
    ]
    assert len({file.identity for file in done.files}) == 1
    assert works(desk) == ["1", "2", "3"]
    assert len(done.delivery_ids) == 3


def test_two_files_of_one_name_are_refused_together(desk: Desk) -> None:
    files = [desk.file("eu/access.log", log(1)), desk.file("us/access.log", log(2))]
    with pytest.raises(FileChanged):
        desk.land(*files)
    assert desk.landing.objects == {}


def test_a_name_is_for_one_file(desk: Desk) -> None:
    with pytest.raises(InputRefused, match="--as NAME names one file"):
        desk.land(desk.file("a", log(1)), desk.file("b", log(2)), name="c")


def test_a_crash_before_the_closing_record_leaves_the_same_bytes_after_a_second_run(
    desk: Desk,
) -> None:
    desk.land_text(log(*range(300)))
    whole = dict(desk.landing.objects)
    (record,) = [key for key in whole if key.startswith("deliveries/")]
    desk.landing.objects = {key: body for key, body in whole.items() if key != record}
    assert not desk.land_text(log(*range(300))).files[0].unchanged
    assert desk.landing.objects == whole


def test_a_second_command_that_lands_the_same_meanwhile_is_refused(desk: Desk) -> None:
    desk.land_text(log(1))

    class Blind(MemoryStore):
        """A store whose listing is older than its objects."""

        def keys(self, prefix: str = "") -> Iterator[str]:
            return iter(())

    blind = Blind()
    blind.objects = desk.landing.objects
    with pytest.raises(Refused, match="by another command meanwhile"):
        land_usage(blind, NOW, [desk.file("usage.txt", log(1))], desk.mapping)


def test_a_log_that_grows_while_it_is_read_is_taken_as_it_was(desk: Desk) -> None:
    before, after = log(*range(12_000)), log(*range(12_000), "more")
    file = desk.file("live.log", before + "T GET /ac")
    grow = after.encode()
    done = land_usage(
        desk.landing, NOW, [file], desk.mapping, on_progress=lambda _: write(file, grow)
    ).files[0]
    assert (done.lines, done.events) == (12_001, 12_000)
    assert desk.land(file).files[0].events == 1
    assert works(desk)[-1] == "more"


def test_a_file_cut_while_it_is_read_is_refused(desk: Desk) -> None:
    file = desk.file("live.log", log(*range(30_000)))
    with pytest.raises(FileRefused, match="changed while it was read"):
        land_usage(desk.landing, NOW, [file], desk.mapping, on_progress=lambda _: write(file, b"T"))
    assert desk.records == []


def write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def test_a_folder_keeps_what_is_known(tmp_path: Path) -> None:
    desk = Desk(tmp_path, LOG)
    landing = FolderStore(tmp_path / "landing")
    file = desk.file("access.log", log(1, 2))
    (first,) = land_usage(landing, NOW, [file], desk.mapping).files
    (again,) = land_usage(FolderStore(tmp_path / "landing"), NOW, [file], desk.mapping).files
    assert again.unchanged
    record = json.loads(landing.get(f"deliveries/usage/{first.delivery_id}.json"))
    assert record["family"] == record["scope"] == "usage:web"
    assert record["origin"] | {"checkpoints": {}} == {
        "name": "access.log",
        "source": "web",
        "identity": first.identity,
        "mapping_sha256": desk.mapping.sha256,
        "first_line": 1,
        "new_lines": 2,
        "not_usage_lines": 0,
        "events": 2,
        "lines": 2,
        "last_line": 2,
        "tail_bytes": 0,
        "tail_sha256": "",
        "checkpoints": {},
    }


def test_progress_adds_up_to_the_lines_landed(desk: Desk) -> None:
    told: list[int] = []
    file = desk.file("a.log", log(*range(25_000)) + "GET /health\n" * 10)
    land_usage(desk.landing, NOW, [file], desk.mapping, on_progress=told.append)
    assert (sum(told), len(told)) == (25_010, 3)


# -- laws ------------------------------------------------------------------------------------------

LINES = st.lists(
    st.sampled_from(["T GET /acme 1", "T GET /globex 2", "T GET /acme 33", "GET /health", ""]),
    min_size=1,
    max_size=12,
)
LAW = settings(
    derandomize=True,
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def facts(desk: Desk) -> dict[str, str]:
    """Event id to payload; the identity, which depends on what came first, is left out."""
    return {
        re.sub(r"^[0-9a-f]{16}:", "", str(event["id"])): json.dumps(
            {key: value for key, value in event.items() if key != "id"}, sort_keys=True
        )
        for event in desk.events
    }


def land_in_steps(desk: Desk, content: bytes, cuts: list[int]) -> None:
    for number, cut in enumerate(sorted({min(cut, len(content)) for cut in cuts} | {len(content)})):
        if cut:
            try:
                desk.land_text(content[:cut], f"step-{number % 3}")
            except FileRefused as refusal:
                assert re.search("is usage by this mapping|never ends|no column", str(refusal))


@LAW
@given(
    lines=LINES,
    cuts=st.lists(st.integers(0, 12), max_size=5),
    ended=st.booleans(),
    crlf=st.booleans(),
)
def test_growth_in_any_steps_of_lines_lands_what_landing_at_once_does(
    tmp_path: Path, lines: list[str], cuts: list[int], ended: bool, crlf: bool
) -> None:
    end = "\r\n" if crlf else "\n"
    content = (end.join(lines) + (end if ended else "")).encode()
    assume(b"/acme" in content)
    steps, at_once = Desk(tmp_path, LOG), Desk(tmp_path, LOG)
    # With and without the end of the last line: both are lines.
    sizes = [len(end.join(lines[:n]) + (end if n % 2 else "")) for n in cuts]
    land_in_steps(steps, content, sizes)
    at_once.land_text(content)
    assert facts(steps) == facts(at_once)
    assert len(steps.events) == len(at_once.events)
    assert len({record["origin"]["identity"] for record in steps.records}) == 1


RECORDS = st.lists(
    st.sampled_from(
        ["T,acme,1", 'T,acme,"2"', 'T,"ac\nme",3', 'T,"a""\n\n,b",4', "T,acme", "", 'x"y']
    ),
    min_size=1,
    max_size=8,
)


@LAW
@given(records=RECORDS, cuts=st.lists(st.integers(0, 200), max_size=6), ended=st.booleans())
def test_growth_of_records_over_several_lines_lands_what_landing_at_once_does(
    tmp_path: Path, records: list[str], cuts: list[int], ended: bool
) -> None:
    content = ("\n".join(["at,tenant,calls", *records]) + ("\n" if ended else "")).encode()
    assume(b"T,acme,1" in content)
    ends = [n + 1 for n, byte in enumerate(content) if byte == 10]
    steps, at_once = Desk(tmp_path, CSV), Desk(tmp_path, CSV)
    land_in_steps(steps, content, [ends[cut % len(ends)] - cut % 2 for cut in cuts])
    at_once.land_text(content)
    assert facts(steps) == facts(at_once)


@LAW
@given(lines=LINES, cuts=st.lists(st.integers(0, 200), max_size=5))
def test_growth_in_any_steps_of_bytes_loses_no_event(
    tmp_path: Path, lines: list[str], cuts: list[int]
) -> None:
    content = "\n".join(lines).encode()
    assume(b"/acme" in content)
    steps, at_once = Desk(tmp_path, LOG), Desk(tmp_path, LOG)
    land_in_steps(steps, content, cuts)
    at_once.land_text(content)
    landed = {json.dumps(event["data"]) + str(event["id"])[16:] for event in steps.events}
    assert {json.dumps(event["data"]) + str(event["id"])[16:] for event in at_once.events} <= landed


@LAW
@given(one=LINES, two=LINES, ends=st.tuples(st.booleans(), st.booleans()))
def test_two_files_are_one_only_if_one_begins_the_other(
    tmp_path: Path, one: list[str], two: list[str], ends: tuple[bool, bool]
) -> None:
    texts = [
        "\n".join(lines) + ("\n" if end else "")
        for lines, end in zip((one, two), ends, strict=True)
    ]
    assume(all("/acme" in text or "/globex" in text for text in texts))
    desk = Desk(tmp_path, LOG)
    first = desk.land_text(texts[0], "one").files[0]
    before = len(desk.events)
    try:
        second = desk.land_text(texts[1], "two").files[0]
    except FileChanged:
        assert not texts[1].endswith("\n")  # cut within a line: asked, not guessed
        second = desk.land(desk.folder / "two", name="named").files[0]
    if texts[1].startswith(texts[0]):
        assert second.identity == first.identity
    elif texts[0].startswith(texts[1]):
        assert second.unchanged or second.name == "named"
    elif second.unchanged:
        # Its whole lines are known and its unfinished one is no usage yet: there is nothing to land.
        assert not texts[1].endswith("\n")
        assert not is_usage(two[-1])
    else:
        assert second.identity != first.identity
        assert len(desk.events) - before == sum(map(is_usage, two))


def is_usage(line: str) -> bool:
    return line.startswith("T GET")
