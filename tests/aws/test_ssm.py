"""Names come from the Parameter Store, and one that is not there is named."""

from __future__ import annotations

import pytest
from aws.moto_cloud import client
from meterbook.aws.ssm import parameter
from meterbook.errors import SettingMissing


def test_a_parameter_is_read_by_its_name():
    ssm = client("ssm")
    ssm.put_parameter(Name="/meterbook/dev/metering/bus", Value="meterbook-dev", Type="String")
    assert parameter(ssm, "/meterbook/dev/metering/bus") == "meterbook-dev"


def test_a_parameter_that_is_not_there_is_named():
    with pytest.raises(SettingMissing, match="/meterbook/dev/nothing") as missing:
        parameter(client("ssm"), "/meterbook/dev/nothing")
    assert missing.value.code == "ENV_MISSING"
