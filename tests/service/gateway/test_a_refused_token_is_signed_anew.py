"""A token that the gateway signed while its clock was wrong must not be sent again once the clock is right."""

from typing import Any

from tests.service.gateway.conftest import Running, address, loopback, plain


class Doubting:
    """A service that believes nobody, and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.shown += [value.decode() for name, value in scope["headers"] if name == b"authorization"]
        await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def test_a_refused_token_is_signed_anew(own: Any) -> None:
    doubting, bound = Doubting(), loopback()
    running = Running(plain(doubting), bound)
    await own.provide()
    own.routes({"service": "training", "url": address(bound)})
    client = await own.start()

    answers = [await client.get("/v1/training/x", headers=own.as_("chef@lille")) for _ in range(2)]
    await running.stop()

    assert [answer.json()["type"] for answer in answers] == ["/problems/gateway-not-recognised"] * 2
    assert len(set(doubting.shown)) == 2
