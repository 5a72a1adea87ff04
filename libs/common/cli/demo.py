"""`bassin demo`: the whole platform on this machine, with fictional data."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

app = App(name="demo", help="Start PostgreSQL, Kafka, every service and a witness journey; Ctrl-C ends them all.")


@app.default
def demo(
    *,
    port: Annotated[int, Parameter(help="the gateway's; the others take the ports that follow")] = 8080,
    play: Annotated[Literal["letter", "census"], Parameter(help="what is played through the gateway")] = "letter",
    fresh: Annotated[bool, Parameter(negative=(), help="forget what an earlier demo kept")] = False,
    once: Annotated[bool, Parameter(negative=(), help="end after the journey, with its exit status")] = False,
    observe: Annotated[bool, Parameter(negative=(), help="start Prometheus too, where it is installed")] = False,
    json: Annotated[bool, Parameter(negative=(), help="print one JSON document when all is up")] = False,
) -> int:
    from common.local.demo import Play, Wish, run  # noqa: PLC0415 - `bassin demo --help` needs none of it

    return run(Wish(port=port, play=Play(play), fresh=fresh, once=once, json=json, observe=observe))
