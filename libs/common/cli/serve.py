"""`bassin serve`: one process of the platform in the foreground, as its image runs it."""

import os
from importlib.metadata import entry_points
from typing import Annotated

from cyclopts import Parameter

from common.service import run
from common.settings import Settings, read

PROCESSES = "bassin.processes"  # entry points: what runs otherwise than a service does


def serve(service: Annotated[str, Parameter(env_var="BASSIN_SERVICE", help="a service, or gateway")]) -> None:
    """Run SERVICE with the settings of the environment until SIGTERM (bassin config check SERVICE shows them)."""
    of_its_own = {point.name: point for point in entry_points(group=PROCESSES)}
    if service in of_its_own:
        of_its_own[service].load()()
    else:
        run(service, read(Settings, os.environ, service=service))
