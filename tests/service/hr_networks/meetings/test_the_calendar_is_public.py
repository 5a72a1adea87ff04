"""/calendrier and /calendrier.ics: anybody may read where and when, in HTML and in an agenda, and no one's name."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from icalendar import Calendar
from tests.service.hr_networks.meetings.networks import Networks, followed


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


async def page(networks: Networks, query: str = "") -> Tags:
    answer = await networks.anonymous(f"/calendrier{query}")
    assert answer.status_code == 200, answer.text
    return Tags(answer.text)


async def events(networks: Networks, query: str = "") -> list[Any]:
    answer = await networks.anonymous(f"/calendrier.ics{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    return list(Calendar.from_ical(answer.text).walk("VEVENT"))


@pytest.mark.item(133)
async def test_whoever_looks_sees_the_meetings_without_a_token(networks: Networks) -> None:
    await networks.planned(place="Lycée <Faidherbe> & annexe")
    seen = await page(networks)

    assert "5 février 2008" in seen.text
    assert "LILLE CENTRE" in seen.text
    assert "Lycée <Faidherbe> & annexe" in seen.text
    assert "Réunions à venir : 1" in seen.text
    assert {"datetime": "2008-02-05T09:00+01:00"} in seen.all("time")


@pytest.mark.item(133)
async def test_the_page_is_readable_by_everybody(networks: Networks) -> None:
    await networks.planned()
    answer = await networks.anonymous("/calendrier")
    seen = Tags(answer.text)

    assert seen.all("html") == [{"lang": "fr"}]
    assert [len(seen.all(tag)) for tag in ("title", "main", "h1", "caption")] == [1, 1, 1, 1]
    assert {each["scope"] for each in seen.all("th")} == {"col", "row"}
    labelled = {each["for"] for each in seen.all("label")}
    assert labelled == {each["id"] for each in seen.all("select")} == {"academie", "bassin"}
    assert not {tag for tag, _ in seen.tags} & {"script", "img", "iframe", "object"}
    assert not [attributes for _, attributes in seen.tags if "style" in attributes or "onclick" in attributes]


async def test_its_policy_lets_in_nothing_but_its_own_style(networks: Networks) -> None:
    answer = await networks.anonymous("/calendrier")
    policy = answer.headers["content-security-policy"]

    [style] = re.findall(r"<style>(.*)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'")
    assert "unsafe" not in policy
    [href] = [each["href"] for each in Tags(answer.text).all("link")]
    assert href == "/calendrier.ics"


async def test_nobody_is_named_in_public(networks: Networks) -> None:
    await networks.planned()
    for path in ("/calendrier", "/calendrier.ics"):
        told = (await networks.anonymous(path)).text.lower()
        assert not re.search(r"martel|anna|arnould|@ac-", told)
        assert str(networks.anna) not in told


async def test_the_reader_chooses_an_academie_and_a_bassin(networks: Networks) -> None:
    await networks.served.hear(followed(networks.david, networks.roubaix))
    await networks.activate(networks.roubaix)
    await networks.planned()
    await networks.plan(
        networks.as_animateur(networks.roubaix), bassin=networks.roubaix, animateurs=[str(networks.david)]
    )

    assert len(await events(networks)) == len(await events(networks, "?academie=09&bassin=")) == 2
    assert len(await events(networks, "?academie=20")) == 0
    [only] = await events(networks, "?academie=09&bassin=09104")
    assert "ROUBAIX TOURCOING" in only["summary"]
    seen = await page(networks, "?academie=09&bassin=09104")
    assert [each["value"] for each in seen.all("option") if "selected" in each] == ["09", "09104"]
    assert {"href": "/calendrier.ics?academie=09&bassin=09104"} in seen.all("a")


async def test_an_academie_that_is_not_served_is_unknown(networks: Networks) -> None:
    answer = await networks.anonymous("/calendrier?academie=17")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-academie")


async def test_the_page_shows_the_school_year_what_is_past_and_what_is_to_come(networks: Networks) -> None:
    meeting = await networks.planned()
    await networks.planned(starts_at="2008-03-04T09:00:00+01:00", ends_at="2008-03-04T12:00:00+01:00")
    networks.at(2008, 2, 5, 11)
    await networks.hold(meeting, networks.came())

    during = (await page(networks)).text
    networks.at(2008, 8, 31, 21)
    after = (await page(networks)).text
    networks.at(2008, 8, 31, 22)  # midnight in Paris
    next_year = (await page(networks)).text

    assert "Réunions à venir : 1" in during
    assert "tenue" in during
    assert "Réunions passées : 2, la plus récente en premier" in after
    assert "2008-2009" in next_year
    assert "5 février 2008" not in next_year


@pytest.mark.item(133)
async def test_an_agenda_knows_a_meeting_that_was_moved_or_cancelled(networks: Networks) -> None:
    meeting = await networks.planned()
    [first] = await events(networks)
    await networks.move(meeting, starts_at="2008-04-04T09:00:00+02:00", ends_at="2008-04-04T12:00:00+02:00")
    [moved] = await events(networks)
    await networks.cancel(meeting)
    [cancelled] = await events(networks)

    assert [each["uid"] for each in (first, moved, cancelled)] == [f"meeting-{meeting}@bassin"] * 3
    assert [each["sequence"] for each in (first, moved, cancelled)] == [0, 1, 2]
    assert [each["status"] for each in (first, moved, cancelled)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert first["dtstart"].params["tzid"] == "Europe/Paris"
    assert first["dtstart"].dt.astimezone(UTC) == datetime(2008, 2, 5, 8, tzinfo=UTC)
    assert moved["dtstart"].dt.astimezone(UTC) == datetime(2008, 4, 4, 7, tzinfo=UTC)  # summer time


async def test_the_file_is_published_with_its_zone_and_its_bytes_do_not_change_by_themselves(
    networks: Networks,
) -> None:
    await networks.planned()
    first = await networks.anonymous("/calendrier.ics")
    networks.at(2008, 1, 22, 9)
    again = await networks.anonymous("/calendrier.ics")

    calendar = Calendar.from_ical(first.text)
    assert (calendar["method"], calendar["version"]) == ("PUBLISH", "2.0")
    assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Paris"]
    assert first.content == again.content
    assert b"\r\n" in first.content
    assert all(len(line) <= 75 for line in first.content.split(b"\r\n"))


@pytest.mark.parametrize("path", ["/calendrier", "/calendrier.ics"])
async def test_a_cache_may_keep_it_and_asks_whether_it_is_still_true(networks: Networks, path: str) -> None:
    meeting = await networks.planned()
    first = await networks.anonymous(path)
    same = await networks.anonymous(path, **{"If-None-Match": first.headers["etag"]})
    await networks.cancel(meeting)
    other = await networks.anonymous(path, **{"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "public, max-age=300"
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert other.status_code == 200


async def test_nothing_else_of_the_service_opens_without_a_token(networks: Networks) -> None:
    for path in ("/calendrier/x", "/calendrier.ics/x", "/calendrier%2F..%2Fv1%2Fhr-networks%2Fmeetings"):
        assert (await networks.anonymous(path)).status_code == 404
    assert (await networks.anonymous("/v1/hr-networks/meetings")).status_code == 401
