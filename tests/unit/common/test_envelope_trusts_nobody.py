"""The headers of a record: what is readable is read, whatever else is there is told, nothing raises anything else."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import envelope
from common.envelope import Headers, Unreadable

SOUND = {
    "ce_specversion": b"1.0",
    "ce_id": b"0198c0de-0000-7000-8000-000000000001",
    "ce_source": b"/academies/09/hr_networks",
    "ce_type": b"fr.bassin.hr_networks.person_linked.v1",
    "ce_subject": b"0198c0de-0000-7000-8000-000000000002",
    "ce_time": b"2026-11-02T08:30:00.125Z",
    "content-type": b"application/json",
    "ce_academie": b"09",
    "ce_academies": b"09,20",
    "ce_aggregateversion": b"3",
    "ce_correlationid": b"4bf92f3577b34da6a3ce929d0e0e4736",
    "ce_causationid": b"0198c0de-0000-7000-8000-000000000003",
    "traceparent": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}


def headers(**changed: bytes | None) -> Headers:
    return list({**SOUND, **changed}.items())


def without(name: str) -> Headers:
    return [(known, value) for known, value in SOUND.items() if known != name]


def test_what_the_relay_writes_is_read() -> None:
    seen = envelope.read(headers())

    assert (seen.id.int & 0xF, seen.subject, seen.version) == (1, UUID("0198c0de-0000-7000-8000-000000000002"), 3)
    assert (seen.academie, seen.academies, seen.type) == ("09", ("09", "20"), "fr.bassin.hr_networks.person_linked.v1")
    assert seen.time.isoformat() == "2026-11-02T08:30:00.125000+00:00"
    assert (seen.correlation, seen.causation) == (
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "0198c0de-0000-7000-8000-000000000003",
    )


def test_without_further_academies_only_the_owner_sees_it() -> None:
    assert envelope.read(without("ce_academies")).academies == ("09",)


def test_what_began_by_itself_correlates_with_itself() -> None:
    seen = envelope.read([(n, v) for n, v in SOUND.items() if n not in {"ce_correlationid", "ce_causationid"}])

    assert (seen.correlation, seen.causation) == (str(seen.id), None)


@pytest.mark.parametrize(
    "name", ["ce_id", "ce_type", "ce_subject", "ce_time", "ce_source", "ce_academie", "ce_aggregateversion"]
)
def test_no_header_of_the_envelope_may_be_missing(name: str) -> None:
    with pytest.raises(Unreadable, match=name):
        envelope.read(without(name))


@pytest.mark.parametrize(
    "changed",
    [
        {"ce_id": None},
        {"ce_id": b"not-a-uuid"},
        {"ce_subject": b"\xff\xfe"},
        {"ce_time": b"yesterday"},
        {"ce_time": b"2026-11-02T08:30:00"},
        {"ce_aggregateversion": b"0"},
        {"ce_aggregateversion": b"-1"},
        {"ce_aggregateversion": b"3.5"},
        {"ce_aggregateversion": b"99999999999999999999"},
        {"ce_aggregateversion": b"9" * 5000},
        {"traceparent": None},
        {"ce_anything_else": None},
    ],
    ids=str,
)
def test_a_header_that_is_null_or_not_what_it_should_be_makes_it_unreadable(changed: dict[str, bytes | None]) -> None:
    with pytest.raises(Unreadable):
        envelope.read(headers(**changed))


def test_a_header_said_twice_differently_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="ce_academie is there twice"):
        envelope.read([*headers(), ("ce_academie", b"20")])


def test_a_header_said_twice_alike_is_read() -> None:
    assert envelope.read([*headers(), ("ce_academie", b"09")]).academie == "09"


def test_headers_of_others_are_ignored_even_when_they_are_bytes_or_null() -> None:
    assert envelope.read([*headers(), ("reply_to", b"bassin.training"), ("x", b"\xff"), ("y", None)]).version == 3


@given(
    st.lists(
        st.tuples(st.one_of(st.sampled_from(sorted(SOUND)), st.text()), st.one_of(st.none(), st.binary(max_size=40)))
    )
)
def test_no_headers_at_all_raise_anything_but_unreadable(hostile: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(Unreadable):
        envelope.read(hostile)


@given(st.sampled_from(sorted(SOUND)), st.one_of(st.none(), st.binary(max_size=60), st.text().map(str.encode)))
def test_one_hostile_header_among_sound_ones_is_read_or_unreadable(name: str, value: bytes | None) -> None:
    try:
        envelope.read(headers(**{name: value}))
    except Unreadable:
        return
