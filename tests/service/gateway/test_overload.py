"""One who asks too much is told so; the others, and the other académie, notice nothing."""

import asyncio
from typing import Any

import httpx


async def ask(client: httpx.AsyncClient, headers: dict[str, str], times: int) -> list[httpx.Response]:
    return await asyncio.gather(*(client.get("/v1/training/x", headers=headers) for _ in range(times)))


async def test_an_agent_over_his_rate_gets_429_and_when_to_come_back(own: Any) -> None:
    await own.provide()
    await own.route()
    client = await own.start(rate_per_subject=1, burst_per_subject=5)

    answers = await ask(client, own.as_("chef@lille"), 12)

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 7
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert {answer.json()["type"] for answer in refused} == {"/problems/too-many-requests"}
    assert len(own.service.heard) == 5
    assert [answer.status_code for answer in await ask(client, own.as_("formation@lille"), 1)] == [200]


async def test_a_second_token_of_the_same_agent_has_no_second_bucket(own: Any) -> None:
    await own.provide()
    await own.route()
    client = await own.start(rate_per_subject=0.01, burst_per_subject=2)

    statuses = [(await ask(client, own.as_("chef@lille", jti=str(n)), 1))[0].status_code for n in range(3)]

    assert statuses == [200, 200, 429]


async def test_an_academie_over_its_rate_leaves_the_other_alone(own: Any) -> None:
    await own.provide()
    await own.route()
    client = await own.start(rate_per_academie=0.1, burst_per_academie=6)
    flood = [own.as_(f"{account}@lille") for account in ("chef", "formation", "drh", "paye")]

    answers = [answer for headers in flood for answer in await ask(client, headers, 5)]
    other = await ask(client, own.as_("chef@amiens"), 5)

    assert sorted({answer.status_code for answer in answers}) == [200, 429]
    assert [answer.status_code for answer in answers].count(200) == 6
    assert {answer.status_code for answer in other} == {200}


async def test_an_academie_that_waits_for_a_slow_service_takes_no_place_of_the_other(own: Any) -> None:
    await own.provide()
    await own.route(read_seconds=1)
    client = await own.start(in_flight_per_academie=3)
    slow = [asyncio.create_task(client.get("/v1/training/slow", headers=own.as_("chef@lille"))) for _ in range(3)]
    for _ in slow:
        await own.service.slow.get()

    [more] = await ask(client, own.as_("formation@lille"), 1)
    other = await ask(client, own.as_("chef@amiens"), 3)
    ended = await asyncio.gather(*slow)

    assert (more.status_code, more.headers["retry-after"], more.json()["type"]) == (503, "1", "/problems/overloaded")
    assert {answer.status_code for answer in other} == {200}
    assert {answer.status_code for answer in ended} == {504}
    assert [answer.status_code for answer in await ask(client, own.as_("formation@lille"), 1)] == [200]
