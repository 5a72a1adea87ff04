"""RFC 9457: every refusal, whoever said it, in one form with a stable type, French texts and the id to quote."""

import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.enums import ParamType
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    PermissionDeniedException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ExceptionHandlersMap
from msgspec import Struct

from common import protocol, trace
from common.french_errors import in_french
from common.idempotency import Replayed
from common.logs import UNAVAILABLE
from common.refusal import FieldError, Forbidden, Malformed, Refusal

MEDIA_TYPE = "application/problem+json"
DISCONNECTED = 499  # the caller went away; only logs and metrics see it
# True too where the line was cut during COMMIT, and nobody knows whether it took place.
SEND_AGAIN = (
    "Renvoyez la même demande dans quelques instants ; avec la même Idempotency-Key elle ne sera pas faite deux fois."
)
# What passes by itself: the same demand may be sent again.
PASSING = (
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # asked on a session of whose end only the reason has arrived yet
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,  # a fail-over left us with the standby
    asyncpg.OutdatedSchemaCacheError,  # a migration ran meanwhile
    ConnectionError,
    TimeoutError,
    socket.gaierror,
)
MISSING = re.compile(r"Missing required (\w+) parameter '(\w+)'")
log = structlog.get_logger()


class Problem(Struct, frozen=True, kw_only=True):
    """Ce que répond Bassin quand il refuse une demande (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    trace_id: str | None = None
    errors: list[FieldError] = []


def answer(
    request: Request[Any, Any, Any], refusal: Refusal, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    problem = Problem(
        type=f"/problems/{refusal.code}",
        title=refusal.title,
        status=refusal.status,
        detail=refusal.detail,
        instance=quote(request.scope["path"]),
        trace_id=trace.trace_id(),
        errors=refusal.errors,
    )
    more = dict(headers or {})
    if refusal.retry_after is not None:
        more["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401:
        more["WWW-Authenticate"] = "Bearer"
    return Response(msgspec.json.encode(problem), status_code=refusal.status, media_type=MEDIA_TYPE, headers=more)


def refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    return answer(request, refusal)


def answered_before(_: Request[Any, Any, Any], replayed: Replayed) -> Response[bytes]:
    return replayed.answer.response()


def passing(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    UNAVAILABLE.warning("database_unavailable", extra={"error": type(error).__qualname__})
    return answer(request, protocol.Busy(SEND_AGAIN, retry_after=2))


def interface(request: Request[Any, Any, Any], error: asyncpg.InterfaceError) -> Response[bytes]:
    """asyncpg says so both of a lost connection and of a mistake of ours."""
    return passing(request, error) if "clos" in str(error) else bug(request, error)


def bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("unexpected_error", exc_info=error)
    return answer(request, protocol.Bug("Une erreur imprévue a empêché le traitement. Donnez le numéro de trace."))


def of_litestar(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework itself refuses, before any code of ours."""
    if error.status_code >= 500:
        return disconnected() if "disconnected" in error.detail else bug(request, error)
    return answer(request, _translated(error), _allow(error))


def disconnected() -> Response[bytes]:
    return Response(b"", status_code=DISCONNECTED)


def _translated(error: HTTPException) -> Refusal:
    match error:
        case ValidationException():
            return Malformed("Un ou plusieurs paramètres ne sont pas valides.", errors=_parameters(error))
        case NotFoundException():
            return protocol.UnknownRoute("Aucune ressource ne répond à cette adresse.")
        case MethodNotAllowedException():
            return protocol.MethodNotAllowed("Cette méthode n’est pas permise à cette adresse.")
        case RequestEntityTooLarge():
            return protocol.BodyTooLarge("Le contenu envoyé dépasse la taille admise.")
        case PermissionDeniedException():
            return Forbidden()
        case _:
            return protocol.BadRequest("La demande n’a pas pu être lue.")


def _allow(error: HTTPException) -> Mapping[str, str]:
    allowed = {method for method in (error.headers or {}).get("allow", "").split(", ") if method}
    allowed |= {"HEAD"} if "GET" in allowed else set()
    return {"Allow": ", ".join(sorted(allowed))} if allowed else {}


def _parameters(error: ValidationException) -> list[FieldError]:
    if isinstance(error.extra, list):
        return [_parameter(said) for said in error.extra]
    named = MISSING.match(error.detail)
    return [] if named is None else [_parameter({"source": named[1], "key": named[2], "message": error.detail})]


def _parameter(said: Mapping[str, Any]) -> FieldError:
    if said.get("key") == "data":
        return FieldError(pointer="", detail="Le corps de la demande est vide", code="missing")
    code, detail = in_french(said["message"])
    place = ParamType(said.get("source", ParamType.QUERY)).value
    return FieldError(pointer=f"/{place}/{said.get('key', '')}", detail=detail, code=code)


HANDLERS: ExceptionHandlersMap = {
    Refusal: refused,
    Replayed: answered_before,
    HTTPException: of_litestar,
    asyncpg.InterfaceError: interface,
    **dict.fromkeys(PASSING, passing),
    Exception: bug,
}
