"""An identifier that exists as a value is right; what spreadsheets and people do to it is recognised."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.identifiers import (
    IDENTIFIERS,
    CodeAcademie,
    CodeBassin,
    CodeDepartement,
    CommuneInsee,
    Identifier,
    InvalidIdentifier,
    Oid,
    Siret,
    Uai,
    bassin_id,
    dec_hook,
    enc_hook,
    schema_hook,
    school_id,
    siret_warning,
)

numbers = st.integers(0, 9_999_999).map("{:07d}".format)
uais = numbers.map(lambda number: Uai(number + Uai.LETTERS[int(number) % 23]))
REAL = {
    Uai: ["0590318A", "0800001S", "0020002S", "0020004U", "0020007X"],
    CodeAcademie: ["09", "20", "70"],
    CodeBassin: ["09101", "09114", "24773", "16103"],
    CommuneInsee: ["59350", "02001", "2A004", "2B033", "97105"],
    CodeDepartement: ["59", "02", "2A", "2B", "971", "988"],
    Siret: ["21590350100017"],
    Oid: ["E12345678"],
}


def refused(kind: type[Identifier], text: str) -> str:
    with pytest.raises(InvalidIdentifier) as caught:
        kind(text)
    return caught.value.code


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_real_codes_are_accepted(kind: type[Identifier]) -> None:
    assert [kind(text) for text in REAL[kind]] == REAL[kind]
    assert kind(kind.example)


@given(uais, st.integers(0, 6), st.integers(1, 9))
def test_every_wrong_digit_of_a_uai_is_detected(uai: Uai, place: int, shift: int) -> None:
    wrong = uai[:place] + str((int(uai[place]) + shift) % 10) + uai[place + 1 :]

    assert refused(Uai, wrong) == "uai-checksum"


@given(uais, st.integers(0, 6))
def test_every_swap_of_neighbours_in_a_uai_is_detected(uai: Uai, place: int) -> None:
    wrong = uai[:place] + uai[place + 1] + uai[place] + uai[place + 2 :]

    if wrong != uai:
        assert not Uai.is_valid(wrong)


@given(numbers, st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_letter_only_fits_a_number(number: str, letter: str) -> None:
    right = Uai.LETTERS[int(number) % 23]

    assert Uai.is_valid(number + letter) == (letter == right)


@pytest.mark.parametrize(
    "text", ["", "0590318", "0590318AA", "0590318I", "059 318A", "٠٥٩٠٣١٨A", "0590318A\n", "930H01"]
)
def test_what_has_not_the_form_of_a_uai_is_refused(text: str) -> None:
    assert refused(Uai, text) == "invalid-uai"


@given(uais)
def test_a_lower_case_uai_is_refused_as_a_value_and_mended_with_a_warning(uai: Uai) -> None:
    assert refused(Uai, uai.lower()) == "invalid-uai"
    assert Uai.mend(f" {uai.lower()} ") == (uai, True)
    assert Uai.mend(f" {uai} ") == (uai, False)


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (Siret, "2,17003E+13", "spreadsheet-number"),
        (Siret, "2.15903501E13", "spreadsheet-number"),
        (CommuneInsee, "59350.0", "spreadsheet-number"),
        (CommuneInsee, "2001", "spreadsheet-zeros"),
        (CodeBassin, "9101", "spreadsheet-zeros"),
        (CodeAcademie, "9", "spreadsheet-zeros"),
        (CodeDepartement, "2", "spreadsheet-zeros"),
        (Uai, "590318A", "spreadsheet-zeros"),
        (Uai, "590318B", "invalid-uai"),
        (CodeDepartement, "20", "invalid-departement"),
        (CodeDepartement, "96", "invalid-departement"),
        (CommuneInsee, "2C004", "invalid-commune"),
        (Oid, "12345678", "invalid-oid"),
    ],
)
def test_the_damage_done_by_a_spreadsheet_is_told_from_a_wrong_code(
    kind: type[Identifier], text: str, code: str
) -> None:
    assert refused(kind, text) == code


def test_the_first_digits_of_a_uai_give_its_departement() -> None:
    def placed(number: str) -> tuple[str, ...]:
        return Uai(number + Uai.LETTERS[int(number) % 23]).departements

    assert placed("0590318") == ("59",)
    assert placed("0020002") == ("02",)
    assert placed("6200001") == ("2A",)
    assert placed("7200001") == ("2B",)
    assert placed("9710001") == ("971", "977", "978")
    assert placed("9740001") == ("974",)
    assert placed("9830001") == ("988",)
    assert placed("9840001") == ("987",)
    assert placed("9870001") == ("986",)


def test_a_bassin_names_its_academie_and_a_commune_its_departement() -> None:
    assert CodeBassin("09101").academie == CodeAcademie("09")
    assert CommuneInsee("2A004").departement == "2A"
    assert CommuneInsee("97105").departement == "971"


def test_official_files_write_a_departement_with_three_characters() -> None:
    assert CodeDepartement.mend("059") == ("59", False)
    assert CodeDepartement.mend("02A") == ("2A", False)
    assert CodeDepartement.mend("971") == ("971", False)


def test_a_siret_with_a_wrong_key_is_accepted_with_a_warning() -> None:
    right, wrong, la_poste = Siret("21590350100017"), Siret("21590350100018"), Siret("35600000049800")

    assert siret_warning(right) is None
    assert siret_warning(wrong) == "La clé de contrôle du SIRET est fausse"
    assert siret_warning(la_poste) is None  # the sum of its digits is a multiple of 5
    assert Siret.mend("215 903 501 00017") == (right, False)


@given(st.integers(0, 9_999_999_999_999))
def test_one_last_digit_only_makes_a_siret_without_warning(number: int) -> None:
    quiet = [d for d in range(10) if siret_warning(Siret(f"{number:013d}{d}")) is None]

    assert len(quiet) == 1 or f"{number:013d}".startswith("356000000")


class Card(msgspec.Struct, frozen=True):
    uai: Uai
    bassins: tuple[CodeBassin, ...] = ()
    pupils: dict[CommuneInsee, int] = {}


@given(uais, st.lists(st.from_regex(r"[0-9]{5}", fullmatch=True).map(CodeBassin)))
def test_identifiers_travel_through_json_with_their_type(uai: Uai, bassins: list[CodeBassin]) -> None:
    card = Card(uai, tuple(bassins), {CommuneInsee("59350"): 1})

    back = msgspec.json.decode(msgspec.json.encode(card, enc_hook=enc_hook), type=Card, dec_hook=dec_hook)

    assert back == card
    assert type(back.uai) is Uai
    assert {type(b) for b in back.bassins} <= {CodeBassin}
    assert {type(c) for c in back.pupils} == {CommuneInsee}


@pytest.mark.parametrize("body", ['{"uai":"0590318B"}', '{"uai":590318}', '{"uai":"0590318A","bassins":["9101"]}'])
def test_a_wrong_identifier_in_json_is_a_validation_error_that_keeps_its_cause(body: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(body, type=Card, dec_hook=dec_hook)

    assert isinstance(caught.value.__cause__, InvalidIdentifier)


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_the_json_schema_of_an_identifier_has_its_pattern_and_an_example(kind: type[Identifier]) -> None:
    schema = msgspec.json.schema(kind, schema_hook=schema_hook)

    assert schema == {"type": "string", "pattern": f"^(?:{kind.pattern})$", "examples": [kind.example]}


def test_the_id_of_a_school_and_of_a_bassin_never_change() -> None:
    assert str(school_id(Uai("0590318A"))) == SCHOOL
    assert str(bassin_id(CodeBassin("09101"))) == BASSIN_LILLE_CENTRE


SCHOOL = "2e0c88f0-6057-5227-8006-f5ee3909ef5e"
BASSIN_LILLE_CENTRE = "a586d7aa-b9ca-5bb5-818a-458e6176784b"
