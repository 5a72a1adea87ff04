"""Which roles a census knows; written once, for the guard of a route and its check inside must name the same."""

from common.identity import Role

OFFICE = (Role.RESPONSABLE_FORMATION, Role.RESSOURCES_HUMAINES)  # item 114 and the DRH who signs
READERS = (*OFFICE, Role.CHEF_ETABLISSEMENT, Role.ANIMATEUR_BASSIN)
NETWORK = (*READERS, Role.AGENT)  # whom a network of a bassin concerns: those who hold its function are agents
CONVENERS = (Role.ANIMATEUR_BASSIN, Role.AGENT)  # an agent only where training made him an animateur
