"""Whatever a record holds, decoding it answers or says Undecodable; any other error would stop the whole consumer."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from common.contracts.events import Event, Fact
from common.handlers import Projection, Table, Undecodable
from common.tx import ProjectionTx


class PlaceState(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "bassin.training.state"
    ce_type: ClassVar[str] = "fr.bassin.training.place.v2"
    upcasts: ClassVar[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
        "fr.bassin.training.place.v1": lambda old: {**old, "communes": [old["commune"].upper()]}
    }

    communes: tuple[str, ...]


ID = b"01930000-0a00-7000-8000-00000000000a"
BODIES: dict[str, bytes | None] = {
    "no value": None,
    "an empty value": b"",
    "no JSON": b"{",
    "JSON of another shape": b"[]",
    "a field missing": b'{"subject":"' + ID + b'"}',
    "a field of another type": b'{"subject":"' + ID + b'","communes":7,"commune":7}',
    "text that is not UTF-8": b'{"subject":"' + ID + b'","communes":["\xff"],"commune":"\xff"}',
    "a key that is not UTF-8": b'{"\xff":1}',
    "half of a surrogate pair": b'{"subject":"' + ID + b'","communes":["\\ud800"],"commune":"\\ud800"}',
    "a hundred thousand brackets": b'{"deep":' + b"[" * 100_000,
    "a subject that is no UUID": b'{"subject":"x","communes":[],"commune":"x"}',
}


@pytest.fixture
def table() -> Table:
    listener = Projection("places", tables=("place",))

    @listener.on(PlaceState)
    async def keep(tx: ProjectionTx, fact: Fact[PlaceState]) -> None: ...

    return Table("training", [listener], None)


@pytest.mark.parametrize("ce_type", [PlaceState.ce_type, *PlaceState.upcasts])
@pytest.mark.parametrize("name", BODIES)
def test_it_is_undecodable_and_nothing_worse(table: Table, name: str, ce_type: str) -> None:
    with pytest.raises(Undecodable):
        table.decode(ce_type, BODIES[name])
