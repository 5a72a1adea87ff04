"""The witness journey, over HTTP through the gateway, with every service, PostgreSQL and Kafka real."""

from pathlib import Path

import httpx
import pytest
from tests.journeys.platform.platform_of_tests import Platform

from common.local.journey import Journey
from common.local.visitor import until

pytestmark = pytest.mark.xdist_group("platform")


@pytest.mark.item(112)
@pytest.mark.item(113)
@pytest.mark.item(141)
def test_a_census_is_opened_answered_and_known_to_training_in_each_academie_alone(platform: Platform) -> None:
    """A second time on the same platform: the same directory changes nothing, the same people are found again."""
    journey = Journey(platform.url, platform.identity_provider)

    assert journey.load_directory() == ("2 académies, 46 établissements", None)
    assert journey.play() == ("census opened -> answered in both academies -> known to training", None)


def test_no_log_names_a_person(platform: Platform) -> None:
    lines = "".join(file.read_text("utf-8") for file in Path(platform.logs).glob("*.jsonl"))

    assert '"trace_id"' in lines
    assert "Wallart" not in lines
    assert "secretariat1." not in lines


def test_one_trace_goes_through_gateway_and_service(platform: Platform) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    refused = httpx.get(f"{platform.url}/v1/territory/bassins", headers={"traceparent": f"00-{trace}-{'1' * 16}-01"})

    assert refused.status_code == 401
    assert refused.json()["trace_id"] == trace
    log = Path(platform.logs) / "gateway.jsonl"  # told after the answer has left
    until(lambda: log.read_text("utf-8"), lambda lines: trace in lines, what="the gateway to log the trace")
