"""How many schools the directory knows, for the operators' dashboards."""

from common import metrics
from common.figures import Figure

FIGURES = [
    Figure(
        gauge=metrics.directory_schools,
        always=(("open", "closed"),),
        sql="""
SELECT academie, CASE WHEN closed_on IS NULL THEN 'open' ELSE 'closed' END AS status, count(*) AS value
FROM etablissement GROUP BY academie, closed_on IS NULL
""",
    )
]
