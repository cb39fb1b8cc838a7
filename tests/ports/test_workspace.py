"""A workspace is one command's at a time, can be moved, and nothing else is ever taken for one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from meterbook.errors import WorkspaceAlien, WorkspaceBusy, WorkspaceDamaged, WorkspaceMissing
from meterbook_local.clock import FixedClock
from meterbook_local.workspace import clear_workspace, open_workspace

CLOCK = FixedClock(datetime(2026, 11, 5, 8, tzinfo=UTC))

MARK = '{"layout": "1", "what": "meterbook workspace"}'

HOLDER = """
import sys
from pathlib import Path
from meterbook_local.clock import SystemClock
from meterbook_local.workspace import open_workspace
with open_workspace(Path(sys.argv[1]), SystemClock(), "ingest usage"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def _hold(root: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_what_was_put_is_there_after_the_workspace_was_closed_and_moved(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "here", CLOCK, "init") as workspace:
        workspace.landing.put_if_absent("a/b", b"x")
        workspace.evidence.put_if_absent("c", b"y")
    (tmp_path / "here").rename(tmp_path / "there")
    with open_workspace(tmp_path / "there", CLOCK, "status", create=False) as workspace:
        assert workspace.landing.get("a/b") == b"x"
        assert workspace.evidence.get("c") == b"y"
        assert workspace.book.apply() == []


def test_a_workspace_that_was_never_made_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with (
        pytest.raises(WorkspaceMissing, match="meterbook init"),
        open_workspace(tmp_path / "nothing", CLOCK, "status", create=False),
    ):
        pass
    assert not (tmp_path / "nothing").exists()


def test_a_second_command_is_told_who_holds_the_workspace(tmp_path: Path) -> None:
    holder = _hold(tmp_path)
    with (
        pytest.raises(WorkspaceBusy, match=rf"pid {holder.pid}: meterbook ingest usage"),
        open_workspace(tmp_path, CLOCK, "close", wait_seconds=0.2),
    ):
        pass
    holder.communicate("go\n")


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    holder = _hold(tmp_path)
    assert holder.stdin is not None
    holder.stdin.write("go\n")
    holder.stdin.flush()
    with open_workspace(tmp_path, CLOCK, "close", wait_seconds=30) as workspace:
        assert workspace.root == tmp_path
    holder.communicate()


def test_a_command_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    holder = _hold(tmp_path)
    holder.kill()
    holder.communicate()
    with open_workspace(tmp_path, CLOCK, "close", wait_seconds=5) as workspace:
        assert workspace.root == tmp_path


def test_only_the_holder_is_named_after_another_was_killed(tmp_path: Path) -> None:
    killed = _hold(tmp_path)
    killed.kill()
    killed.communicate()
    holder = _hold(tmp_path)
    with (
        pytest.raises(WorkspaceBusy, match=rf"is held by pid {holder.pid}: \w+ ingest usage\."),
        open_workspace(tmp_path, CLOCK, "close", wait_seconds=0.2),
    ):
        pass
    holder.communicate("go\n")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    for make in (clear_workspace, lambda root, name: open_workspace(root, CLOCK, name).__enter__()):
        with pytest.raises(WorkspaceAlien, match=r"thesis\.doc"):
            make(tmp_path, "demo")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceAlien, match="it is a file"):
        clear_workspace(tmp_path / "file", "demo")


@pytest.mark.parametrize("mark", ["", "[]", '{"layout": "99", "what": "meterbook workspace"}'])
def test_a_layout_of_another_version_is_refused(tmp_path: Path, mark: str) -> None:
    (tmp_path / "meterbook.json").write_text(mark)
    with pytest.raises(WorkspaceAlien, match=r"meterbook\.json"):
        clear_workspace(tmp_path, "demo")
    assert (tmp_path / "meterbook.json").read_text() == mark


def test_clearing_leaves_a_new_workspace(tmp_path: Path) -> None:
    with open_workspace(tmp_path, CLOCK, "init") as workspace:
        workspace.landing.put_if_absent("a/b", b"x")
    (tmp_path / "summary.json").write_text("{}")
    clear_workspace(tmp_path, "demo")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "meterbook.json"]


def test_clearing_that_stops_midway_leaves_a_workspace_that_can_be_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "meterbook.json").write_text(MARK)

    def power_fails(folder: Path) -> None:
        raise OSError(folder)

    with monkeypatch.context() as meanwhile, pytest.raises(OSError, match="source"):
        meanwhile.setattr("shutil.rmtree", power_fails)
        clear_workspace(tmp_path, "demo")
    assert (tmp_path / "meterbook.json").is_file()
    clear_workspace(tmp_path, "demo")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "meterbook.json"]


def test_clearing_spares_a_workspace_in_which_a_person_keeps_files(tmp_path: Path) -> None:
    with open_workspace(tmp_path, CLOCK, "init") as workspace:
        workspace.landing.put_if_absent("a/b", b"x")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(WorkspaceAlien, match=r"notes\.txt"):
        clear_workspace(tmp_path, "demo")
    assert (tmp_path / "landing/a/b").read_bytes() == b"x"


def test_a_damaged_book_is_named_and_can_be_built_again_from_what_landed(tmp_path: Path) -> None:
    with open_workspace(tmp_path, CLOCK, "init"):
        pass
    (tmp_path / "book.duckdb").write_bytes(b"this is no database" * 1_000)
    with (
        pytest.raises(
            WorkspaceDamaged, match=r"book\.duckdb cannot be read: .*`meterbook refresh`"
        ),
        open_workspace(tmp_path, CLOCK, "status"),
    ):
        pass
    (tmp_path / "book.duckdb").unlink()
    with open_workspace(tmp_path, CLOCK, "refresh") as workspace:
        workspace.book.update()
