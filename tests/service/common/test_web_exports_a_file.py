"""The download names its file, its form is asked for by `profil`, and what it holds is not kept by anyone."""

from typing import Any

import httpx
from litestar import get
from litestar.response import Stream

from common.exports import Profil, ProfilDemande, csv_answer
from common.web import Description, http_app


@get("/v1/answers.csv")
async def answers(profil: ProfilDemande = Profil.FRANCAIS) -> Stream:
    return csv_answer("réponses 09.csv", ["uai", "n"], [["0590318A", 1.5]], profil)


async def test_the_same_address_serves_people_and_machines() -> None:
    app: Any = http_app("trial", [answers], description=Description(title="x", text="x"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        people = await client.get("/v1/answers.csv")
        machine = await client.get("/v1/answers.csv?profil=rfc4180")
        wrong = await client.get("/v1/answers.csv?profil=excel")

    assert people.content == "\ufeffuai;n\r\n0590318A;1,5\r\n".encode()
    assert people.headers["content-type"] == "text/csv; charset=utf-8"
    assert people.headers["content-disposition"] == "attachment; filename*=UTF-8''r%C3%A9ponses%2009.csv"
    assert people.headers["cache-control"] == "no-store"
    assert machine.content == b"uai,n\r\n0590318A,1.5\r\n"
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/query/profil"
