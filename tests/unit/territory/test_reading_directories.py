"""The two official exports and our plain file, as they come and as spreadsheets leave them."""

import io
from datetime import date

import pytest

from common.communes import Successor
from common.identifiers import CodeBassin, CommuneInsee
from common.imports import open_table
from territory.imports.domain import State, Wish
from territory.imports.layouts import ANNUAIRE, GEOLOCALISATION, LAYOUTS, PLAIN
from territory.imports.reading import Reading, Scope, Skipped, read
from territory.organisation.reference import nationwide

SCOPE = Scope(
    carte=nationwide(),
    served=frozenset({"09", "20"}),
    covered=frozenset({"09"}),
    successors={"59070": Successor(CommuneInsee("59006"))},
    bassins_by_name={("09", "lille_centre"): CodeBassin("09101")},
    on=date(2026, 11, 22),
)
ANNUAIRE_CSV = (
    "Identifiant_de_l_etablissement;Nom_etablissement;Type_etablissement;Statut_public_prive;Code postal;Code_commune;"
    "Nom_commune;Code_departement;Code_academie;Mail;SIREN_SIRET;date_ouverture;etat;Code nature;libelle_nature;"
    "code_bassin_formation;libelle_bassin_formation\n"
    "0590318A;Collège  Jean Essai;Collège;Public;59000;59350;Lille;059;09;ce.0590318a@ac-lille.example;19590318400014;"
    "1965-05-01;OUVERT;340;COLLEGE;09101;LILLE CENTRE\n"
)
GEOLOCALISATION_CSV = (
    "numero_uai,appellation_officielle,denomination_principale,secteur_public_prive_libe,adresse_uai,nature_uai,"
    "nature_uai_libe,etat_etablissement,etat_etablissement_libe,code_departement,code_region,code_academie,"
    "code_commune,date_ouverture\n"
    '0590318A,"Collège Jean Essai, annexe",COLLEGE,Public,1 rue X,340,COLLEGE,1,OUVERT,059,32,09,59350,1965-05-01\n'
)
GEOLOCALISATION_LABELS_CSV = (
    "Code établissement;Appellation officielle;Secteur Public/Privé;Code nature;Nature;Code état établissement;"
    "Etat établissement;Code département;Code académie;Code commune;date_ouverture\n"
    "0590318A;Collège Jean Essai;Public;340;COLLEGE;4;FERMÉ;59;09;59350;01/05/1965\n"
)


def lines(text: str, scope: Scope = SCOPE) -> list[Reading | Skipped]:
    table = open_table(io.BytesIO(text.encode()), LAYOUTS)
    return [read(row, table.heading, scope) for row in table.rows()]


def reading(text: str, scope: Scope = SCOPE) -> Reading:
    (only,) = lines(text, scope)
    assert isinstance(only, Reading)
    return only


def wish(text: str, scope: Scope = SCOPE) -> Wish:
    found = reading(text, scope)
    assert found.wish is not None, found.findings
    return found.wish


def plain(cells: dict[str, str], scope: Scope = SCOPE) -> Reading:
    """One line of our plain file, right but for the cells given."""
    right = {"uai": "0590318A", "nom": "Collège", "nature": "340", "commune_insee": "59350", "departement": "59"}
    line = {**right, "code_academie": "09", **cells}
    return reading(f"{';'.join(line)}\n{';'.join(line.values())}\n", scope)


def codes(found: Reading) -> list[tuple[str, str, bool]]:
    return [(f.code, f.column.split(" ")[0], f.refused) for f in found.findings]


def test_the_annuaire_is_read_as_it_is_published() -> None:
    table = open_table(io.BytesIO(ANNUAIRE_CSV.encode()), LAYOUTS)

    found = wish(ANNUAIRE_CSV)

    assert table.layout is ANNUAIRE
    assert (found.uai, found.name, found.nature, found.sector) == ("0590318A", "Collège Jean Essai", "340", "public")
    assert (found.commune, found.departement, found.academie) == ("59350", "59", "09")
    assert (found.siret, found.mail) == ("19590318400014", "ce.0590318a@ac-lille.example")
    assert (found.state, found.opened_on) == (State.OPEN, date(1965, 5, 1))
    assert (found.bassin, found.bassin_name) == ("09101", "LILLE CENTRE")


def test_the_geolocalisation_is_read_with_its_technical_headings() -> None:
    table = open_table(io.BytesIO(GEOLOCALISATION_CSV.encode()), LAYOUTS)

    found = wish(GEOLOCALISATION_CSV)

    assert table.layout is GEOLOCALISATION
    assert (found.name, found.nature, found.state) == ("Collège Jean Essai, annexe", "340", State.OPEN)
    assert found.bassin is None


def test_the_geolocalisation_is_read_with_its_labels_too() -> None:
    found = wish(GEOLOCALISATION_LABELS_CSV)

    assert (found.uai, found.nature, found.state) == ("0590318A", "340", State.CLOSED)
    assert found.opened_on == date(1965, 5, 1)


def test_a_nature_may_be_given_by_its_label_alone() -> None:
    text = "uai;nom;libelle_nature;code_commune\n0590318A;Lycée;LYCEE PROFESSIONNEL;59350\n"

    assert open_table(io.BytesIO(text.encode()), LAYOUTS).layout is PLAIN
    assert wish(text).nature == "320"


def test_without_its_column_the_academie_follows_from_the_departement_or_the_commune() -> None:
    assert wish("uai;nom;nature;code_commune;departement\n0590318A;Collège;340;59350;059\n").academie == "09"
    assert wish("uai;nom;nature;code_commune\n0590318A;Collège;340;59350\n").academie == "09"


def test_lines_of_academies_not_served_or_not_covered_are_told_apart_and_not_examined() -> None:
    text = "uai;nom;nature;code_commune;code_academie\nfaux;;;;17\nfaux;;;;20\n"

    assert lines(text) == [Skipped("17", False), Skipped("20", True)]


def test_a_former_academie_is_read_as_the_one_that_took_its_place() -> None:
    assert lines("uai;nom;nature;code_commune;code_academie\n0140001A;Ecole;151;14118;05\n") == [Skipped("70", False)]


@pytest.mark.parametrize(
    ("cells", "finding"),
    [
        ({"uai": "0590318B"}, ("uai-checksum", "uai", True)),
        ({"uai": ""}, ("empty", "uai", True)),
        ({"uai": "lycée"}, ("invalid-uai", "uai", True)),
        ({"nom": " "}, ("empty", "nom", True)),
        ({"nom": "#NOM?"}, ("spreadsheet-error", "nom", True)),
        ({"nature": "COLLEGE"}, ("invalid-nature", "nature", True)),
        ({"nature": "399"}, ("unknown-nature", "nature", False)),
        ({"commune_insee": "Lille"}, ("invalid-commune", "commune_insee", True)),
        ({"commune_insee": "62041"}, ("commune-elsewhere", "commune_insee", True)),
        ({"code_academie": "99"}, ("unknown-academie", "code_academie", True)),
        ({"commune_insee": "80021", "departement": "80"}, ("departement-elsewhere", "departement", True)),
        ({"etat": "peut-être"}, ("invalid-state", "etat", True)),
        ({"etat": "A OUVRIR"}, ("opening-without-date", "etat", True)),
        ({"etat": "A FERMER"}, ("closing-without-date", "etat", False)),
        ({"date_ouverture": "23862"}, ("invalid-date", "date_ouverture", True)),
        ({"date_ouverture": "31/02/2026"}, ("invalid-date", "date_ouverture", True)),
        ({"siret": "19590318400015"}, ("siret-key", "siret", False)),
        ({"siret": "abc"}, ("invalid-siret", "siret", False)),
        ({"mail": "sans arobase"}, ("invalid-mail", "mail", False)),
        ({"secteur": "mixte"}, ("unknown-sector", "secteur", False)),
        ({"bassin_code": "20901"}, ("bassin-elsewhere", "bassin_code", True)),
    ],
)
def test_what_is_wrong_is_refused_or_warned_by_column(cells: dict[str, str], finding: tuple[str, str, bool]) -> None:
    found = plain(cells)

    assert codes(found) == [finding]
    assert (found.wish is None) == finding[2]


def test_every_error_of_a_line_is_named_not_the_first_one() -> None:
    found = plain(
        {
            "uai": "0590318A",
            "nom": "",
            "nature": "x",
            "etat": "?",
            "date_ouverture": "hier",
            "siret": "x",
            "commune_insee": "Lille",
        }
    )

    assert [code for code, _, refused in codes(found) if refused] == [
        "invalid-commune",
        "empty",
        "invalid-nature",
        "invalid-date",
        "invalid-state",
    ]
    assert ("invalid-siret", "siret", False) in codes(found)


@pytest.mark.parametrize(
    ("cells", "finding"),
    [
        ({"siret": "2,17003E+13"}, ("spreadsheet-number", "siret", False)),
        ({"siret": "2.17003E+13"}, ("spreadsheet-number", "siret", False)),
        ({"siret": "12345"}, ("spreadsheet-zeros", "siret", False)),
        ({"uai": "590318A"}, ("spreadsheet-zeros", "uai", False)),
        ({"code_academie": "9"}, ("spreadsheet-zeros", "code_academie", False)),
        ({"bassin_code": "9101"}, ("spreadsheet-zeros", "bassin_code", False)),
        ({"bassin_code": "9,101E+03"}, ("spreadsheet-number", "bassin_code", False)),
        ({"commune_insee": "5,935E+04"}, ("spreadsheet-number", "commune_insee", True)),
    ],
)
def test_damage_by_a_spreadsheet_is_detected(cells: dict[str, str], finding: tuple[str, str, bool]) -> None:
    assert codes(plain(cells)) == [finding]


def test_lost_zeros_are_given_back() -> None:
    scope = Scope(
        carte=SCOPE.carte,
        served=SCOPE.served,
        covered=frozenset({"20"}),
        successors={},
        bassins_by_name={},
        on=SCOPE.on,
    )

    found = plain(
        {"uai": "20004U", "code_academie": "20", "departement": "2", "commune_insee": "2057", "bassin_code": "20902"},
        scope,
    )

    assert found.wish is not None
    assert (found.wish.uai, found.wish.departement, found.wish.commune) == ("0020004U", "02", "02057")


def test_a_short_siret_is_read_only_if_zeros_make_it_right() -> None:
    right, wrong = plain({"siret": "00550004"}).wish, plain({"siret": "12345"}).wish

    assert right is not None
    assert right.siret == "00000000550004"
    assert wrong is not None
    assert wrong.siret is None


def test_a_lower_case_uai_is_mended_with_a_warning() -> None:
    found = plain({"uai": "0590318a"})

    assert found.wish is not None
    assert found.wish.uai == "0590318A"
    assert codes(found) == [("mended", "uai", False)]


def test_a_commune_that_no_longer_exists_is_read_as_its_successor() -> None:
    found = plain({"commune_insee": "59070"})

    assert found.wish is not None
    assert found.wish.commune == "59006"
    assert codes(found) == [("former-commune", "commune_insee", False)]


def test_a_bassin_whose_code_is_none_of_ours_is_known_by_its_name() -> None:
    known, unknown = (
        plain({"bassin_code": "LIL-1", "bassin": "Lille-Centre"}),
        plain({"bassin_code": "LIL-1", "bassin": "Ailleurs"}),
    )

    assert known.wish is not None
    assert known.wish.bassin == "09101"
    assert unknown.wish is not None
    assert unknown.wish.bassin is None
    assert codes(known) == codes(unknown) == [("invalid-bassin", "bassin_code", False)]


def test_an_empty_cell_says_nothing() -> None:
    found = plain({"siret": "", "mail": "", "bassin_code": "", "secteur": "", "etat": "", "date_ouverture": ""})

    assert found.findings == ()
    assert found.wish is not None
    assert (found.wish.siret, found.wish.mail, found.wish.bassin, found.wish.state) == (None, None, None, None)


def test_a_date_may_be_written_the_french_way_or_with_a_time() -> None:
    assert [plain({"date_ouverture": text}).wish for text in ("01/09/2026", "2026-09-01T00:00:00+02:00")] == [
        plain({"date_ouverture": "2026-09-01"}).wish
    ] * 2


def test_a_line_that_cannot_be_cut_into_cells_is_refused_with_its_number() -> None:
    fine, broken = lines("uai;nom;nature;code_commune\n0590318A;Collège;340;59350\n0590318A;Collège\n")

    assert isinstance(fine, Reading)
    assert isinstance(broken, Reading)
    assert (broken.line, broken.wish, broken.findings[0].code) == (3, None, "wrong-width")
