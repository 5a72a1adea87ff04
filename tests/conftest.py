"""The real servers of a test run; `common.local` says how they are shared and how they end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from common.local.run_servers import RunOwner, RunServers, join

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

pytest_plugins = ["common.local.proven_items"]

SERVERS = pytest.StashKey[RunServers]()
OWNER = pytest.StashKey[RunOwner]()


class Node(Protocol):
    """What xdist tells of one of its workers."""

    config: pytest.Config
    workerinput: dict[str, str]


def pytest_configure(config: pytest.Config) -> None:
    if (given := getattr(config, "workerinput", None)) is not None:
        config.stash[SERVERS] = join(Path(given["run"]))
    else:
        config.stash[OWNER] = RunOwner()
        config.stash[SERVERS] = config.stash[OWNER].servers


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Node) -> None:
    node.workerinput["run"] = str(node.config.stash[SERVERS].directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    if owner := config.stash.get(OWNER, None):
        if owner.servers.outlive_the_run and owner.servers.known("template-"):
            from common.local.clones import drop  # noqa: PLC0415 - only here, for a server that others gave us

            drop(owner.servers, owner.servers.known("template-"))
        owner.close()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> RunServers:
    return pytestconfig.stash[SERVERS]


@pytest.fixture(scope="session")
def postgres(servers: RunServers) -> str:
    """The superuser's URL of this run's PostgreSQL."""
    return servers.admin_url()


@pytest.fixture(scope="session")
def kafka(servers: RunServers) -> str:
    """The bootstrap address of this run's broker, which keeps what other tests wrote: draw your own topic names."""
    return servers.kafka()


@pytest.fixture
def database(servers: RunServers) -> Iterator["Callable[[str], ServiceUrls]"]:
    """`database("training")`: a fresh, migrated database of that service."""
    from common.local.clones import clones  # noqa: PLC0415 - alembic takes 0.3 s, which unit tests need not wait for

    with clones(servers) as clone:
        yield clone
