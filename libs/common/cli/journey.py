"""`bassin journey`: the witness journey against any running gateway of the demo."""

from cyclopts import App

from common.clock import Clock
from common.local.journey import Journey
from common.local.places import CLOCK
from common.local.screen import Screen

app = App(name="journey", help="Import the demo directory, open a census in both académies, answer, see it known.")


@app.default
def journey(*, url: str = "http://127.0.0.1:8080", identity: str = "http://127.0.0.1:8081") -> None:
    """URL is the gateway's, IDENTITY the demo's identity provider's."""
    screen, witness = Screen(), Journey(url, identity, today=Clock(CLOCK).today())
    for name, work in {"Demo data": witness.load_directory, "Witness journey": witness.play}.items():
        said, _ = work()
        screen.say(f" {name:19} ok  {said}")
