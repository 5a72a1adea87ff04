"""Verification: a number as people type it, and what a paper is worth by now."""

from datetime import date

import pytest

from training.papers.domain import Kind, Stated
from training.verification.api import opens
from training.verification.documents import authentic, page, standing, terms
from training.verification.domain import Key, Shown, Standing, key_of
from training.verification.domain import standing as worth

SHOWN = Shown(
    kind=Kind.CONVOCATION, number="09-CV-2008-000001", issued_on=date(2008, 1, 7), standing=Standing.IN_FORCE,
    ended_on=None, title="Convocation", issuer="Académie <de> Lille", name="Madame <Anna>", school="Collège",
    lines=(Stated("Lieu", "Lycée & annexe"),),
)  # fmt: skip


@pytest.mark.parametrize("typed", ["09-OM-2027-000017", "09 om 2027 17", "09om2027000017", "09‑OM‑2027‑000017"])
def test_a_number_is_read_as_people_type_it(typed: str) -> None:
    key = key_of(typed)

    assert key is not None
    assert (key.academie, key.kind, key.year, key.ordinal) == ("09", Kind.ORDRE_DE_MISSION, 2027, 17)


@pytest.mark.parametrize(
    "typed", ["", "09-XX-2027-000017", "09-OM-2027", "09-OM-20a7-17", "09-OM-2027-1234567890", "٠٩-OM-2027-17", "<b>"]
)
def test_anything_else_is_no_number(typed: str) -> None:
    key: Key | None = key_of(typed)

    assert key is None


def test_what_a_paper_is_worth() -> None:
    assert worth(Kind.CONVOCATION, cancels=False, cancelled=False) is Standing.IN_FORCE
    assert worth(Kind.CONVOCATION, cancels=False, cancelled=True) is Standing.CANCELLED
    assert worth(Kind.ATTESTATION, cancels=False, cancelled=True) is Standing.REVOKED
    assert worth(Kind.ATTESTATION, cancels=True, cancelled=False) is Standing.CANCELLATION


def test_only_the_whole_code_opens_a_paper() -> None:
    assert opens("0123-4567-89AB-CDEF", "o123 4567 89ab cdef")
    assert not opens("0123-4567-89AB-CDEF", "0123-4567-89AB-CDE")
    assert not opens("0123-4567-89AB-CDEF", "")


def test_a_cancelled_paper_says_since_when() -> None:
    def said(kind: Kind, standing_: Standing) -> str:
        return standing(Shown(kind=kind, number="", issued_on=date(2008, 1, 7), standing=standing_,
                              ended_on=date(2008, 1, 10)))  # fmt: skip

    assert said(Kind.ORDRE_DE_MISSION, Standing.CANCELLED) == "annulé le 10 janvier 2008"
    assert said(Kind.CONVOCATION, Standing.CANCELLED) == "annulée le 10 janvier 2008"
    assert said(Kind.ATTESTATION, Standing.REVOKED) == "révoquée le 10 janvier 2008"


def test_an_erased_paper_shows_its_number_kind_and_date() -> None:
    erased = Shown(kind=Kind.CONVOCATION, number="09-CV-2008-000001", issued_on=date(2008, 1, 7),
                   standing=Standing.IN_FORCE, ended_on=None)  # fmt: skip

    assert terms(erased) == [
        ("Nature", "convocation"), ("Numéro", "09-CV-2008-000001"), ("Établi le", "7 janvier 2008"),
        ("Contenu", "effacé au terme de sa conservation"),
    ]  # fmt: skip


def test_whatever_stands_on_a_paper_or_is_typed_is_text_on_the_page() -> None:
    shown = page(number='"><script>', code="<i>", answer=authentic(SHOWN))

    assert "<script" not in shown
    assert "<i>" not in shown
    assert "Académie &lt;de&gt; Lille" in shown
    assert "Madame &lt;Anna&gt;" in shown
    assert "Lycée &amp; annexe" in shown
