"""How far the censuses are, for the operators' dashboards."""

from common import metrics
from common.figures import Figure

FIGURES = [
    Figure(
        gauge=metrics.census_schools,
        always=(("open", "closed"), ("answered", "silent")),
        sql="""
SELECT c.academie, c.status, CASE WHEN a.revision > 0 THEN 'answered' ELSE 'silent' END AS answer, count(*) AS value
FROM campaign c JOIN addressed_school a ON (a.academie, a.campaign) = (c.academie, c.id)
GROUP BY c.academie, c.status, a.revision > 0
""",
    ),
    Figure(
        gauge=metrics.deadline_near,
        always=(("census",),),
        dated=True,
        sql="""
SELECT c.academie, 'census' AS kind, count(*) AS value
FROM campaign c JOIN addressed_school a ON (a.academie, a.campaign) = (c.academie, c.id)
WHERE c.status = 'open' AND c.deadline BETWEEN $1 AND $2 AND a.revision = 0
GROUP BY c.academie
""",
    ),
    Figure(
        gauge=metrics.census_persons,
        sql="SELECT academie, count(*) AS value FROM person WHERE NOT erased GROUP BY academie",
    ),
]
