"""An offer is a draft until its dates, modules and groups agree; published, only a new edition replaces it."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.unit.training.made import OFFER, group, modules, offer

from common.identifiers import CodeBassin
from training.offers.domain import (
    OfferChange,
    OfferIncoherent,
    OfferIsPublished,
    OfferNotPublished,
    SameEdition,
    Status,
    Window,
    application_window,
    change,
    new_edition,
    publish,
)
from training.quotas.domain import BassinQuota, Quota, Quotas
from training.sessions.domain import Half, HalfDay, ModuleWish

TODAY = date(2007, 11, 20)


def published(**changes: Any) -> Any:
    return msgspec.structs.replace(offer(**changes), status=Status.PUBLISHED)


def pointers(**changes: Any) -> list[str]:
    with pytest.raises(OfferIncoherent) as refused:
        publish(offer(**changes), today=TODAY)
    return [error.pointer for error in refused.value.errors]


@pytest.mark.item(130)
@pytest.mark.item(137)
def test_publishing_tells_each_module_over_all_of_its_groups() -> None:
    event = publish(offer(), today=TODAY)

    assert (event.subject, event.closes_on) == (OFFER, date(2007, 12, 4))
    assert [(part.rank, part.first_day, part.last_day) for part in event.modules] == [
        (1, date(2008, 1, 14), date(2008, 1, 18)),
        (2, date(2008, 4, 7), date(2008, 4, 8)),
    ]


def test_a_published_offer_changes_no_more() -> None:
    with pytest.raises(OfferIsPublished):
        publish(published(), today=TODAY)
    with pytest.raises(OfferIsPublished):
        change(published(), OfferChange(title="Autre"))


def test_a_change_keeps_what_it_does_not_name() -> None:
    changed = change(offer(), OfferChange(title="Autre"))

    assert (changed.title, changed.year, changed.revision) == ("Autre", "2007-2008", 2)
    assert changed.modules == offer().modules


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"year": "2007-2009"}, "/year"),
        ({"opens_on": date(2007, 12, 5)}, "/closes_on"),
        ({"opens_on": date(2006, 11, 20)}, "/opens_on"),
        ({"opens_on": date(2007, 11, 1), "closes_on": date(2007, 11, 19)}, "/closes_on"),
        ({"avis_deadline": date(2007, 12, 3)}, "/avis_deadline"),
        ({"avis_deadline": date(2008, 1, 14)}, "/avis_deadline"),
        ({"quotas": Quotas(default=Quota(minimum=3, maximum=2))}, "/quotas/default"),
        (
            {"quotas": Quotas(exceptions=(BassinQuota(bassin=CodeBassin("20907"), minimum=1, maximum=2),))},
            "/quotas/exceptions/0/bassin",
        ),
    ],
)
def test_dates_and_quotas_that_do_not_agree_are_not_published(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(**changes) == [pointer]


def one_module(*groups: Any, **changes: Any) -> tuple[ModuleWish, ...]:
    return (ModuleWish(title="méthodologique", groups=groups, **changes),)


def test_groups_that_do_not_agree_are_not_published() -> None:
    day = date(2008, 1, 14)
    twice = msgspec.structs.replace(group("groupe 1", day), half_days=(HalfDay(day, Half.AM), HalfDay(day, Half.AM)))

    assert pointers(modules=one_module(group("groupe 1", day), group("groupe 1", day))) == ["/modules/0/groups/1/name"]
    assert pointers(modules=one_module(twice)) == ["/modules/0/groups/0/half_days"]
    assert pointers(modules=one_module(group("groupe 1", date(2008, 9, 1)))) == ["/modules/0/groups/0/half_days"]


def test_a_module_follows_the_one_that_it_requires() -> None:
    first, second = modules()
    early = msgspec.structs.replace(second, groups=(group("groupe 1", date(2008, 1, 18)),))

    assert pointers(modules=(first, early)) == ["/modules/1/requires_module"]
    assert pointers(modules=one_module(*first.groups, requires_module=1)) == ["/modules/0/requires_module"]
    assert pointers(modules=(first, msgspec.structs.replace(second, requires_module=0))) == [
        "/modules/1/requires_module"
    ]


@pytest.mark.parametrize(
    ("today", "window"),
    [
        (date(2007, 11, 19), Window.UPCOMING),
        (date(2007, 11, 20), Window.OPEN),
        (date(2007, 12, 4), Window.OPEN),
        (date(2007, 12, 5), Window.CLOSED),
    ],
)
def test_one_applies_from_the_first_day_to_the_last(today: date, window: Window) -> None:
    assert application_window(date(2007, 11, 20), date(2007, 12, 4), today=today) is window


@pytest.mark.item(140)
def test_a_new_edition_falls_on_the_same_days_of_the_week() -> None:
    edition = new_edition(published(), UUID(int=2), "2026-2027")

    moved = edition.modules[0].groups[0].half_days[0].day
    assert (edition.status, edition.edition_of, edition.year) == (Status.DRAFT, OFFER, "2026-2027")
    assert moved.weekday() == date(2008, 1, 14).weekday()
    assert edition.modules[0].id != offer().modules[0].id


def test_only_a_published_offer_has_another_edition_of_another_year() -> None:
    with pytest.raises(OfferNotPublished):
        new_edition(offer(), UUID(int=2), "2008-2009")
    with pytest.raises(SameEdition):
        new_edition(published(), UUID(int=2), "2007-2008")
