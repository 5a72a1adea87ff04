"""Mails that stopped: the office may send them again, to another address if the first was wrong."""

from common.refusal import NotFound, Refusal


class UnknownMail(NotFound):
    code = "unknown-mail"
    title = "Courriel introuvable"


class MailOnItsWay(Refusal):
    code = "mail-on-its-way"
    title = "Courriel déjà parti ou en attente"
    explanation = "Seul un courriel refusé ou abandonné peut être renvoyé."


def refuse_to_send_twice(state: str) -> None:
    if state in ("waiting", "sent"):
        raise MailOnItsWay
