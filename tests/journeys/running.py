"""The whole platform as `make demo` starts it, every service its own process, on this run's PostgreSQL and Kafka."""

from msgspec import Struct

UP_WITHIN = 120.0  # seconds


class Demo(Struct, frozen=True):
    """What `bassin demo --json` says when everything is up."""

    url: str
    identity_provider: str
    kafka: str
    mail: str
    logs: str
    accounts: list[str]
    figures: dict[str, float]
