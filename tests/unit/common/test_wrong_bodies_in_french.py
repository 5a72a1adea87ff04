"""Each way of being wrong has a stable code and a French text, and the text never repeats what was sent."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from common.identifiers import Uai, dec_hook
from common.validation import LIMIT, problems_of

T = TypeVar("T")


class Corps(StrEnum):
    ADJAENES = "adjaenes"
    SAENES = "saenes"


class Box(Struct, Generic[T], forbid_unknown_fields=True):
    value: T


class Period(Struct, forbid_unknown_fields=True):
    starts: date
    ends: date

    def __post_init__(self) -> None:
        if self.ends < self.starts:
            raise ValueError("La fin précède le début")


CASES: list[tuple[Any, Any, dict[str, str]]] = [
    (int, "x", {"": "type"}),
    (int, 1.5, {"": "type"}),
    (str, None, {"": "type"}),
    (str | None, 3, {"": "type"}),
    (Annotated[int, Meta(ge=1)], 0, {"": "range"}),
    (Annotated[int, Meta(le=1)], 2, {"": "range"}),
    (Annotated[float, Meta(gt=1)], 1.0, {"": "range"}),
    (Annotated[int, Meta(multiple_of=5)], 7, {"": "range"}),
    (Annotated[str, Meta(min_length=2)], "a", {"": "length"}),
    (Annotated[str, Meta(max_length=2)], "abc", {"": "length"}),
    (Annotated[list[int], Meta(max_length=1)], [1, 2], {"": "length"}),
    (Annotated[list[int], Meta(min_length=1)], [], {"": "length"}),
    (Annotated[str, Meta(pattern="^a")], "b", {"": "pattern"}),
    (Corps, "attache", {"": "enum"}),
    (Literal["a", "b"], "c", {"": "enum"}),
    (UUID, "x", {"": "uuid"}),
    (date, "2026-02-30", {"": "date"}),
    (datetime, "hier", {"": "datetime"}),
    (Annotated[datetime, Meta(tz=True)], "2026-01-01T00:00:00", {"": "timezone"}),
    (time, "25:00", {"": "time"}),
    (timedelta, "x", {"": "duration"}),
    (Decimal, "x", {"": "decimal"}),
    (bytes, "é", {"": "base64"}),
    (tuple[int, str], [1], {"": "length"}),
    (tuple[int, str], ["a", 1], {"/0": "type", "/1": "type"}),
    (dict[str, int], {"a/b": "x", "c~d": "y", "e": 1}, {"/a~1b": "type", "/c~0d": "type"}),
    (list[Uai], ["0590318A", "0590318B", 3], {"/1": "uai-checksum", "/2": "type"}),
    (Box[int], {"value": "x"}, {"/value": "type"}),
    (Box[int] | None, {"valeur": 1}, {"/value": "missing", "/valeur": "unknown-field"}),
    (Period, {"starts": "2026-01-02", "ends": "2026-01-01"}, {"": "invalid"}),
    (list[Period], [{"starts": "2026-01-02"}, []], {"/0/ends": "missing", "/1": "type"}),
]


@pytest.mark.parametrize(("kind", "sent", "codes"), CASES)
def test_every_error_has_its_pointer_and_its_code(kind: Any, sent: Any, codes: dict[str, str]) -> None:
    errors = problems_of(sent, kind)

    assert {error.pointer: error.code for error in errors} == codes
    for error in errors:
        assert not any(word in error.detail for word in ("Expected", "Invalid", "got", "Object", "`", "$"))


@pytest.mark.parametrize(("kind", "sent", "codes"), CASES)
def test_what_is_told_as_wrong_is_what_the_decoder_refuses(kind: Any, sent: Any, codes: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(sent), type=kind, dec_hook=dec_hook)


def test_a_closed_list_is_told() -> None:
    assert problems_of("x", Corps)[0].detail.endswith(" : adjaenes, saenes")


def test_the_reason_of_a_rule_on_the_whole_is_told() -> None:
    assert problems_of({"starts": "2026-01-02", "ends": "2026-01-01"}, Period)[0].detail == "La fin précède le début"


def test_no_text_repeats_what_was_sent() -> None:
    sent = {"value": "01E9501234ABC", "01E9501234ABC": 1}

    assert "01E9501234ABC" not in "".join(error.detail for error in problems_of(sent, Box[int]))


def test_a_body_that_is_all_wrong_has_a_bounded_answer() -> None:
    assert len(problems_of(["x"] * 10_000, list[int])) == LIMIT


def test_a_struct_that_ignores_unknown_fields_may_be_sent_some() -> None:
    class Open(Struct):
        name: str

    assert problems_of({"name": "x", "more": 1}, Open) == []


def test_what_is_right_has_no_error() -> None:
    assert problems_of({"value": {"starts": "2026-01-01", "ends": "2026-01-02"}}, Box[Period]) == []
