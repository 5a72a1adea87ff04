"""How a day, an hour and an académie are said in French: alike in every paper, mail and page."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from common.clock import zone_of

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
NAMES = {"09": "de Lille", "17": "de Nantes", "20": "d’Amiens", "70": "de Normandie"}  # others by their code


def in_words(day: date) -> str:
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"


def academie_label(academie: str) -> str:
    return f"Académie {NAMES.get(academie, academie)}"


def span(academie: str, starts_at: datetime, ends_at: datetime) -> str:
    """« 3 février 2027, de 9 h 00 à 12 h 00 », by the clocks of the académie."""
    zone = ZoneInfo(zone_of(academie))
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    return f"{in_words(start.date())}, de {hour(start)} à {hour(end)}"


def hour(at: datetime) -> str:
    return f"{at.hour} h {at:%M}"
