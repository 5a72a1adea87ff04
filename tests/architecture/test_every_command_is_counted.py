"""« A command makes at most four round trips »: no command of these services is left out of the tests that count."""

from tests.architecture.test_every_route_says_who_may import WRITES
from tests.service.hr_networks.meetings.test_convening_is_four_round_trips import COUNTED as CONVENING
from tests.service.hr_networks.test_a_command_is_four_round_trips import COUNTED as CENSUSES
from tests.service.payroll.test_a_command_is_four_round_trips import COUNTED as PAY
from tests.service.training.papers.test_each_paper_is_four_round_trips import COUNTED as PAPERS
from tests.service.training.test_each_command_is_four_round_trips import COUNTED as CANDIDATURES

SERVICES = {"training", "hr_networks", "payroll"}


def test_every_command_of_the_letter_is_counted() -> None:
    written = {(route.method, route.path) for route in WRITES if route.service in SERVICES}

    assert written == CONVENING | CENSUSES | PAY | PAPERS | CANDIDATURES
