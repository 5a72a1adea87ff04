"""How many meetings are planned, held and cancelled, for the operators' dashboards."""

from common import metrics
from common.figures import Figure

FIGURES = [
    Figure(
        gauge=metrics.meetings,
        always=(("planned", "held", "cancelled"),),
        sql="SELECT academie, status, count(*) AS value FROM meeting GROUP BY academie, status",
    )
]
