"""Litestar deprecates parameters that it infers from a name: ours say what they are, and nothing else is deprecated."""

import warnings
from uuid import UUID

import pytest
from litestar import Litestar, get
from tests.architecture.applications import application

from common.service import services


def test_an_inferred_parameter_is_deprecated() -> None:
    @get("/{identifier:uuid}", sync_to_thread=False)
    def read(identifier: UUID) -> str:
        return str(identifier)

    with pytest.warns(DeprecationWarning, match="FromPath"):
        Litestar([read])


@pytest.mark.parametrize("name", sorted(services()))
def test_no_route_of_ours_relies_on_what_will_go(name: str) -> None:
    with warnings.catch_warnings(action="error", category=DeprecationWarning):
        application(name)
