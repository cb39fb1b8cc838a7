"""The documents are true: their commands run, their output is real, their files exist."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from meterbook_cli.main import app
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
DOCS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
PATH = re.compile(r"`((?:[a-z_0-9.]+/)+[A-Za-z_0-9.]+)`")
FORBIDDEN = re.compile(
    r"(?<![\w./])/(?:work|root|tmp/[a-z]|home)/|pypi\.|registry\.npm|deb\.debian"
)


def block(kind):
    text = (ROOT / "README.md").read_text("utf-8")
    return re.search(rf"```text {kind}\n(.*?)```", text, re.DOTALL)[1]


def test_the_readme_shows_what_make_demo_prints(demo):
    assert block("demo") == demo.stdout


def test_the_event_that_flow_md_follows_is_in_the_demo(demo):
    text = (ROOT / "docs/flow.md").read_text("utf-8")
    arguments = re.search(r"meterbook --workspace \S+ (explain .*)", text)[1].split()
    shown = CliRunner().invoke(app, ["--workspace", str(demo.root), *arguments, "--json"])
    assert re.search(r"as a CloudEvent, `([\d-]+)`", text)[1] in shown.stdout
    stored = demo.root / "evidence/invoices" / arguments[1] / "invoice.json"
    amounts = {line["amount"] for line in lines_of(json.loads(stored.read_text()))}
    assert set(re.findall(r"= ([\d.]+) EUR", text)) <= amounts


def lines_of(document):
    return [line for group in document["groups"] for line in group["lines"]]


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document):
    for name in PATH.findall(document.read_text("utf-8")):
        if name.startswith(("../", "build/", "deliveries/")):
            continue
        assert (ROOT / name).exists(), f"{document.name} names {name}"


def test_every_command_that_the_readme_names_exists():
    verbs = set(
        re.findall(r"^meterbook (\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    )
    assert len(verbs) > 5
    for verb in verbs:
        assert CliRunner().invoke(app, [verb, "--help"]).exit_code == 0, verb


def test_no_path_of_a_machine_and_no_registry_stands_in_the_repository():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        path = ROOT / name
        if path.suffix in {".png", ".ttf", ".gz"} or path == Path(__file__) or not path.is_file():
            continue
        found = FORBIDDEN.search(path.read_text("utf-8"))
        assert found is None, f"{name}: {found[0]}"
