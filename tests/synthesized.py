"""What synth writes, as the tests read it: plain JSON, no CDK.

One synth serves all tests, and is kept as long as nothing that it was made from changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "assemblies"
MADE_FROM = ("cdk.json", "infra", "functions", "layers", "sql", "events", "web", "tests/infra")
STACKS = ("collection", "warehouse", "attribution", "billing", "reporting", "observability")
ACCOUNT = "123456789012"
_PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Partition": "aws"}

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Assembly:
    """One `cdk.out`."""

    folder: Path

    @cached_property
    def stages(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Environment → stack → template."""
        return {
            stage.name.removeprefix("assembly-Meterbook-"): dict(_templates(stage))
            for stage in sorted(self.folder.glob("assembly-Meterbook-*"))
        }

    def resources(self, environment: str, type_: str, *stacks: str) -> dict[str, Resource]:
        """The resources of a type in an environment (in some of its stacks), by logical id."""
        return {
            name: resource
            for stack in stacks or STACKS
            for name, resource in self.stages[environment][stack]["Resources"].items()
            if resource["Type"] == type_
        }

    def parameters(self, environment: str) -> set[str]:
        """The SSM parameters that the environment looks up."""
        return {
            parameter["Default"]
            for template in self.stages[environment].values()
            for name, parameter in template.get("Parameters", {}).items()
            if parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
            and name != "BootstrapVersion"
        }

    def asset(self, code: Mapping[str, Any]) -> Path:
        """The folder that a function's or a layer's code is uploaded from."""
        return self.folder / f"asset.{code['S3Key'].removesuffix('.zip')}"


def _templates(stage: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    artifacts = json.loads((stage / "manifest.json").read_text("utf-8"))["artifacts"]
    for artifact in artifacts.values():
        if artifact["type"] == "aws:cloudformation:stack":
            template = json.loads(
                (stage / artifact["properties"]["templateFile"]).read_text("utf-8")
            )
            yield artifact["displayName"].rsplit("/", 1)[1], template


def plain(value: Any, template: Mapping[str, Any]) -> Any:
    """A value of a template with its references as CloudFormation would write them, roughly.

    An SSM look-up becomes the parameter's name, an attribute `<id.attribute>`.
    """
    match value:
        case {"Ref": name}:
            looked_up = template.get("Parameters", {}).get(name, {}).get("Default", f"<{name}>")
            return _PSEUDO.get(name, looked_up)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(plain(part, template)) for part in parts)
        case dict():
            return {key: plain(part, template) for key, part in value.items()}
        case list():
            return [plain(part, template) for part in value]
    return value


def listed(value: Any) -> list[Any]:
    """IAM writes one thing as itself and several as a list."""
    return value if isinstance(value, list) else [value]


def functions(assembly: Assembly, environment: str) -> dict[str, dict[str, Any]]:
    """Our functions by the name of their folder."""
    found = {}
    for stack in STACKS:
        template = assembly.stages[environment][stack]
        for resource in assembly.resources(environment, "AWS::Lambda::Function", stack).values():
            properties = plain(resource["Properties"], template)
            if properties.get("Runtime") == "python3.13":
                found[properties["Description"].removeprefix("Meterbook: functions/")] = properties
    return found


def role(function: dict[str, Any]) -> str:
    """The logical id of a function's role."""
    return str(function["Role"]).removeprefix("<").removesuffix(".Arn>")


def synthesized() -> Assembly:
    """The assembly of all environments. Errors: what synth says, when it does not end well."""
    folder = KEPT / _made_from()
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _synthesize(folder)
    return Assembly(folder)


def _synthesize(folder: Path) -> None:
    for old in KEPT.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    draft = KEPT / "draft"
    script = [sys.executable, str(ROOT / "tests/infra/synthesize.py"), str(draft)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        script, check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    draft.rename(folder)


def _made_from() -> str:
    files = [
        path
        for name in MADE_FROM
        for path in sorted([ROOT / name, *(ROOT / name).rglob("*")])
        if path.is_file() and "__pycache__" not in path.parts
    ]
    digest = hashlib.sha256(sys.version.encode())
    for path in files:
        digest.update(f"{path.relative_to(ROOT)} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
