"""How a rule says no while nothing changed; without it a refusal would be a status code decided far from its rule."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from msgspec import Struct

_refusals: dict[str, type["Refusal"]] = {}
REFUSALS: Mapping[str, type["Refusal"]] = MappingProxyType(_refusals)  # what /problems and OpenAPI describe


class FieldError(Struct, frozen=True, kw_only=True):
    """Une donnée à corriger, désignée par son chemin."""

    pointer: str  # RFC 6901, into the body; "" is the whole of it; /query/limit and the like for what is beside it
    detail: str
    code: str = "invalid"


class Refusal(Exception):
    """A rule said no. The code is a promise to callers; title, detail and explanation are French and free to change."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Demande refusée"
    status: ClassVar[int] = 409
    explanation: ClassVar[str] = ""  # a sentence or two for /problems/<code>: what it means and what to do

    def __init__(self, detail: str = "", *, errors: Sequence[FieldError] = (), retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail or self.title
        self.errors = list(errors)
        self.retry_after = retry_after

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__ or "title" not in cls.__dict__:
            raise TypeError(f"{cls.__qualname__} must name its own code and title")
        known = _refusals.setdefault(cls.code, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"{cls.__qualname__}: {cls.code!r} is already the code of {known.__qualname__}")


_refusals[Refusal.code] = Refusal


class Malformed(Refusal):
    code = "malformed"
    title = "Données non valides"
    status = 422
    explanation = "Une ou plusieurs données ne respectent pas leur format. Chaque erreur est désignée par son chemin."


class Forbidden(Refusal):
    code = "not-yours"
    title = "Action non autorisée"
    status = 403
    explanation = "Aucun de vos mandats ne permet cette action sur cet objet."


class NotFound(Refusal):
    code = "unknown-resource"
    title = "Objet introuvable"
    status = 404
    explanation = "Cet objet n’existe pas, ou vos mandats ne permettent pas d’en connaître l’existence."


class UnknownAcademie(NotFound):
    code = "unknown-academie"
    title = "Académie inconnue"
    explanation = "Cette académie n’est pas desservie par cette installation de Bassin."


class UnknownMeeting(NotFound):
    code = "unknown-meeting"
    title = "Réunion introuvable"


class Unavailable(Refusal):
    code = "unavailable"
    title = "Service momentanément indisponible"
    status = 503
    explanation = "Rien n’a été enregistré. La même demande peut être renvoyée après le délai indiqué."
