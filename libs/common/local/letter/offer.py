"""« Animer des réunions d'échange de pratiques »: published on 20 November; who applies, what the chefs say of it."""

from collections.abc import Mapping, Sized
from datetime import date
from functools import partial
from typing import Any

from common.local.journey import Academie
from common.local.letter.cast import EXCEPTION, Bassin, Secretary, shifted
from common.local.letter.census import FUNCTION
from common.local.letter.stage import Stage
from common.local.visitor import expect, until

PUBLISHED, APPLY_UNTIL, AVIS_UNTIL = date(2007, 11, 20), date(2007, 12, 7), date(2007, 12, 14)
MODULE_1 = ((date(2008, 1, 14), date(2008, 1, 15)), (date(2008, 1, 17), date(2008, 1, 18)))  # by group
MODULE_2 = ((date(2008, 4, 7),), (date(2008, 4, 8),))
TITLE, YEAR = "Animer des réunions d’échange de pratiques", "2026-2027"
OFFERS = "/v1/training/offers"


def play(stage: Stage) -> None:
    stage.on(PUBLISHED)
    for academie in stage.academies:
        stage.offers[academie.issuer] = publish(stage, academie)
    stage.on(date(2007, 11, 27))
    stage.each(lambda bassin: apply(stage, bassin), stage.bassins)
    stage.on(date(2007, 12, 11))
    stage.each(lambda bassin: give_avis(stage, bassin), stage.bassins)


def published(stage: Stage, academie: Academie) -> str:
    """The offer of this year, or "" while there is none."""
    known = stage.office(academie).all(OFFERS, academie=academie.code)
    found = (each["id"] for each in known if (each["title"], each["year"]) == (TITLE, YEAR))
    return next(found, "")


def publish(stage: Stage, academie: Academie) -> str:
    office = stage.office(academie)
    drafted = str(office.post(OFFERS, offer(academie), expect=201)["id"])
    office.post(f"{OFFERS}/{drafted}/publication", expect=200)
    return drafted


def offer(academie: Academie) -> Mapping[str, Any]:
    exceptions = [{"bassin": EXCEPTION, "minimum": 4, "maximum": 6}] if EXCEPTION in academie.bassins else []
    host = academie.first_school(academie.bassins[0])
    return {
        "academie": academie.code,
        "title": TITLE,
        "year": YEAR,
        "function": FUNCTION,
        "opens_on": shifted(PUBLISHED).isoformat(),
        "closes_on": shifted(APPLY_UNTIL).isoformat(),
        "avis_deadline": shifted(AVIS_UNTIL).isoformat(),
        "modules": [
            {"title": "Méthodologique", "groups": groups(MODULE_1, host.name, host.commune)},
            {
                "title": "Suivi et supervision",
                "groups": groups(MODULE_2, host.name, host.commune),
                "requires_module": 1,
                "requires_meeting": True,
            },
        ],
        "quotas": {"default": {"minimum": 2, "maximum": 3}, "exceptions": exceptions},
        "backing": "Mission de la formation du ministère de l’Éducation nationale",
        "sources": "Lettre du 26 octobre 2007 aux chefs d’établissement",
    }


def groups(days: tuple[tuple[date, ...], ...], place: str, commune: str) -> list[Mapping[str, Any]]:
    return [
        {
            "name": f"Groupe {number}",
            "place": place,
            "commune": commune,
            "capacity": 30,
            "half_days": [{"day": shifted(day).isoformat(), "half": half} for day in those for half in ("am", "pm")],
        }
        for number, those in enumerate(days, start=1)
    ]


def apply(stage: Stage, bassin: Bassin) -> None:
    """One after the other: among equals the selection goes by who came first."""
    path = f"{OFFERS}/{stage.offers[bassin.issuer]}"
    for secretary in bassin.candidates:
        herself = stage.visitors(secretary.account)
        modules = herself.get(path)["modules"]
        chosen = [module["groups"][group_of(bassin)]["id"] for module in modules]
        wish = {"groups": chosen, "submit": True}
        applied = herself.post_once_known(f"{path}/candidatures", wish, unknown="not-linked", expect=201)
        stage.candidatures[secretary.account] = str(applied["id"])


def group_of(bassin: Bassin) -> int:
    """Bassins with an odd number go to the first."""
    return (int(bassin.code) + 1) % 2


def give_avis(stage: Stage, bassin: Bassin) -> None:
    """All of a school at once."""
    for school in (bassin.host, bassin.other):
        asked = [each for each in bassin.of(school) if each.applies]
        if not asked:
            continue
        head = stage.visitors(bassin.head(school))
        until(
            partial(head.get, f"/v1/training/schools/{school.uai}/candidatures"),
            partial(are_as_many, asked),
            what=f"the candidatures of {school.uai}",
        )
        wish = {"avis": [avis(stage, secretary) for secretary in asked]}
        given = head.post("/v1/training/avis", wish, expect=200)
        expect([each["given"]["value"] for each in given] == [each.avis for each in asked], f"avis given: {given}")


def are_as_many(asked: Sized, waiting: Sized) -> bool:
    return len(waiting) == len(asked)


def avis(stage: Stage, secretary: Secretary) -> Mapping[str, Any]:
    good = {"rating": "very-satisfactory", "comment": "Reconnue de ses collègues."}
    criteria = dict.fromkeys(("competences", "animation", "service"), good)
    wish = {"candidature": stage.candidatures[secretary.account], "value": secretary.avis, **criteria}
    return wish if secretary.avis == "favorable" else {**wish, "reasons": "Le secrétariat ne compte qu’un poste."}
