"""A function that fails says the code of its error in its log, where MOD-098's registry is looked up."""

from __future__ import annotations

import importlib.util
import json
import logging
from typing import Any

import pytest
from functions.test_run_on_moto import Context
from meterbook.errors import SettingMissing
from synthesized import ROOT

NAMES = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


def handler_of(name: str) -> Any:
    """The handler, with a log that writes to where this test looks."""
    path = ROOT / "functions" / name / "handler.py"
    spec = importlib.util.spec_from_file_location(f"{name}_alone", path)
    assert spec
    assert spec.loader
    logging.Logger.manager.loggerDict.pop(name, None)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:No application metrics")
def test_the_code_and_the_remedy_are_logged_and_the_invocation_fails(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", name)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "meterbook-dev")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    with pytest.raises(SettingMissing) as missing:
        handler_of(name)({"period": "2026-10"}, Context(name))
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [one for one in said if "error_code" in one]
    assert line["error_code"] == "ENV_MISSING"
    assert line["retryable"] is False
    assert line["message"] == str(missing.value)
    assert line["service"] == name
    assert line["function_request_id"] == Context(name).aws_request_id
