"""A list is read to its end by following `next`, and no cursor that somebody made up reaches the database."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request, Response, get
from litestar.params import FromQuery
from msgspec import Struct

from common.identifiers import Uai
from common.pagination import Cursor, Limit, Page, cut, paged, read_cursor, write_cursor
from common.protocol import InvalidCursor
from common.web import Description, http_app


class School(Struct, frozen=True, order=True):
    name: str
    uai: Uai


SCHOOLS = sorted(School(f"Collège {n % 3}", Uai(f"{n:07d}{Uai.LETTERS[n % 23]}")) for n in range(7))


@get("/v1/schools")
async def schools(
    request: Request[Any, Any, Any], cursor: Cursor = None, limit: Limit = 3, tri: FromQuery[str] = ""
) -> Response[Page[School]]:
    after = School(*(read_cursor(cursor, str, Uai) or ("", "")))
    rows = [school for school in SCHOOLS if school > after][: limit + 1]
    return paged(rows, limit, lambda school: (school.name, school.uai), request)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app: Any = http_app("territory", [schools], description=Description(title="Essai", text="Essai"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_following_next_reads_every_element_once(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/schools?limit=3&tri=nom%20%C3%A9")
    seen = answer.json()["items"]
    while link := answer.links.get("next"):
        assert "tri=nom+%C3%A9" in link["url"]
        assert link["url"].count("cursor=") == 1
        answer = await client.get(link["url"])
        seen += answer.json()["items"]

    assert [school["uai"] for school in seen] == [school.uai for school in SCHOOLS]
    assert answer.json()["next"] is None


@pytest.mark.parametrize("limit", ["0", "201", "beaucoup"])
async def test_the_size_of_a_page_is_bounded(client: httpx.AsyncClient, limit: str) -> None:
    answer = await client.get(f"/v1/schools?limit={limit}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/limit"


async def test_a_cursor_that_was_made_up_is_refused_with_its_pointer(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/schools?cursor=WyJhIl0")

    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-cursor"
    assert answer.json()["errors"][0]["pointer"] == "/query/cursor"


@given(st.binary() | st.text().map(str.encode) | st.lists(st.integers() | st.text()).map(msgspec.json.encode))
def test_no_tampered_cursor_is_more_than_refused(made_up: bytes) -> None:
    for text in (urlsafe_b64encode(made_up).decode(), made_up.decode("latin-1")):
        try:
            key = read_cursor(text, str, int)
        except InvalidCursor:
            continue
        assert key is not None
        name, number = key
        assert isinstance(name, str)
        assert "\0" not in name
        assert isinstance(number, int)
        assert abs(number) < 2**63


@pytest.mark.parametrize("key", [("a\0", 1), ("a", 2**63), ("a", -(2**63)), ("a",), ("a", 1, 2), ("a", "1"), (1, 1)])
def test_a_key_that_the_database_could_not_take_is_refused(key: tuple[object, ...]) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(write_cursor(key), str, int)


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")), st.uuids())
def test_a_cursor_gives_the_key_back(name: str, id: UUID) -> None:  # noqa: A002  the name of the key's part
    assert read_cursor(write_cursor((name, id)), str, UUID) == (name, id)
    assert write_cursor((name, id)).isascii()


def test_the_last_page_has_no_next() -> None:
    assert cut([1, 2, 3], 3, lambda n: (n,)) == Page([1, 2, 3], None)
    assert cut([1, 2, 3, 4], 3, lambda n: (n,)).items == [1, 2, 3]
    assert cut([], 3, lambda n: (n,)) == Page([], None)
