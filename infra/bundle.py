"""The folders that become Lambda layers, built below `build/` without Docker.

A folder's name carries the hash of what it was made from, so it is built once and never changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.settings import ROOT

BUILD = ROOT / "build" / "layers"
PYTHON = "3.13"
# What Lambda's python3.13 on arm64 (Amazon Linux 2023, glibc 2.34) can load, most recent first.
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
_OURS = {
    "layers/core/python/meterbook": "meterbook",
    "layers/plugs/python/meterbook_plugs": "meterbook_plugs",
    "sql": "meterbook/sql",
    "events": "meterbook/events",
    "web": "meterbook/web",
}


def core() -> Path:
    """Our own packages with the texts that they read."""
    return _copied("core", _OURS)


def engine() -> Path:
    """The wheels of the engine, and the package of ours that runs it."""
    fetched, files = wheels("engine"), _files({"local/meterbook_local": "meterbook_local"})

    def fill(folder: Path) -> None:
        # Linked, not copied: the wheels are large, and ours changes often.
        shutil.copytree(fetched / "python", folder / "python", copy_function=os.link)
        _copy(files, folder)

    return _once("engine-ours", f"{fetched.name}\n{_told(files)}", fill)


def usage() -> Path:
    """What other teams attach: one package that needs nothing besides boto3."""
    return _copied("usage", {"layers/usage/python/meterbook_usage": "meterbook_usage"})


def _copied(layer: str, sources: Mapping[str, str]) -> Path:
    files = _files(sources)
    return _once(layer, _told(files), lambda folder: _copy(files, folder))


def _files(sources: Mapping[str, str]) -> dict[str, Path]:
    """Where each file of the sources goes in the layer."""
    return {
        f"python/{target}/{path.relative_to(ROOT / source)}": path
        for source, target in sources.items()
        for path in sorted((ROOT / source).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _told(files: Mapping[str, Path]) -> str:
    return "".join(f"{name} {_digest(path.read_bytes())}\n" for name, path in files.items())


def _copy(files: Mapping[str, Path], folder: Path) -> None:
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)


def wheels(layer: str) -> Path:
    """The pinned wheels of `layers/<layer>/requirements.txt`, those for Lambda's processor."""
    requirements = ROOT / "layers" / layer / "requirements.txt"
    made_from = f"{PYTHON} {PLATFORMS}\n{requirements.read_text('utf-8')}"

    def fill(folder: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        command += ["--requirement", str(requirements), "--target", str(folder / "python")]
        command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON]
        command += [part for platform in PLATFORMS for part in ("--platform", platform)]
        subprocess.run(command, check=True)
        shutil.rmtree(folder / "python" / "bin", ignore_errors=True)

    return _once(layer, made_from, fill)


def _once(name: str, made_from: str, fill: Callable[[Path], None]) -> Path:
    """Fill a new folder unless it is there; two builders at once both end up with a whole one."""
    target = BUILD / f"{name}-{_digest(made_from.encode())[:16]}"
    if not target.is_dir():
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as draft:
            folder = Path(draft) / name
            folder.mkdir()
            fill(folder)
            try:
                folder.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
    return target


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
