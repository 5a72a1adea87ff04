"""The gateway of a demo takes what the imports take: elsewhere a body of one megabyte is its limit."""

import tomllib

import msgspec

from common.local.provision import routes_toml
from gateway.routes import RouteTable
from gateway.settings import RoutesFile
from territory.imports.api import ImportsController
from territory.imports.upload import LIMIT


def test_the_whole_directory_passes_and_only_to_the_imports() -> None:
    routes = tomllib.loads(routes_toml({"territory": "http://a", "training": "http://b"}))
    table = RouteTable(msgspec.convert(routes, RoutesFile).routes)

    assert table.find(ImportsController.path).largest_body == LIMIT
    assert table.find(ImportsController.path).service == "territory"
    assert table.find("/v1/territory/bassins").largest_body < LIMIT
    assert table.find("/v1/training/sizing").largest_body < LIMIT
