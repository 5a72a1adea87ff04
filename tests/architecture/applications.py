"""A service's HTTP side that reaches nothing: what its routes, guards and declarations say needs no database."""

from litestar import Litestar

from common.identifiers import CodeAcademie
from common.service import load
from common.settings import Settings
from common.tokens import Keys

LILLE = CodeAcademie("09")


def application(name: str, keys: Keys | None = None) -> Litestar:
    settings = Settings(
        service=name,
        academies=(LILLE,),
        database_url="postgresql://127.0.0.1:9/nowhere",
        relay_database_url="postgresql://127.0.0.1:9/nowhere",
        kafka="127.0.0.1:9",
        gateway_jwks_url="http://127.0.0.1:9",
        numen_key="0123456789abcdef0123456789abcdef",
    )
    return load(name).app(settings, keys)
