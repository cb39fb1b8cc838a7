"""A function that fails says the code of its error in its log, where MOD-098's registry is looked up."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass

import pytest
from meterbook.errors import SettingMissing
from synthesized import ROOT

NAMES = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


@dataclass(frozen=True)
class Context:
    """What Lambda tells a handler about its invocation."""

    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:f"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:No application metrics")
def test_the_code_and_the_remedy_are_logged_and_the_invocation_fails(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", name)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "meterbook-dev")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    path = ROOT / "functions" / name / "handler.py"
    spec = importlib.util.spec_from_file_location(f"{name}_alone", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(SettingMissing) as missing:
        module.handler({"period": "2026-10"}, Context(name))
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [one for one in said if "error_code" in one]
    assert line["error_code"] == "ENV_MISSING"
    assert line["retryable"] is False
    assert line["message"] == str(missing.value)
    assert line["service"] == name
    assert line["function_request_id"] == Context(name).aws_request_id
