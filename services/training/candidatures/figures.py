"""Candidatures by state, and the avis that are due soon, for the operators' dashboards."""

from common import metrics
from common.figures import Figure
from training.candidatures.domain import Status

FIGURES = [
    Figure(
        gauge=metrics.candidatures,
        always=(tuple(Status),),
        sql="SELECT academie, status, count(*) AS value FROM candidature GROUP BY academie, status",
    ),
    Figure(
        gauge=metrics.deadline_near,
        always=(("avis",),),
        dated=True,
        sql="""
SELECT c.academie, 'avis' AS kind, count(*) AS value
FROM candidature c JOIN offer o ON (o.academie, o.id) = (c.academie, c.offer)
WHERE c.status = 'submitted' AND o.avis_deadline BETWEEN $1 AND $2
GROUP BY c.academie
""",
    ),
]
