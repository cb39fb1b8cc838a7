"""What a folder owes beyond the contract of object stores: processes, crashes, moves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from meterbook.errors import InputRefused
from meterbook_local.folder import FolderStore

WRITER = """
import sys
from pathlib import Path
from meterbook_local.folder import FolderStore
store = FolderStore(Path(sys.argv[1]))
sys.stdin.readline()
print([store.put_if_absent(f"claims/{n:03d}", sys.argv[2].encode()) for n in range(60)].count(True))
"""

# The audit hook ends the process at the moment in which the object would get its name.
CRASH = """
import os, sys
from pathlib import Path
from meterbook_local.folder import FolderStore
sys.addaudithook(lambda event, _: os._exit(9) if event == "os.link" else None)
FolderStore(Path(sys.argv[1])).put_if_absent("claims/000", b"half")
"""


def test_of_many_processes_exactly_one_wins_each_key(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three")
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    wins = {name: int(w.communicate()[0]) for name, w in zip("123", writers, strict=True)}
    assert sum(wins.values()) == 60
    store = FolderStore(tmp_path)
    bodies = [store.get(key).decode() for key in store.keys("claims/")]
    assert [bodies.count(name) for name in ("one", "two", "three")] == list(wins.values())


def test_a_crash_before_the_name_is_given_leaves_nothing_that_can_be_seen(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], check=False)
    store = FolderStore(tmp_path)
    assert done.returncode == 9
    assert [path.name[0] for path in tmp_path.rglob("*") if path.is_file()] == ["."]
    assert list(store.keys()) == []
    assert store.put_if_absent("claims/000", b"whole") is True
    assert store.get("claims/000") == b"whole"


def test_a_put_that_is_done_leaves_no_file_beside_it(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_if_absent("a/b", b"x")
    store.put_if_absent("a/b", b"y")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["b"]


def test_the_folder_can_be_moved(tmp_path: Path) -> None:
    FolderStore(tmp_path / "here").put_if_absent("a/b", b"x")
    (tmp_path / "here").rename(tmp_path / "there")
    assert FolderStore(tmp_path / "there").get("a/b") == b"x"


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a", "a/b/c")])
def test_a_key_below_another_key_is_refused_because_a_file_is_no_folder(
    tmp_path: Path, first: str, second: str
) -> None:
    store = FolderStore(tmp_path)
    store.put_if_absent(first, b"x")
    with pytest.raises(InputRefused):
        store.put_if_absent(second, b"y")
    assert list(store.keys()) == [first]
