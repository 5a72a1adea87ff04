"""One way to make a service's HTTP side, so that what every caller relies on cannot be forgotten in one of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme, Server, Tag
from litestar.types import ControllerRouterHandler, Middleware
from msgspec import Struct

from common import openapi, query, telemetry
from common.body import IncomingRequest, refuse_nul_in_address, refuse_open_bodies, refuse_repeated_headers
from common.health import Check, health_routes
from common.identifiers import Identifier, InvalidIdentifier, Numen, dec_hook, enc_hook
from common.observe import Observed
from common.problem import HANDLERS
from common.problem_pages import problems_controller
from common.retrieval import Retrieval

BODY_LIMIT = 1_000_000  # bytes; a route that needs more says `request_max_body_size`
BeforeRequest = Callable[[Any], Awaitable[Any]]
Lifespan = Callable[[Litestar], Any]


class Description(Struct, frozen=True, kw_only=True):
    """What a reader of the OpenAPI document is told first; in French."""

    title: str
    text: str
    version: str = "0.1.0"
    tags: Mapping[str, str] = {}


def http_app(
    name: str,
    controllers: Sequence[ControllerRouterHandler],
    *,
    description: Description,
    dependencies: Mapping[str, Provide] | None = None,
    lifespan: Sequence[Lifespan] = (),
    middleware: Sequence[Middleware] = (),
    before_request: BeforeRequest | None = None,
    essential: Mapping[str, Check] | None = None,
    helpful: Mapping[str, Check] | None = None,
    pages: Sequence[OpenAPIRenderPlugin] = (),
    problems: Sequence[ControllerRouterHandler] | None = None,
    body_limit: int = BODY_LIMIT,
    elsewhere: Sequence[str] = (),
) -> Litestar:
    """The application of service `name`.

    The gateway's differs in two: `problems` replaces its pages of refusals, it shows those of all services; what is
    asked below the paths `elsewhere` is answered by others.
    """
    config = _constants()
    config.route_handlers = [
        *controllers,
        *health_routes(essential or {}, helpful or {}),
        *(problems_controller(name) if problems is None else problems),
    ]
    known: dict[BaseRouteHandler, Mapping[str, bool]] = {}
    config.before_request = _before(before_request, known)
    config.dependencies = dict(dependencies or {})
    config.lifespan = [lambda _: telemetry.running(name), *lifespan]
    config.middleware = list(middleware)
    config.openapi_config = _openapi_config(name, description, pages)
    config.request_max_body_size = body_limit
    app = Litestar.from_config(config)
    refuse_open_bodies(app)
    known.update(query.declared(app))
    openapi.refuse_random_examples(app)
    app.asgi_handler = Observed(name, Retrieval(app, elsewhere=elsewhere))
    return app


def _constants() -> AppConfig:
    """What is the same in every service."""
    return AppConfig(
        debug=False,
        exception_handlers=HANDLERS,
        logging_config=None,  # a refusal is not an error, and a bug is logged once, by its handler
        plugins=[openapi.Values()],
        request_class=IncomingRequest,
        type_decoders=[(_is_ours, _decoded)],
        type_encoders={Identifier: enc_hook},
    )


def _before(hook: BeforeRequest | None, known: query.Declared) -> BeforeRequest:
    async def before(request: Any) -> Any:
        refuse_nul_in_address(request)
        refuse_repeated_headers(request)
        query.refuse_unknown_parameters(request, known)
        return None if hook is None else await hook(request)

    return before


def _is_ours(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, (Identifier, Numen))


def _decoded(kind: type, value: Any) -> object:
    try:
        return dec_hook(kind, value)
    except InvalidIdentifier as error:
        raise ValueError(f"[{error.code}] {error}") from error


def _openapi_config(name: str, description: Description, pages: Sequence[OpenAPIRenderPlugin]) -> OpenAPIConfig:
    bearer = SecurityScheme(
        type="http", scheme="bearer", bearer_format="JWT", description="Jeton du fournisseur d’identité de l’académie."
    )
    return OpenAPIConfig(
        title=description.title,
        description=description.text,
        version=description.version,
        license=License(name="EUPL-1.2", identifier="EUPL-1.2"),
        components=Components(security_schemes={"jeton": bearer}),
        security=[{"jeton": []}],
        servers=[Server(url="/")],
        tags=[Tag(name=tag, description=text) for tag, text in description.tags.items()],
        use_handler_docstrings=True,
        render_plugins=list(pages) or [openapi.Document(name)],  # the gateway shows the document of all services
    )
