"""Territory: which schools there are, where, and to which bassin each belonged on any day."""

from collections.abc import Coroutine
from typing import Any

from common.contracts import territory as contract
from common.contracts.territory import BassinState, EtablissementState
from common.db import Database
from common.service import Service
from common.settings import Settings
from common.web import Description
from territory.directory.api import BassinsController, EtablissementsController
from territory.directory.figures import FIGURES as OF_DIRECTORY
from territory.directory.store import bassin_states, school_states
from territory.imports.api import ImportsController
from territory.imports.importer import Importer
from territory.organisation.api import OrganisationController


def give_imports_to_a_child(db: Database, settings: Settings) -> Coroutine[Any, Any, None]:
    return Importer(settings).run(db)


SERVICE = Service(
    contract=contract.CONTRACT,
    description=Description(
        title="Bassin - territoire",
        text="Académies, bassins et établissements, avec leur histoire datée.",
        tags={
            "Établissements": "Les établissements et le bassin de chacun, à toute date.",
            "Bassins": "Les bassins d’éducation et de formation.",
            "Imports": "Les annuaires officiels : essai à blanc, rapport, application.",
            "Organisation": "Régions académiques, académies, départements ; textes et missions.",
        },
    ),
    controllers=[EtablissementsController, BassinsController, ImportsController, OrganisationController],
    states={EtablissementState: school_states, BassinState: bassin_states},
    figures=OF_DIRECTORY,
    loops=[give_imports_to_a_child],
)
