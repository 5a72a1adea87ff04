"""The sets that must be empty, from what clients were told and what was committed elsewhere; no I/O."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct


class Outcome(StrEnum):
    ACKNOWLEDGED = "acknowledged"  # a 2xx was read
    REFUSED = "refused"  # a 4xx was read: nothing happened
    INDETERMINATE = "indeterminate"  # no answer, or one that does not say whether the commit took place


class Command(Struct, frozen=True):
    """One wish of a client: the `version`-th change of `subject`, from 1."""

    academie: str
    subject: str
    version: int
    outcome: Outcome


class Effect(Struct, frozen=True):
    """One change that a listener committed, in the order of the log of effects; `seen`: the académies of its rows."""

    academie: str
    seen: str
    subject: str
    version: int


class Sets(Struct, frozen=True):
    """Each must be 0."""

    lost: int
    phantom: int
    twice: int
    order: int
    crossed: int
    balance: int = 0

    def broken(self) -> list[str]:
        return [f"{name} {n}" for name in self.__struct_fields__ if (n := getattr(self, name))]


def judge(
    commands: Iterable[Command],
    effects: Sequence[Effect],
    *,
    before: Mapping[str, int] | None = None,
    given_up: frozenset[tuple[str, int]] = frozenset(),
    balance: int = 0,
) -> Sets:
    """`before`: the version each subject was at; `given_up`: discarded by an operator, with a reason."""
    told: dict[Outcome, set[tuple[str, int]]] = defaultdict(set)
    homes: dict[str, str] = {}
    for command in commands:
        told[command.outcome].add((command.subject, command.version))
        homes[command.subject] = command.academie
    applied = Counter((effect.subject, effect.version) for effect in effects)
    acknowledged = told[Outcome.ACKNOWLEDGED]
    return Sets(
        lost=len(acknowledged - applied.keys() - given_up),
        phantom=len(applied.keys() - acknowledged - told[Outcome.INDETERMINATE]),
        twice=sum(n - 1 for n in applied.values()),
        order=out_of_order(effects, before or {}, given_up),
        crossed=sum(not _at_home(effect, homes) for effect in effects),
        balance=balance,
    )


def out_of_order(
    effects: Iterable[Effect], before: Mapping[str, int], given_up: frozenset[tuple[str, int]] = frozenset()
) -> int:
    """Effects that do not follow their predecessor; what was applied before is counted as applied twice instead."""
    at = dict(before)
    wrong = 0
    for effect in effects:
        expected = at.get(effect.subject, 0) + 1
        while (effect.subject, expected) in given_up:
            expected += 1
        wrong += effect.version > expected
        at[effect.subject] = max(effect.version, expected - 1)
    return wrong


def _at_home(effect: Effect, homes: Mapping[str, str]) -> bool:
    """Written for the académie of its subject, with no other's rows in sight."""
    home = homes.get(effect.subject, effect.academie)
    return effect.academie == home and effect.seen == home


def unequal(one: Mapping[Hashable, int], other: Mapping[Hashable, int]) -> int:
    """How many sums differ between two services that must agree."""
    return sum(one.get(key, 0) != other.get(key, 0) for key in one.keys() | other.keys())


def told_twice(events: Iterable[Hashable]) -> int:
    """Of a topic as a read_committed reader sees it: records whose event id came before."""
    return sum(n - 1 for n in Counter(events).values())


def backwards(records: Iterable[tuple[Hashable, int]], *, gaps: bool) -> int:
    """(subject, version) in the order of the log: versions that do not follow, or with `gaps` do not rise."""
    at: dict[Hashable, int] = {}
    wrong = 0
    for subject, version in records:
        last = at.get(subject)
        wrong += last is not None and (version <= last if gaps else version != last + 1)
        at[subject] = version
    return wrong
