"""Which roles training knows; written once, for the guard of a route and its check inside must name the same."""

from common.identifiers import CodeAcademie
from common.identity import Agent, Role

OFFICE = (Role.RESPONSABLE_FORMATION, Role.RESSOURCES_HUMAINES)
ANYBODY = tuple(Role)  # whoever logs in may apply for himself: the census says whether he may


def offices_of(agent: Agent) -> frozenset[CodeAcademie]:
    """The académies whose training office this agent belongs to."""
    return frozenset(mandate.academie for mandate in agent.mandates if mandate.role in OFFICE)
