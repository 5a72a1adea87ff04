"""Who may do what with pay: written once, for the guard of a route and its check inside must name the same."""

from common.identifiers import CodeAcademie
from common.identity import Agent, Role

COORDINATION = Role.COORDINATION_PAYE
EVERYONE = tuple(Role)  # the calendar holds no amount, and pay information is to be shared (item 99)


def coordinated(agent: Agent) -> list[CodeAcademie]:
    """The académies whose pay this agent coordinates; of the others he reads no amount."""
    return sorted({mandate.academie for mandate in agent.mandates if mandate.role is COORDINATION})
