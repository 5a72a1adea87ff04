"""What the forkserver does once, so that services share it: their imports, and what building their like leaves behind.

Each application is built here and dropped: Litestar and msgspec keep of it what they found out about its types, which
every service would find out again in memory of its own.
"""

import gc
import importlib
from importlib.metadata import entry_points

from common.identifiers import CodeAcademie
from common.service import load, services
from common.settings import Settings

MODULES = [
    "gateway.main",
    "common.local.identity_provider",
    "common.local.serving",
    "icalendar",
    "anyio._backends._asyncio",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
]
NOWHERE = "postgresql://nobody@localhost/nothing"


def build(name: str) -> None:
    """Nothing is opened before an application starts."""
    settings = Settings(
        service=name,
        academies=(CodeAcademie("09"),),
        database_url=NOWHERE,
        relay_database_url=NOWHERE,
        kafka="localhost:0",
        gateway_jwks_url="http://localhost",
    )
    load(name).app(settings)


for module in [*(point.module for point in entry_points(group="bassin.services")), *MODULES]:
    importlib.import_module(module)
for service in services():
    build(service)
gc.collect()
gc.freeze()  # a collection in a service would write to the pages it shares, and so copy them
