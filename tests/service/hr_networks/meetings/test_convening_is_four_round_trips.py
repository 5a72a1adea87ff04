"""What the office and the animateurs do asks the database four times: begin, lock and load, write, commit."""

from functools import partial

import httpx
from tests.service.counting import Commands, Route, count
from tests.service.hr_networks.meetings.networks import Networks

ROOT = "/v1/hr-networks"
MEETING = f"{ROOT}/meetings/{{meeting:uuid}}"
PUBLISH: Route = ("POST", f"{ROOT}/charters")
ACTIVATE: Route = ("POST", f"{ROOT}/networks")
PLAN: Route = ("POST", f"{ROOT}/meetings")
MOVE: Route = ("PATCH", MEETING)
CANCEL: Route = ("POST", f"{MEETING}/cancellation")
HOLD: Route = ("PUT", f"{MEETING}/attendance")
COUNTED = frozenset({PUBLISH, ACTIVATE, PLAN, MOVE, CANCEL, HOLD})


async def test_a_command_is_four_round_trips(networks: Networks) -> None:
    meeting = await networks.planned()
    afternoon = {"starts_at": "2008-02-05T14:00:00+01:00", "ends_at": "2008-02-05T16:00:00+01:00"}
    held = await networks.planned(**afternoon)
    starts_at, ends_at = "2008-02-06T09:00:00+01:00", "2008-02-06T12:00:00+01:00"

    async def hold(*absent: str, tag: str = '"1"', **more: str) -> httpx.Response:
        networks.at(2008, 2, 6, 8)
        away = [networks.bruno] if absent else []
        return await networks.hold(held, networks.came(*away, half="pm"), tag, **more)

    commands: Commands = [
        (PUBLISH, networks.publish_charter),
        (ACTIVATE, lambda: networks.activate(networks.roubaix)),
        (PLAN, lambda: networks.plan(starts_at=starts_at, ends_at=ends_at)),
        (MOVE, lambda: networks.move(meeting, place="Collège Matisse")),
        (CANCEL, lambda: networks.cancel(meeting)),
        (HOLD, hold),
        (HOLD, partial(hold, "bruno", tag='"2"', reason="Absent.")),
    ]

    assert max(await count(networks.served, commands)) == 4
