"""Personnes: whom a school means when it names somebody, so that one person has one record in the académie."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated
from unicodedata import combining, normalize
from uuid import UUID

from msgspec import Meta, Struct

from common.contracts.hr_networks import PersonState
from common.identifiers import Uai
from common.refusal import FieldError, Malformed, Refusal

# One line, not blank, without control characters; a professional address, in the letters every mail server takes.
Name = Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?![\s\S])")]
Mailbox = Annotated[str, Meta(max_length=254, pattern=r"^[A-Za-z0-9._%+'-]+@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?![\s\S])")]


class DuplicatePerson(Malformed):
    code = "duplicate-person"
    title = "Personne déclarée deux fois"


class UnknownDeclaredPerson(Malformed):
    code = "unknown-declared-person"
    title = "Personne absente de la réponse précédente"
    explanation = "L’identifiant d’une personne ne se reprend que de la réponse précédente du même établissement."


class MailOfSomeoneElse(Refusal):
    code = "mail-of-someone-else"
    title = "Adresse déjà déclarée pour une autre personne"
    explanation = (
        "Une adresse professionnelle désigne une seule personne dans l’académie. Pour corriger le nom de "
        "quelqu’un, reprendre son identifiant de la réponse précédente."
    )


class Civility(StrEnum):
    MADAME = "madame"
    MONSIEUR = "monsieur"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class Corps(StrEnum):
    ADJAENES = "adjaenes"  # adjoints administratifs, category C
    SAENES = "saenes"  # secrétaires administratifs, category B
    AAE = "aae"  # attachés d'administration de l'État, category A
    CONTRACTUEL = "contractuel"
    AUTRE = "autre"

    @property
    def label(self) -> str:
        spoken = self in (Corps.CONTRACTUEL, Corps.AUTRE)
        return self.value.capitalize() if spoken else self.value.upper()


class PersonWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    civility: Civility
    family_name: Name
    given_names: Name
    function: Name
    corps: Corps
    work_mail: Mailbox
    person: UUID | None = None  # to correct the name or the address of somebody already named


class Declared(Struct, frozen=True, kw_only=True):
    """One line of an answer."""

    person: UUID
    civility: Civility
    family_name: str
    given_names: str
    function: str
    corps: Corps
    work_mail: str


class Identity(Struct, frozen=True, kw_only=True):
    """A person of the académie, as known before an answer."""

    id: UUID
    civility: str
    family_name: str
    given_names: str
    work_mail: str
    uai: Uai


class Known(Struct, frozen=True, kw_only=True):
    """The school's previous lines, and whoever has an id or an address that the new ones mention."""

    uai: Uai
    previous: tuple[Declared, ...]
    identities: tuple[Identity, ...]


class Declaration(Struct, frozen=True, kw_only=True):
    lines: tuple[Declared, ...]
    changed: tuple[PersonState, ...]  # people new or known otherwise until now
    unchanged: bool


def declare(wishes: Sequence[PersonWish], known: Known, new_ids: Iterator[UUID]) -> Declaration:
    lines = tuple(line(wish, identify(wish, known) or next(new_ids)) for wish in wishes)
    refuse_duplicates(lines)
    identities = {identity.id: identity for identity in known.identities}
    states = (state(person, known.uai) for person in lines)
    return Declaration(
        lines=lines,
        changed=tuple(each for each in states if not is_known_as(each, identities.get(each.subject))),
        unchanged=lines == known.previous,
    )


def identify(wish: PersonWish, known: Known) -> UUID | None:
    """The person meant; none if it is somebody new. An address is a person's, as long as a name agrees."""
    holder = next((each for each in known.identities if same(each.work_mail, wish.work_mail)), None)
    if wish.person is not None:
        if wish.person not in {each.person for each in known.previous}:
            raise UnknownDeclaredPerson
        if holder is not None and holder.id != wish.person:
            raise MailOfSomeoneElse
        return wish.person
    if holder is None:
        return None
    if not (sounds_alike(holder.family_name, wish.family_name) or sounds_alike(holder.given_names, wish.given_names)):
        raise MailOfSomeoneElse
    return holder.id


def refuse_duplicates(lines: Sequence[Declared]) -> None:
    errors = [
        FieldError(pointer=f"/persons/{place}", detail="Cette personne figure déjà plus haut.", code="duplicate-person")
        for place, later in enumerate(lines)
        if any(same(later.work_mail, other.work_mail) or later.person == other.person for other in lines[:place])
    ]
    if errors:
        raise DuplicatePerson(errors=errors)


def same(one: str, other: str) -> bool:
    return tidy(one).casefold() == tidy(other).casefold()


def sounds_alike(one: str, other: str) -> bool:
    """« Hélène Hautecœur-Roy » is the « HELENE HAUTECOEUR ROY » of another file."""
    return plain(one) == plain(other)


def plain(name: str) -> str:
    letters = normalize("NFKD", name.casefold().replace("œ", "oe").replace("æ", "ae"))
    return tidy("".join(each if each.isalnum() else " " for each in letters if not combining(each)))


def tidy(text: str) -> str:
    return " ".join(text.split())


def line(wish: PersonWish, person: UUID) -> Declared:
    return Declared(
        person=person,
        civility=wish.civility,
        family_name=tidy(wish.family_name),
        given_names=tidy(wish.given_names),
        function=tidy(wish.function),
        corps=wish.corps,
        work_mail=wish.work_mail,
    )


def state(person: Declared, uai: Uai) -> PersonState:
    return PersonState(
        subject=person.person,
        civility=person.civility,
        family_name=person.family_name,
        given_names=person.given_names,
        work_mail=person.work_mail,
        uai=uai,
    )


def blanked(person: UUID) -> PersonState:
    """What remains of an erased person: the key."""
    return PersonState(subject=person, civility="", family_name="", given_names="", work_mail="", uai="", erased=True)


def is_known_as(now: PersonState, before: Identity | None) -> bool:
    if before is None:
        return False
    names = (now.civility, now.family_name, now.given_names)
    known_names = (before.civility, before.family_name, before.given_names)
    return names == known_names and (now.work_mail, now.uai) == (before.work_mail, before.uai)
