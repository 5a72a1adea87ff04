"""Business time: what deadlines and papers are dated by; tokens, leases and Kafka keep the system's clock."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

PARIS: Final = "Europe/Paris"
OVERSEAS: Final = MappingProxyType(
    {
        "28": "Indian/Reunion",
        "31": "America/Martinique",
        "32": "America/Guadeloupe",
        "33": "America/Cayenne",
        "40": "Pacific/Noumea",
        "41": "Pacific/Tahiti",
        "42": "Pacific/Wallis",
        "43": "Indian/Mayotte",
        "44": "America/Miquelon",
    }
)  # académie -> zone; all others live by Paris


class Clock:
    """Now, or a chosen instant; a clock file (BASSIN_CLOCK_FILE, demo and tests only) sets a time that then runs on."""

    def __init__(self, file: Path | None = None, *, at: datetime | None = None) -> None:
        self.file = file
        self.at = None if at is None else _aware(at)
        self.now()  # a file that cannot be read stops the start, not the first request

    def now(self) -> datetime:
        if self.at is not None:
            return self.at
        now = datetime.now(UTC)
        return now if self.file is None else _moved(self.file, now)

    def today(self, zone: str = PARIS) -> date:
        return self.now().astimezone(ZoneInfo(zone)).date()


def deadline_passed(deadline: date, at: datetime, zone: str = PARIS) -> bool:
    """A deadline is a local date, open until the next local midnight."""
    return _aware(at).astimezone(ZoneInfo(zone)).date() > deadline


def zone_of(academie: str) -> str:
    return OVERSEAS.get(academie, PARIS)


def today_in(academie: str, at: datetime) -> date:
    """The local day of an académie."""
    return _aware(at).astimezone(ZoneInfo(zone_of(academie))).date()


def _moved(file: Path, now: datetime) -> datetime:
    """Read « 2026-12-01T08:00:00+01:00 » as the time it was when the file was written; no file moves nothing."""
    try:
        text, written = file.read_text("utf-8").strip(), file.stat().st_mtime
    except FileNotFoundError:
        return now
    return _aware(datetime.fromisoformat(text)) + (now - datetime.fromtimestamp(written, UTC)) if text else now


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    return at.astimezone(UTC)
