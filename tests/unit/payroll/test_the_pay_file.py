"""The file of a campaign: no amount lost, no code missing, the same bytes whenever it is made; then its answers."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from common.contracts.payroll import ElementAcknowledged, ElementExported, ElementRejected
from payroll.elements.domain import Status
from payroll.exports.documents import pay_file
from payroll.exports.domain import (
    DEFAULT,
    TO_BE_SET,
    AcknowledgementWish,
    CampaignNotLocked,
    Column,
    IdentityMissing,
    ImpossibleColumns,
    LineAlreadyAnswered,
    LineAnswer,
    NothingToExport,
    Outcome,
    Payable,
    PayCodesToBeSet,
    SentLine,
    Source,
    UnknownLines,
    answer,
    checked_columns,
    exported,
    to_send,
    told,
)
from payroll.rates.domain import ExpenseLine, Kind

SET = tuple(msgspec.structs.replace(c, pay_code="200001") if c.pay_code == TO_BE_SET else c for c in DEFAULT)
KILOMETRES = ExpenseLine(kind=Kind.KILOMETRE, quantity=150, mills=320, amount=4800)
MEAL = ExpenseLine(kind=Kind.MEAL, quantity=1, mills=20_000, amount=2000)
FIRST, SECOND = UUID(int=1), UUID(int=2)
EXPORT, CAMPAIGN = UUID(int=3), UUID(int=4)


def payable(element: UUID, number: str, **changes: Any) -> Payable:
    whole = Payable(
        element=element, mission=UUID(int=9), rank=1, number=number, person=UUID(int=8), civility="madame",
        family_name="Martel", given_names="Anna", uai="0590001F", commune="59183", day=date(2027, 2, 2),
        month="2027-02", late_from="", lines=(KILOMETRES, MEAL),
    )  # fmt: skip
    return msgspec.structs.replace(whole, **changes)


def sent(line: int, status: Status = Status.EXPORTED) -> SentLine:
    return SentLine(
        line=line, element=UUID(int=line), mission=UUID(int=9), person=UUID(int=8), campaign=CAMPAIGN, status=status
    )


def test_the_same_elements_give_the_same_bytes_in_whatever_order_they_come() -> None:
    one, two = payable(FIRST, "09-OM-2027-000017"), payable(SECOND, "09-OM-2027-000018", rank=2)

    files = [pay_file(SET, to_send(SET, lines, locked=True)) for lines in ([one, two], [two, one])]

    assert files[0] == files[1]
    assert (files[0].lines, files[0].total) == (2, 13_600)


def test_a_column_shows_what_its_source_says() -> None:
    amounts = {Source.KILOMETRES_AMOUNT, Source.NIGHTS_AMOUNT, Source.MEALS_AMOUNT}
    columns = [Column(heading=s.value, source=s, pay_code="1" if s in amounts else None) for s in Source]

    header, line = pay_file(columns, [payable(FIRST, "=1+1")]).content.decode("utf-8-sig").splitlines()

    shown = dict(zip(header.split(";"), line.split(";"), strict=True))
    assert shown == {
        "civility": "Madame", "family-name": "Martel", "given-names": "Anna", "person": str(UUID(int=8)),
        "uai": "0590001F", "number": "'=1+1", "commune": "59183", "day": "02/02/2027", "month": "2027-02",
        "late-from": "", "element": str(FIRST), "kilometres": "150", "nights": "0", "meals": "1",
        "kilometres-amount [1]": "48,00", "nights-amount [1]": "0,00", "meals-amount [1]": "20,00", "total": "68,00",
    }  # fmt: skip


def test_an_unlocked_campaign_an_unset_code_or_nothing_at_all_is_not_sent() -> None:
    one = [payable(FIRST, "09-OM-2027-000017")]

    with pytest.raises(CampaignNotLocked):
        to_send(SET, one, locked=False)
    with pytest.raises(PayCodesToBeSet) as refused:
        to_send(DEFAULT, one, locked=True)
    with pytest.raises(NothingToExport):
        to_send(SET, [], locked=True)
    with pytest.raises(IdentityMissing):
        to_send(SET, [payable(FIRST, "09-OM-2027-000017", family_name="")], locked=True)
    assert refused.value.detail == "Le code de paye reste à définir pour « Kilomètres », « Nuitées », « Repas »."


def test_every_amount_has_one_column_and_one_code() -> None:
    assert checked_columns(DEFAULT) == DEFAULT
    without = [c for c in DEFAULT if c.source is not Source.MEALS_AMOUNT]
    uncoded = [msgspec.structs.replace(c, pay_code=None) for c in DEFAULT]
    coded = [Column(heading="Nom", source=Source.FAMILY_NAME, pay_code="1"), *DEFAULT]
    for wrong in (without, uncoded, coded, [*DEFAULT, *DEFAULT]):
        with pytest.raises(ImpossibleColumns):
            checked_columns(wrong)


def test_each_line_is_told_with_its_number() -> None:
    assert exported([payable(SECOND, "1"), payable(FIRST, "2")], CAMPAIGN, EXPORT) == [
        ElementExported(subject=each, mission=UUID(int=9), campaign=CAMPAIGN, export=EXPORT, line=number)
        for number, each in ((1, SECOND), (2, FIRST))
    ]


def test_lines_are_acknowledged_or_rejected_one_by_one() -> None:
    wish = AcknowledgementWish(
        lines=[LineAnswer(line=2, outcome=Outcome.REJECTED, reason="inconnu"),
               LineAnswer(line=1, outcome=Outcome.ACKNOWLEDGED)],
    )  # fmt: skip

    answered = answer([sent(1), sent(2), sent(3)], wish)

    assert [(each.sent.line, each.outcome, each.reason) for each in answered] == [
        (1, Outcome.ACKNOWLEDGED, ""), (2, Outcome.REJECTED, "inconnu"),
    ]  # fmt: skip
    assert [type(event) for event in told(answered, EXPORT)] == [ElementAcknowledged, ElementRejected]


def test_the_others_are_those_that_nothing_has_answered_yet() -> None:
    wish = AcknowledgementWish(
        lines=[LineAnswer(line=1, outcome=Outcome.REJECTED, reason="inconnu")], others=Outcome.ACKNOWLEDGED
    )

    answered = answer([sent(1), sent(2), sent(3, Status.ACKNOWLEDGED)], wish)

    assert [each.sent.line for each in answered] == [1, 2]


@pytest.mark.parametrize(
    "wish",
    [
        AcknowledgementWish(lines=[LineAnswer(line=7, outcome=Outcome.ACKNOWLEDGED)]),
        AcknowledgementWish(lines=[LineAnswer(line=1, outcome=Outcome.REJECTED)]),
        AcknowledgementWish(lines=[LineAnswer(line=1, outcome=Outcome.ACKNOWLEDGED)] * 2),
        AcknowledgementWish(others=Outcome.REJECTED),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused_whole(wish: AcknowledgementWish) -> None:
    with pytest.raises(UnknownLines):
        answer([sent(1), sent(2)], wish)


@pytest.mark.parametrize(
    "wish",
    [
        AcknowledgementWish(lines=[LineAnswer(line=1, outcome=Outcome.ACKNOWLEDGED)]),
        AcknowledgementWish(others=Outcome.ACKNOWLEDGED),
        AcknowledgementWish(),
    ],
)
def test_a_line_is_answered_once(wish: AcknowledgementWish) -> None:
    with pytest.raises(LineAlreadyAnswered):
        answer([sent(1, Status.REJECTED)], wish)
