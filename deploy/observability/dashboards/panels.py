"""What a dashboard of ours is made of: rows of panels, each with its queries, on the deployment's one Prometheus."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import GraphDrawStyle, LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DataSourceRef,
    VariableOption,
    VariableRefresh,
)

QUIET = 'route!~"/livez|/readyz|/metrics"'  # asked by machines of the platform every few seconds
SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")  # as deploy/observability/grafana provisions it
ACADEMIE = "$academie"


class Panel(NamedTuple):
    """`queries`: what is asked, by how its series are called. With `each_academie` the panel stands once for each."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    width: int = 8  # of 24
    number: bool = False  # the present value alone, instead of its course
    each_academie: bool = False


class Row(NamedTuple):
    title: str
    panels: Sequence[Panel]


class Board(NamedTuple):
    uid: str  # also the name of its file
    title: str
    rows: Sequence[Row]
    by_academie: bool = False


def built(board: Board) -> Dashboard:
    made = dashboard.Dashboard(board.title).uid(board.uid).tags(["bassin"]).readonly().timezone("browser")
    made = made.tooltip(DashboardCursorSync.CROSSHAIR).time("now-3h", "now").refresh("30s")
    if board.by_academie:
        made = made.with_variable(academies())
    for row in board.rows:
        made = made.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            made = made.with_panel(drawn(panel))
    whole = made.build()
    for place, drawing in enumerate(whole.panels or [], start=1):
        drawing.id_val = place  # a link to a panel must lead to the same one tomorrow
    return whole


def academies() -> dashboard.QueryVariable:
    """A third académie appears by itself: it is served as soon as a service tells figures of it."""
    variable = dashboard.QueryVariable("academie").label("Académie").datasource(SOURCE).multi(True).include_all(True)
    variable = variable.current(VariableOption(selected=True, text="All", value="$__all"))
    return variable.query("label_values(bassin_deadline_near_open, academie)").refresh(
        VariableRefresh.ON_TIME_RANGE_CHANGED
    )


def drawn(panel: Panel) -> timeseries.Panel | stat.Panel:
    targets = [
        prometheus.Dataquery().expr(expression).legend_format(name).ref_id(chr(ord("A") + place)).range()
        for place, (name, expression) in enumerate(panel.queries.items())
    ]
    kind = present() if panel.number else course()
    kind = kind.title(panel.title).datasource(SOURCE).unit(panel.unit).span(panel.width).height(7)
    if panel.each_academie:
        kind = kind.repeat("academie").repeat_direction("h")
    for target in targets:
        kind = kind.with_target(target)
    return kind


def present() -> stat.Panel:
    return stat.Panel().reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def course() -> timeseries.Panel:
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    return timeseries.Panel().draw_style(GraphDrawStyle.LINE).fill_opacity(10).legend(legend.show_legend(True)).min(0)
