"""`bassin openapi`: the documents that the services' routes give, and the one that the gateway shows."""

from pathlib import Path
from typing import Any

import msgspec
from cyclopts import App

from common import openapi
from common.identifiers import CodeAcademie
from common.local.places import ROOT
from common.local.trouble import Trouble
from common.openapi_join import join
from common.service import load, services
from common.settings import Settings
from common.tokens import FixedKeys

app = App(name="openapi", help="The OpenAPI documents in docs/: one a service, and all of them joined.")
DOCS = ROOT / "docs"


def export_service(name: str) -> dict[str, Any]:
    """The document of an installed service, from its routes alone: nothing is connected."""
    settings = Settings(
        service=name,
        academies=(CodeAcademie("09"),),
        database_url="",
        relay_database_url="",
        kafka="",
        gateway_jwks_url="",
    )
    return openapi.document(load(name).app(settings, FixedKeys({})), name)


def rendered() -> dict[str, bytes]:
    """Every file under docs/ that this command writes."""
    documents = {name: export_service(name) for name in sorted(services())}
    files = {f"openapi/{name}.json": document for name, document in documents.items()}
    return {file: _json(document) for file, document in (files | {"openapi.json": join(documents)}).items()}


@app.command
def export(*, docs: Path = DOCS) -> int:
    """Write docs/openapi/<service>.json and docs/openapi.json."""
    try:
        (docs / "openapi").mkdir(parents=True, exist_ok=True)
        for file, document in rendered().items():
            if not _holds(docs / file, document):
                (docs / file).write_bytes(document)
                print(f"wrote {file}")
    except OSError as wrong_place:
        raise Trouble(f"{wrong_place.filename}: {wrong_place.strerror}: say --docs") from wrong_place
    return 0


@app.command
def check(*, docs: Path = DOCS) -> int:
    """Say which documents are out of date; writes nothing."""
    stale = [file for file, document in rendered().items() if not _holds(docs / file, document)]
    for file in stale:
        print(f"{file}: out of date: bassin openapi export")
    return 1 if stale else 0


def _holds(file: Path, document: bytes) -> bool:
    return file.exists() and file.read_bytes() == document


def _json(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
