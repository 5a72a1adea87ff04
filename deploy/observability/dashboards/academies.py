"""The académies side by side, each in its column: how far the work is, never who did it and never in which school."""

from deploy.observability.dashboards.panels import ACADEMIE, Board, Panel, Row

HERE = f'academie=~"{ACADEMIE}"'


def schools(which: str) -> str:
    return f"sum(max by (status, answer) (bassin_census_schools{{{HERE}{which}}}))"


def of(gauge: str, label: str) -> str:
    return f"max by ({label}) ({gauge}{{{HERE}}})"


ANSWERED = ',answer="answered"'
COMPLETENESS = f"{schools(ANSWERED)} / clamp_min({schools('')}, 1)"


def shown(title: str, name: str, query: str, unit: str = "short", *, number: bool = False) -> Row:
    """One row: the same panel for each académie, next to each other."""
    return Row(title, [Panel(f"{title}: {ACADEMIE}", {name: query}, unit, 12, number=number, each_academie=True)])


BOARD = Board(
    "bassin-academies",
    "Bassin: académies side by side",
    [
        shown("Censuses answered", "of the schools addressed", COMPLETENESS, "percentunit", number=True),
        shown("To do within three days", "{{kind}}", of("bassin_deadline_near_open", "kind")),
        shown("Candidatures by state", "{{status}}", of("bassin_candidatures", "status")),
        shown("Papers issued", "{{kind}}", of("bassin_papers", "kind")),
        shown("Meetings", "{{status}}", of("bassin_meetings", "status")),
        shown("Elements by pay campaign", "{{month}} {{status}}", of("bassin_pay_elements", "month, status")),
        shown("Schools of the directory", "{{status}}", of("bassin_directory_schools", "status")),
    ],
    by_academie=True,
)
