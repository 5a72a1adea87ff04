"""How the headings of the two official exports, and of our own plain file, name what we read."""

from typing import Final

from common.imports import Column, Layout

ANNUAIRE: Final = Layout(
    "Annuaire de l’éducation",
    (
        Column("uai", ("identifiant_de_l_etablissement", "identifiant_etablissement")),
        Column("name", ("nom_etablissement",)),
        Column("nature", ("code_nature",)),
        Column("nature_label", ("libelle_nature",)),
        Column("state", ("etat",)),
        Column("commune", ("code_commune",)),
        Column("departement", ("code_departement",)),
        Column("academie", ("code_academie",)),
        Column("sector", ("statut_public_prive",)),
        Column("siret", ("siren_siret",)),
        Column("mail", ("mail",)),
        Column("opened_on", ("date_ouverture",)),
        Column("closed_on", ("date_fermeture",)),
        Column("bassin", ("code_bassin_formation",)),
        Column("bassin_name", ("libelle_bassin_formation",)),
    ),
    (("uai",), ("name",), ("nature", "nature_label"), ("commune",), ("academie", "departement"), ("state",)),
)

GEOLOCALISATION: Final = Layout(
    "Adresse et géolocalisation des établissements",
    (
        Column("uai", ("numero_uai", "code_etablissement")),
        Column("name", ("appellation_officielle",)),
        Column("nature", ("nature_uai", "code_nature")),
        Column("nature_label", ("nature_uai_libe", "nature")),
        Column("state", ("code_etat_etablissement", "etat_etablissement", "etat_etablissement_libe")),
        Column("commune", ("code_commune",)),
        Column("departement", ("code_departement",)),
        Column("academie", ("code_academie",)),
        Column("sector", ("secteur_public_prive_libe", "secteur_public_prive")),
        Column("opened_on", ("date_ouverture",)),
        Column("closed_on", ("date_fermeture",)),
    ),
    (("uai",), ("name",), ("nature", "nature_label"), ("commune",), ("academie", "departement"), ("state",)),
)

PLAIN: Final = Layout(
    "Fichier simple d’établissements",
    (
        Column("uai", ("uai",)),
        Column("name", ("nom",)),
        Column("nature", ("nature", "code_nature")),
        Column("nature_label", ("libelle_nature",)),
        Column("state", ("etat",)),
        Column("commune", ("commune_insee", "code_commune")),
        Column("departement", ("departement", "code_departement")),
        Column("academie", ("code_academie", "academie")),
        Column("sector", ("secteur",)),
        Column("siret", ("siret",)),
        Column("mail", ("mail", "courriel")),
        Column("opened_on", ("date_ouverture",)),
        Column("closed_on", ("date_fermeture",)),
        Column("bassin", ("bassin_code", "code_bassin")),
        Column("bassin_name", ("bassin", "libelle_bassin")),
        Column("bassin_since", ("bassin_depuis",)),
    ),
    (("uai",), ("name",), ("nature", "nature_label"), ("commune",)),
)

LAYOUTS: Final = (ANNUAIRE, GEOLOCALISATION, PLAIN)
