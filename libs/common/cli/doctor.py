"""`bassin doctor`: what this machine lacks for a demo, and what to do."""

from cyclopts import App

from common.local.health_check import findings
from common.local.layout import Layout

app = App(name="doctor", help="Look at Python, ports, rights, disk, memory and the parts that are kept.")


@app.default
def doctor(*, port: int = 8080) -> int:
    """Exit status 3 if something is missing."""
    found = list(findings(Layout(port)))
    for finding in found:
        print(f"{finding.what:13} {'--' if finding.remedy else 'ok'}  {finding.remedy or finding.said}")
    return 3 if any(finding.remedy for finding in found) else 0
