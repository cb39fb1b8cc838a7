"""Each verb does its job, tells it in plain words, and ends with the exit code that fits."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from cli.saying import Run, run_in
from cli.tiny_month import BAD_USAGE, CARD_WITH_ODDS, COST, ODDS, ODDS_MAPPING, USAGE, TinyMonth

PROGRAM = "from meterbook_cli.main import run; run()"


def let_pass(run: Run) -> None:
    """Decide about what keeps the tiny month open."""
    for point in ("cost_missing", "unattributed"):
        decided = run("decide", "2026-10", point, "--actor", "ada", "--reason", "a tiny month")
        assert decided.exit_code == 0, decided.output


def test_the_walk_from_files_to_an_invoice(run: Run, workspace: Path) -> None:
    looked = run("close", "2026-10", "--dry-run")
    assert looked.exit_code == 3
    assert "cost_missing" in looked.stdout and "open    acme" in looked.stdout
    let_pass(run)
    closed = run("close", "2026-10")
    assert (closed.exit_code, closed.stdout) == (
        0,
        "closed  acme: 15.00 USD\nclosed  bolt: 10.00 USD\n",
    )
    issued = run("issue")
    assert issued.exit_code == 0
    numbers = [line.split()[0] for line in issued.stdout.splitlines()[1:]]
    pdfs = [workspace / line.split()[-1] for line in issued.stdout.splitlines()[1:]]
    assert len(set(numbers)) == 2
    assert [pdf.read_bytes()[:5] for pdf in pdfs] == [b"%PDF-", b"%PDF-"]
    assert run("check").exit_code == 0
    assert "0 document(s) issued" in run("issue", "2026-10").stderr


# ------------------------------------------------------------------------------- init and apply


def test_a_missing_workspace_is_refused_with_the_remedy(tmp_path: Path, month: TinyMonth) -> None:
    for words in (["status"], ["apply", str(month.catalog)], ["close", "2026-10"]):
        done = run_in(tmp_path / "none", *words)
        assert done.exit_code == 4
        assert "meterbook init" in done.stderr
    assert not (tmp_path / "none").exists()


def test_init_says_the_same_twice_and_keeps_what_is_there(run: Run) -> None:
    before = run("show", "v_usage_daily", "--json").stdout
    assert run("init").exit_code == 0
    assert run("show", "v_usage_daily", "--json").stdout == before


def test_init_begins_a_catalog_with_the_packs_that_are_named(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    init = ("init", "--pack", "ml,storage", "--catalog", catalog)
    done = run_in(tmp_path / "book", *init)
    assert (done.exit_code, [Path(line).name for line in done.stdout.splitlines()]) == (
        0,
        ["catalog.schema.json", "ml.yaml", "storage.yaml"],
    )
    assert (catalog / "ml.yaml").read_text().startswith("# yaml-language-server: $schema=catalog.s")
    applied = run_in(tmp_path / "book", "apply", catalog)
    assert applied.stdout.splitlines()[:2] == ["metric", "  + document_storage"]
    (catalog / "ml.yaml").write_text("{kind: metric, id: mine, unit: call}")
    again = run_in(tmp_path / "book", *init)
    assert (again.stdout, again.stderr.count("is there already")) == ("", 3)
    assert "mine" in (catalog / "ml.yaml").read_text()


def test_a_pack_that_is_not_there_is_named_before_anything_is_made(tmp_path: Path) -> None:
    done = run_in(tmp_path / "book", "init", "--pack", "gpu")
    assert done.exit_code == 1
    assert "There is no pack 'gpu'. Known are api, aws-services, lambda" in done.stderr
    assert not (tmp_path / "book").exists()


def test_a_folder_of_something_else_is_never_taken_for_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    for verb in ("init", "demo", "status"):
        done = run_in(tmp_path, verb)
        assert done.exit_code == 4
        assert "thesis.doc" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_apply_shows_the_difference_as_a_tree_and_lands_it_once(
    tmp_path: Path, month: TinyMonth
) -> None:
    run_in(tmp_path, "init")
    dry = run_in(tmp_path, "apply", month.catalog, "--dry-run")
    assert dry.stdout.startswith("account\n  + acme\n  + bolt\nallocation_rule\n  + by-tag:1\n")
    applied = run_in(tmp_path, "apply", month.catalog)
    assert applied.stdout == dry.stdout
    again = run_in(tmp_path, "apply", month.catalog)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "Nothing changes" in again.stderr


def test_what_a_catalog_leaves_out_ends_on_the_day_that_apply_is_told(
    run: Run, month: TinyMonth, tmp_path: Path
) -> None:
    more = "---\n{kind: module, id: MOD-2, name: Second}\n"
    (tmp_path / "all.yaml").write_text((month.catalog / "all.yaml").read_text() + more)
    run("apply", tmp_path)
    removed = run("apply", month.catalog, "--ends", "2026-12-01")
    assert (removed.exit_code, removed.stdout) == (
        0,
        "module\n  - MOD-2\n      ends on 2026-12-01\n",
    )


def test_apply_keeps_the_commit_of_a_catalog_in_git(
    run: Run, workspace: Path, month: TinyMonth, tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    more = "---\n{kind: module, id: MOD-2, name: Second}\n"
    (catalog / "all.yaml").write_text((month.catalog / "all.yaml").read_text() + more)
    git = ["git", "-C", str(catalog), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assert run("apply", catalog).exit_code == 0
    record = (workspace / "landing/deliveries/catalog/00000003.json").read_text()
    assert json.loads(record)["origin"] == {"commit": head.stdout.strip()}


# --------------------------------------------------------------------------------------- ingest


def test_the_same_bytes_again_change_nothing_and_say_so(run: Run, month: TinyMonth) -> None:
    before = run("show", "v_usage_daily", "--json").stdout
    usage = run("ingest", "usage", month.usage, "--mapping", month.usage_mapping)
    cost = run("ingest", "cur", month.cost, "--mapping", month.cost_mapping)
    assert (usage.exit_code, cost.exit_code) == (0, 0)
    assert "nothing new" in usage.stderr
    assert "Nothing new" in cost.stderr
    assert run("show", "v_usage_daily", "--json").stdout == before


def test_rejects_that_a_command_brought_are_told_by_reason_with_the_first_line(
    run: Run, month: TinyMonth
) -> None:
    bad = month.write("bad.csv", BAD_USAGE)
    done = run("ingest", "usage", bad, "--mapping", month.usage_mapping)
    assert done.exit_code == 3
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["reason", "events", "first"],
        ["quantity_not_a_number", "2", "bad.csv:2"],
        ["unknown_tenant", "1", "bad.csv:4"],
    ]


def test_rejects_of_earlier_commands_are_not_told_again(run: Run, month: TinyMonth) -> None:
    run("ingest", "usage", month.write("bad.csv", BAD_USAGE), "--mapping", month.usage_mapping)
    more = month.write("more.csv", USAGE.replace("10-01", "10-07"))
    done = run("ingest", "usage", more, "--mapping", month.usage_mapping)
    assert (done.exit_code, done.stdout) == (0, "")


def test_rejects_are_told_with_what_they_may_be_worth_and_line_by_line(
    run: Run, month: TinyMonth
) -> None:
    assert (run("rejects").exit_code, run("rejects").stdout) == (0, "")
    later = "2026-10-03T10:00:00+02:00,acme,4\n"
    bad = month.write("bad.csv", BAD_USAGE + later)
    run("ingest", "usage", bad, "--mapping", month.usage_mapping)
    done = run("rejects")
    assert done.exit_code == 3
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["reason", "events", "lines", "at", "stake", "currency"],
        ["quantity_not_a_number", "2", "2"],
        ["time_not_utc", "1", "1", "2", "USD"],
        ["unknown_tenant", "1", "1"],
    ]
    listed = run("rejects", "--list").stdout.splitlines()
    assert listed[3].split()[:3] == ["time_not_utc", "bad.csv", "5"]
    assert run("rejects", "--list", "--would-pass", month.catalog).exit_code == 2


def test_what_another_catalog_would_bring_back_is_shown_and_nothing_is_changed(
    run: Run, month: TinyMonth, workspace: Path, tmp_path: Path
) -> None:
    lines = "2026-10-03T10:00:00Z,nobody,1\n2026-10-03T11:00:00Z,nobody,2\n"
    bad = month.write("nobody.csv", "at,who,calls\n" + lines)
    run("ingest", "usage", bad, "--mapping", month.usage_mapping)
    more = "---\n{kind: tenant, id: nobody, subscriptions: [{plan: basic, version: 1}]}\n"
    fewer = (month.catalog / "all.yaml").read_text().replace("id: bolt\nname: \"=Bolt\"\nfrom: "
        "2026-10-01", "id: bolt\nname: \"=Bolt\"\nfrom: 2026-10-03")  # fmt: skip
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/all.yaml").write_text(fewer + more)
    before = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    done = run("rejects", "--would-pass", tmp_path / "catalog")
    assert (done.exit_code, [line.split() for line in done.stdout.splitlines()]) == (
        0,
        [
            ["now", "then", "events", "lines"],
            ["passes", "unknown_tenant", "1", "1"],
            ["unknown_tenant", "passes", "2", "2"],
            [],
            ["month", "tenant", "metric", "billed", "now", "billed", "then"],
            ["2026-10", "bolt", "calls", "4", "0"],
            ["2026-10", "nobody", "calls", "0", "3"],
        ],
    )
    assert "Nothing has been applied" in done.stderr
    assert {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()} == before
    run("apply", tmp_path / "catalog")
    shown = json.loads(run("show", "v_usage_daily", "--where", "tenant_id=nobody", "--json").stdout)
    assert [row["quantity"] for row in shown] == ["3.000000"]


def test_watch_says_what_of_usage_is_missing(run: Run, month: TinyMonth) -> None:
    mapping = month.write("events.yaml", "source: events\nformat: cloudevents\n")
    event = {"specversion": "1.0", "source": "/MOD-1/f", "type": "calls", "subject": "acme"}
    event |= {"time": "2026-10-01T00:00:00Z", "producer": "f/b1", "data": {"quantity": "1"}}
    lines = [json.dumps(event | {"id": f"e{n}", "sequence": str(n)}) for n in (1, 4)]
    file = month.write("gap.jsonl", "\n".join(lines))
    assert run("ingest", "usage", file, "--mapping", mapping).exit_code == 0
    done = run("watch")
    assert (done.exit_code, "1 gap(s) announced" in done.stderr) == (3, True)


def test_an_event_with_an_id_of_its_own_is_named_by_it(run: Run, month: TinyMonth) -> None:
    event = {"specversion": "1.0", "id": "e-1", "source": "/MOD-1/f", "type": "no_such_metric"}
    event |= {"subject": "acme", "time": "2026-10-01T00:00:00Z", "data": {"quantity": "1"}}
    mapping = month.write("events.yaml", "source: events\nformat: cloudevents\n")
    done = run("ingest", "usage", month.write("e.jsonl", json.dumps(event)), "--mapping", mapping)
    assert done.exit_code == 3
    assert "e.jsonl, event e-1" in done.stdout


@pytest.mark.parametrize("kind", ["usage", "cur"])
def test_a_missing_file_is_one_clear_sentence(run: Run, month: TinyMonth, kind: str) -> None:
    mapping = month.usage_mapping if kind == "usage" else month.cost_mapping
    for words in (
        (month.folder / "none.csv", "--mapping", mapping),
        (month.usage, "--mapping", "no"),
    ):
        done = run("ingest", kind, *words)
        assert done.exit_code == 1
        assert "no such file" in done.stderr.lower() or "not there" in done.stderr.lower()
        assert "Traceback" not in done.output


def test_a_cost_file_over_covered_days_waits_for_a_word(run: Run, month: TinyMonth) -> None:
    other = month.write("other.csv", COST.replace("1.50", "2.50"))
    ingest = ("ingest", "cur", other, "--mapping", month.cost_mapping)
    refused = run(*ingest)
    assert refused.exit_code == 4
    assert "--replaces" in refused.stderr
    assert "--adds" in refused.stderr
    assert run(*ingest, "--adds", "--replaces").exit_code == 2
    assert run(*ingest, "--replaces").exit_code == 0
    assert "control 3 = attributed 2.75 + kept 0 + unattributed 0.25 · residual 0" in (
        run("status").stdout
    )


# ----------------------------------------------------------------------------------------- jobs


def test_refresh_says_when_nothing_is_new(run: Run) -> None:
    done = run("refresh")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "0 delivery(ies) loaded, 0 of" in done.stderr


def test_watch_announces_each_day_once(run: Run, workspace: Path) -> None:
    first, second = run("watch"), run("watch")
    assert (first.exit_code, second.exit_code) == (3, 0)
    assert "1 day(s) announced with too much cost" in first.stderr
    assert "0 day(s) announced with too much cost" in second.stderr
    (line,) = (workspace / "outbox.jsonl").read_text().splitlines()
    assert json.loads(line)["detail"]["cost_date"] == "2026-10-02"


def test_a_month_that_is_not_over_is_refused_until_the_person_says_so(run: Run) -> None:
    now = "2026-10-30T08:00:00+02:00"
    refused = run("close", "2026-10", now=now)
    assert refused.exit_code == 4
    assert "--allow-open" in refused.stderr
    let_pass(run)
    assert run("close", "2026-10", "--allow-open", now=now).exit_code == 0


def test_a_parked_account_is_closed_once_it_is_whole(run: Run, month: TinyMonth) -> None:
    mapping = month.write("odds.yaml", ODDS_MAPPING)
    run("ingest", "usage", month.write("odds.csv", ODDS), "--mapping", mapping)
    let_pass(run)
    first = run("close", "2026-10")
    assert first.exit_code == 3
    assert first.stdout.splitlines()[0] == "closed  acme: 15.00 USD"
    assert first.stdout.splitlines()[1].startswith("parked  bolt: unrated_usage:")
    assert "parked" in run("status").stdout
    catalog = month.folder / "mended"
    catalog.mkdir()
    before, bolt, after = (month.catalog / "all.yaml").read_text().partition("id: bolt")
    card = "{plan: basic, version: 2, from: 2026-10-20}]"
    mended = before + bolt + after.replace("2026-10-01}]", f"2026-10-01}}, {card}", 1)
    (catalog / "all.yaml").write_text(f"{mended}---\n{CARD_WITH_ODDS}")
    applied = run("apply", catalog)
    assert applied.exit_code == 0, applied.output
    second = run("close", "2026-10")
    assert (second.exit_code, second.stdout) == (0, "closed  bolt: 13.00 USD\n")
    third = run("close", "2026-10")
    assert (third.exit_code, third.stdout) == (0, "")
    assert "2026-10 is closed" in third.stderr


def test_a_check_that_does_not_hold_is_printed_with_its_rows(run: Run, workspace: Path) -> None:
    with duckdb.connect(str(workspace / "book.duckdb")) as book:
        book.execute("delete from metering.usage_daily")
        book.execute("update metering.cost_conservation set residual_usd = 1")
    done = run("check")
    assert done.exit_code == 3
    assert done.stdout


# ------------------------------------------------------------------------------ show and status


def test_show_prints_rows_as_json_with_decimals_as_strings(run: Run) -> None:
    done = run("show", "V_USAGE_DAILY", "--where", "tenant_id=acme", "--json")
    assert done.exit_code == 0
    assert [row["quantity"] for row in json.loads(done.stdout)] == ["12.000000", "8.000000"]


def test_a_view_may_be_named_with_its_schema_in_capitals(run: Run) -> None:
    done = run("show", "METERING.V_USAGE_DAILY", "--json")
    assert (done.exit_code, len(json.loads(done.stdout))) == (0, 3)


def test_show_prints_csv_and_a_table(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("show", "v_usage_daily", "--csv").stdout)))
    assert [row["tenant_id"] for row in rows] == ["acme", "acme", "bolt"]
    assert run("show", "v_usage_daily", "--limit", 1).stdout.count("\n") == 2


def test_show_without_a_name_lists_the_published_views(run: Run) -> None:
    names = run("show").stdout.split()[1:]
    assert "v_invoices" in names
    assert names == sorted(names)


@pytest.mark.parametrize("value", ["12", "12.000000", "12.0"])
def test_a_number_is_found_however_it_is_written(run: Run, value: str) -> None:
    done = run("show", "v_usage_daily", "--where", f"quantity={value}", "--json")
    assert [row["tenant_id"] for row in json.loads(done.stdout)] == ["acme"]


def test_what_show_prints_can_be_asked_for(run: Run) -> None:
    (first, *_) = json.loads(run("show", "v_unattributed_costs", "--json").stdout)
    for column, value in first.items():
        said = value if isinstance(value, str) else json.dumps(value)
        done = run("show", "v_unattributed_costs", "--where", f"{column}={said}", "--json")
        assert first in json.loads(done.stdout), column


def test_a_hostile_value_finds_nothing_and_does_nothing(run: Run) -> None:
    done = run("show", "v_usage_daily", "--where", "tenant_id=' or 1=1; drop table x; --", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["v_secrets"], "v_usage_daily"),
        (["metering.landed_usage"], "v_usage_daily"),
        (["v_usage_daily", "--where", "nope=1"], "tenant_id"),
        (["v_usage_daily; drop table x"], "v_usage_daily"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_what_can(
    run: Run, words: list[str], said: str
) -> None:
    done = run("show", *words)
    assert done.exit_code == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["show", "v_usage_daily", "--json", "--csv"],
        ["show", "v_usage_daily", "--where", "tenant_id"],
        ["show", "v_usage_daily", "--where", "tenant_id=a", "--where", "tenant_id=b"],
        ["close"],
        ["ingest", "usage"],
        ["no-such-verb"],
    ],
)
def test_a_command_asked_wrongly_ends_with_2(run: Run, words: list[str]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.parametrize("now", ["yesterday", "2026-11-05T08:00:00", "2026-11-05"])
def test_a_moment_without_an_offset_is_asked_wrongly(run: Run, now: str) -> None:
    assert run("status", now=now).exit_code == 2


def test_status_tells_how_the_book_stands(run: Run) -> None:
    told = run("status").stdout
    assert "as of           2026-11-05 08:00:00 UTC" in told
    assert "2 catalog, 1 cur, 1 usage" in told
    assert "2026-10-01 to 2026-10-02" in told
    assert "share 0.125000000000 of positive charges; 1 of 2 settled day(s)" in told
    assert "control 2 = attributed 1.75 + kept 0 + unattributed 0.25 · residual 0" in told
    assert [line.split()[:3] for line in told.splitlines()[-2:]] == [
        ["2026-10", "acme", "open"],
        ["2026-10", "bolt", "open"],
    ]


# ---------------------------------------------------------------------------- a folder gone bad


@pytest.mark.parametrize("text", ["", "hello", "[]", "{}", '{"stream":"cur","delivery_id":"x"}'])
def test_an_alien_file_among_the_closing_records_is_named(
    run: Run, workspace: Path, text: str
) -> None:
    (workspace / "landing/deliveries/alien.json").write_text(text)
    for verb in ("refresh", "status"):
        done = run(verb)
        assert done.exit_code == 1
        assert "deliveries/alien.json" in done.stderr


def test_a_program_that_has_the_book_open_is_no_damage(workspace: Path) -> None:
    with duckdb.connect(str(workspace / "book.duckdb")):
        said = [sys.executable, "-c", PROGRAM, "--workspace", str(workspace), "status"]
        done = subprocess.run(said, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "another program that has book.duckdb open" in done.stderr


# --------------------------------------------------------------------------------- as a process


def test_in_a_process_of_its_own_data_goes_to_stdout_and_words_to_stderr(
    workspace: Path,
) -> None:
    def meterbook(*words: str) -> subprocess.CompletedProcess[str]:
        said = [sys.executable, "-c", PROGRAM, "--workspace", str(workspace), *words]
        environment = {
            **os.environ,
            "NO_COLOR": "1",
            "FORCE_COLOR": "1",
            "PYTHONIOENCODING": "ascii",
            "TZ": "Asia/Tokyo",
        }
        return subprocess.run(
            said, capture_output=True, encoding="utf-8", check=False, env=environment
        )

    shown = meterbook("show", "v_usage_daily", "--json")
    assert shown.returncode == 0
    assert len(json.loads(shown.stdout)) == 3
    assert shown.stderr == "3 row(s).\n"
    refused = meterbook("close", "2099-01")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert refused.stderr.count("\n") == 1
    assert "\x1b" not in refused.stderr + shown.stdout
    assert " · residual 0" in meterbook("status").stdout
