"""What HTTP itself refuses, whatever the service: said in the same form as the rules' own refusals."""

from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter

from common.refusal import Malformed, NotFound, Refusal, Unavailable


class BadRequest(Refusal):
    code = "bad-request"
    title = "Demande illisible"
    status = 400
    explanation = "La demande n’a pas pu être lue : en-tête, adresse ou corps mal formé."


class BadJson(Refusal):
    code = "bad-json"
    title = "JSON illisible"
    status = 400
    explanation = "Le corps de la demande n’est pas un document JSON en UTF-8."


class UnknownRoute(NotFound):
    code = "unknown-route"
    title = "Adresse inconnue"
    explanation = "Aucune ressource ne répond à cette adresse. La liste est dans /schema."


class MethodNotAllowed(Refusal):
    code = "method-not-allowed"
    title = "Méthode non permise"
    status = 405
    explanation = "Cette adresse existe, mais pas pour cette méthode ; l’en-tête Allow donne celles qu’elle accepte."


class BodyTooLarge(Refusal):
    code = "body-too-large"
    title = "Contenu trop volumineux"
    status = 413
    explanation = "Le corps de la demande dépasse la taille admise à cette adresse."


class UnsupportedMediaType(Refusal):
    code = "unsupported-media-type"
    title = "Type de contenu non pris en charge"
    status = 415
    explanation = "Le corps de la demande doit être annoncé avec l’en-tête Content-Type attendu à cette adresse."


class PreconditionRequired(Refusal):
    code = "precondition-required"
    title = "En-tête If-Match absent"
    status = 428
    explanation = (
        "Deux personnes peuvent modifier cet objet. Relisez-le, puis envoyez l’ETag lu dans l’en-tête If-Match : "
        "votre modification n’écrasera pas celle d’un autre."
    )


class PreconditionFailed(Refusal):
    code = "precondition-failed"
    title = "Objet modifié entre-temps"
    status = 412
    explanation = "L’objet a changé depuis votre lecture. Relisez-le et recommencez la modification."


class TooManyRequests(Refusal):
    code = "too-many-requests"
    title = "Trop de demandes"
    status = 429
    explanation = "La cadence permise est dépassée. L’en-tête Retry-After indique quand réessayer."


class Busy(Unavailable):
    code = "busy"
    title = "Base de données momentanément indisponible"
    explanation = (
        "Un verrou, une coupure ou une bascule a interrompu l’opération. Rien n’a été enregistré, sauf si la coupure "
        "est survenue pendant l’enregistrement même : on ne peut alors le savoir. Dans tous les cas la même demande "
        "peut être renvoyée ; avec la même Idempotency-Key elle ne sera jamais faite deux fois."
    )


class Bug(Refusal):
    code = "internal-error"
    title = "Erreur interne"
    status = 500
    explanation = "Une erreur imprévue, dont l’exploitant est averti. Communiquez-lui le numéro de trace."


class InvalidCursor(Malformed):
    code = "invalid-cursor"
    title = "Curseur de pagination non valide"
    explanation = "Le curseur ne vient pas de cette liste. Reprenez la liste à sa première page."


IfMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", description="L’ETag lu avec l’objet à modifier.")
]


def require_match(if_match: str | None, etag: str) -> None:
    """Let a change pass only if its author has read the present state.

    Raises:
        PreconditionRequired: nothing says what was read.
        PreconditionFailed: something else was read (a weak tag never matches).
    """
    if not if_match:
        raise PreconditionRequired("Cette modification exige l’en-tête If-Match.")
    if if_match.strip() != "*" and etag not in (tag.strip() for tag in if_match.split(",")):
        raise PreconditionFailed("Quelqu’un d’autre a modifié cet objet depuis que vous l’avez lu.")
