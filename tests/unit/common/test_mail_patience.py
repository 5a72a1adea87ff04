"""A mail that cannot leave is tried less and less often for 72 hours; one that is refused is not tried again."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from uuid import UUID

import pytest

from common.mail import MailState, Queued, after_failure, after_reply, compose
from common.mail_sender import Smtp

WRITTEN = datetime(2026, 11, 22, 8, tzinfo=UTC)


def queued(*, attempts: int = 0, hours: float = 0, recipient: str = "ce.0590318a@ac-lille.example",
           subject: str = "Recensement : réponse attendue") -> Queued:  # fmt: skip
    return Queued(
        academie="09",
        id=UUID(int=7),
        recipient=recipient,
        subject=subject,
        body="Écrire à {api}/v1/hr-networks/campaigns.\n",
        message_id="7@bassin.example",
        attempts=attempts,
        written_at=WRITTEN,
        leased_at=WRITTEN + timedelta(hours=hours),
    )


def test_the_pauses_grow() -> None:
    pauses = [after_failure(queued(attempts=n, hours=1), "time-out").delay for n in range(7)]

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(minutes=1), timedelta(hours=4))


def test_the_last_attempt_is_at_72_hours() -> None:
    assert after_failure(queued(attempts=20, hours=71), "time-out").delay == timedelta(hours=1)


def test_after_72_hours_a_mail_is_abandoned_and_says_why() -> None:
    outcome = after_failure(queued(attempts=20, hours=72), "time-out")

    assert (outcome.state, outcome.error) == (MailState.ABANDONED, "time-out")


@pytest.mark.parametrize(("code", "state"), [(421, "waiting"), (450, "waiting"), (550, "refused"), (554, "refused")])
def test_4xx_is_later_and_5xx_is_never(code: int, state: str) -> None:
    outcome = after_reply(queued(), code)

    assert (outcome.state, outcome.error) == (state, f"smtp {code}")


def test_a_mail_is_french_text_in_utf8_with_the_address_of_the_day() -> None:
    raw = compose(queued(), sender="ne-pas-repondre@bassin.example", api="https://bassin.example")
    message = message_from_bytes(raw, policy=policy.default)

    assert message["Subject"] == "Recensement : réponse attendue"
    assert message["Message-ID"] == "<7@bassin.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["Écrire à https://bassin.example/v1/hr-networks/campaigns."]
    assert raw.isascii()


def test_every_attempt_sends_the_same_bytes() -> None:
    first = compose(queued(), sender="a@bassin.example", api="x")
    later = compose(queued(attempts=3, hours=5), sender="a@bassin.example", api="x")

    assert first == later


@pytest.mark.parametrize("recipient", ["a@b.example\nBcc: c@d.example", "collège sans adresse", "", "été@b.example"])
def test_an_address_that_no_server_takes_is_found_before_the_dialogue(recipient: str) -> None:
    with pytest.raises(ValueError, match="recipient"):
        compose(queued(recipient=recipient), sender="a@bassin.example", api="x")


def test_no_header_can_be_slipped_in_by_a_subject() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        compose(queued(subject="Bonjour\r\nBcc: c@d.example"), sender="a@bassin.example", api="x")


def test_the_server_is_named_by_an_address() -> None:
    assert Smtp.read("smtp://127.0.0.1:1025") == Smtp(host="127.0.0.1", port=1025)
    with_password = Smtp.read("smtps://bassin:p%40ss@mail.example")
    assert (with_password.tls, with_password.port, with_password.password) == (True, 465, "p@ss")
    assert "p@ss" not in repr(with_password)
    with pytest.raises(ValueError, match="smtp://host:port"):
        Smtp.read("mail.example:25")
