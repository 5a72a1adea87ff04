"""Gauges of training: candidatures by state, and those whose avis is missing within three days of its deadline."""

from typing import TYPE_CHECKING

from common import metrics

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE = "0590001F"


async def test_a_missing_avis_counts_from_three_days_before_its_deadline(play: "Training") -> None:
    await play.identify(COLLEGE, "anna", "bea")
    offer = await play.publish(avis_deadline="2007-12-14")
    candidature = await play.applied(offer, "anna")
    await play.applied(offer, "bea")

    play.at(2007, 12, 10)
    assert await play.served.counted(metrics.deadline_near) == {("09", "avis"): 0, ("20", "avis"): 0}
    play.at(2007, 12, 12)
    assert await play.served.counted(metrics.deadline_near) == {("09", "avis"): 2, ("20", "avis"): 0}
    await play.give(candidature, COLLEGE)
    assert await play.served.counted(metrics.deadline_near) == {("09", "avis"): 1, ("20", "avis"): 0}
    counted = await play.served.counted(metrics.candidatures)
    assert {labels: value for labels, value in counted.items() if value} == {
        ("09", "submitted"): 1,
        ("09", "avis_given"): 1,
    }
