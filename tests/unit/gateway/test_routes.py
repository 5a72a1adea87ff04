"""Which service answers which path."""

import pytest

from common.protocol import UnknownRoute
from gateway.routes import RouteTable
from gateway.settings import Route

TABLE = RouteTable(
    [
        Route(service="hr_networks", url="http://a"),
        Route(service="territory", url="http://b"),
        Route(service="territory", url="http://b", prefix="/v1/territory/imports/", largest_body=9),
    ]
)


@pytest.mark.parametrize(
    ("path", "service", "largest"),
    [
        ("/v1/hr-networks/campaigns", "hr_networks", 1024 * 1024),
        ("/v1/hr-networks", "hr_networks", 1024 * 1024),
        ("/v1/hr-networks/", "hr_networks", 1024 * 1024),
        ("/v1/territory/imports", "territory", 9),
        ("/v1/territory/imports/1", "territory", 9),
        ("/v1/territory/importations", "territory", 1024 * 1024),
    ],
)
def test_the_longest_prefix_of_whole_segments_answers(path: str, service: str, largest: int) -> None:
    route = TABLE.find(path)

    assert (route.service, route.largest_body) == (service, largest)


@pytest.mark.parametrize(
    "path", ["/v1/hr_networks/x", "/v1/hr-networksx", "/v1", "/", "/v1/HR-NETWORKS", "/v1/hr%2Dnetworks"]
)
def test_what_no_service_answers_is_unknown(path: str) -> None:
    with pytest.raises(UnknownRoute):
        TABLE.find(path)
