"""Transmissions: the file of a campaign, whose columns and pay codes are configuration, and what comes back of it."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from common.contracts.payroll import ElementAcknowledged, ElementExported, ElementRejected
from common.refusal import FieldError, Malformed, NotFound, Refusal
from common.texts import Line
from payroll.elements.domain import Status
from payroll.rates.domain import ExpenseLine, Kind

TO_BE_SET = "à définir"  # no public list of pay codes was found: only the coordination knows them


class UnknownExport(NotFound):
    code = "unknown-export"
    title = "Transmission introuvable"


class FileForgotten(NotFound):
    code = "export-file-forgotten"
    title = "Fichier effacé"
    explanation = "La durée de conservation du fichier est échue ; son empreinte et ses totaux demeurent."


class ImpossibleColumns(Malformed):
    code = "impossible-columns"
    title = "Colonnes impossibles"
    explanation = "Chaque montant a exactement une colonne et un code de paye ; les autres colonnes n’en ont pas."


class PayCodesToBeSet(Refusal):
    code = "pay-codes-to-be-set"
    title = "Codes de paye à définir"
    explanation = (
        "Les codes de paye ne sont pas publics : la coordination de la paye les renseigne dans les colonnes du "
        "fichier. Tant qu’un code reste « à définir », rien n’est transmis."
    )


class CampaignNotLocked(Refusal):
    code = "pay-campaign-not-locked"
    title = "Campagne non verrouillée"
    explanation = "Une campagne se transmet une fois verrouillée : plus rien n’y entre."


class NothingToExport(Refusal):
    code = "nothing-to-export"
    title = "Rien à transmettre"


class IdentityMissing(Refusal):
    code = "export-identity-missing"
    title = "Identité manquante"
    explanation = "Une personne du fichier n’a pas, ou plus, de nom connu ; son élément sera retenu."


class UnknownLines(Malformed):
    code = "unknown-export-lines"
    title = "Lignes inconnues du fichier"


class LineAlreadyAnswered(Refusal):
    code = "export-line-already-answered"
    title = "Ligne déjà acquittée ou rejetée"


class Source(StrEnum):
    """Ce qu’une colonne contient."""

    CIVILITY = "civility"
    FAMILY_NAME = "family-name"
    GIVEN_NAMES = "given-names"
    PERSON = "person"
    UAI = "uai"
    NUMBER = "number"
    COMMUNE = "commune"
    DAY = "day"
    MONTH = "month"
    LATE_FROM = "late-from"
    ELEMENT = "element"
    KILOMETRES = "kilometres"
    NIGHTS = "nights"
    MEALS = "meals"
    KILOMETRES_AMOUNT = "kilometres-amount"
    NIGHTS_AMOUNT = "nights-amount"
    MEALS_AMOUNT = "meals-amount"
    TOTAL = "total"


AMOUNTS = {
    Source.KILOMETRES_AMOUNT: Kind.KILOMETRE,
    Source.NIGHTS_AMOUNT: Kind.NIGHT,
    Source.MEALS_AMOUNT: Kind.MEAL,
}
QUANTITIES = {Source.KILOMETRES: Kind.KILOMETRE, Source.NIGHTS: Kind.NIGHT, Source.MEALS: Kind.MEAL}


class Column(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Une colonne du fichier ; le code de paye d’un montant est « à définir » tant qu’il n’est pas connu."""

    heading: Line
    source: Source
    pay_code: Annotated[str, Meta(pattern=r"^(à définir|[0-9A-Za-z]{1,20})(?![\s\S])")] | None = None


DEFAULT = (
    Column(heading="Nom", source=Source.FAMILY_NAME),
    Column(heading="Prénoms", source=Source.GIVEN_NAMES),
    Column(heading="UAI", source=Source.UAI),
    Column(heading="Ordre de mission", source=Source.NUMBER),
    Column(heading="Jour", source=Source.DAY),
    Column(heading="Kilomètres", source=Source.KILOMETRES_AMOUNT, pay_code=TO_BE_SET),
    Column(heading="Nuitées", source=Source.NIGHTS_AMOUNT, pay_code=TO_BE_SET),
    Column(heading="Repas", source=Source.MEALS_AMOUNT, pay_code=TO_BE_SET),
    Column(heading="Total", source=Source.TOTAL),
)


class ColumnsWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Les colonnes du fichier de paye, dans l’ordre."""

    columns: Annotated[tuple[Column, ...], Meta(min_length=3, max_length=40)]


class Payable(Struct, frozen=True, kw_only=True):
    """An element of the campaign, with all that a column may show of it."""

    element: UUID
    mission: UUID
    rank: int
    number: str
    person: UUID
    civility: str
    family_name: str
    given_names: str
    uai: str
    commune: str
    day: date
    month: str
    late_from: str
    lines: tuple[ExpenseLine, ...]

    @property
    def amount(self) -> int:
        return sum(each.amount for each in self.lines)


class Outcome(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"


class LineAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Le sort d’une ligne du fichier ; un rejet a un motif."""

    line: Annotated[int, Meta(ge=1, le=1_000_000)]
    outcome: Outcome
    reason: Line | None = None


class AcknowledgementWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Le retour du comptable, ligne à ligne ; `others` vaut pour les lignes que rien ne nomme encore."""

    lines: Annotated[list[LineAnswer], Meta(max_length=10_000)] = []
    others: Outcome | None = None
    others_reason: Line | None = None


class SentLine(Struct, frozen=True, kw_only=True):
    line: int
    element: UUID
    mission: UUID
    person: UUID
    campaign: UUID
    status: Status


class Answered(Struct, frozen=True, kw_only=True):
    sent: SentLine
    outcome: Outcome
    reason: str


def checked_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """No amount may be lost or counted twice."""
    sources = [each.source for each in columns]
    wrong = [
        FieldError(pointer="/columns", detail=f"Le montant {source} a une colonne, et une seule", code="amount")
        for source in AMOUNTS
        if sources.count(source) != 1
    ]
    wrong += [
        FieldError(pointer=f"/columns/{place}/pay_code", detail="Un code de paye va avec un montant", code="pay-code")
        for place, each in enumerate(columns)
        if (each.pay_code is not None) != (each.source in AMOUNTS)
    ]
    if wrong:
        raise ImpossibleColumns(errors=wrong)
    return tuple(columns)


def to_send(columns: Sequence[Column], payables: Iterable[Payable], *, locked: bool) -> list[Payable]:
    """The lines of the file in their order, or why there is no file."""
    if not locked:
        raise CampaignNotLocked
    if unset := [(place, each) for place, each in enumerate(columns) if each.pay_code == TO_BE_SET]:
        named = ", ".join(f"« {each.heading} »" for _, each in unset)
        raise PayCodesToBeSet(
            f"Le code de paye reste à définir pour {named}.",
            errors=[
                FieldError(pointer=f"/columns/{place}/pay_code", detail=each.heading, code="to-be-set")
                for place, each in unset
            ],
        )
    lines = sorted(payables, key=lambda each: (each.number, each.rank))
    if not lines:
        raise NothingToExport
    if nameless := [each.number for each in lines if not each.family_name]:
        raise IdentityMissing(f"Ordres de mission concernés : {', '.join(nameless)}.")
    return lines


def exported(lines: Iterable[Payable], campaign: UUID, export: UUID) -> list[ElementExported]:
    return [
        ElementExported(subject=each.element, mission=each.mission, campaign=campaign, export=export, line=number)
        for number, each in enumerate(lines, start=1)
    ]


def answer(sent: Sequence[SentLine], wish: AcknowledgementWish) -> list[Answered]:
    """Each line is answered once; a rejection says why."""
    known = {each.line: each for each in sent}
    refuse_unreadable(wish, known.keys())
    asked = {each.line: each for each in wish.lines}
    if again := [line for line in asked if known[line].status is not Status.EXPORTED]:
        raise LineAlreadyAnswered(f"Lignes déjà traitées : {', '.join(map(str, again))}.")
    found = [Answered(sent=known[line], outcome=a.outcome, reason=a.reason or "") for line, a in asked.items()]
    if wish.others is not None:
        rest = [each for each in sent if each.status is Status.EXPORTED and each.line not in asked]
        found += [Answered(sent=each, outcome=wish.others, reason=wish.others_reason or "") for each in rest]
    if not found:
        raise LineAlreadyAnswered("Toutes les lignes ont leur réponse.")
    return sorted(found, key=lambda each: each.sent.line)


def refuse_unreadable(wish: AcknowledgementWish, known: Iterable[int]) -> None:
    lines, numbers = set(known), [each.line for each in wish.lines]
    wrong = [
        FieldError(pointer=f"/lines/{place}", detail=detail, code=code)
        for place, each in enumerate(wish.lines)
        for code, detail, holds in (
            ("unknown-line", "Cette ligne n’est pas dans le fichier", each.line in lines),
            ("double-line", "Cette ligne est nommée deux fois", numbers.count(each.line) == 1),
            ("reason", "Un rejet a un motif", each.outcome is not Outcome.REJECTED or bool(each.reason)),
        )
        if not holds
    ]
    if wish.others is Outcome.REJECTED and not wish.others_reason:
        wrong.append(FieldError(pointer="/others_reason", detail="Un rejet a un motif", code="reason"))
    if wrong:
        raise UnknownLines(errors=wrong[:100])


def told(answered: Iterable[Answered], export: UUID) -> list[ElementAcknowledged | ElementRejected]:
    return [told_of(each, export) for each in answered]


def told_of(answered: Answered, export: UUID) -> ElementAcknowledged | ElementRejected:
    kind = ElementAcknowledged if answered.outcome is Outcome.ACKNOWLEDGED else ElementRejected
    sent = answered.sent
    return kind(subject=sent.element, mission=sent.mission, campaign=sent.campaign, export=export)
