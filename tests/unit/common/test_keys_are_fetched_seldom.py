"""An issuer's keys: one fetch at a time, at most one in 30 s, and the known ones kept while the issuer is down."""

import asyncio
from http.client import HTTPException

import msgspec
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from common.refusal import Unavailable
from common.tokens import COOL_DOWN, FRESH, FetchedKeys, Remembered, fetch, usable_keys


class Time:
    at = 1000.0

    def __call__(self) -> float:
        return self.at


def key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


class Issuer:
    """Publishes the keys it is told to, or is down."""

    def __init__(self, *kids: str) -> None:
        self.keys = [key(kid) for kid in kids]
        self.fetches = 0
        self.down = False

    async def load(self) -> bytes:
        self.fetches += 1
        await asyncio.sleep(0)
        if self.down:
            raise OSError("unreachable")
        return msgspec.json.encode({"keys": [one.as_dict(private=False) for one in self.keys]})


@pytest.fixture
def time() -> Time:
    return Time()


async def test_a_known_key_costs_no_fetch(time: Time) -> None:
    issuer = Issuer("a", "b")
    keys = FetchedKeys(issuer.load, elapsed=time)

    found = [await keys.key(kid) for kid in ("a", "b", "a")]

    assert [one.kid for one in found if one] == ["a", "b", "a"]
    assert issuer.fetches == 1


async def test_many_who_wait_cause_one_fetch(time: Time) -> None:
    issuer = Issuer("a")
    keys = FetchedKeys(issuer.load, elapsed=time)

    found = await asyncio.gather(*(keys.key("a") for _ in range(50)))

    assert all(found)
    assert issuer.fetches == 1


async def test_one_who_stops_waiting_does_not_stop_the_fetch_of_the_others(time: Time) -> None:
    issuer = Issuer("a")
    keys = FetchedKeys(issuer.load, elapsed=time)
    impatient, patient = asyncio.create_task(keys.key("a")), asyncio.create_task(keys.key("a"))
    await asyncio.sleep(0)

    impatient.cancel()

    assert await patient is not None


async def test_unknown_kids_cause_one_fetch_in_thirty_seconds(time: Time) -> None:
    issuer = Issuer("a")
    keys = FetchedKeys(issuer.load, elapsed=time)
    await keys.key("a")

    for second in range(100):
        time.at = 1000 + second
        assert await keys.key(f"forged-{second}") is None

    assert issuer.fetches == 1 + 100 // COOL_DOWN


async def test_who_knows_no_key_yet_asks_again_as_soon_as_it_was_told_to(time: Time) -> None:
    """A service that starts while the gateway is restarted refused everybody for thirty seconds."""
    issuer = Issuer("a")
    issuer.down = True
    keys = FetchedKeys(issuer.load, without_keys=1.0, elapsed=time)
    with pytest.raises(Unavailable) as refused:
        await keys.key("a")
    issuer.down = False

    time.at += 1.0

    assert await keys.key("a") is not None
    assert refused.value.retry_after == 1


async def test_a_key_published_since_is_found(time: Time) -> None:
    issuer = Issuer("a")
    keys = FetchedKeys(issuer.load, elapsed=time)
    await keys.key("a")
    issuer.keys = [key("b")]

    time.at += COOL_DOWN
    assert await keys.key("b") is not None
    assert await keys.key("a") is None


async def test_old_keys_are_read_again_without_making_anyone_wait(time: Time) -> None:
    issuer = Issuer("a")
    keys = FetchedKeys(issuer.load, elapsed=time)
    await keys.key("a")
    issuer.keys = [key("b")]

    time.at += FRESH + 1
    assert await keys.key("a") is not None
    for _ in range(5):
        await asyncio.sleep(0)

    assert await keys.key("a") is None
    assert issuer.fetches == 2


async def test_known_keys_are_kept_while_the_issuer_is_down_for_ten_minutes(time: Time) -> None:
    issuer = Issuer("a")
    keys = FetchedKeys(issuer.load, elapsed=time)
    await keys.key("a")
    issuer.down = True

    for second in range(600):
        time.at = 1000 + second
        assert await keys.key("a") is not None
        await asyncio.sleep(0)

    assert issuer.fetches <= 1 + 600 / COOL_DOWN


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b'{"keys": []}', b"<html>", b'{"keys": 3}'])
async def test_an_answer_that_holds_no_key_replaces_none(time: Time, answer: bytes) -> None:
    issuer = Issuer("a")
    keys = FetchedKeys(issuer.load, elapsed=time)
    await keys.key("a")

    async def load() -> bytes:
        return answer

    keys._load = load
    time.at += COOL_DOWN
    assert await keys.key("b") is None
    assert await keys.key("a") is not None


async def test_an_issuer_never_heard_of_is_unavailable_and_not_a_wrong_token(time: Time) -> None:
    issuer = Issuer("a")
    issuer.down = True
    keys = FetchedKeys(issuer.load, elapsed=time)

    with pytest.raises(Unavailable) as refused:
        await keys.key("a")

    assert refused.value.retry_after == 30
    issuer.down = False
    time.at += COOL_DOWN
    assert await keys.key("a") is not None


def test_only_public_keys_that_sign_are_usable() -> None:
    fine = key("a").as_dict(private=False)
    listed = [
        fine,
        OctKey.generate_key(256, {"kid": "secret"}).as_dict(private=True),
        RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"}).as_dict(private=False),
        {"kty": "AKP", "kid": "post-quantum"},
        {"kty": "EC", "kid": "broken", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "kid": "curve", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "EC", "kid": "empty"},
        {"kid": "nothing"},
        {name: value for name, value in fine.items() if name != "kid"},
    ]

    assert set(usable_keys(msgspec.json.encode({"keys": listed}))) == {"a"}


def test_what_is_remembered_ends_in_time_and_in_number(time: Time) -> None:
    remembered: Remembered[str, int] = Remembered(2, elapsed=time)
    remembered.put("a", 1, seconds=10)
    remembered.put("b", 2, seconds=5)

    time.at += 5
    assert (remembered.get("a"), remembered.get("b")) == (1, None)
    remembered.put("c", 3, seconds=5)
    assert (remembered.get("a"), remembered.get("c")) == (None, 3)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://idp/", "idp", ""])
async def test_only_http_is_read(url: str) -> None:
    with pytest.raises((ValueError, OSError, HTTPException)):
        await fetch(url)
