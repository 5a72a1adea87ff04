"""Every contract of the platform in one place: topics, schemas, the map and the inbox all read it."""

from collections.abc import Mapping
from types import MappingProxyType

from common.contracts import hr_networks, payroll, territory, training
from common.contracts.events import Contract, Event, Stream

CONTRACTS: Mapping[str, Contract] = MappingProxyType(
    {c.service: c for c in (territory.CONTRACT, hr_networks.CONTRACT, training.CONTRACT, payroll.CONTRACT)}
)
STREAMS: Mapping[str, Stream] = MappingProxyType({s.name: s for c in CONTRACTS.values() for s in c.streams})
PRODUCERS: Mapping[str, str] = MappingProxyType({s.name: c.service for c in CONTRACTS.values() for s in c.streams})
EVENTS: Mapping[str, type[Event]] = MappingProxyType({e.ce_type: e for c in CONTRACTS.values() for e in c.events})


def may_listen(service: str, stream: str) -> bool:
    named = CONTRACTS[PRODUCERS[stream]].listeners.get(stream)
    return named is None or service in named
