"""The registries: who hears which event, from which release of it, and what a service may not listen to."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.events import Event, Fact, Upcast
from common.contracts.hr_networks import FACTS, CensusOpened, PersonState
from common.handlers import (
    ForbiddenListener,
    HandlerKind,
    Projection,
    Reactions,
    StateStreamReaction,
    Table,
    Undecodable,
)
from common.tx import ProjectionTx, Tx


def renamed(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "agent": body["login"]}


class LinkedSince2027(Event, frozen=True, kw_only=True):
    """v2 of a fact: `login` became `agent`."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.person_linked.v2"
    upcasts: ClassVar[Mapping[str, Upcast]] = {"fr.bassin.hr_networks.person_linked.v1": renamed}

    agent: UUID


def table() -> Table:
    reactions, people = Reactions("training"), Projection("people", tables=("person",))

    @reactions.to(LinkedSince2027)
    async def welcome(tx: Tx, fact: Fact[LinkedSince2027]) -> None: ...

    @people.on(PersonState)
    async def keep(tx: ProjectionTx, fact: Fact[PersonState]) -> None: ...

    @people.on(LinkedSince2027)
    async def tie(tx: ProjectionTx, fact: Fact[LinkedSince2027]) -> None: ...

    return Table("training", [people], reactions)


V1, V2 = "fr.bassin.hr_networks.person_linked.v1", "fr.bassin.hr_networks.person_linked.v2"


def test_a_body_is_decoded_as_its_type_says() -> None:
    who = uuid4()

    assert table().decode(V2, f'{{"subject":"{who}","agent":"{who}"}}'.encode()) == LinkedSince2027(
        subject=who, agent=who
    )


def test_a_body_of_an_older_version_is_brought_up_to_the_newest() -> None:
    who = uuid4()

    assert table().decode(V1, f'{{"subject":"{who}","login":"{who}"}}'.encode()) == LinkedSince2027(
        subject=who, agent=who
    )


def test_a_type_that_nobody_hears_is_not_decoded_at_all() -> None:
    assert table().decode(CensusOpened.ce_type, b"\xff no JSON") is None


@pytest.mark.parametrize(
    "payload",
    [
        None,
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"subject":"0198c0de-0000-7000-8000-000000000002"}',
        b'{"subject":7,"agent":7}',
        b'{"subject":"\xff","agent":"\xff"}',
        b'{"more":' + b"[" * 100_000,
        b'{"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda payload: repr(payload)[:40],
)
@pytest.mark.parametrize("ce_type", [V1, V2])
def test_a_body_that_is_not_what_its_type_promises_is_undecodable(ce_type: str, payload: bytes | None) -> None:
    with pytest.raises(Undecodable):
        table().decode(ce_type, payload)


def test_an_upcast_that_stumbles_over_a_hostile_body_makes_it_undecodable() -> None:
    with pytest.raises(Undecodable):
        table().decode(V1, b'{"login":{}}')


@given(st.sampled_from([V1, V2]), st.binary())
def test_no_bytes_raise_anything_but_undecodable(ce_type: str, payload: bytes) -> None:
    with pytest.raises(Undecodable):
        table().decode(ce_type, payload)


def test_each_handler_has_the_name_that_its_database_knows_it_by() -> None:
    assert table().names() == {"people": HandlerKind.PROJECTION, "welcome": HandlerKind.REACTION}


def test_one_event_may_have_several_handlers_and_projections_come_first() -> None:
    assert [h.kind for h in table().of(LinkedSince2027)] == [HandlerKind.PROJECTION, HandlerKind.REACTION]


def test_a_service_that_the_contract_does_not_name_may_not_listen() -> None:
    people = Projection("people", tables=("person",))

    @people.on(PersonState)
    async def keep(tx: ProjectionTx, fact: Fact[PersonState]) -> None: ...

    with pytest.raises(ForbiddenListener):
        Table("territory", [people], None)


def test_nothing_reacts_to_a_state() -> None:
    with pytest.raises(StateStreamReaction):
        Reactions("training").to(PersonState)
