"""A subject's records lie in one partition for ever: the one that Kafka's own clients choose."""

from uuid import UUID

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from common.partition import partition_of


@given(st.uuids(), st.integers(1, 60))
def test_a_subject_lies_where_aiokafka_would_put_it(subject: UUID, number: int) -> None:
    key, partitions = str(subject).encode(), list(range(number))

    assert partition_of(key, partitions) == DefaultPartitioner()(key, partitions, partitions)


def test_a_known_subject_lies_where_it_always_lay() -> None:
    known = str(UUID(int=7)).encode()

    assert [partition_of(known, range(number)) for number in (1, 3, 12)] == [0, 2, 8]
