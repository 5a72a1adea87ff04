"""/verification: whoever holds a paper, or the link of an attestation, sees whether it is ours and in force.

Nobody is asked who he is. The number opens its own académie, and only the code, or a signature of ours, shows more.
"""

import hmac
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Controller, MediaType, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from common.db import Database
from common.health import PUBLIC
from common.identifiers import CodeAcademie
from training.papers.domain import as_compared
from training.recognition.documents import LARGEST_LINK, believed, keys_of
from training.verification import views
from training.verification.documents import POLICY, authentic, page, unknown
from training.verification.domain import Shown, key_of

Number = Annotated[str, QueryParameter(name="numero", max_length=40)]
Code = Annotated[str, QueryParameter(name="code", max_length=40)]
Token = Annotated[str, QueryParameter(name="attestation", max_length=LARGEST_LINK)]
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class VerificationController(Controller):
    opt = PUBLIC
    include_in_schema = False

    @get("/verification", media_type=MediaType.HTML)
    async def verify(
        self,
        *,
        db: NamedDependency[Database],
        academies: NamedDependency[Sequence[CodeAcademie]],
        state: State,
        numero: Number = "",
        code: Code = "",
        attestation: Token = "",
    ) -> Response[str]:
        """Vérifier un document par son numéro et son code, ou une attestation par son lien signé."""
        if not (numero or code or attestation):
            return Response(page(number="", code="", answer=""), headers=HEADERS)
        if attestation:
            shown = await by_link(db, academies, attestation, published(state))
        else:
            shown = await by_code(db, academies, numero, code)
        answer = unknown() if shown is None else authentic(shown)
        return Response(page(number=numero, code=code, answer=answer), headers=HEADERS)

    @get("/verification/cles", media_type="application/jwk-set+json", sync_to_thread=False)
    def keys(self, state: State) -> Response[bytes]:
        """Lire les clés publiques qui vérifient les attestations."""
        headers = {"Cache-Control": "public, max-age=300"}
        return Response(published(state), media_type="application/jwk-set+json", headers=headers)


def published(state: State) -> bytes:
    file: Any = state.settings.certificate_keys
    return b'{"keys":[]}' if file is None else keys_of(file).published()


async def by_code(db: Database, academies: Sequence[CodeAcademie], number: str, code: str) -> Shown | None:
    found = await views.find(db, academies, key_of(number))
    return found.shown if found is not None and opens(found.code, code) else None


def opens(code: str, typed: str) -> bool:
    """Compared in a time that tells nothing."""
    return hmac.compare_digest(as_compared(code).encode(), as_compared(typed).encode())


async def by_link(db: Database, academies: Sequence[CodeAcademie], token: str, keys: bytes) -> Shown | None:
    """Signed by us, of a paper that is still the one that was signed."""
    credential = believed(token, keys)
    if credential is None:
        return None
    found = await views.find(db, academies, key_of(credential.subject.paper))
    return found.shown if found is not None and found.sha256 == credential.subject.sha256 else None
