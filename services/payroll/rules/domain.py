"""Règles de l'académie: which hours make a meal or a night, and above what an element is looked at."""

from datetime import time
from typing import Annotated

from msgspec import Meta, Struct

from common.refusal import FieldError, Malformed


class ImpossibleRules(Malformed):
    code = "impossible-pay-rules"
    title = "Règles impossibles"
    explanation = "Une plage horaire commence avant de finir, le même jour."


class Window(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Une plage horaire ; la mission doit la couvrir en entier."""

    start: time
    end: time


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Les règles d’une académie.

    Les plages par défaut, 11 h–14 h, 18 h–21 h et 0 h–5 h, sont celles de l’arrêté du 3 juillet 2006 pour l’outre-mer
    et de plusieurs ministères ; d’autres retiennent 12 h–14 h et 19 h–21 h : à régler selon l’arrêté applicable.
    """

    midday: Window = Window(start=time(11), end=time(14))
    evening: Window = Window(start=time(18), end=time(21))
    night: Window = Window(start=time(0), end=time(5))
    ceiling: Annotated[int, Meta(ge=0, le=100_000_000)] = 50_000  # cents of one element; no source: to be set
    retention_years: Annotated[int, Meta(ge=1, le=50)] = 10  # of an exported file, which names people


def checked(rules: Rules) -> Rules:
    named = (("midday", rules.midday), ("evening", rules.evening), ("night", rules.night))
    wrong = [
        FieldError(pointer=f"/{name}/end", detail="La plage finit avant de commencer", code="window")
        for name, window in named
        if window.start >= window.end or window.start.tzinfo or window.end.tzinfo
    ]
    if wrong:
        raise ImpossibleRules(errors=wrong)
    return rules
