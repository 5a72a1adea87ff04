"""Couverture: which bassins have their meeting between the modules, and which have none yet."""

import msgspec
from msgspec import Struct

from common.identifiers import CodeBassin


class Coverage(Struct, frozen=True, kw_only=True):
    """Où en est un bassin dans l’intersession d’une offre."""

    bassin: CodeBassin
    name: str
    network: bool
    animateurs: int
    planned: int
    held: int
    cancelled: int
    missing: bool = False  # nothing is held or planned yet


def covered(bassin: Coverage) -> Coverage:
    """« une réunion des secrétaires de direction des EPLE du BEC durant l'inter-session »: one at least."""
    return msgspec.structs.replace(bassin, missing=bassin.planned + bassin.held == 0)
