"""Only a mail that stopped is sent again: the others are on their way or there."""

import pytest

from common.mail import MailState
from hr_networks.mails.domain import MailOnItsWay, refuse_to_send_twice


@pytest.mark.parametrize("state", [MailState.WAITING, MailState.SENT])
def test_a_mail_that_waits_or_left_is_not_sent_again(state: MailState) -> None:
    with pytest.raises(MailOnItsWay):
        refuse_to_send_twice(state)


@pytest.mark.parametrize("state", [MailState.REFUSED, MailState.ABANDONED])
def test_a_mail_that_was_refused_or_given_up_may_be(state: MailState) -> None:
    refuse_to_send_twice(state)
