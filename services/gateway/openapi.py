"""What the platform says of itself: every route of every service, every event, every refusal, in one place.

The page is Swagger UI 5.35.0 (Apache-2.0, swagger_ui/), served from here: it calls no other host.
"""

import gzip
from pathlib import Path
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.enums import OpenAPIMediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.response import Redirect

from common.health import PUBLIC
from common.problem_pages import ProblemKind, catalogue, problems_controller

HERE = Path(__file__).parent
PACKAGED = HERE / "documents"  # in a wheel: pyproject.toml puts docs/*.json there
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Les adresses de Bassin</title>
<link rel="stylesheet" href="/schema/swagger-ui.css">
</head>
<body>
<main id="document">
<h1>Les adresses de Bassin</h1>
<p>Cette page demande JavaScript. Le même contenu :
<a href="/schema/openapi.json">les adresses (OpenAPI)</a>,
<a href="/asyncapi.json">les événements (AsyncAPI)</a>, <a href="/problems">les refus possibles</a>.</p>
</main>
<script src="/schema/swagger-ui.js"></script>
<script src="/schema/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#document",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


def published(name: str) -> bytes:
    """A generated document, where it lies in a wheel or in a clone."""
    folder = PACKAGED if PACKAGED.is_dir() else HERE.parents[1] / "docs"
    return (folder / name).read_bytes()


def joined() -> bytes:
    """The document of all services, and the refusals that only the gateway gives."""
    document = msgspec.json.decode(published("openapi.json"))
    kinds = [*document["x-problems"], *msgspec.to_builtins(catalogue("gateway"))]
    document["x-problems"] = sorted(kinds, key=lambda kind: kind["code"])
    return msgspec.json.encode(document)


class Joined(OpenAPIRenderPlugin):
    """/schema/openapi.json: the document of all services instead of the gateway's own, which has no route to show."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON)
        self._document = joined()

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return self._document


class Page(OpenAPIRenderPlugin):
    """/schema, for a person."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return PAGE.encode()

    def receive_router(self, router: Any) -> None:
        super().receive_router(router)
        router.response_headers = {"Content-Security-Policy": POLICY}


def refusals() -> list[HTTPRouteHandler]:
    """/problems: those of the platform, of the gateway and of every service."""
    listed = msgspec.json.decode(published("openapi.json"))["x-problems"]
    return problems_controller("gateway", msgspec.convert(listed, list[ProblemKind]))


def pages() -> list[HTTPRouteHandler]:
    @get("/", include_in_schema=False, opt=PUBLIC, sync_to_thread=False)
    def root() -> Redirect:
        return Redirect("/schema")

    @get("/asyncapi.json", include_in_schema=False, opt=PUBLIC, sync_to_thread=False)
    def asyncapi() -> Response[bytes]:
        return Response(published("asyncapi.json"), media_type="application/vnd.aai.asyncapi+json")

    @get("/schema/start.js", include_in_schema=False, opt=PUBLIC, sync_to_thread=False)
    def start() -> Response[str]:
        return Response(START, media_type="text/javascript")

    return [root, asyncapi, start, _asset("swagger-ui.js", "text/javascript"), _asset("swagger-ui.css", "text/css")]


def _asset(name: str, media_type: str) -> HTTPRouteHandler:
    packed = (HERE / "swagger_ui" / f"{name}.gz").read_bytes()

    @get(f"/schema/{name}", include_in_schema=False, opt=PUBLIC, sync_to_thread=False, name=name)
    def asset(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = {"Cache-Control": "public, max-age=86400", "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(gzip.decompress(packed), media_type=media_type, headers=headers)
        return Response(packed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})

    return asset
