"""What `bassin contracts check` says of each way to break those who listen to a published event."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import pytest
from msgspec import Meta, Struct, defstruct, field

from common.contract_documents.compatibility import breaks
from common.contract_documents.schemas import schema, unfit
from common.contracts.events import Event


class Place(Struct, frozen=True, kw_only=True):
    commune: str
    since: date


class Venue(Struct, frozen=True, kw_only=True):
    commune: str
    since: date


class DatelessPlace(Struct, frozen=True, kw_only=True):
    commune: str


class MeetingPlanned(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "bassin.training"
    ce_type: ClassVar[str] = "fr.bassin.training.meeting_planned.v1"

    title: str
    seats: int
    places: tuple[Place, ...]
    session: UUID | None = None


def changed(**fields: object) -> list[str]:
    """What is said of MeetingPlanned with these fields; `None` takes one away, a pair gives its default."""
    given: dict[str, object] = {
        "title": str,
        "seats": int,
        "places": tuple[Place, ...],
        "session": (UUID | None, None),
    }
    given |= fields
    shape = [
        (name, *told) if isinstance(told, tuple) else (name, told) for name, told in given.items() if told is not None
    ]
    named = {"stream": MeetingPlanned.stream, "ce_type": MeetingPlanned.ce_type}
    other = defstruct("MeetingPlanned", shape, bases=(Event,), frozen=True, kw_only=True, namespace=named)
    assert issubclass(other, Event)
    return breaks(schema(MeetingPlanned), schema(other))


def test_the_same_event_breaks_nothing() -> None:
    assert changed() == []


def test_a_field_with_a_default_may_be_added() -> None:
    assert changed(commune=(str, "")) == []


def test_what_only_people_read_may_change() -> None:
    renamed = tuple[Venue, ...]

    assert changed(places=renamed, title=Annotated[str, Meta(description="Shown on the convocation")]) == []


BAD: dict[str, tuple[dict[str, object], str]] = {
    "a field removed": ({"seats": None}, "$.seats: the field was removed or renamed"),
    "a field renamed": ({"seats": None, "places_left": (int, 0)}, "$.seats: the field was removed or renamed"),
    "a new field without default": ({"commune": str}, "$.commune: a new field needs a default"),
    "a type changed": ({"seats": str}, "$.seats: type was 'integer', is 'string'"),
    "a type widened": ({"seats": int | None}, "$.seats: type 'integer' was removed"),
    "a format changed": ({"session": (date | None, None)}, "$.session: format was 'uuid', is 'date'"),
    "a field newly required": ({"session": UUID | None}, "$.session: the field is newly required"),
    "a field no longer required": ({"title": (str, "")}, "$.title: the field is no longer required"),
    "another default": ({"session": (UUID, UUID(int=1))}, "$.session: default was None"),
    "a constraint narrowed": (
        {"title": Annotated[str, Meta(max_length=80)]},
        "$.title: maxLength 80 was added",
    ),
    "a field of a part removed": (
        {"places": tuple[DatelessPlace, ...]},
        "$.places[].since: the field was removed or renamed",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_change_that_breaks_a_listener_is_named(name: str) -> None:
    change, expected = BAD[name]

    said = changed(**change)

    assert any(line.startswith(expected) for line in said), said


def test_a_constraint_that_is_narrowed_is_refused() -> None:
    def bounded(bound: int) -> type[Event]:
        return event("seats", Annotated[int, Meta(le=bound)])

    assert breaks(schema(bounded(300)), schema(bounded(100))) == ["$.seats: maximum was 300, is 100"]


def test_an_event_never_moves_to_another_stream() -> None:
    moved = event("seats", int, stream="bassin.training.state")

    assert breaks(schema(event("seats", int)), schema(moved)) == [
        "$: x-stream was 'bassin.training', is 'bassin.training.state'"
    ]


def event(
    name: str,
    kind: object,
    *,
    stream: str = "bassin.training",
    forbid_unknown_fields: bool = False,
    array_like: bool = False,
) -> type[Event]:
    made = defstruct(
        "Other",
        [(name, kind)],
        bases=(Event,),
        frozen=True,
        kw_only=True,
        namespace={"stream": stream, "ce_type": "fr.bassin.training.other.v1"},
        forbid_unknown_fields=forbid_unknown_fields,
        array_like=array_like,
    )
    assert issubclass(made, Event)
    return made


class Won(Struct, tag="won"):
    seats: int


class Lost(Struct, tag="lost"):
    reason: str


UNFIT: dict[str, tuple[Callable[[], type[Event]], str]] = {
    "a closed set": (lambda: event("avis", Literal["favorable", "reserve"]), "$.avis: a closed set"),
    "a closed set in a list": (lambda: event("avis", list[Literal["favorable"]]), "$.avis[]: a closed set"),
    "a tagged union": (lambda: event("result", Won | Lost), "$.result: a tagged union"),
    "unknown fields refused": (
        lambda: event("seats", int, forbid_unknown_fields=True),
        "$: refuses unknown fields",
    ),
    "places without names": (lambda: event("pair", tuple[int, str]), "$.pair: a tuple of fixed length"),
    "an array for a body": (lambda: event("seats", int, array_like=True), "$: not an object"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_event_that_could_not_grow_is_never_published(name: str) -> None:
    make, expected = UNFIT[name]

    said = unfit(schema(make()))

    assert any(line.startswith(expected) for line in said), said


def test_a_default_made_anew_each_time_is_a_default() -> None:
    assert changed(notes=(tuple[str, ...], field(default_factory=tuple))) == []


class Office(Struct, frozen=True, kw_only=True):
    name: str
    offices: tuple["Office", ...] = ()


def test_a_part_that_contains_itself_is_compared_once() -> None:
    tree = schema(event("office", Office))

    assert breaks(tree, tree) == []
    assert unfit(tree) == []
