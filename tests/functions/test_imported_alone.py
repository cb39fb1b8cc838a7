"""A function whose layers lack a module must fail here and not at its first invocation."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from functions.lambda_like import LAYERS, Deployed, modules_of, pinned
from synthesized import ROOT

NAMES = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
# A function that carries the layer.
CARRIES = {
    "vendor": "issue_invoices",
    "typeset": "issue_invoices",
    "pages": "tenant_api",
    "engine": "publish_tenant_views",
}
LIMIT_BYTES = 250 * 1024 * 1024
# Started with -I -S: nothing is on the path but the standard library and what is put there.
ALONE = """
import sys
sys.path[:0] = {paths}
import handler
assert callable(handler.handler)
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_can_be_imported_from_its_asset_and_its_layers_alone(
    functions: dict[str, Deployed], twins: dict[str, Path], name: str
) -> None:
    function = functions[name]
    paths = [function.code, *({**function.layers, **twins}[layer] for layer in function.layers)]
    done = _started(ALONE.format(paths=[str(path) for path in paths]), function)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("without", ["core", "vendor", "typeset"])
def test_a_layer_that_is_missing_is_noticed(
    functions: dict[str, Deployed], twins: dict[str, Path], without: str
) -> None:
    function = functions["render_invoice"]
    folders = {**function.layers, **twins}
    paths = [function.code, *(folders[layer] for layer in function.layers if layer != without)]
    done = _started(ALONE.format(paths=[str(path) for path in paths]), function)
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize("layer", LAYERS)
def test_the_layer_carries_the_versions_that_the_tests_run_on(layer: str) -> None:
    assert pinned(layer) == {name: version(name) for name in pinned(layer)}


@pytest.mark.parametrize("layer", LAYERS)
def test_the_layer_in_the_asset_holds_what_the_twin_holds(
    functions: dict[str, Deployed], layer: str
) -> None:
    folder = functions[CARRIES[layer]].layers[layer]
    modules = {module for name in pinned(layer) for module in modules_of(name)}
    ours = {"meterbook_local"} if layer == "engine" else set()
    assert _comparable(path.name for path in folder.iterdir()) == _comparable(modules) | ours


def test_the_wheels_in_the_asset_are_lambdas_own(functions: dict[str, Deployed]) -> None:
    layers = [functions[name].layers[layer] for layer, name in CARRIES.items()]
    binaries = [path for layer in layers for path in layer.rglob("*.so")]
    assert binaries
    foreign = [path.name for path in binaries if "x86_64" in path.name or "cp31" in path.name]
    assert not foreign
    # An ELF header says at byte 18 which processor it is for: 0xB7 is AArch64.
    assert {path.read_bytes()[18] for path in binaries} == {0xB7}


def test_what_a_function_unpacks_stays_below_lambdas_limit(functions: dict[str, Deployed]) -> None:
    for function in functions.values():
        folders = [function.code, *function.layers.values()]
        size = sum(p.stat().st_size for f in folders for p in f.rglob("*") if p.is_file())
        assert size < LIMIT_BYTES, function.name


def test_a_handler_only_plugs() -> None:
    for name in NAMES:
        lines = (ROOT / "functions" / name / "handler.py").read_text("utf-8").splitlines()
        assert not [line for line in lines if line.strip().startswith(("if ", "elif ", "else:"))]
        assert len([line for line in lines if line.strip()]) <= 40, name


def _started(script: str, function: Deployed) -> subprocess.CompletedProcess[str]:
    """Run it with the function's variables and no others."""
    command = [sys.executable, "-I", "-S", "-c", script]
    return subprocess.run(
        command, check=False, env=function.variables, capture_output=True, text=True
    )


def _comparable(names: object) -> set[str]:
    """Module names alone: a wheel's metadata and the tag of a binary differ by processor."""
    kept = [str(name) for name in names if ".dist-info" not in str(name)]  # type: ignore[attr-defined]
    return {name.partition(".")[0] for name in kept}
