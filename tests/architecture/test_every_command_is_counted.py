"""« A command makes at most four round trips »: no command of these services is left out of the tests that count."""

import re

from tests.architecture.test_every_route_says_who_may import WRITES
from tests.service.hr_networks.meetings.test_convening_is_four_round_trips import COUNTED as CONVENING
from tests.service.hr_networks.test_a_command_is_four_round_trips import COUNTED as CENSUSES
from tests.service.payroll.operators.test_consumers_and_lost_facts_over_http import COUNTED as RESUMING
from tests.service.payroll.test_a_command_is_four_round_trips import COUNTED as PAY
from tests.service.training.papers.test_each_paper_is_four_round_trips import COUNTED as PAPERS
from tests.service.training.test_each_command_is_four_round_trips import COUNTED as CANDIDATURES

HEARING = ("training", "hr-networks", "payroll")
SERVICES = {"training", "hr_networks", "payroll"}
PARKING = re.compile(r"/v1/[a-z-]+/parking/")  # these apply records: as many statements as a batch of the inbox takes
RESUMED = {(method, path.replace("/payroll/", f"/{name}/")) for method, path in RESUMING for name in HEARING}


def test_every_command_of_the_letter_is_counted() -> None:
    written = {(route.method, route.path) for route in WRITES if route.service in SERVICES}

    applying = {route for route in written if PARKING.match(route[1])}
    assert written - applying == CONVENING | CENSUSES | PAY | PAPERS | CANDIDATURES | RESUMED
    assert len(applying) == 4 * len(SERVICES)
