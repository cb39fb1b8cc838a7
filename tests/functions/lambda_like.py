"""A function as Lambda would see it: the folders of its asset and layers, and its environment.

The wheels in the assembly are Lambda's (arm64, Python 3.13). In their place stands a twin for this
machine: the same distributions in the same versions, linked from where the tests run, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from synthesized import ROOT, STACKS, Assembly, plain

_LAYER = "AWS::Lambda::LayerVersion"
LAYERS = ("vendor", "typeset", "pages", "engine")
_NOT_MODULES = {"bin", "__pycache__"}


@dataclass(frozen=True)
class Deployed:
    """One function of one environment."""

    name: str
    code: Path
    layers: dict[str, Path]
    variables: dict[str, str]


def deployed(assembly: Assembly, environment: str = "dev") -> dict[str, Deployed]:
    """The environment's functions, by the name of their folder."""
    found = {}
    for stack in STACKS:
        template = assembly.stages[environment][stack]
        layers = {
            f"<{name}>": assembly.asset(layer["Properties"]["Content"])
            for name, layer in template["Resources"].items()
            if layer["Type"] == _LAYER
        }
        for resource in template["Resources"].values():
            if resource["Properties"].get("Runtime") == "python3.13":
                function = _function(assembly, plain(resource["Properties"], template), layers)
                found[function.name] = function
    return found


def _function(assembly: Assembly, properties: dict[str, Any], layers: dict[str, Path]) -> Deployed:
    used = [layers[name] for name in properties["Layers"] if name in layers]
    return Deployed(
        properties["Description"].removeprefix("Meterbook: functions/"),
        assembly.asset(properties["Code"]),
        {_kind(folder): folder / "python" for folder in used},
        properties["Environment"]["Variables"],
    )


def _kind(layer: Path) -> str:
    """Which of our layers a folder is, told by what is in it."""
    known = {"meterbook": "core", "typst": "typeset", "jinja2": "pages", "duckdb": "engine"}
    found = [kind for name, kind in known.items() if (layer / "python" / name).is_dir()]
    return found[0] if found else "vendor"


def pinned(layer: str) -> dict[str, str]:
    """Distribution → version, as `layers/<layer>/requirements.txt` pins it."""
    lines = (ROOT / "layers" / layer / "requirements.txt").read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def modules_of(name: str) -> set[str]:
    """The top-level names that a distribution installs."""
    files = distribution(name).files or []
    return {file.parts[0] for file in files if ".." not in file.parts} - _NOT_MODULES


def twin(layer: str, folder: Path) -> Path:
    """Link the layer's distributions, as they are installed here, into a folder of their own."""
    folder.mkdir(parents=True)
    for name in pinned(layer):
        for module in modules_of(name):
            link = folder / module
            if not link.exists():
                link.symlink_to(distribution(name).locate_file(module))
    if layer == "engine":
        (folder / "meterbook_local").symlink_to(ROOT / "local/meterbook_local")
    return folder
