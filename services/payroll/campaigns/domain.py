"""Campagnes de paye: when an académie's pay month opens, closes and pays, and into which one an element falls."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from common.contracts.payroll import CampaignLocked, CampaignMoved, CampaignScheduled
from common.identifiers import CodeAcademie
from common.refusal import FieldError, Malformed, NotFound, Refusal
from common.texts import Line

Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])(?![\s\S])", examples=["2027-02"])]


class UnknownPayCampaign(NotFound):
    code = "unknown-pay-campaign"
    title = "Campagne de paye introuvable"


class ImpossibleCalendar(Malformed):
    code = "impossible-pay-calendar"
    title = "Calendrier de paye impossible"
    explanation = (
        "Une campagne s’ouvre au plus tard le jour de sa date limite, paie après celle-ci, et paie dans son mois."
    )


class CampaignOutOfOrder(Refusal):
    code = "pay-campaign-out-of-order"
    title = "Date limite hors de l’ordre des mois"
    explanation = "Les dates limites des campagnes d’une académie se suivent dans l’ordre des mois de paye."


class CampaignAlreadyScheduled(Refusal):
    code = "pay-campaign-already-scheduled"
    title = "Campagne déjà créée pour ce mois"


class CampaignIsLocked(Refusal):
    code = "pay-campaign-locked"
    title = "Campagne de paye verrouillée"
    explanation = "Une campagne verrouillée ne change plus de dates et n’accepte plus d’élément."


class CutOffInThePast(Refusal):
    code = "cut-off-in-the-past"
    title = "Date limite déjà passée"
    explanation = "La date limite est aujourd’hui ou un jour à venir, à l’heure de l’académie."


class CalendarUnchanged(Refusal):
    code = "pay-calendar-unchanged"
    title = "Calendrier inchangé"


class Calendar(Struct, frozen=True, kw_only=True):
    opens_on: date
    cut_off: date  # open until the local midnight that ends it
    pays_on: date


class CampaignWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Une campagne de paye d’une académie."""

    academie: CodeAcademie
    month: Month
    opens_on: date
    cut_off: date
    pays_on: date


class MoveWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Les nouvelles dates d’une campagne, et pourquoi."""

    opens_on: date
    cut_off: date
    pays_on: date
    reason: Line


class Campaign(Struct, frozen=True, kw_only=True):
    id: UUID
    month: str
    opens_on: date
    cut_off: date
    pays_on: date
    locked: bool = False
    revision: int = 1


class Placement(Struct, frozen=True, kw_only=True):
    """Where an element falls; `late_from` is the month whose cut-off it missed, "" if it missed none."""

    campaign: UUID
    month: str
    late_from: str = ""


def local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def schedule(campaign: UUID, wish: CampaignWish, others: Iterable[Campaign], *, today: date) -> CampaignScheduled:
    others = list(others)
    if any(other.month == wish.month for other in others):
        raise CampaignAlreadyScheduled(f"La campagne {wish.month} de cette académie existe.")
    calendar = Calendar(opens_on=wish.opens_on, cut_off=wish.cut_off, pays_on=wish.pays_on)
    refuse_impossible(calendar, wish.month, others, today=today)
    return CampaignScheduled(
        subject=campaign, month=wish.month, opens_on=wish.opens_on, cut_off=wish.cut_off, pays_on=wish.pays_on
    )


def move(campaign: Campaign, wish: MoveWish, others: Sequence[Campaign], *, today: date) -> CampaignMoved:
    refuse_locked(campaign)
    now = (campaign.opens_on, campaign.cut_off, campaign.pays_on)
    if now == (wish.opens_on, wish.cut_off, wish.pays_on):
        raise CalendarUnchanged
    calendar = Calendar(opens_on=wish.opens_on, cut_off=wish.cut_off, pays_on=wish.pays_on)
    refuse_impossible(calendar, campaign.month, others, today=today)
    return CampaignMoved(
        subject=campaign.id, month=campaign.month, opens_on=wish.opens_on, cut_off=wish.cut_off, pays_on=wish.pays_on
    )


def lock(campaign: Campaign) -> CampaignLocked:
    refuse_locked(campaign)
    return CampaignLocked(subject=campaign.id, month=campaign.month)


def refuse_locked(campaign: Campaign) -> None:
    if campaign.locked:
        raise CampaignIsLocked(f"La campagne {campaign.month} est verrouillée.")


def refuse_impossible(calendar: Calendar, month: str, others: Iterable[Campaign], *, today: date) -> None:
    wrong = [
        FieldError(pointer=pointer, detail=detail, code="calendar")
        for pointer, detail, holds in (
            ("/opens_on", "L’ouverture ne peut pas suivre la date limite", calendar.opens_on <= calendar.cut_off),
            ("/pays_on", "Le paiement vient après la date limite", calendar.cut_off < calendar.pays_on),
            ("/pays_on", f"Le paiement se fait en {month}", is_in(calendar.pays_on, month)),
        )
        if not holds
    ]
    if wrong:
        raise ImpossibleCalendar(errors=wrong)
    if calendar.cut_off < today:
        raise CutOffInThePast
    if not all((other.cut_off < calendar.cut_off) == (other.month < month) for other in others):
        raise CampaignOutOfOrder


def is_in(day: date, month: str) -> bool:
    return day.isoformat()[:7] == month


def is_open(campaign: Campaign, *, on: date) -> bool:
    """From its opening to the midnight that ends its cut-off, unless locked before."""
    return campaign.opens_on <= on <= campaign.cut_off and not campaign.locked


def campaign_of(campaigns: Iterable[Campaign], *, complete_on: date, service_day: date) -> Placement | None:
    """The earliest campaign open on the day the element became complete; None: it waits for one to open.

    It is late if it misses the first month whose cut-off the day of the mission still met.
    """
    in_order = sorted(campaigns, key=lambda each: each.cut_off)
    found = next((each for each in in_order if is_open(each, on=complete_on)), None)
    if found is None:
        return None
    expected = next((each for each in in_order if each.cut_off >= service_day), found)
    late = expected.cut_off < found.cut_off
    return Placement(campaign=found.id, month=found.month, late_from=expected.month if late else "")
