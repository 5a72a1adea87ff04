'''Lists that can be read to their end while others change them: the next page begins after a row, not at a number.

The SQL of a list, whose sort key ends with something unique (the cursor is the key of the last row seen):

    LIST = """
    SELECT uai, name FROM school
    WHERE $1::text IS NULL OR (name, uai) > ($1, $2)
    ORDER BY name, uai LIMIT $3
    """

    @get("/v1/territory/schools")
    async def schools(agent: …, db: …, cursor: Cursor = None, limit: Limit = 50) -> Response[Page[School]]:
        name, uai = read_cursor(cursor, str, str) or (None, None)
        async with db.transaction(agent) as tx:
            rows = await tx.fetch(LIST, name, uai, limit + 1)  # one more: is there a next page?
        return paged([School.of(row) for row in rows], limit, lambda school: (school.name, school.uai), request)
'''

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter
from msgspec import Struct

from common.identifiers import dec_hook, enc_hook
from common.protocol import InvalidCursor
from common.refusal import FieldError

T = TypeVar("T")
LARGEST = 200
Cursor: TypeAlias = Annotated[
    str | None, QueryParameter(name="cursor", max_length=500, description="Le curseur `next` de la page précédente.")
]
Limit: TypeAlias = Annotated[
    int, QueryParameter(name="limit", ge=1, le=LARGEST, description="Nombre d’éléments par page.")
]
# ASCII only, so that a cursor never needs escaping in an address.
ENCODER = msgspec.json.Encoder(enc_hook=enc_hook)


class Page(Struct, Generic[T], frozen=True):
    """Une page d’une liste ; `next` est absent à la dernière."""

    items: Sequence[T]
    next: str | None = None


def read_cursor(text: str | None, *kinds: Any) -> tuple[Any, ...] | None:
    """The sort key that the cursor holds. Whatever somebody made of it, its parts have these types or it is refused.

    Raises:
        InvalidCursor: it was not made by `paged` for this list.
    """
    if text is None:
        return None
    try:
        key = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        parts = msgspec.json.decode(key, type=list[Any])
        return tuple(part_of(part, kind) for part, kind in zip(parts, kinds, strict=True))
    except (ValueError, msgspec.DecodeError) as error:
        wrong = FieldError(pointer="/query/cursor", detail="Ce curseur ne vient pas de cette liste", code="cursor")
        raise InvalidCursor("Le curseur de pagination n’est pas valide.", errors=[wrong]) from error


def part_of(part: Any, kind: Any) -> Any:
    """`part` as `kind`, and as PostgreSQL can take it."""
    if (isinstance(part, str) and "\0" in part) or (isinstance(part, int) and abs(part) >= 2**63):
        raise ValueError("no value of PostgreSQL")
    return msgspec.convert(part, kind, dec_hook=dec_hook)


def write_cursor(key: tuple[object, ...]) -> str:
    return urlsafe_b64encode(ENCODER.encode(key)).rstrip(b"=").decode()


def cut(rows: Sequence[T], limit: int, key: Callable[[T], tuple[object, ...]]) -> Page[T]:
    """The page of `limit + 1` rows read."""
    items = rows[:limit]
    return Page(items, write_cursor(key(items[-1])) if len(rows) > limit else None)


def paged(
    rows: Sequence[T], limit: int, key: Callable[[T], tuple[object, ...]], request: Request[Any, Any, Any]
) -> Response[Page[T]]:
    """The page with its Link header (RFC 8288): the address asked, only further."""
    page = cut(rows, limit, key)
    return Response(page, headers={} if page.next is None else {"Link": following(request, page.next)})


def following(request: Request[Any, Any, Any], cursor: str) -> str:
    asked = parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True)
    query = urlencode([*((name, value) for name, value in asked if name != "cursor"), ("cursor", cursor)])
    return f'<{quote(request.scope["path"])}?{query}>; rel="next"'
