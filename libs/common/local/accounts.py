"""The fictional people of the demo, as two académies would describe them: the same functions, two shapes of claims."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from common.identifiers import Uai

Claims = dict[str, Any]
FIRST_SCHOOL = {"lille": Uai("0599001N"), "amiens": Uai("0029001Y")}
FIRST_BASSIN = {"lille": "09101", "amiens": "20901"}
SECRETARIES = (("madame", "Claire"), ("monsieur", "Benoît"), ("madame", "Mireille"), ("madame", "Jeanne"))
SURNAMES = ("Delattre", "Wallart", "Pruvost", "Caudron", "Lemaire", "Hautecœur", "Dubrulle")
HEADS = ("Anne Ruelle", "Karim Vasseur", "Hélène Dourlens", "Marc Tilloy", "Sylvie Wattrelot", "Nadia Crespin")


class Person(Struct, frozen=True, kw_only=True):
    """What an issuer knows of somebody, before it is said in the words of one académie."""

    account: str  # chef@lille
    name: str
    function: str  # chef, secretaire, or the office: territoire, formation, drh, paye, dpo, exploitation
    uai: Uai | None = None
    bassin: str | None = None
    number: int = 0  # of the secretaries whom a school names in a census, from 1

    @property
    def mail(self) -> str:
        if self.number and self.uai:
            return secretary(self.uai, self.number).mail
        local = self.name.lower().replace(" ", ".").translate(str.maketrans("éèêëàâîïôûùç", "eeeeaaiiouuc"))
        return f"{local}@ac-{issuer_of(self.account)}.example"


OFFICES = {
    "territoire": "Odile Marquant",
    "formation": "Bruno Castelain",
    "drh": "Fatima Lesage",
    "paye": "Gilles Hennequin",
    "dpo": "Irène Balossier",
    "exploitation": "Yann Delobel",
}


def issuer_of(account: str) -> str:
    """`exploitation` alone is lille's: whoever runs the platform logs in there."""
    return account.partition("@")[2] or "lille"


def people(issuer: str) -> Iterator[Person]:
    for office, name in OFFICES.items():
        yield Person(account=f"{office}@{issuer}", name=name, function=office)
    uai, bassin = FIRST_SCHOOL.get(issuer), FIRST_BASSIN.get(issuer)
    if bassin:
        yield Person(account=f"animateur@{issuer}", name="Lucie Favreau", function="animateur", bassin=bassin)
    if uai:
        yield Person(account=f"chef@{issuer}", name=HEADS[0], function="chef", uai=uai)
        yield Person(account=f"secretaire@{issuer}", name="Paule Sénéchal", function="secretaire", uai=uai)


def find(account: str) -> Person | None:
    """Somebody of the list, or of any school: its head chef-0599003r@lille, a secretary secretaire-0599003r-1@lille."""
    issuer = issuer_of(account)
    named = re.fullmatch(r"secretaire-(\d{7}[a-zA-Z])-([1-4])@\w+", account)
    if named:
        uai, number = Uai(named[1].upper()), int(named[2])
        name = secretary(uai, number).name
        return Person(account=account.lower(), name=name, function="secretaire", uai=uai, number=number)
    head = re.fullmatch(r"chef-(\d{7}[a-zA-Z])@\w+", account)
    if head:
        uai = Uai(head[1].upper())
        return Person(account=account.lower(), name=HEADS[int(uai[:7]) % len(HEADS)], function="chef", uai=uai)
    wanted = account if "@" in account else f"{account}@{issuer}"
    return next((person for person in people(issuer) if person.account == wanted), None)


class Secretary(NamedTuple):
    """As a census names her; by the mail, which the identity provider verifies, a login is tied to a person."""

    civility: str
    given_names: str
    family_name: str
    mail: str

    @property
    def name(self) -> str:
        return f"{self.given_names} {self.family_name}"


def secretary(uai: str, number: int) -> Secretary:
    """The same at every demo, so that a second census finds the same people; `number` from 1."""
    civility, given_names = SECRETARIES[number - 1]
    surname = SURNAMES[(int(uai[:7]) + number - 1) % len(SURNAMES)]
    return Secretary(civility, given_names, surname, f"secretariat{number}.{uai.lower()}@ac-demo.example")


def common_claims(person: Person) -> Claims:
    return {
        "sub": str(uuid5(NAMESPACE_URL, f"demo:{person.account}")),
        "name": person.name,
        "email": person.mail,
        "email_verified": True,
    }


def annuaire_claims(person: Person) -> Claims:
    """Attributes of the académies' directory: lists of fields joined by $, one per school."""
    school = [f"{person.uai}$UAJ$PU$N$T3$CLG$340"] if person.uai else []
    head = person.function == "chef"
    groups = [f"animateur-bassin-{person.bassin}"] if person.bassin else [f"service-{person.function}"]
    return common_claims(person) | {
        "FrEduRne": school,
        "FrEduRneResp": school if head else ["X"],
        "FrEduFonctAdm": "DIR" if head else "ADM",
        "groups": [] if person.uai else groups,
    }


def plain_claims(person: Person) -> Claims:
    """A provider that says little: one text each."""
    claims = common_claims(person) | {"fonction": person.function.upper()}
    if person.uai:
        claims["rne"] = person.uai.lower()
    if person.bassin:
        claims["bassin"] = person.bassin
    return claims


class DemoIssuer(Struct, frozen=True, kw_only=True):
    """Stands where an académie's own provider will be."""

    name: str
    claims: Callable[[Person], Claims]
    algorithm: str = "RS256"


DEMO_ISSUERS = (
    DemoIssuer(name="lille", claims=annuaire_claims),
    DemoIssuer(name="amiens", claims=plain_claims, algorithm="ES256"),
)
