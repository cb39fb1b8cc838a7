"""Published logs come in whole: Amazon's web server log of a day, Azure's trace of inferences."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from pathlib import Path

import pytest
from collect.usage_imports import Desk

ROOT = Path(__file__).parents[2]
DATA = ROOT / os.environ.get("DATA", "../shared/data")

pytestmark = pytest.mark.real


def published(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"the published data set {name} is not in {DATA}")
    return DATA / name


def test_the_log_of_the_paired_day_comes_in_whole(tmp_path: Path) -> None:
    log = published("aws-paired-day") / "Step1AccessLog.gz"
    desk = Desk(tmp_path, (ROOT / "examples/paired-day/access-log.yaml").read_text())
    done = desk.land(log).files[0]
    assert (done.lines, done.events, done.not_usage_lines) == (237_792, 28_571, 209_221)
    events = Counter(event["subject"] for event in desk.events)
    work: Counter[str] = Counter()
    for event in desk.events:
        work[event["subject"]] += int(event["data"]["quantity"])
    assert events == {"paid": 11_134, "sponsored": 9_312, "free": 8_125}
    assert work == {"paid": 830_971, "sponsored": 326_050, "free": 80_427}
    assert {event["time"][:10] for event in desk.events} == {"2019-11-26"}
    assert desk.land(log).files[0].unchanged


def test_the_log_of_the_paired_day_may_come_in_as_it_grew(tmp_path: Path) -> None:
    content = gzip.decompress((published("aws-paired-day") / "Step1AccessLog.gz").read_bytes())
    mapping = (ROOT / "examples/paired-day/access-log.yaml").read_text()
    steps, at_once = Desk(tmp_path, mapping), Desk(tmp_path, mapping)
    for cut in (len(content) // 3, len(content) // 2, len(content)):
        steps.land_text(content[:cut])
    at_once.land_text(content)
    identity = steps.records[0]["origin"]["identity"]
    assert {event["id"][:16] for event in steps.events} == {identity}
    assert {event["id"][16:]: event["data"] for event in steps.events} == {
        event["id"][16:]: event["data"] for event in at_once.events
    }


def test_seven_digits_of_a_second_and_lines_without_an_end_are_kept(tmp_path: Path) -> None:
    folder = published("azure-llm-trace-2023")
    for tenant in ("code", "conv"):
        mapping = f"""
            source: azure-{tenant}
            format: csv
            header: true
            time: {{column: TIMESTAMP, zone: UTC}}
            tenant: {{value: {tenant}}}
            module: {{value: inference}}
            metrics:
              - {{metric: input_tokens, quantity: {{column: ContextTokens}}}}
              - {{metric: output_tokens, quantity: {{column: GeneratedTokens}}}}
            """
        desk = Desk(tmp_path, mapping)
        done = desk.land(folder / f"AzureLLMInferenceTrace_{tenant}.csv").files[0]
        assert done.events == 2 * {"code": 8_819, "conv": 19_366}[tenant]
        assert not any("malformed" in event for event in desk.events)
        assert {len(event["time"]) for event in desk.events} == {
            len("2023-11-16T18:17:03.9799600Z")
        }
