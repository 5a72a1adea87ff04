"""Schemathesis asks the gateway what the joined OpenAPI document allows and what it forbids; each answer is in it."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, cycle
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import msgspec
import pytest
import schemathesis
from schemathesis.auths import AuthProvider
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.schemas import BaseSchema
from tests.journeys.platform.platform_of_tests import Platform

from common.cli.token import granted
from common.local.journey import Journey
from common.openapi import operations
from common.problem import MEDIA_TYPE, Problem
from gateway.limits import Buckets

pytestmark = pytest.mark.xdist_group("platform")

AnyCase: TypeAlias = "schemathesis.Case[Any]"
DOCUMENT = msgspec.json.decode(
    Path(__file__).parents[3].joinpath("docs/openapi.json").read_bytes(), type=dict[str, Any]
)
OFFICES = ("drh@lille", "formation@lille", "drh@amiens", "formation@amiens")
HEADS = ("chef@lille", "chef@amiens")
PAY = ("paye@lille", "paye@amiens")
IMPORTERS = ("territoire@lille", "territoire@amiens")
# Who gets furthest, in turn, and none of them faster than the gateway lets one agent ask: 20 a second, 100 at once.
ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    ".* /v1/[^/]+/(parking|consumer|lost-facts)": ("exploitation", "exploitation@amiens"),
    "PUT /v1/hr-networks/": HEADS,
    "POST /v1/hr-networks/(people|me)/": HEADS,
    "POST /v1/training/(avis|meetings/[^/]+/autorisations)": HEADS,
    ".* /v1/(hr-networks|training)/": OFFICES,
    ".* /v1/payroll/": PAY,
    "GET /v1/territory/(?!imports)": (*OFFICES, *HEADS, "animateur@lille", "exploitation"),
    ".* /v1/territory/": IMPORTERS,
    ".* /": OFFICES,  # pages that are public
}
CONFIG = {
    "seed": 3,
    "continue-on-failure": True,
    "parameters": {"path.uai": "0599001N"},  # no generator knows that the letter follows from the digits
    "generation": {"database": "none"},
    "phases": {
        "coverage": {
            "generate-duplicate-query-parameters": True,
            "unexpected-methods": ["DELETE", "OPTIONS"],  # of the others none says more, and each costs a second
        },
        "examples": {"enabled": False},  # coverage asks with them too
        "fuzzing": {"enabled": False},
        "stateful": {"enabled": False},
    },
    # The document cannot say of which list a cursor is, or which ETag is the present one.
    "checks": {"positive_data_acceptance": {"enabled": False}},
}


def bearers(identity_provider: str) -> type[AuthProvider[str]]:
    """Gives each request the token of the next account of those that may ask it."""
    turns = {pattern: cycle(accounts) for pattern, accounts in ACCOUNTS.items()}
    tokens = {account: granted(identity_provider, account) for account in set(chain(*ACCOUNTS.values()))}
    pace = Buckets[str](rate=15, burst=50)

    class Bearers(AuthProvider[str]):
        def get(self, case: AnyCase, _: schemathesis.AuthContext) -> str:
            asked = f"{case.operation.method.upper()} {case.operation.path}"
            account = next(next(turn for pattern, turn in turns.items() if re.match(pattern, asked)))
            while wait := pace.take(account):
                time.sleep(wait)
            return tokens[account]

        def set(self, case: AnyCase, data: str, _: schemathesis.AuthContext) -> None:
            case.headers["Authorization"] = f"Bearer {data}"

    return Bearers


def schema_at(url: str) -> BaseSchema:
    return schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig.from_dict({**CONFIG, "base-url": url}))


def failures(recorder: ScenarioRecorder) -> Iterator[str]:
    """What Schemathesis found, with the request that shows it."""
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                yield f"{recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"


def unlike_a_problem(recorder: ScenarioRecorder) -> Iterator[str]:
    """Refusals that are not the form and the trace of all others."""
    for interaction in recorder.interactions.values():
        answer = interaction.response
        if answer is None or answer.status_code < 400:
            continue
        said = msgspec.json.decode(answer.content, type=Problem)
        if answer.headers["content-type"] != [MEDIA_TYPE] or said.status != answer.status_code or not said.trace_id:
            yield f"{recorder.label}: {answer.status_code} {said}"


def test_every_answer_is_documented_and_every_refusal_is_a_problem(platform: Platform) -> None:
    schema = schema_at(platform.url)
    schema.auth(refresh_interval=None)(bearers(platform.identity_provider))
    wrong: list[str] = []
    asked, answered = set[str](), Counter[int]()

    for event in from_schema(schema).execute():
        assert not isinstance(event, (events.NonFatalError, events.FatalError)), event
        if isinstance(event, events.ScenarioFinished):
            wrong += [*failures(event.recorder), *unlike_a_problem(event.recorder)]
            asked.add(event.recorder.label)
            answered.update(each.response.status_code for each in event.recorder.interactions.values() if each.response)

    assert not wrong, "\n\n".join(wrong)
    assert asked == {f"{method.upper()} {path}" for path, method, _ in operations(DOCUMENT)}
    assert answered[429] == 0, "an account was asked too often: what it would have been answered is not known"
    assert {200, 204, 400, 401, 404, 405, 409, 412, 415, 422, 428} <= answered.keys()


def test_what_the_witness_journey_hears_is_documented(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that succeed, which no generated request does."""
    heard: list[httpx.Response] = []
    send = httpx.Client.send

    def listened(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        heard.append(answer := send(client, request, **options))
        return answer

    monkeypatch.setattr(httpx.Client, "send", listened)
    journey = Journey(platform.url, platform.identity_provider)
    journey.load_directory()
    journey.play()

    through = [answer for answer in heard if str(answer.url).startswith(platform.url)]
    assert not list(undocumented(schema_at(platform.url), through))
    done = {(answer.request.method, answer.status_code) for answer in through}
    assert {("POST", 201), ("POST", 202), ("PUT", 201), ("GET", 200)} <= done


def undocumented(schema: BaseSchema, heard: list[httpx.Response]) -> Iterator[str]:
    templates = {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in DOCUMENT["paths"]}
    for answer in heard:
        path = next(path for path, pattern in templates.items() if pattern.fullmatch(answer.url.path))
        try:
            schema[path][answer.request.method].validate_response(answer)
        except FailureGroup as group:
            yield f"{answer.request.method} {path}: {group.exceptions}"
