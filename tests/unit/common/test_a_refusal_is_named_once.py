"""The code of a refusal is a promise: one class has it, and none goes without."""

import pytest

from common.refusal import REFUSALS, FieldError, Forbidden, Malformed, NotFound, Refusal, Unavailable, UnknownAcademie


def test_each_refusal_is_known_by_its_code() -> None:
    for kind in (Malformed, Forbidden, NotFound, Unavailable, UnknownAcademie):
        assert REFUSALS[kind.code] is kind


def test_a_refusal_without_a_code_of_its_own_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="its own code and title"):
        type("Nameless", (Refusal,), {"title": "Sans code"})


def test_two_refusals_cannot_share_a_code() -> None:
    with pytest.raises(TypeError, match="already the code of Malformed"):
        type("Twin", (Refusal,), {"code": "malformed", "title": "Le même"})


def test_a_refusal_without_detail_says_its_title() -> None:
    refusal = Malformed(errors=[FieldError(pointer="/uai", detail="…")])

    assert refusal.detail == "Données non valides"
    assert refusal.errors[0].pointer == "/uai"
    assert refusal.status == 422
