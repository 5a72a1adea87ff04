"""What training holds of a candidate can be asked for, and be erased: decisions stay, their texts and addresses go."""

from typing import TYPE_CHECKING

import msgspec

from common import people
from common.identifiers import CodeAcademie
from training.personal import PERSONAL

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE = "0590001F"


async def anna_applied(play: "Training") -> str:
    """She and a colleague: a reserved avis, then a reason to leave."""
    await play.identify(COLLEGE, "anna", "bruno")
    published = await play.publish()
    anna, bruno = [await play.applied(published, name) for name in ("anna", "bruno")]
    await play.give(anna, COLLEGE, play.avis("reserve", "Le secrétariat est seul."))
    await play.give(bruno, COLLEGE, play.avis("reserve", "Une absence prévue."))
    await play.done(play.login("anna"), "POST", f"/candidatures/{anna}/withdrawal", json={"reason": "Mutation."})
    return anna


async def test_the_export_holds_the_candidature_its_avis_and_its_reasons(play: "Training") -> None:
    await anna_applied(play)

    held = await people.export(
        play.served.db, play.served.settings.academies, PERSONAL, play.person("anna"), reason="demande"
    )

    text = msgspec.json.encode(held[CodeAcademie("09")]).decode()
    assert all(found in text for found in ("Le secrétariat est seul.", "Mutation.", "anna@ac-test.example", COLLEGE))
    assert "Une absence prévue." not in text


async def test_an_erasure_leaves_the_decisions_without_their_texts(play: "Training") -> None:
    anna = await anna_applied(play)
    erasing = (play.served.db, play.served.settings.academies, PERSONAL, play.person("anna"))

    first = await people.erase(*erasing, reason="demande")
    again = await people.erase(*erasing, reason="demande")

    assert first == {"09": {"keys_kept": 1, "avis_comments": 4, "reasons": 1}}
    assert again == {"09": {"keys_kept": 1}}
    assert (await play.read(anna))["avis_value"] == "reserve"
    seen = await play.get(play.office(), f"/candidatures/{anna}/avis")
    assert (seen["reasons"], {each["comment"] for each in seen["criteria"]}) == (None, {None})
    assert await play.rows("SELECT count(*) FROM avis_comment") == [(4,)]  # the colleague's
