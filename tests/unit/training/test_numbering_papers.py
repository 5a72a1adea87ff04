"""Papers: their number, their code, what cancels them, and how long they are kept."""

import hashlib
from datetime import date
from uuid import UUID

import pytest

from common.contracts.training import ConvocationCancelled, OrdreDeMissionCancelled
from common.identifiers import CodeAcademie
from training.papers.documents import TEMPLATE, TEMPLATE_VERSION, Content, cancellation, pdf_of
from training.papers.domain import (
    CancelledOtherwise,
    CancelsItself,
    Counter,
    Given,
    Kind,
    PaperAlreadyCancelled,
    Recipient,
    State,
    Stated,
    Text,
    as_compared,
    cancel,
    code_of,
    following,
    kept_until,
    state_of,
)

ANNA = Recipient(
    person=UUID(int=1), uai="0590001F", school="Collège", civility="madame", given_names="Anna", family_name="Test"
)
ABOUT, CANCELLING = UUID(int=50), UUID(int=60)
COUNTER = Counter(academie=CodeAcademie("09"), kind=Kind.ORDRE_DE_MISSION, today=date(2027, 2, 3), last=16)


def given(*, in_force: bool = True, sequence: int = 0) -> Given:
    return Given(
        id=UUID(int=7), number="09-OM-2027-000001", person=ANNA.person, uai=ANNA.uai, sequence=sequence,
        in_force=in_force, recipient=ANNA,
    )  # fmt: skip


def test_a_number_follows_the_last_one_of_its_kind_and_year() -> None:
    assert [str(COUNTER.number(place)) for place in (0, 1)] == ["09-OM-2027-000017", "09-OM-2027-000018"]


def test_a_code_holds_eighty_bits_in_letters_that_are_not_mistaken() -> None:
    code = code_of(bytes(range(10)))

    assert (len(code), code.count("-")) == (19, 3)
    assert code_of(bytes(9) + b"\1") != code_of(bytes(10))
    assert code_of(b"\xff" * 10) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
    assert not set("ILOU") & set(code_of(b"\x9a\x3c" * 5))


def test_what_looks_alike_is_taken_for_what_it_looks_like() -> None:
    assert as_compared("o1l0-i b") == as_compared("0110-1B")


@pytest.mark.parametrize(
    ("kind", "event"),
    [(Kind.ORDRE_DE_MISSION, OrdreDeMissionCancelled), (Kind.CONVOCATION, ConvocationCancelled)],
)
def test_a_paper_is_cancelled_by_another_one(kind: Kind, event: type) -> None:
    (told,) = cancel(given(), ABOUT, kind, cancels=None, cancelling=CANCELLING)

    assert isinstance(told, event)
    assert (told.subject, told.cancelling) == (UUID(int=7), CANCELLING)


def test_a_paper_is_cancelled_once() -> None:
    with pytest.raises(PaperAlreadyCancelled):
        cancel(given(in_force=False), ABOUT, Kind.CONVOCATION, cancels=None, cancelling=CANCELLING)


def test_a_cancellation_is_not_cancelled() -> None:
    with pytest.raises(CancelsItself):
        cancel(given(), ABOUT, Kind.CONVOCATION, cancels=UUID(int=8), cancelling=CANCELLING)


@pytest.mark.parametrize("kind", [Kind.AUTORISATION, Kind.ATTESTATION])
def test_an_autorisation_and_an_attestation_end_otherwise(kind: Kind) -> None:
    with pytest.raises(CancelledOtherwise):
        cancel(given(), ABOUT, kind, cancels=None, cancelling=CANCELLING)


def test_the_state_of_a_paper() -> None:
    assert state_of(cancels=None, in_force=True) is State.IN_FORCE
    assert state_of(cancels=None, in_force=False) is State.CANCELLED
    assert state_of(cancels=UUID(int=1), in_force=True) is State.CANCELLATION


def test_each_invitation_has_a_higher_sequence_than_all_that_an_agenda_heard_before() -> None:
    assert following(None) == 0
    assert following(given(sequence=3)) == 4
    assert following(given(sequence=3, in_force=False)) == 5  # the cancellation was 4


def test_an_ordre_de_mission_is_kept_four_years_after_its_own() -> None:
    """Loi n° 68-1250 du 31 décembre 1968."""
    assert kept_until(Kind.ORDRE_DE_MISSION, date(2027, 2, 3), None) == date(2032, 1, 1)
    assert kept_until(Kind.ORDRE_DE_MISSION, date(2027, 2, 3), 9) == date(2037, 1, 1)


def test_somebody_without_a_name_is_named_as_erased() -> None:
    nobody = Recipient(person=UUID(int=1), uai="", school="", civility="", given_names="", family_name="")

    assert (ANNA.name, nobody.name, nobody.is_named) == ("Madame Anna Test", "nom effacé", False)


CONTENT = Content(
    title="Ordre de mission", number="09-OM-2027-000017", code="0000-0000-0000-0000", issuer="Académie de Lille",
    issued_on=date(2027, 2, 3), issued_in_words="3 février 2027", name="Madame Anna *Test* #panic()",
    school="Collège (0590001F)", lines=(Stated("Mission", "animer _une_ réunion"),), paragraphs=("Un.", "Deux."),
    verification="https://bassin.example/verification",
)  # fmt: skip


def test_equal_contents_give_equal_bytes_and_a_tagged_french_titled_document() -> None:
    one, other = pdf_of(CONTENT), pdf_of(CONTENT)

    assert one == other
    assert b"/MarkInfo" in one
    assert b"/Lang(fr-FR)" in one
    assert b"pdfuaid:part" in one
    assert b"/StructTreeRoot" in one
    assert b"/DisplayDocTitle true" in one
    assert "Ordre de mission n° 09-OM-2027-000017</rdf:li>".encode() in one


def test_a_changed_template_has_a_higher_version() -> None:
    """Who changes the template raises TEMPLATE_VERSION and writes the new digest here."""
    digest = hashlib.sha256(TEMPLATE.read_bytes()).hexdigest()[:16]

    assert (TEMPLATE_VERSION, digest) == (1, "951cf76e6789ebef")


def test_a_cancellation_says_what_it_cancels_and_why() -> None:
    text = Text(title="Ordre de mission", issuer="Académie de Lille", lines=(Stated("Lieu", "Lycée"),))
    paper = Given(
        id=UUID(int=7), number="09-OM-2027-000001", person=ANNA.person, uai=ANNA.uai, sequence=2, in_force=True,
        recipient=ANNA, text=text,
    )  # fmt: skip

    draft = cancellation(paper, Kind.ORDRE_DE_MISSION, subject=ABOUT, paper=CANCELLING, reason="Arrêt maladie.")

    assert (draft.id, draft.cancels, draft.subject) == (CANCELLING, UUID(int=7), ABOUT)
    assert draft.text.title == "Annulation – Ordre de mission"
    assert draft.text.lines[:2] == (
        Stated("Document annulé", "n° 09-OM-2027-000001"), Stated("Motif", "Arrêt maladie."),
    )  # fmt: skip
