"""Régions académiques, académies, départements, the missions of a bassin, the texts: all with their dates."""

from datetime import date

import pytest

from territory.organisation.domain import ORIENTATIONS_BASSINS, MissionBassin, Profil, Rectorat
from territory.organisation.reference import nationwide

TODAY = date(2026, 11, 22)


@pytest.mark.item(49)
def test_lille_and_amiens_are_one_region_academique_whose_label_changed() -> None:
    carte = nationwide()

    assert [a.name for a in carte.academies_of("32", TODAY)] == ["Lille", "Amiens"]
    assert carte.region_label("32", date(2016, 9, 29)) == "Nord-Pas-de-Calais-Picardie"
    assert carte.region_label("32", date(2016, 9, 30)) == "Hauts-de-France"
    assert carte.region_label("32", date(2015, 12, 31)) is None


def test_caen_and_rouen_became_normandie_in_2020() -> None:
    carte = nationwide()

    before, after = carte.academie_of("14", date(2019, 12, 31)), carte.academie_of("14", date(2020, 1, 1))

    assert before is not None
    assert (before.code, before.name) == ("05", "Caen")
    assert after is not None
    assert (after.code, after.name) == ("70", "Normandie")
    assert carte.in_force("05", date(2020, 1, 1)) is after
    assert carte.in_force("05", date(2007, 10, 26)) is before


def test_every_departement_is_of_one_academie_at_a_time() -> None:
    carte = nationwide()

    for code, versions in carte.departements.items():
        for day in (date(2007, 10, 26), date(2019, 12, 31), date(2020, 1, 1), TODAY):
            assert sum(version.holds(day) for version in versions) == 1, code


def test_the_departements_of_the_two_academies_are_those_of_the_documents() -> None:
    carte = nationwide()

    assert [d.code for d in carte.departements_of("09", TODAY)] == ["59", "62"]
    assert [d.code for d in carte.departements_of("20", TODAY)] == ["02", "60", "80"]


def test_an_unknown_academie_is_none() -> None:
    assert nationwide().in_force("99", TODAY) is None


@pytest.mark.item(19)
@pytest.mark.item(20)
@pytest.mark.item(21)
def test_the_missions_of_a_bassin_are_the_three_poles_of_the_circulaire() -> None:
    assert [mission.label for mission in MissionBassin] == [
        "Pilotage et animation pédagogique",
        "Gestion des ressources humaines de proximité",
        "Relations avec les partenaires locaux",
    ]


@pytest.mark.item(7)
def test_bassins_rest_on_a_dated_text() -> None:
    text = ORIENTATIONS_BASSINS

    assert (text.nor, text.rlr, text.signed_on) == ("MEND0101328C", "520-7", date(2001, 6, 20))
    assert not text.holds(date(2001, 6, 19))
    assert text.holds(TODAY)


@pytest.mark.item(115)
def test_a_bassin_is_called_what_the_academie_calls_it() -> None:
    assert Profil().local_name == "bassin"
    assert Profil(local_name="BEC").local_name == "BEC"


@pytest.mark.item(48)
def test_a_rectorat_has_an_address_and_a_telephone() -> None:
    nantes = Rectorat(
        name="Rectorat de Nantes",
        address="4 rue de la Houssinière, BP 72616, 44326 Nantes Cedex 03",
        phone="02 40 37 37 37",
    )

    assert Profil(rectorat=nantes).rectorat == nantes
