"""« Identification des personnels affectés au secrétariat de direction »: asked on 26 October, known on 20 November."""

from datetime import date, time

from common.local.journey import CAMPAIGNS, Academie, import_directory, named, wait_announced
from common.local.letter.cast import Bassin, Secretary, shifted
from common.local.letter.stage import Stage
from common.local.visitor import expect, until

FUNCTION = "Secrétariat de direction"
EVENING = time(17)
BEFORE, LETTER_OF, DEADLINE = date(2007, 10, 1), date(2007, 10, 26), date(2007, 11, 20)


def directory(stage: Stage) -> None:
    """Both académies know their schools before they write to them."""
    for academie in stage.academies:
        import_directory(stage.visitors(f"territoire@{academie.issuer}"), academie)


def play(stage: Stage) -> None:
    stage.on(LETTER_OF)
    censuses = {academie.issuer: open_census(stage, academie) for academie in stage.academies}
    for academie in stage.academies:
        wait_announced(stage.office(academie), academie, censuses[academie.issuer])
    stage.on(date(2007, 11, 12))
    stage.each(lambda bassin: answer(stage, bassin, censuses[bassin.issuer]), stage.bassins)
    stage.each(lambda secretary: link(stage, secretary), (s for b in stage.bassins for s in b.secretaries))
    stage.on(DEADLINE, at=EVENING)
    for academie in stage.academies:
        close(stage, academie, censuses[academie.issuer])


def open_census(stage: Stage, academie: Academie) -> str:
    wish = {
        "academie": academie.code,
        "object": "Identification des personnels affectés au secrétariat de direction",
        "function": FUNCTION,
        "letter": "Mesdames et Messieurs les chefs d’établissement,\n\nAfin de pouvoir mettre en œuvre le projet, je "
        "vous remercie de bien vouloir communiquer le nom des personnels en charge du secrétariat de direction.",
        "signatory": "La directrice des ressources humaines",
        "contact": f"formation@ac-{academie.issuer}.example",
        "deadline": shifted(DEADLINE).isoformat(),
    }
    opened = stage.office(academie).post_once_known(CAMPAIGNS, wish, unknown="no-school-to-address", expect=201)
    expect(opened["addressed"] == len(academie.schools), f"schools addressed: {opened}")
    return str(opened["id"])


def answer(stage: Stage, bassin: Bassin, census: str) -> None:
    """Each chef d'établissement names his secretaries."""
    for school in (bassin.host, bassin.other):
        secretaries = list(bassin.of(school))
        persons = {"persons": [named(school, secretary.number) for secretary in secretaries]}
        path = f"{CAMPAIGNS}/{census}/answers/{school.uai}"
        answered = stage.visitors(bassin.head(school)).put(path, persons)
        stage.persons |= dict(zip((each.account for each in secretaries), answered["persons"], strict=True))


def link(stage: Stage, secretary: Secretary) -> None:
    """She logs in: her verified address is the one that was declared."""
    tied = stage.visitors(secretary.account).post("/v1/hr-networks/me/link", expect=200)
    expect(tied["person"] == stage.persons[secretary.account], f"{secretary.account} is tied to somebody else")


def close(stage: Stage, academie: Academie, census: str) -> None:
    """The figures of hr_networks are frozen, and training has come to the same."""
    secretaries = [each for bassin in stage.of(academie) for each in bassin.secretaries]
    office = stage.office(academie)
    wish = {"reason": "Tous les établissements ont répondu."}
    closed = office.post(f"{CAMPAIGNS}/{census}/closing", wish, expect=200)
    figures = (closed["addressed"], closed["answered"], closed["identified"])
    known = len(academie.schools)
    expect(figures == (known, known, len(secretaries)), f"the census of {academie.issuer}: {closed}")
    until(
        lambda: office.get("/v1/training/sizing", campaign=census)["items"],
        lambda found: bool(found) and found[0]["closed"] and found[0]["total"]["identified"] == len(secretaries),
        what=f"training to know the census of {academie.issuer}",
    )
