"""How much one may ask: the buckets, with time moved by hand."""

from uuid import UUID

import pytest

from common.identifiers import CodeAcademie
from common.identity import Agent
from common.protocol import TooManyRequests
from gateway.limits import Buckets, Limits, Overloaded


class Time:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def agent(number: int, academie: str = "09") -> Agent:
    return Agent(id=UUID(int=number), academie=CodeAcademie(academie))


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    time = Time()
    buckets: Buckets[str] = Buckets(rate=2, burst=3, elapsed=time)

    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    time.at += 0.5
    assert [buckets.take("a") for _ in range(2)] == [0, 0.5]


def test_a_refused_request_costs_nothing() -> None:
    time = Time()
    buckets: Buckets[str] = Buckets(rate=1, burst=1, elapsed=time)
    buckets.take("a")
    for _ in range(100):
        buckets.take("a")

    time.at += 1
    assert buckets.take("a") == 0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    time = Time()
    buckets: Buckets[str] = Buckets(rate=10, burst=2, elapsed=time)
    buckets.take("a")

    time.at += 3600
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0.1]


def test_one_does_not_pay_for_another() -> None:
    buckets: Buckets[str] = Buckets(rate=1, burst=1, elapsed=Time())
    buckets.take("a")

    assert buckets.take("b") == 0


def test_memory_is_bounded_and_who_asks_often_is_not_forgotten() -> None:
    buckets: Buckets[int] = Buckets(rate=0.001, burst=1, limit=10, elapsed=Time())
    for number in range(1000):
        buckets.take(number)
        assert (buckets.take(-1) == 0) == (number == 0)

    assert len(buckets._levels) == 10


def limits(*, subject: float = 100, academie: float = 100, in_flight: int = 100) -> Limits:
    time = Time()
    return Limits(Buckets(1, subject, elapsed=time), Buckets(1, academie, elapsed=time), in_flight)


def test_a_subject_over_its_rate_is_told_when_to_come_back() -> None:
    held = limits(subject=1)
    with held.place(agent(1)):
        pass

    with pytest.raises(TooManyRequests) as refused, held.place(agent(1)):
        pass

    assert refused.value.retry_after == 1
    with held.place(agent(2)):
        pass


def test_an_academie_over_its_rate_leaves_the_other_alone() -> None:
    held = limits(academie=2)
    for number in range(2):
        with held.place(agent(number)):
            pass

    with pytest.raises(TooManyRequests), held.place(agent(3)):
        pass
    with held.place(agent(4, "20")):
        pass


def test_an_academie_whose_places_are_taken_leaves_the_other_alone() -> None:
    held = limits(in_flight=1)

    with held.place(agent(1)):
        with pytest.raises(Overloaded), held.place(agent(2)):
            pass
        with held.place(agent(3, "20")):
            pass
    with held.place(agent(2)):
        pass


def test_a_place_is_given_back_when_the_exchange_fails() -> None:
    held = limits(in_flight=1)
    with pytest.raises(ZeroDivisionError), held.place(agent(1)):
        raise ZeroDivisionError

    with held.place(agent(1)):
        pass
