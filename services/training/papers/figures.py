"""How many papers of each kind were issued, for the operators' dashboards."""

from common import metrics
from common.figures import Figure
from training.papers.domain import Kind

FIGURES = [
    Figure(
        gauge=metrics.papers,
        always=(tuple(Kind),),
        sql="SELECT academie, kind, count(*) AS value FROM paper GROUP BY academie, kind",
    )
]
