"""A subject's records lie in one partition for ever: the one that Kafka's own clients choose."""

from uuid import UUID

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from common.partition import partitions_of


@given(st.lists(st.uuids(), max_size=20), st.integers(1, 60))
def test_subjects_lie_where_aiokafka_would_put_them(subjects: list[UUID], number: int) -> None:
    keys, partitions, theirs = (
        [str(subject).encode() for subject in subjects],
        list(range(number)),
        DefaultPartitioner(),
    )

    assert partitions_of(keys, partitions) == [theirs(key, partitions, partitions) for key in keys]


def test_a_known_subject_lies_where_it_always_lay() -> None:
    known = str(UUID(int=7)).encode()

    assert [partitions_of([known], range(number)) for number in (1, 3, 12)] == [[0], [2], [8]]
