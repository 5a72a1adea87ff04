"""A service in a forked process: `common.service.run` with the settings of that process's environment."""

import os

from common.service import run
from common.settings import Settings, read


def serve(name: str) -> None:
    run(name, read(Settings, os.environ, service=name))
