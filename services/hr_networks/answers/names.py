"""The list of names as a spreadsheet shows it: what the letter of 2007 asked of every school, put together."""

from common.exports import Row
from hr_networks.answers.views import NamedPerson

HEADER = (
    *("UAI", "Établissement", "Bassin", "Civilité", "Nom", "Prénoms"),
    *("Fonction", "Corps", "Mél professionnel", "Réponse du"),
)


def row_of(named: NamedPerson) -> Row:
    person = (named.civility.label, named.family_name, named.given_names, named.function, named.corps.label)
    return (named.uai, named.school, named.bassin, *person, named.work_mail, named.answered_at)
