"""Elements by pay campaign, and what its cut-off will leave behind, for the operators' dashboards."""

from common import metrics
from common.figures import Figure

# The campaigns of a year: a month that is long over is no series any more. An element without one is of month "none".
FIGURES = [
    Figure(
        gauge=metrics.pay_elements,
        always=(("none",), ("held", "nothing-due")),
        dated=True,
        sql="""
SELECT e.academie, coalesce(c.month, 'none') AS month, e.status, count(*) AS value
FROM element e LEFT JOIN campaign c ON (c.academie, c.id) = (e.academie, e.campaign)
WHERE c.id IS NULL OR c.pays_on BETWEEN $1::date - 366 AND $2::date + 366
GROUP BY e.academie, c.month, e.status
""",
    ),
    Figure(
        gauge=metrics.deadline_near,
        always=(("pay",),),
        dated=True,
        sql="""
SELECT c.academie, 'pay' AS kind, count(DISTINCT e.id) AS value
FROM campaign c JOIN element e ON e.academie = c.academie
WHERE c.locked_at IS NULL AND c.cut_off BETWEEN $1 AND $2
    AND (e.status = 'held' OR e.status = 'ready' AND e.campaign = c.id)
GROUP BY c.academie
""",
    ),
]
