"""The list of elements as a file for people, with the filters of the list; the file for the paymaster is an export."""

from decimal import Decimal

from common.exports import Row
from payroll.elements.views import ElementView

HEADER = (
    *("Ordre de mission", "Jour", "Personne", "UAI", "Commune", "Bassin", "État", "Contrôles", "Motif"),
    *("Montant", "Mois de paye", "En retard depuis", "Rejet"),
)
LARGEST = 10_000  # lines of a file


def row_of(element: ElementView) -> Row:
    controls = ", ".join(control.label for control in element.controls)
    where = (element.uai, element.commune, element.bassin)
    what = (element.status_label, controls, element.not_due_label, euros(element.amount))
    when = (element.month, element.late_from, element.rejection)
    return (element.number, element.day, str(element.person), *where, *what, *when)


def euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
