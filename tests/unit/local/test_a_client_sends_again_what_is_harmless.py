"""The journey's client waits for a process that is replaced, and never does twice what may have been done."""

from collections.abc import Iterator

import httpx
import pytest

from common.local import patient
from common.local.patient import Patient

BUSY = httpx.Response(503, headers={"Retry-After": "0"})
ONCE = {"Idempotency-Key": "a"}


class Answers(httpx.BaseTransport):
    """One after the other; an exception is raised."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self._answers: Iterator[httpx.Response | httpx.TransportError] = iter(answers)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = next(self._answers)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "PAUSE", 0.0)


def asked(method: str, *answers: httpx.Response | httpx.TransportError, **headers: str) -> int:
    with httpx.Client(base_url="http://gateway", transport=Patient(Answers(*answers))) as client:
        return client.request(method, "/", headers=headers).status_code


def test_what_was_not_taken_is_sent_again() -> None:
    assert asked("PUT", BUSY, httpx.ConnectError("refused"), httpx.Response(201)) == 201


def test_a_503_that_names_no_time_is_an_answer() -> None:
    assert asked("GET", httpx.Response(503), httpx.Response(200)) == 503


@pytest.mark.parametrize("unknown", [httpx.Response(502), httpx.Response(504), httpx.ReadError("cut")])
def test_what_may_have_been_done_is_sent_again_only_where_it_is_done_once(
    unknown: httpx.Response | httpx.TransportError,
) -> None:
    assert asked("GET", unknown, httpx.Response(200)) == 200
    assert asked("POST", unknown, httpx.Response(201), **ONCE) == 201


def test_what_could_be_done_twice_is_not_sent_again() -> None:
    assert asked("PUT", httpx.Response(502), httpx.Response(201)) == 502
    with pytest.raises(httpx.ReadError):
        asked("PUT", httpx.ReadError("cut"), httpx.Response(201))


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "LONGEST", -1.0)

    assert asked("GET", BUSY, httpx.Response(200)) == 503
    with pytest.raises(httpx.ConnectError):
        asked("GET", httpx.ConnectError("refused"), httpx.Response(200))
