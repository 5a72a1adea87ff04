"""What an attestation says, and the signed link by which anybody may verify it."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from msgspec import Struct

from common.contracts.training import CompetenceRecognised
from common.signing_keys import SigningKeys
from common.tokens import usable_keys
from training.papers.documents import VERIFICATION, office_of
from training.papers.domain import Draft, Stated, Text
from training.recognition.domain import Sheet

TYPE = "vc+jwt"  # W3C, Securing Verifiable Credentials using JOSE and COSE
REGISTRY = JWSRegistry(algorithms=["ES256"], strict_check_header=False)
CONTEXT = "https://www.w3.org/ns/credentials/v2"
LARGEST_LINK = 4_000


class Subject(Struct, frozen=True, kw_only=True):
    """Of whom it speaks: a key, and no name."""

    id: str
    paper: str  # its number
    sha256: str  # of the PDF, so that it can be verified without us


class Credential(Struct, frozen=True, kw_only=True):
    """What is signed."""

    context: tuple[str, ...] = msgspec.field(name="@context", default=(CONTEXT,))
    type: tuple[str, ...] = ("VerifiableCredential",)
    issuer: str
    valid_from: datetime = msgspec.field(name="validFrom")
    subject: Subject = msgspec.field(name="credentialSubject")


@cache
def keys_of(file: Path) -> SigningKeys:
    """Read once, and again when the file changes."""
    return SigningKeys(file)


def attestation(sheet: Sheet) -> Text:
    modules = " ; ".join(module.title for module in sheet.modules)
    return Text(
        title="Attestation de reconnaissance de compétences",
        issuer=office_of(sheet.academie),
        lines=(
            Stated("Compétence", sheet.title),
            Stated("Édition", sheet.year),
            Stated("Modules suivis", modules),
            *(
                [Stated("Mise en œuvre", "réunion d’échange de pratiques du bassin")]
                if any(module.requires_meeting for module in sheet.modules)
                else []
            ),
        ),
        paragraphs=(
            "La personne désignée ci-dessus a acquis cette compétence, que l’académie reconnaît. La présente "
            "attestation est révocable ; sa validité se vérifie à l’adresse indiquée ci-dessous.",
        ),
    )


def drafts(sheet: Sheet, events: Sequence[CompetenceRecognised]) -> list[Draft]:
    named = {each.candidature.id: each.recipient for each in sheet.those}
    text = attestation(sheet)
    return [
        Draft(id=each.subject, recipient=named[each.candidature], subject=each.candidature, text=text)
        for each in events
    ]


def signed(key: ECKey, *, person: UUID, number: str, sha256: str, issued_at: datetime, issuer: str) -> str:
    """Compact, so that it fits into an address."""
    credential = Credential(
        issuer=issuer,
        valid_from=issued_at,
        subject=Subject(id=f"urn:uuid:{person}", paper=number, sha256=sha256),
    )
    header = {"alg": "ES256", "typ": TYPE, "kid": key.kid}
    return jws.serialize_compact(header, msgspec.json.encode(credential), key, registry=REGISTRY)


def link(api: str, token: str) -> str:
    return f"{api}{VERIFICATION}?attestation={token}"


def believed(token: str, published: bytes) -> Credential | None:
    """What one of our keys signed; nothing else."""
    try:
        held = jws.extract_compact(token.encode("ascii"), registry=REGISTRY)
        key = usable_keys(published).get(str(held.headers().get("kid", "")))
        if key is None or held.headers().get("typ") != TYPE or not jws.validate_compact(held, key, registry=REGISTRY):
            return None
        return msgspec.json.decode(held.payload or b"", type=Credential)
    except (JoseError, ValueError, TypeError):  # bytes from anywhere
        return None
