"""Rattachement: which login is which declared person, settled once."""

from uuid import UUID

from msgspec import Struct

from common.contracts.hr_networks import PersonLinked
from common.identifiers import Uai
from common.refusal import Forbidden, NotFound, Refusal


class UnknownPerson(NotFound):
    code = "unknown-person"
    title = "Personne introuvable"


class MailNotVerified(Refusal):
    code = "mail-not-verified"
    title = "Adresse non vérifiée par votre guichet d’authentification"
    explanation = "Le rattachement se fait alors par le chef d’établissement, avec l’identifiant d’agent."


class NobodyHasThisMail(Refusal):
    code = "nobody-has-this-mail"
    title = "Aucune personne déclarée avec votre adresse"
    explanation = "Le rattachement se fait alors par le chef d’établissement, avec l’identifiant d’agent."


class PersonAlreadyLinked(Refusal):
    code = "person-already-linked"
    title = "Personne déjà rattachée à un compte"


class AgentAlreadyLinked(Refusal):
    code = "agent-already-linked"
    title = "Compte déjà rattaché à une personne"


class NotOfYourSchool(Forbidden):
    code = "person-not-of-your-school"
    title = "Personne d’un autre établissement"
    explanation = "Seul le chef d’un établissement qui a déclaré la personne peut la rattacher à un compte."


class Person(Struct, frozen=True, kw_only=True):
    id: UUID
    work_mail: str
    agent: UUID | None
    schools: frozenset[Uai]  # those whose latest answers name the person


def link_by_mail(agent: UUID, mail: str | None, person: Person | None, *, already: UUID | None) -> PersonLinked:
    """The address that the académie's identity provider verified is the declared one, upper or lower case alike."""
    if mail is None:
        raise MailNotVerified
    if person is None or person.work_mail.casefold() != mail.strip().casefold():
        raise NobodyHasThisMail(f"Identifiant d’agent à communiquer au chef d’établissement : {agent}")
    return link(agent, person, already=already)


def link_by_head(agent: UUID, person: Person | None, *, heads: frozenset[Uai], already: UUID | None) -> PersonLinked:
    """`heads` are the schools of the one who decides, in the person's académie."""
    if person is None:
        raise UnknownPerson
    if heads.isdisjoint(person.schools):
        raise NotOfYourSchool
    return link(agent, person, already=already)


def link(agent: UUID, person: Person, *, already: UUID | None) -> PersonLinked:
    """One login for one person, once: undoing it is an erasure."""
    if already is not None:
        raise AgentAlreadyLinked
    if person.agent is not None:
        raise PersonAlreadyLinked
    return PersonLinked(subject=person.id, agent=agent)
